/**
 * Whose turn it is to renew an account's token. A refresh token may be good once, so the turn is a row's lease, told by the
 * database's clock alone: two machines whose clocks differ must not both think that it is theirs. What was begun is written
 * down with it, and stays when nobody knows how it ended.
 */
import type { AppContext } from '../context.ts';
import { elapsedMs, type Instant, instant } from '../instant.ts';

type Context = Pick<AppContext, 'db'>;

/** Longer than one request to a token endpoint may take (30 s), so that a lease that ran out means a dead holder. */
export const REFRESH_LEASE_MS = 60_000;
/**
 * A request may only start this soon after its turn was asked for. A process that was paused in between (a suspended
 * laptop, SIGSTOP) must not use a token that others have used meanwhile.
 */
const LONGEST_PAUSE_MS = 5_000;

export interface RefreshLease {
  accountId: string;
  /** By the database's clock. Tells this lease from a later one. */
  until: Date;
  /** An earlier renewal was begun whose end is not known: the refresh token may be used up. */
  interrupted: boolean;
  /** Before it was asked for. */
  askedAt: Instant;
}

/** What a renewal rests on, as it was read. */
export interface Renewable {
  accountId: string;
  tokenVersion: number;
  tokenExpiresAt: Date | null;
}

/**
 * Both conditions make sure that what was read is still so: it may have been read in two parts, one from before and one
 * from after somebody else's renewal.
 * @returns null when it is somebody else's turn, or the token has been renewed
 */
export async function takeRefreshLease({ db }: Context, read: Renewable): Promise<RefreshLease | null> {
  const { accountId, tokenVersion, tokenExpiresAt } = read;
  const askedAt = instant();
  const [taken] = await db.$queryRaw<{ until: Date; interrupted: boolean }[]>`
    UPDATE account_credentials
    SET refresh_lease_until = clock.now + ${REFRESH_LEASE_MS} * interval '1 millisecond',
        refresh_started_at = coalesce(refresh_started_at, clock.now)
    FROM (SELECT clock_timestamp()::timestamptz(3) AS now) AS clock, connected_accounts account
    WHERE account_id = ${accountId}::uuid AND token_version = ${tokenVersion}
      AND account.id = account_id AND account.token_expires_at IS NOT DISTINCT FROM ${tokenExpiresAt}::timestamptz(3)
      AND (refresh_lease_until IS NULL OR refresh_lease_until <= clock.now)
    RETURNING refresh_lease_until AS until, refresh_started_at < clock.now AS interrupted`;
  return taken === undefined ? null : { accountId, ...taken, askedAt };
}

/** Whether so much time has passed that others may have had their turn. */
export function isStale(lease: RefreshLease): boolean {
  return elapsedMs(lease.askedAt) > LONGEST_PAUSE_MS;
}

/**
 * Gives the turn back, if it is still one's own.
 * @param ending `unknown`: the refresh token may have been used; that stays on record
 */
export async function endRefreshLease({ db }: Context, lease: RefreshLease, ending: 'nothing-done' | 'unknown') {
  await db.accountCredential.updateMany({
    where: { accountId: lease.accountId, refreshLeaseUntil: lease.until },
    data: {
      refreshLeaseUntil: null,
      ...(ending === 'nothing-done' && !lease.interrupted ? { refreshStartedAt: null } : {}),
    },
  });
}
