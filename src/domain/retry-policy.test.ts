import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from './outcome.ts';
import { decide, LONGEST_RETRY_DELAY_SECONDS, retryDelaySeconds } from './retry-policy.ts';

const now = new Date('2026-03-01T12:00:00Z');
const settings = { baseSeconds: 300, maxAttempts: 5 };
const unavailable: Outcome = {
  kind: 'unavailable',
  httpStatus: null,
  errorCode: 'connection-refused',
  errorMessage: 'refused',
  retryAt: null,
};
const minutesFrom = (at: Date) => (at.getTime() - now.getTime()) / 60_000;

it('a rate limit that is over at once is still waited for a moment: it does not count, and could be asked without end', () => {
  const now = new Date('2026-11-26T12:00:00Z');
  const outcome = { kind: 'rate-limited', httpStatus: 429, errorCode: 'x', errorMessage: 'x', retryAt: now } as const;
  expect(decide(outcome, 0, { baseSeconds: 300, maxAttempts: 5 }, now)).toEqual({
    next: 'retrying',
    at: new Date('2026-11-26T12:00:05Z'),
    counted: false,
  });
});

describe('an instant that a platform names, and that is over already', () => {
  const past = new Date(now.getTime() - 270_000);

  it('does not use up all attempts at once: the post waits as if nothing had been said', () => {
    const waits = [0, 1, 2, 3].map((before) => {
      const decision = decide({ ...unavailable, retryAt: past }, before, settings, now);
      return decision.next === 'retrying' ? minutesFrom(decision.at) : decision.next;
    });
    expect(waits).toEqual([5, 10, 20, 40]);
  });

  it('is never now: what a platform names is five seconds away, and a person’s own backoff is kept to', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -400_000, max: 400_000 }),
        fc.constantFrom('counted', 'uncounted', 'rate-limited'),
        fc.integer({ min: 1, max: 10 }),
        (ms, kind, baseSeconds) => {
          const retryAt = new Date(now.getTime() + ms);
          const outcome: Outcome =
            kind === 'rate-limited'
              ? { ...unavailable, kind, httpStatus: 429, retryAt }
              : { ...unavailable, retryAt, ...(kind === 'uncounted' && { uncounted: true as const }) };
          const decision = decide(outcome, 0, { baseSeconds, maxAttempts: 5 }, now);
          expect(decision.next).toBe('retrying');
          if (decision.next !== 'retrying') return;
          // A counted instant that is over means the usual wait, which a person may have chosen to be short.
          const shortest = kind === 'counted' && ms <= 0 ? baseSeconds * 1_000 : 5_000;
          expect(decision.at.getTime() - now.getTime()).toBeGreaterThanOrEqual(shortest);
        },
      ),
    );
  });
});

describe('the retry policy', () => {
  it('waits 5, 10, 20 and 40 minutes with the defaults, then gives up', () => {
    const waits = [0, 1, 2, 3].map((before) => {
      const decision = decide(unavailable, before, settings, now);
      return decision.next === 'retrying' ? minutesFrom(decision.at) : decision.next;
    });
    expect(waits).toEqual([5, 10, 20, 40]);
    expect(decide(unavailable, 4, settings, now)).toEqual({ next: 'failed', counted: true });
  });

  it('never waits longer than four hours and never less than before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 14_400 }), (attempt, base) => {
        const delay = retryDelaySeconds(attempt, base);
        expect(delay).toBeLessThanOrEqual(LONGEST_RETRY_DELAY_SECONDS);
        expect(delay).toBeGreaterThanOrEqual(Math.min(base, LONGEST_RETRY_DELAY_SECONDS));
        expect(retryDelaySeconds(attempt + 1, base)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });

  it("lets the platform's own Retry-After win", () => {
    const retryAt = new Date('2026-03-01T12:00:30Z');
    expect(decide({ ...unavailable, retryAt }, 0, settings, now)).toEqual({
      next: 'retrying',
      at: retryAt,
      counted: true,
    });
  });

  it('waits for the reset of a rate limit without using up an attempt, however many there were', () => {
    const retryAt = new Date('2026-03-02T00:00:00Z');
    const limited: Outcome = {
      kind: 'rate-limited',
      httpStatus: 429,
      errorCode: 'day-limit',
      errorMessage: '',
      retryAt,
    };
    expect(decide(limited, 4, settings, now)).toEqual({ next: 'retrying', at: retryAt, counted: false });
  });

  it('asks a platform that says "at once" again and again at growing distances, a quarter of an hour at most', () => {
    const limited: Outcome = {
      ...{ kind: 'rate-limited', httpStatus: 429, errorCode: 'x', errorMessage: '' },
      retryAt: now,
    };
    const seconds = [0, 1, 2, 5, 8, 1_000].map((before) => {
      const decision = decide(limited, 0, settings, now, before);
      return decision.next === 'retrying' ? (decision.at.getTime() - now.getTime()) / 1000 : null;
    });
    expect(seconds).toEqual([5, 10, 20, 160, 900, 900]);
  });

  it('never retries an outcome that is unknown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), (before) => {
        const decision = decide(
          { kind: 'unknown', httpStatus: 500, errorCode: 'http-500', errorMessage: '' },
          before,
          { baseSeconds: 1, maxAttempts: 20 },
          now,
        );
        expect(decision.next).toBe('unconfirmed');
      }),
    );
  });

  it('holds, and does not fail, what a dead token stopped', () => {
    const dead: Outcome = {
      kind: 'reauthorization-required',
      httpStatus: 401,
      errorCode: 'token-revoked',
      errorMessage: '',
    };
    expect(decide(dead, 4, settings, now)).toEqual({ next: 'held', counted: false });
  });

  it('fails at once what the platform refused', () => {
    expect(
      decide({ kind: 'rejected', httpStatus: 400, errorCode: 'too-long', errorMessage: '' }, 0, settings, now).next,
    ).toBe('failed');
  });
});
