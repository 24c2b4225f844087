/**
 * Something scheduled whose last attempt is still open: the product never writes that, but whoever edits the database may.
 * It cannot be claimed (one open attempt per publication), and must keep nothing else from being claimed.
 */
import { Prisma } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import { nextLookUpAt } from '../domain/look-up-policy.ts';
import { recordPublicationEvent } from './publication-event.ts';
import { lockPost, projectPostStatus } from './transition.ts';

/** SQL: no attempt of `publications` is open. */
export const NO_OPEN_ATTEMPT = Prisma.sql`NOT EXISTS (
  SELECT 1 FROM publish_attempts open WHERE open.publication_id = publications.id AND open.state IN ('prepared', 'sent', 'unknown'))`;

const BATCH = 200;

const MAY_BE_LIVE = {
  errorCode: 'open-attempt',
  errorMessage:
    'It was put on the schedule again while nobody knew what became of its last attempt. The post may be live: look at the account, then say what you found.',
} as const;

/**
 * Takes an attempt that was never sent away from what is scheduled; where one was sent, the publication is left to a person.
 * One that cannot be mended is left to the next call, and the others do not wait for it.
 * @returns how many there were
 */
export async function mendStrayAttempts(ctx: AppContext): Promise<number> {
  const stray = await ctx.db.$queryRaw<{ id: string; postId: string }[]>`
    SELECT publications.id::text, post_id::text AS "postId" FROM publications
    WHERE status IN ('scheduled', 'retrying') AND NOT ${NO_OPEN_ATTEMPT} LIMIT ${BATCH}`;
  for (const { id, postId } of stray) {
    try {
      await ctx.db.$transaction((tx) => mend(tx, ctx, id, postId));
    } catch (error) {
      ctx.log.error({ err: error, publicationId: id }, 'an open attempt of something scheduled is left; trying again');
    }
  }
  return stray.length;
}

async function mend(tx: Tx, ctx: AppContext, id: string, postId: string): Promise<void> {
  await lockPost(tx, postId);
  const publication = await tx.publication.findUnique({ where: { id, status: { in: ['scheduled', 'retrying'] } } });
  if (publication === null) return;
  ctx.log.error({ publicationId: id }, 'something scheduled has an open attempt: the database was changed');
  await tx.publishAttempt.deleteMany({ where: { publicationId: id, state: 'prepared' } });
  const attempt = await tx.publishAttempt.findFirst({
    where: { publicationId: id, state: { in: ['sent', 'unknown'] } },
  });
  if (attempt === null) return;
  const now = await databaseTime(tx);
  await tx.publishAttempt.update({
    where: { id: attempt.id },
    data: {
      ...MAY_BE_LIVE,
      state: 'unknown',
      outcome: 'unknown',
      finishedAt: now,
      nextLookUpAt: nextLookUpAt(attempt.sentAt ?? now, attempt.lookUps, now),
    },
  });
  // Not through movePublication: the table has no move from here, because nothing of ours leads here.
  await tx.publication.update({
    where: { id },
    data: { ...MAY_BE_LIVE, status: 'unconfirmed', nextAttemptAt: null, leaseUntil: null },
  });
  await projectPostStatus(tx, postId);
  const metadata = { by: 'the sweep', from: publication.status, ...MAY_BE_LIVE };
  await recordPublicationEvent(tx, ctx, publication, 'publication.unconfirmed', metadata);
}
