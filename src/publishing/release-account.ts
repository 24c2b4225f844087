import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { mayPublishTo } from '../domain/access.ts';
import { oneAfterAnother } from './backlog.ts';
import { recordPublicationEvent } from './publication-event.ts';
import { queuePublication } from './schedule-post.ts';
import { lockPost } from './transition.ts';

/** Each takes a few round trips of the transaction that saves the new tokens. */
const MOST_AT_ONCE = 50;

/**
 * After an account was connected again: what waited for it goes back on the schedule at its own time. What is overdue by
 * then is decided by the team's late policy when the worker claims it, and leaves one after another. Of very many the first
 * go on here, and the sweep releases the others (releaseGroundlessHolds), so that connecting never runs out of time.
 * @returns how many publications go on
 */
export async function releaseAccountHolds(tx: Tx, ctx: AppContext, accountId: string): Promise<number> {
  const waiting = await tx.publication.findMany({
    where: { accountId, status: 'held', errorCode: { not: 'hold' } },
    select: { id: true, postId: true },
    orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
    take: MOST_AT_ONCE,
  });
  const leavesAt = oneAfterAnother(ctx.clock.now());
  let released = 0;
  for (const { id, postId } of waiting) {
    await lockPost(tx, postId);
    const publication = await tx.publication.findUniqueOrThrow({
      where: { id },
      include: { account: true, post: true },
    });
    if (publication.status !== 'held') continue;
    // These wait for a person's decision, not for the account.
    if (publication.errorCode === 'late' || publication.errorCode === 'restored') continue;
    if (!mayPublishTo(publication.account, publication.post)) continue;
    if (!(await queuePublication(tx, ctx, publication, publication.dueAt ?? ctx.clock.now(), leavesAt(publication))))
      continue;
    released += 1;
    await recordPublicationEvent(tx, ctx, publication, 'publication.released', { by: 'the account, connected again' });
  }
  return released;
}
