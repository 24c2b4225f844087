/**
 * X's windows: so many calls per user and endpoint in 15 minutes, and for creating posts also per 24 hours. A window begins
 * with its first call. The numbers are those of X's page on rate limits; the status of an upload is not on it.
 */
const MINUTES_15 = 15 * 60_000;
const HOURS_24 = 24 * 3_600_000;

interface Limit {
  readonly calls: number;
  readonly windowMs: number;
}

export const LIMITS = {
  'POST /2/tweets': { calls: 100, windowMs: MINUTES_15 },
  'posts of a user': { calls: 2_400, windowMs: HOURS_24 },
  'posts of the app': { calls: 10_000, windowMs: HOURS_24 },
  'DELETE /2/tweets/:id': { calls: 50, windowMs: MINUTES_15 },
  'GET /2/tweets/:id': { calls: 900, windowMs: MINUTES_15 },
  'GET /2/tweets': { calls: 5_000, windowMs: MINUTES_15 },
  'GET /2/users/:id/tweets': { calls: 900, windowMs: MINUTES_15 },
  'GET /2/users/me': { calls: 75, windowMs: MINUTES_15 },
  'POST /2/media/upload': { calls: 500, windowMs: MINUTES_15 },
  'GET /2/media/upload': { calls: 500, windowMs: MINUTES_15 },
  'POST /2/media/upload/initialize': { calls: 1_875, windowMs: MINUTES_15 },
  'POST /2/media/upload/:id/append': { calls: 1_875, windowMs: MINUTES_15 },
  'POST /2/media/upload/:id/finalize': { calls: 1_875, windowMs: MINUTES_15 },
  'POST /2/media/metadata': { calls: 500, windowMs: MINUTES_15 },
} as const satisfies Readonly<Record<string, Limit>>;

/** In the place of a user's id: all users of the app together, and whoever has not said who he is. */
export const APPLICATION = 'application';
export const NOBODY = 'nobody';

export type LimitName = keyof typeof LIMITS;

/** How a window stands, as the headers tell it. */
export interface Standing {
  readonly limit: number;
  readonly remaining: number;
  /** Unix time in whole seconds at which the window is over. */
  readonly reset: number;
}

export class RateLimits {
  readonly #calls: Readonly<Partial<Record<LimitName, number>>>;
  readonly #windows = new Map<string, { used: number; endsAt: number }>();

  /** @param calls what replaces the numbers above */
  constructor(calls: Readonly<Partial<Record<LimitName, number>>> = {}) {
    this.#calls = calls;
  }

  spend(name: LimitName, who: string, now: Date): void {
    const window = this.#open(name, who, now);
    if (window) window.used += 1;
    else this.#windows.set(`${name} ${who}`, { used: 1, endsAt: now.getTime() + LIMITS[name].windowMs });
  }

  standing(name: LimitName, who: string, now: Date): Standing {
    const limit = this.#calls[name] ?? LIMITS[name].calls;
    const window = this.#open(name, who, now);
    const endsAt = window?.endsAt ?? now.getTime() + LIMITS[name].windowMs;
    return { limit, remaining: Math.max(0, limit - (window?.used ?? 0)), reset: Math.ceil(endsAt / 1000) };
  }

  clear(): void {
    this.#windows.clear();
  }

  #open(name: LimitName, who: string, now: Date): { used: number; endsAt: number } | undefined {
    const window = this.#windows.get(`${name} ${who}`);
    return window && now.getTime() < window.endsAt ? window : undefined;
  }
}
