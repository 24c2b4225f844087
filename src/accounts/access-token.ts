/**
 * A token that is good right now, refreshed when it has to be.
 *
 * Refreshing is single-flight across processes: whose turn it is (refresh-lease.ts) asks the platform; the others go on
 * with the old token while it lives, or wait for the new one. No transaction is open during the request. What comes back
 * is written only if the token version is still the one that was refreshed, and is durable before anybody uses it. An
 * account is declared dead only if nobody has renewed it meanwhile. After a renewal whose end is not known (a lost answer,
 * a crash) the old token is used to its end: asking again may be a second use of a token that is good once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { PLATFORM_LABEL } from '../domain/platform-name.ts';
import { ConnectError } from '../platforms/platform.ts';
import { lockAccounts } from './lock-accounts.ts';
import { endRefreshLease, REFRESH_LEASE_MS, type RefreshLease, takeRefreshLease } from './refresh-lease.ts';
import { type Refresh, type RenewalContext, refreshOf, renewToken, type StoredAccount } from './renew-token.ts';
import { openAccessToken } from './stored-tokens.ts';

/** A token this close to its end is renewed first: the request it is for takes time to arrive. */
const EXPIRY_SKEW_MS = 60_000;
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
  /** When the platform gave it, by consent or by renewal: by the database's clock. */
  issuedAt: Date;
}

/**
 * @param options.rejectedVersion the version of a token that the platform has just refused: it is renewed although it
 *   should still live, unless somebody has renewed it already
 * @param options.perhaps the refusal may be a mistake of the platform's: a token that cannot be renewed is given once more
 *   instead of being called dead
 * @throws ReauthorizationRequiredError the account is not connected, or its permission has ended (then it is marked so)
 * @throws ConnectError with `dead` false: renewing is not possible now, try later
 * @throws TokenUnreadableError the key is missing or the row was changed: for the operator
 */
export async function usableAccessToken(
  ctx: RenewalContext,
  accountId: string,
  options: { rejectedVersion?: number; perhaps?: boolean } = {},
): Promise<UsableToken> {
  let firstVersion: number | null = null;
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    const stored = await loadConnected(ctx, accountId);
    const { account, credential } = stored;
    const now = ctx.clock.now();
    const current = () => ({
      accessToken: openAccessToken(ctx.tokenCipher, account, credential),
      tokenVersion: credential.tokenVersion,
      issuedAt: credential.issuedAt,
    });
    const refused = [options.rejectedVersion, credential.refusedVersion].includes(credential.tokenVersion);
    const lapsesAt = account.tokenExpiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    if (!refused && now.getTime() < lapsesAt - EXPIRY_SKEW_MS) return current();
    // A new token that lives shorter than the margin: renewing it over and over would not help.
    firstVersion ??= credential.tokenVersion;
    if (credential.tokenVersion !== firstVersion) return current();

    const refresh = refreshOf(ctx, stored, now);
    if (refresh === null) {
      if (refused && options.perhaps === true && now.getTime() < lapsesAt) return current();
      const ended = refused
        ? 'no longer accepts the permission it gave'
        : 'gave permission for a limited time, which is over';
      await declareDead(ctx, stored, `${PLATFORM_LABEL[account.platform]} ${ended}. Connect the account again.`);
      continue; // To find it marked, or renewed by somebody meanwhile.
    }
    const stillAlive = !refused && now.getTime() < lapsesAt;
    // Somebody is renewing it, or began to and was never heard of again.
    if (stillAlive && credential.refreshStartedAt !== null) return current();
    const lease = await takeRefreshLease(ctx, { ...credential, tokenExpiresAt: account.tokenExpiresAt });
    if (lease !== null) {
      const postponed = await renewOrMark(ctx, stored, refresh, lease);
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
  await lockAccounts(tx, [accountId]);
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

/**
 * Renews a token whose turn one has, and marks the account when only a person can repair it.
 * @returns null when the stored state has changed, for better or worse; otherwise why it is to be tried later
 */
export async function renewOrMark(
  ctx: RenewalContext,
  stored: StoredAccount,
  refresh: Refresh,
  lease: RefreshLease,
): Promise<ConnectError | null> {
  const failed = await renewToken(ctx, stored, refresh, lease);
  if (failed === null || !failed.dead) return failed;
  await declareDead(ctx, stored, lease.interrupted ? interrupted(stored) : failed.message);
  await endRefreshLease(ctx, lease, 'nothing-done');
  return null;
}

/** Unless the token was renewed since it was read. */
async function declareDead(ctx: RenewalContext, { account, credential }: StoredAccount, reason: string): Promise<void> {
  await ctx.db.$transaction((tx) => markReconnectRequired(tx, ctx, account.id, reason, credential.tokenVersion));
}

function interrupted({ account }: StoredAccount): string {
  const name = PLATFORM_LABEL[account.platform];
  return `Renewing the permission was interrupted, and what ${name} gave instead of the old one is lost. Connect the account again.`;
}

async function loadConnected(ctx: RenewalContext, accountId: string): Promise<StoredAccount> {
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
