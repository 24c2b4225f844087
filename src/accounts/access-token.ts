/**
 * A token that is good right now, refreshed when it has to be.
 *
 * Refreshing is single-flight across processes: who wins the lease on the credential's row asks the platform; the others
 * go on with the old token while it lives, or wait for the new one. No transaction is open during the request. What comes
 * back is written only if the token version is still the one that was refreshed, and is durable before anybody uses it.
 * An account is declared dead only if nobody has renewed it meanwhile. Whoever writes both rows locks the account first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountCredential, ConnectedAccount } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { PLATFORM_LABEL } from '../domain/platform-name.ts';
import { ConnectError, type TokenGrant } from '../platforms/platform.ts';
import { openAccessToken, openRefreshToken, sealTokens } from './stored-tokens.ts';

type Context = Pick<AppContext, 'db' | 'platforms' | 'tokenCipher' | 'clock' | 'log'>;

/** A token this close to its end is renewed first: the request it is for takes time to arrive. */
const EXPIRY_SKEW_MS = 60_000;
/** Longer than one request to a token endpoint may take (30 s), so that a lease that ran out means a dead holder. */
const REFRESH_LEASE_MS = 60_000;
const POLL_MS = 200;
/** Waiting for another process to refresh ends after this many polls: its lease has run out by then. */
const MAX_POLLS = (REFRESH_LEASE_MS + 5_000) / POLL_MS;

/** Only a person can repair this: by connecting the account again. The message is a sentence for that person. */
export class ReauthorizationRequiredError extends Error {
  override readonly name = 'ReauthorizationRequiredError';
  readonly code = 'REAUTHORIZATION_REQUIRED';
  readonly accountId: string;

  constructor(accountId: string, message: string) {
    super(message);
    this.accountId = accountId;
  }
}

export interface UsableToken {
  accessToken: string;
  /** Grows with every renewal; names the token in `rejectedVersion` and in `markReconnectRequired`. */
  tokenVersion: number;
}

/**
 * @param options.rejectedVersion the version of a token that the platform has just refused: it is renewed although it
 *   should still live, unless somebody has renewed it already
 * @throws ReauthorizationRequiredError the account is not connected, or its permission has ended (then it is marked so)
 * @throws ConnectError with `dead` false: renewing is not possible now, try later
 * @throws TokenUnreadableError the key is missing or the row was changed: for the operator
 */
export async function usableAccessToken(
  ctx: Context,
  accountId: string,
  options: { rejectedVersion?: number } = {},
): Promise<UsableToken> {
  let firstVersion: number | null = null;
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    const stored = await loadConnected(ctx, accountId);
    const { account, credential } = stored;
    const now = ctx.clock.now();
    const current = () => ({
      accessToken: openAccessToken(ctx.tokenCipher, account, credential),
      tokenVersion: credential.tokenVersion,
    });
    const refused = options.rejectedVersion === credential.tokenVersion;
    const lapsesAt = account.tokenExpiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    if (!refused && now.getTime() < lapsesAt - EXPIRY_SKEW_MS) return current();
    // A new token that lives shorter than the margin: renewing it over and over would not help.
    firstVersion ??= credential.tokenVersion;
    if (credential.tokenVersion !== firstVersion) return current();

    const refresh = refreshOf(ctx, stored, now);
    if (refresh === null) {
      const ended = refused
        ? 'no longer accepts the permission it gave'
        : 'gave permission for a limited time, which is over';
      await declareDead(ctx, stored, `${PLATFORM_LABEL[account.platform]} ${ended}. Connect the account again.`);
      continue; // To find it marked, or renewed by somebody meanwhile.
    }
    const stillAlive = !refused && now.getTime() < lapsesAt;
    if (await takeLease(ctx, credential, now)) {
      const postponed = await renew(ctx, stored, refresh);
      if (postponed === null) continue; // To read back what was stored.
      if (stillAlive) return current();
      throw postponed;
    }
    if (stillAlive) return current();
    await delay(POLL_MS);
  }
  throw new ConnectError(
    'refresh-busy',
    'The permission of this account is being renewed and that takes unusually long. It is tried again later.',
    { dead: false },
  );
}

/**
 * Marks an account as needing a person, once; holding its publications is the caller's part.
 * @param reason a sentence for that person
 * @param onlyVersion when given, nothing happens if the token was renewed since that version
 * @returns whether this call changed it
 */
