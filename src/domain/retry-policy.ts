import type { Outcome } from './outcome.ts';

/** No two attempts are further apart than this, however many there were. */
export const LONGEST_RETRY_DELAY_SECONDS = 4 * 60 * 60;
/** A rate limit whose reset the platform does not tell is tried again after this long. */
export const BLIND_RATE_LIMIT_SECONDS = 15 * 60;

/**
 * Nothing is tried again sooner because a platform says so: what is not counted would be asked without end. A person may
 * choose a shorter backoff, whose attempts are counted.
 */
const SHORTEST_RETRY_DELAY_SECONDS = 5;

export interface RetrySettings {
  /** Seconds before the second attempt; doubled for each later one. */
  baseSeconds: number;
  /** Counted attempts, the first included. */
  maxAttempts: number;
}

/** What becomes of a publication after an attempt. `counted` says whether the attempt used up one of maxAttempts. */
export type Decision =
  | { next: 'published'; counted: true }
  | { next: 'retrying'; at: Date; counted: boolean }
  | { next: 'failed'; counted: true }
  | { next: 'held'; counted: false }
  | { next: 'unconfirmed'; counted: true };

/**
 * Seconds to wait after the n-th counted attempt: base × 2^(n-1), never more than four hours.
 * With the default base of 300 s the attempts are at once, +5, +10, +20 and +40 minutes.
 */
export function retryDelaySeconds(attempt: number, baseSeconds: number): number {
  // 2^31 is far beyond the cap already; without the limit a large n would overflow to Infinity × 0.
  const doublings = Math.min(Math.max(attempt - 1, 0), 31);
  return Math.min(baseSeconds * 2 ** doublings, LONGEST_RETRY_DELAY_SECONDS);
}

/**
 * Decides what follows an attempt.
 * @param countedBefore counted attempts before this one
 * @param now the instant the answer was known, by the clock that the outcome's `retryAt` is of
 * @param limitedBefore how often a platform has asked for patience with it before: who says "at once" and means it not is
 *   asked at growing distances, because asking uses up what the platform allows
 */
export function decide(
  outcome: Outcome,
  countedBefore: number,
  settings: RetrySettings,
  now: Date,
  limitedBefore = 0,
): Decision {
  switch (outcome.kind) {
    case 'accepted':
      return { next: 'published', counted: true };
    case 'rejected':
    case 'duplicate':
      return { next: 'failed', counted: true };
    case 'reauthorization-required':
      return { next: 'held', counted: false };
    case 'unknown':
      return { next: 'unconfirmed', counted: true };
    case 'rate-limited': {
      const seconds = SHORTEST_RETRY_DELAY_SECONDS * 2 ** Math.min(limitedBefore, 31);
      const patience = later(now, Math.min(seconds, BLIND_RATE_LIMIT_SECONDS));
      const at = outcome.retryAt ?? later(now, BLIND_RATE_LIMIT_SECONDS);
      return { next: 'retrying', at: new Date(Math.max(at.getTime(), patience.getTime())), counted: false };
    }
    case 'unavailable': {
      if (outcome.uncounted) return { next: 'retrying', at: named(outcome.retryAt, now) ?? now, counted: false };
      const attempt = countedBefore + 1;
      if (attempt >= settings.maxAttempts) return { next: 'failed', counted: true };
      const backoff = later(now, retryDelaySeconds(attempt, settings.baseSeconds));
      // Retry-After wins, in both directions; one that is over says nothing, and must not use up the attempts at once.
      const told = outcome.retryAt !== null && outcome.retryAt > now ? named(outcome.retryAt, now) : null;
      return { next: 'retrying', at: told ?? backoff, counted: true };
    }
    default:
      return unreachable(outcome);
  }
}

/** The instant that was named, but never at once; null when none was. */
function named(retryAt: Date | null, now: Date): Date | null {
  if (retryAt === null) return null;
  return retryAt > soonest(now) ? retryAt : soonest(now);
}

function soonest(now: Date): Date {
  return later(now, SHORTEST_RETRY_DELAY_SECONDS);
}

/** The arithmetic of instants: `seconds` after `from`. */
function later(from: Date, seconds: number): Date {
  return new Date(from.getTime() + seconds * 1000);
}

function unreachable(value: never): never {
  throw new Error(`not an outcome: ${JSON.stringify(value)}`);
}
