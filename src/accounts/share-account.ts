import type { ConnectedAccount } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { type Actor, can } from '../domain/access.ts';
import { notFound, Refusal } from '../domain/refusal.ts';

/**
 * Makes a personal account the team's: from now on every member may publish to it. Only its owner can do that.
 * @throws Refusal not-found, forbidden, or conflict when it is the team's already
 */
export async function shareAccount(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  actor: Actor,
  accountId: string,
): Promise<ConnectedAccount> {
  return ctx.db.$transaction(async (tx) => {
    const account = isUuid(accountId) ? await tx.connectedAccount.findUnique({ where: { id: accountId } }) : null;
    if (account === null || !can(actor, 'ConnectedAccount', 'show', account)) throw notFound('account');
    if (account.ownerId === null) throw new Refusal('conflict', 'This account is the team’s already.');
    if (!can(actor, 'ConnectedAccount', 'share', account)) {
      throw new Refusal('forbidden', 'Only the person it belongs to can share this account.');
    }
    const { teamId, platform, displayName } = account;
    const metadata = { platform, displayName };
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'account.shared',
        entity: 'ConnectedAccount',
        entityId: accountId,
        teamId,
        metadata,
      },
      ctx.clock.now(),
    );
    return tx.connectedAccount.update({ where: { id: accountId }, data: { ownerId: null } });
  });
}
