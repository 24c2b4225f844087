import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import { lockAccounts } from './lock-accounts.ts';

/**
 * The platform refused an access token. If there is something to renew it with, that is written down with it, so that whoever
 * needs a token next renews it first, whatever time it is for him.
 * @param refusedVersion of the token that was refused; one that was renewed meanwhile is left alone
 * @returns whether another try with another token makes sense
 */
export async function expireRefusedToken(
  tx: Tx,
  ctx: Pick<AppContext, 'platforms'>,
  accountId: string,
  refusedVersion: number,
): Promise<boolean> {
  await lockAccounts(tx, [accountId]);
  const account = await tx.connectedAccount.findUnique({ where: { id: accountId }, include: { credential: true } });
  if (account?.status !== 'active' || account.credential === null) return false;
  if (account.credential.tokenVersion !== refusedVersion) return true;
  const renewable =
    ctx.platforms[account.platform]?.connector.refresh !== undefined &&
    account.credential.refreshToken !== null &&
    (account.refreshTokenExpiresAt === null || account.refreshTokenExpiresAt > (await databaseTime(tx)));
  if (renewable) await tx.accountCredential.update({ where: { accountId }, data: { refusedVersion } });
  return renewable;
}
