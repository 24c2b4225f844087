/**
 * Slows down guessing by somebody who is past the first door already: at the current password of a profile, or at the code
 * of the second factor. Counted per person, wherever the guesses come from; a success takes its count back.
 *
 * Two counters: 10 wrong ones in a quarter of an hour, and 50 in a day, so that patience does not help: of a million
 * codes three are good at any moment.
 */
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database } from '../database/client.ts';
import { Refusal } from '../domain/refusal.ts';

export interface GuessLimiter {
  /** Counts a guess before it is looked at, so that a hundred at once are a hundred. @throws {Refusal} `too-many` */
  attempt(userId: string): Promise<void>;
  /** Takes the guess back: it was none. */
  succeeded(userId: string): Promise<void>;
}

const QUARTER_HOUR = { points: 10, duration: 15 * 60 };
const DAY = { points: 50, duration: 86_400 };

/** @param what is guessed at; each has its own count */
export function createGuessLimiter(db: Database, what: 'own-password' | 'second-factor'): GuessLimiter {
  const counter = (name: string, limit: { points: number; duration: number }) =>
    new RateLimiterPostgres({
      storeClient: clientOf(db),
      storeType: 'client',
      tableName: 'rate_limits',
      tableCreated: true,
      keyPrefix: `${what}-${name}`,
      ...limit,
    });
  const perQuarterHour = counter('soon', QUARTER_HOUR);
  const perDay = counter('day', DAY);
  return {
    async attempt(userId) {
      const waits = [await consume(perQuarterHour, userId), await consume(perDay, userId)];
      const seconds = Math.max(...waits);
      if (seconds > 0) throw new Refusal('too-many', `Too many wrong tries. Wait ${inWords(seconds)}, then try again.`);
    },
    async succeeded(userId) {
      await Promise.all([perQuarterHour.delete(userId), perDay.reward(userId)]);
    },
  };
}

/** @returns seconds to wait, 0 when within the limit */
async function consume(counter: RateLimiterPostgres, key: string): Promise<number> {
  try {
    await counter.consume(key);
    return 0;
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    throw refused;
  }
}

function inWords(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (minutes > 90) return `${Math.ceil(minutes / 60)} hours`;
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}

/** The product's own connections, in the shape of node-postgres that the library knows: outside of any transaction, so that a refusal does not undo the count. */
function clientOf(db: Database) {
  return {
    async query({ text, values }: { text: string; values: unknown[] }) {
      const found = await db.$queryRawUnsafe<Record<string, unknown>[]>(text, ...values);
      const rows = found.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
        ),
      );
      return { rows, rowCount: rows.length };
    },
  };
}
