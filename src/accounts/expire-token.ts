import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { lockAccounts } from './lock-accounts.ts';

/**
 * The platform refused an access token. If there is something to renew it with, it counts as expired from now on, so that
 * whoever needs a token next renews it first.
 * @param refusedVersion of the token that was refused; one that was renewed meanwhile is left alone
 * @returns whether another try with another token makes sense
 */
export async function expireRefusedToken(
  tx: Tx,
  ctx: Pick<AppContext, 'platforms' | 'clock'>,
  accountId: string,
  refusedVersion: number,
): Promise<boolean> {
  await lockAccounts(tx, [accountId]);
  const account = await tx.connectedAccount.findUnique({ where: { id: accountId }, include: { credential: true } });
  if (account?.status !== 'active' || account.credential === null) return false;
  if (account.credential.tokenVersion !== refusedVersion) return true;
  const now = ctx.clock.now();
  const renewable =
    ctx.platforms[account.platform]?.connector.refresh !== undefined &&
    account.credential.refreshToken !== null &&
    (account.refreshTokenExpiresAt === null || account.refreshTokenExpiresAt > now);
  if (renewable) await tx.connectedAccount.update({ where: { id: accountId }, data: { tokenExpiresAt: now } });
  return renewable;
}
