/**
 * One renewal of an account's token: asked for once, and what came back is durable before anybody uses it. A pair that is
 * lost between the platform and the database cannot be had again where refresh tokens are good once, so everything that
 * can be done to save it is done, and what cannot be known stays on record.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountCredential, ConnectedAccount } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import { ConnectError, type TokenGrant } from '../platforms/platform.ts';
import { lockAccounts } from './lock-accounts.ts';
import { permissionEnd } from './permission-end.ts';
import { endRefreshLease, isStale, type RefreshLease } from './refresh-lease.ts';
import { renewalTime } from './renewal-time.ts';
import { openRefreshToken, sealTokens } from './stored-tokens.ts';

export type RenewalContext = Pick<AppContext, 'db' | 'platforms' | 'tokenCipher' | 'clock' | 'log'>;

export interface StoredAccount {
  account: ConnectedAccount;
  credential: AccountCredential;
}

export type Refresh = (now: Date) => Promise<TokenGrant>;

/** @returns null when there is nothing to refresh with: no refresh token, an expired one, or a platform that has none */
export function refreshOf(ctx: RenewalContext, { account, credential }: StoredAccount, now: Date): Refresh | null {
  const connector = ctx.platforms[account.platform]?.connector;
  const expired = account.refreshTokenExpiresAt !== null && account.refreshTokenExpiresAt <= now;
  const refreshToken = expired ? null : openRefreshToken(ctx.tokenCipher, account, credential);
  const renewing = connector?.refresh?.bind(connector);
  if (renewing === undefined || refreshToken === null) return null;
  return (at) => renewing(refreshToken, at);
}

/**
 * @returns null when it is renewed, or somebody else's turn by now; otherwise what went wrong, with the turn given back
 *   unless the platform refused for good
 */
export async function renewToken(
  ctx: RenewalContext,
  stored: StoredAccount,
  refresh: Refresh,
  lease: RefreshLease,
): Promise<ConnectError | null> {
  if (isStale(lease)) {
    await endRefreshLease(ctx, lease, 'nothing-done');
    return null;
  }
  const { account } = stored;
  let grant: TokenGrant;
  try {
    grant = await refresh(ctx.clock.now());
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const { code, dead, answerLost } = error;
    ctx.log.warn(
      { accountId: account.id, platform: account.platform, reason: code, dead, answerLost },
      'an access token could not be renewed',
    );
    if (!dead) await endRefreshLease(ctx, lease, answerLost ? 'unknown' : 'nothing-done');
    return error;
  }
  await untilStored(ctx, account.id, () => storeRenewed(ctx, stored, grant));
  return null;
}

/** A version that moved means a person has connected the account again meanwhile: the newer consent stays. */
async function storeRenewed(
  ctx: RenewalContext,
  { account, credential }: StoredAccount,
  grant: TokenGrant,
): Promise<void> {
  const now = ctx.clock.now();
  await ctx.db.$transaction(async (tx) => {
    await lockAccounts(tx, [account.id]);
    const { count } = await tx.accountCredential.updateMany({
      where: { accountId: account.id, tokenVersion: credential.tokenVersion },
      data: {
        ...sealTokens(ctx.tokenCipher, account, grant),
        tokenVersion: { increment: 1 },
        refreshLeaseUntil: null,
        refreshStartedAt: null,
        issuedAt: await databaseTime(tx),
        renewAt: renewalTime(grant.accessTokenExpiresAt, now),
      },
    });
    if (count === 0) return;
    await tx.connectedAccount.update({
      where: { id: account.id },
      data: {
        tokenExpiresAt: grant.accessTokenExpiresAt,
        ...(grant.refreshTokenExpiresAt && { refreshTokenExpiresAt: grant.refreshTokenExpiresAt }),
        ...(grant.refreshToken && { permissionEndsAt: permissionEnd(grant) }),
      },
    });
    await recordEvent(
      tx,
      {
        actorId: null,
        action: 'account.refreshed',
        entity: 'ConnectedAccount',
        entityId: account.id,
        teamId: account.teamId,
        metadata: { platform: account.platform, expiresAt: grant.accessTokenExpiresAt?.toISOString() ?? null },
      },
      now,
    );
  });
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const GIVE_UP_AFTER_MS = 5 * 60_000;

/** Safe to repeat after an unclear commit: the version has moved then. @throws the last error */
async function untilStored(ctx: RenewalContext, accountId: string, store: () => Promise<void>): Promise<void> {
  const started = performance.now();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await store();
      return;
    } catch (error) {
      ctx.log.error({ accountId, err: error }, 'a renewed access token could not be saved; trying again');
      if (performance.now() - started > GIVE_UP_AFTER_MS) throw error;
      await delay(pause);
    }
  }
}
