import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { mayPublishTo } from '../domain/access.ts';
import { putInPlace } from './backlog.ts';
import { letGoOn } from './let-go-on.ts';
import { recordPublicationEvent } from './publication-event.ts';

/** Each takes a few round trips of the transaction that saves the new tokens. */
const MOST_AT_ONCE = 50;

/** These wait for a hold to be released or for a person's decision, not for the account. */
const NOT_FOR_THE_ACCOUNT = ['hold', 'late', 'restored'];

/** A publication that waits for its account. */
export interface HeldForAccount {
  id: string;
  postId: string;
  accountId: string;
}

/**
 * What waits for these accounts, the longest due first. Of very many only so many as can be released together: the sweep
 * releases the others (groundless-holds.ts), so that connecting never runs out of time.
 */
export async function heldForAccounts(tx: Tx, accountIds: readonly string[]): Promise<HeldForAccount[]> {
  return tx.publication.findMany({
    where: { accountId: { in: [...accountIds] }, status: 'held', errorCode: { notIn: NOT_FOR_THE_ACCOUNT } },
    select: { id: true, postId: true, accountId: true },
    orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
    take: MOST_AT_ONCE,
  });
}

/**
 * After accounts were connected again: what waited for them goes back on the schedule at its own time. What is overdue by
 * then is decided by the team's late policy when the worker claims it, and leaves one after another. The end of its
 * transaction, because it gives places.
 * @param held whose posts the caller has locked, before any row of an account
 * @returns how many publications go on
 */
export async function releaseHeld(tx: Tx, ctx: AppContext, held: readonly HeldForAccount[]): Promise<number> {
  const released: string[] = [];
  for (const { id } of held) {
    const publication = await tx.publication.findUnique({ where: { id }, include: { account: true, post: true } });
    if (publication?.status !== 'held' || NOT_FOR_THE_ACCOUNT.includes(publication.errorCode ?? '')) continue;
    if (!mayPublishTo(publication.account, publication.post)) continue;
    if (!(await letGoOn(tx, ctx, publication))) continue;
    released.push(id);
    await recordPublicationEvent(tx, ctx, publication, 'publication.released', { by: 'the account, connected again' });
  }
  await putInPlace(tx, released);
  return released.length;
}
