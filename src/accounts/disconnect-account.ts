import type { ConnectedAccount } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { type Actor, can } from '../domain/access.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { deleteTokens } from './stored-tokens.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Ends a connection: its tokens are deleted, the account and its history stay. Doing it twice is fine. What was scheduled
 * for it is held when its time comes, and goes on once it is connected again.
 * @throws Refusal not-found, forbidden
 */
export async function disconnectAccount(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  actor: Actor,
  accountId: string,
): Promise<ConnectedAccount> {
  if (!UUID.test(accountId)) throw notFound('account');
  return ctx.db.$transaction(async (tx) => {
    const account = await tx.connectedAccount.findUnique({ where: { id: accountId } });
    if (account === null || !can(actor, 'ConnectedAccount', 'show', account)) throw notFound('account');
    if (!can(actor, 'ConnectedAccount', 'disconnect', account)) {
      throw new Refusal(
        'forbidden',
        'Only a manager of the team, or the person it belongs to, can disconnect this account.',
      );
    }
    const { count } = await tx.connectedAccount.updateMany({
      where: { id: accountId, status: { not: 'disconnected' } },
      data: {
        status: 'disconnected',
        statusReason: `Disconnected by ${actor.name}.`,
        tokenExpiresAt: null,
        refreshTokenExpiresAt: null,
        permissionEndsAt: null,
      },
    });
    if (count === 1) {
      await deleteTokens(tx, accountId);
      const { platform, externalId, displayName, teamId } = account;
      await recordEvent(
        tx,
        {
          actorId: actor.id,
          action: 'account.disconnected',
          entity: 'ConnectedAccount',
          entityId: accountId,
          teamId,
          metadata: { platform, externalId, displayName },
        },
        ctx.clock.now(),
      );
    }
    return tx.connectedAccount.findUniqueOrThrow({ where: { id: accountId } });
  });
}
