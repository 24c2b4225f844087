/**
 * What was due before a hold after a restore is in doubt from the order on, not only once it is marked (restore-guard.ts):
 * whatever would move it meanwhile, a person or another hold, marks it first.
 */
import { Prisma } from '@prisma/client';
import type { Tx } from '../database/client.ts';

/**
 * SQL: this one of `publications` may be out without this database knowing it. While nobody has seen to it that this is
 * another database: whatever is due.
 */
export const IS_IN_DOUBT = Prisma.sql`publications.next_attempt_at < (
  SELECT CASE since WHEN 'infinity' THEN clock_timestamp() ELSE since END FROM claimable_since() AS since)`;

/** What such a publication says of itself. */
export const WHY_IN_DOUBT =
  'No worker ran for hours, or the database was restored. It may have been sent already: look at the account, then say what you found.';

/**
 * When something goes on of which a person has said that it is not there: not before the latest order, which may be ahead
 * of this server's clock, and would ask about it again.
 * @param at when it would leave otherwise · @param now both by the database's clock
 */
export async function afterTheOrder(tx: Tx, at: Date, now: Date): Promise<Date> {
  const order = (await tx.databaseIdentity.findUnique({ where: { id: 1 } }))?.holdDueBefore ?? null;
  if (order === null || order <= now) return at;
  const moved = at.getTime() + order.getTime() - now.getTime();
  return new Date(Math.max(order.getTime(), moved));
}
