/** An account that can no longer be published to: what was scheduled for it waits from now on, and people see it. */
import type { ConnectedAccount } from '@prisma/client';
import { disconnectAccount } from '../accounts/disconnect-account.ts';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { holdInDoubt } from './hold-publications.ts';
import { dueTime, recordPublicationEvent } from './publication-event.ts';
import { lockPost, movePublication } from './transition.ts';

/** Disconnects an account and holds what was scheduled for it. @throws Refusal */
export async function disconnectAndHold(ctx: AppContext, actor: Actor, accountId: string): Promise<ConnectedAccount> {
  const account = await disconnectAccount(ctx, actor, accountId);
  await holdOrTell(ctx, account.id);
  return account;
}

/** After a change that is committed: nobody gets an error for what the sweep does again (dead-accounts.ts). */
export async function holdOrTell(ctx: AppContext, accountId: string): Promise<void> {
  try {
    await holdForAccount(ctx, accountId);
  } catch (error) {
    ctx.log.error({ err: error, accountId }, 'what waits for an account could not be held; the sweep tries again');
  }
}

/**
 * Holds what waits for an account that is not active. A crash halfway leaves the rest to the claim, which asks again.
 * @returns how many were held
 */
export async function holdForAccount(ctx: AppContext, accountId: string): Promise<number> {
  const waiting = await ctx.db.publication.findMany({
    where: { accountId, status: { in: ['scheduled', 'retrying'] }, account: { status: { not: 'active' } } },
    select: { id: true, postId: true },
  });
  let held = 0;
  for (const { id, postId } of waiting) {
    await ctx.db.$transaction(async (tx) => {
      await lockPost(tx, postId);
      await holdInDoubt(tx, ctx, [postId]);
      const publication = await tx.publication.findUnique({ where: { id }, include: { account: true } });
      if (publication === null || publication.account.status === 'active') return;
      if (publication.status !== 'scheduled' && publication.status !== 'retrying') return;
      const errorMessage = `${publication.account.displayName} is not connected. Open Accounts and connect it again: what is still in time goes out then.`;
      await movePublication(tx, publication, 'held', {
        nextAttemptAt: null,
        errorCode: 'account-not-connected',
        errorMessage,
      });
      await recordPublicationEvent(tx, ctx, publication, 'publication.held', {
        errorCode: 'account-not-connected',
        errorMessage,
        dueAt: dueTime(publication),
      });
      held += 1;
    });
  }
  return held;
}
