import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { mayPublishTo } from '../domain/access.ts';
import { putInPlace } from './backlog.ts';
import { letGoOn } from './let-go-on.ts';
import { recordPublicationEvent } from './publication-event.ts';
import { lockPost } from './transition.ts';

/** Each takes a few round trips of the transaction that saves the new tokens. */
const MOST_AT_ONCE = 50;

/** These wait for a hold to be released or for a person's decision, not for the account. */
const NOT_FOR_THE_ACCOUNT = ['hold', 'late', 'restored'];

/**
 * After accounts were connected again: what waited for them goes back on the schedule at its own time. What is overdue by
 * then is decided by the team's late policy when the worker claims it, and leaves one after another. Of very many the first
 * go on here, and the sweep releases the others (groundless-holds.ts), so that connecting never runs out of time.
 * Several accounts are given together: once something has its place, no further post may be locked.
 * @returns how many publications go on
 */
export async function releaseAccountHolds(tx: Tx, ctx: AppContext, ...accountIds: string[]): Promise<number> {
  const waiting = await tx.publication.findMany({
    where: { accountId: { in: accountIds }, status: 'held', errorCode: { notIn: NOT_FOR_THE_ACCOUNT } },
    select: { id: true, postId: true },
    orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
    take: MOST_AT_ONCE,
  });
  const released: string[] = [];
  for (const { id, postId } of waiting) {
    await lockPost(tx, postId);
    const publication = await tx.publication.findUniqueOrThrow({
      where: { id },
      include: { account: true, post: true },
    });
    if (publication.status !== 'held' || NOT_FOR_THE_ACCOUNT.includes(publication.errorCode ?? '')) continue;
    if (!mayPublishTo(publication.account, publication.post)) continue;
    if (!(await letGoOn(tx, ctx, publication))) continue;
    released.push(id);
    await recordPublicationEvent(tx, ctx, publication, 'publication.released', { by: 'the account, connected again' });
  }
  await putInPlace(tx, released);
  return released.length;
}
