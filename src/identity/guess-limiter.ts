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
  /** Counts a guess before it is looked at, so that a hundred at once are a hundred. @throws {TooManyGuesses} */
  attempt(userId: string): Promise<void>;
  /** Takes the guess back: it was none. */
  succeeded(userId: string): Promise<void>;
}

/** A guess that was not looked at. `refused`: how many that makes since it was closed, this one included. */
export class TooManyGuesses extends Refusal {
  readonly refused: number;
  /** Seconds. */
  readonly wait: number;

  constructor(refused: number, wait: number) {
    super('too-many', `Too many wrong tries. Wait ${inWords(wait)}, then try again.`);
    this.refused = refused;
    this.wait = wait;
  }
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
      const soon = await consume(perQuarterHour, userId);
      const refusal = (await consume(perDay, userId)) ?? soon;
      if (refusal !== null) throw refusal;
    },
    async succeeded(userId) {
      await Promise.all([perQuarterHour.delete(userId), perDay.reward(userId)]);
    },
  };
}

async function consume(counter: RateLimiterPostgres, key: string): Promise<TooManyGuesses | null> {
  try {
    await counter.consume(key);
    return null;
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    return new TooManyGuesses(refused.consumedPoints - counter.points, seconds);
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
