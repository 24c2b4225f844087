import { renewOrMark } from './access-token.ts';
import { takeRefreshLease } from './refresh-lease.ts';
import { type RenewalContext, refreshOf } from './renew-token.ts';

const BATCH = 20;
/** Until somebody tries again after a renewal that failed. Who needs the token meanwhile renews it when it has ended. */
const TRY_AGAIN_MS = 5 * 60_000;

/**
 * Renews, well before their end, the tokens whose time has come, so that no post has to wait for it. Safe to call from any
 * number of processes at once. One that was interrupted is left alone until the old token has ended or is refused:
 * using its refresh token again may end that one too.
 * @returns how many were tried
 */
export async function renewDueTokens(ctx: RenewalContext): Promise<number> {
  const now = ctx.clock.now();
  // Put off before it is tried, so that one that cannot be renewed is not tried without end.
  const due = await ctx.db.$queryRaw<{ accountId: string; tokenVersion: number }[]>`
    UPDATE account_credentials SET renew_at = ${new Date(now.getTime() + TRY_AGAIN_MS)}
    WHERE account_id IN (
      SELECT credential.account_id FROM account_credentials credential
      JOIN connected_accounts account ON account.id = credential.account_id
      WHERE credential.renew_at <= ${now} AND credential.refresh_token IS NOT NULL AND account.status = 'active'
        AND (credential.refresh_started_at IS NULL OR account.token_expires_at <= ${now}
          OR credential.refused_version = credential.token_version)
      ORDER BY credential.renew_at LIMIT ${BATCH} FOR UPDATE OF credential SKIP LOCKED)
    RETURNING account_id AS "accountId", token_version AS "tokenVersion"`;
  const tried = await Promise.all(
    due.map(({ accountId, tokenVersion }) => renewOne(ctx, accountId, tokenVersion, now)),
  );
  return tried.filter(Boolean).length;
}

async function renewOne(ctx: RenewalContext, accountId: string, tokenVersion: number, now: Date): Promise<boolean> {
  try {
    const found = await ctx.db.accountCredential.findUnique({ where: { accountId }, include: { account: true } });
    // Connected again, or renewed by somebody who needed it.
    if (found === null || found.tokenVersion !== tokenVersion) return false;
    const { account, ...credential } = found;
    const refresh = refreshOf(ctx, { account, credential }, now);
    if (refresh === null) return false;
    const lease = await takeRefreshLease(ctx, { ...credential, tokenExpiresAt: account.tokenExpiresAt });
    if (lease === null) return false;
    await renewOrMark(ctx, { account, credential }, refresh, lease);
    return true;
  } catch (error) {
    // A key that is missing, a database that is away: one account must not keep the others from being renewed.
    ctx.log.error({ err: error, accountId }, 'a token that is due for renewal could not be renewed');
    return false;
  }
}
