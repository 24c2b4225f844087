import { Prisma } from '@prisma/client';

/** SQL: this is the database that was noted, and this publication fell due after the latest order of restore-guard.ts. */
export const IS_CLAIMABLE = Prisma.sql`publications.next_attempt_at >= (SELECT claimable_since())`;

/** SQL: this is the database that was noted. */
export const IS_KNOWN_DATABASE = Prisma.sql`(SELECT claimable_since()) < 'infinity'`;
