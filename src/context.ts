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

/**
 * Where a publication is inside this process. The pipeline's steps in order, then those of its recovery and of a person's
 * decision. A step ending in -ing is inside a transaction that is not committed yet. Observers only: the crash tests kill
 * the process at each of them.
 */
export const PUBLISH_STEPS = [
  // Prepared before its instant, in this process's memory only.
  'ready',
  // An image is with the platform, and we have its id. Ahead of the instant or after the claim.
  'uploaded',
  'claiming',
  'claimed',
  'loaded',
  'prepared',
  // About to write the attempt down as sent; `sent` is when that is committed.
  'recording',
  'sent',
  // The connection is ready, not a byte of the request has left.
  'connected',
  // The whole request has been handed to the operating system.
  'flushed',
  'headers',
  'body',
  'answered',
  'settling',
  // The alarm of the next attempt is written; only when there is to be one.
  'rescheduling',
  'settled',
  // The sweep has found an abandoned claim.
  'abandoned',
  'handing-back',
  'recovered',
  'resolving',
  'resolved',
] as const;
export type PublishStep = (typeof PUBLISH_STEPS)[number];

/** A heartbeat of a worker that is known to be committed. */
export interface Beat {
  workerId: string;
  /** By the database's clock, to the millisecond. */
  at: Date;
}

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
  /** The latest heartbeat of this process's worker, null before its first one. Left out where no worker runs. */
  lastBeat?: () => Beat | null;
  /** Called after each step of a publication, before the next one begins. */
  onStep: (step: PublishStep, publicationId: string) => void;
}