export async function markReconnectRequired(
  tx: Tx,
  ctx: Pick<AppContext, 'clock'>,
  accountId: string,
  reason: string,
  onlyVersion?: number,
): Promise<boolean> {
  await lockAccount(tx, accountId);
  const account = await tx.connectedAccount.findUnique({ where: { id: accountId }, include: { credential: true } });
  if (account?.status !== 'active') return false;
  if (onlyVersion !== undefined && account.credential?.tokenVersion !== onlyVersion) return false;
  await tx.connectedAccount.update({
    where: { id: accountId },
    data: { status: 'reconnect_required', statusReason: reason },
  });
  await recordEvent(
    tx,
    {
      actorId: null,
      action: 'account.reconnect_required',
      entity: 'ConnectedAccount',
      entityId: accountId,
      teamId: account.teamId,
      metadata: { platform: account.platform, reason },
    },
    ctx.clock.now(),
  );
  return true;
}

interface Stored {
  account: ConnectedAccount;
  credential: AccountCredential;
}

async function loadConnected(ctx: Context, accountId: string): Promise<Stored> {
  const found = await ctx.db.connectedAccount.findUnique({ where: { id: accountId }, include: { credential: true } });
  if (found === null)
    throw new ReauthorizationRequiredError(accountId, 'This account is no longer there. Choose another one.');
  const { credential, ...account } = found;
  if (account.status === 'disconnected' || credential === null) {
    throw new ReauthorizationRequiredError(
      accountId,
      `${account.displayName} was disconnected. Connect the account again.`,
    );
  }
  if (account.status === 'reconnect_required') {
    throw new ReauthorizationRequiredError(
      accountId,
      account.statusReason ?? `${account.displayName} has to be connected again.`,
    );
  }
  return { account, credential };
}

type Refresh = (now: Date) => Promise<TokenGrant>;

/** null when there is nothing to refresh with: no refresh token, an expired one, or a platform that has none. */
function refreshOf(ctx: Context, { account, credential }: Stored, now: Date): Refresh | null {
  const connector = ctx.platforms[account.platform]?.connector;
  const expired = account.refreshTokenExpiresAt !== null && account.refreshTokenExpiresAt <= now;
  const refreshToken = expired ? null : openRefreshToken(ctx.tokenCipher, account, credential);
  const renewing = connector?.refresh?.bind(connector);
  if (renewing === undefined || refreshToken === null) return null;
  return (at) => renewing(refreshToken, at);
}

/** The version in the condition makes the row that was read still the current one. */
async function takeLease(ctx: Context, { accountId, tokenVersion }: AccountCredential, now: Date): Promise<boolean> {
  const { count } = await ctx.db.accountCredential.updateMany({
    where: { accountId, tokenVersion, OR: [{ refreshLeaseUntil: null }, { refreshLeaseUntil: { lte: now } }] },
    data: { refreshLeaseUntil: new Date(now.getTime() + REFRESH_LEASE_MS), refreshStartedAt: now },
  });
  return count === 1;
}

/** @returns null when the stored state has changed, for better or worse; otherwise why it is to be tried later */
async function renew(ctx: Context, stored: Stored, refresh: Refresh): Promise<ConnectError | null> {
  const { account, credential } = stored;
  try {
    await storeRenewed(ctx, stored, await refresh(ctx.clock.now()));
    return null;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    ctx.log.warn(
      { accountId: account.id, platform: account.platform, reason: error.code, dead: error.dead },
      'an access token could not be renewed',
    );
    if (error.dead) {
      await declareDead(ctx, stored, error.message);
      return null;
    }
    await releaseLease(ctx, credential);
    return error;
  }
}

/** A version that moved means a person has connected the account again meanwhile: the newer consent stays. */
async function storeRenewed(ctx: Context, { account, credential }: Stored, grant: TokenGrant): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    await lockAccount(tx, account.id);
    const { count } = await tx.accountCredential.updateMany({
      where: { accountId: account.id, tokenVersion: credential.tokenVersion },
      data: {
        ...sealTokens(ctx.tokenCipher, account, grant),
        tokenVersion: { increment: 1 },
        refreshLeaseUntil: null,
        refreshStartedAt: null,
      },
    });
    if (count === 0) return;
    await tx.connectedAccount.update({
      where: { id: account.id },
      data: {
        tokenExpiresAt: grant.accessTokenExpiresAt,
        ...(grant.refreshTokenExpiresAt && { refreshTokenExpiresAt: grant.refreshTokenExpiresAt }),
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
      ctx.clock.now(),
    );
  });
}

async function releaseLease(ctx: Context, { accountId, tokenVersion }: AccountCredential): Promise<void> {
  await ctx.db.accountCredential.updateMany({
    where: { accountId, tokenVersion },
    data: { refreshLeaseUntil: null, refreshStartedAt: null },
  });
}

async function declareDead(ctx: Context, { account, credential }: Stored, reason: string): Promise<void> {
  await ctx.db.$transaction((tx) => markReconnectRequired(tx, ctx, account.id, reason, credential.tokenVersion));
  await releaseLease(ctx, credential);
}

async function lockAccount(tx: Tx, accountId: string): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM connected_accounts WHERE id = ${accountId}::uuid FOR UPDATE`;
}
