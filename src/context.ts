import type { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import type { TokenCipher } from './accounts/token-cipher.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Database } from './database/client.ts';
import type { PlatformRegistry } from './platforms/registry.ts';

/** How long things may take. Fixed in production; tests shorten them. All in milliseconds. */
export interface Timings {
  /** A claim is good for this long; whoever has not settled by then is taken for dead. */
  leaseMs: number;
  /** Total time for the one create request. Far below the lease, so that nobody is taken for dead while still waiting. */
  createDeadlineMs: number;
  /** How often the sweep looks for rows without an alarm and for abandoned claims. */
  sweepMs: number;
  /** How long a stop waits for requests in flight. */
  drainMs: number;
}

export const PRODUCTION_TIMINGS: Timings = {
  leaseMs: 60_000,
  createDeadlineMs: 20_000,
  sweepMs: 5_000,
  drainMs: 30_000,
};

/** The steps of publishing one publication, in order. Observed by metrics, and by the crash tests, which kill the process at one. */
export const PUBLISH_STEPS = ['claimed', 'prepared', 'sent', 'answered', 'settled'] as const;
export type PublishStep = (typeof PUBLISH_STEPS)[number];

/** The long-lived things, built once in app.ts and passed by hand as the first argument. */
export interface AppContext {
  config: Config;
  db: Database;
  boss: PgBoss;
  platforms: PlatformRegistry;
  tokenCipher: TokenCipher;
  clock: Clock;
  log: Logger;
  timings: Timings;
  /** Tells this process's worker, if it has one, that something may have become due sooner. A hint: losing it costs half a second. */
  wake: () => void;
  /** Called after each step of a publication, before the next one begins. */
  onStep: (step: PublishStep, publicationId: string) => void;
}
