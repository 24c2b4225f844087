import { setTimeout as delay } from 'node:timers/promises';
import type { AppContext } from '../context.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** An outage of hours must not fill the disk with the same line. */
const TOLD_EVERY_MS = 60_000;
/** After a stop has run out of patience; well within the time that main.ts leaves between that and its own end. */
const LAST_CHANCE_MS = 3_000;

/** What only this process knows while it is not saved. */
export interface AtStake extends Pick<Claim, 'publicationId' | 'attemptId'> {
  outcome?: Outcome;
  waiting?: object;
}

interface Unsaved {
  since: number;
  failures: number;
}

/** Of this process: what is being saved just now. */
const unsaved = new Set<Unsaved>();
/** A first failure may be a deadlock; a first try may wait for a lock. */
const TOLD_AFTER_FAILURES = 2;
const TOLD_AFTER_MS = 10_000;

/** How many outcomes this process knows and cannot save, for whoever watches it. A try that was cut short by chance does not count. */
export function unsavedOutcomes(): number {
  const now = performance.now();
  return [...unsaved].filter(({ since, failures }) => failures >= TOLD_AFTER_FAILURES || now - since > TOLD_AFTER_MS)
    .length;
}

/**
 * Runs `save` again until it succeeds, for as long as the process lives: what a platform has answered cannot be asked for
 * again. The log has it from the first failure on, so that even a process that is killed leaves it somewhere. `save` must
 * be safe to repeat after an unclear commit.
 * @param stopping aborted by a stop that has run out of patience: then a few more tries, and what is at stake is in the
 *   log's last line about it, as fatal when a platform has accepted a post
 * @throws the last error, after such a stop only
 */
export async function untilSaved(
  ctx: Pick<AppContext, 'log'>,
  atStake: AtStake,
  save: () => Promise<void>,
  stopping: AbortSignal,
): Promise<void> {
  const end = endAfter(stopping, LAST_CHANCE_MS);
  let toldAt = Number.NEGATIVE_INFINITY;
  const waiting: Unsaved = { since: performance.now(), failures: 0 };
  unsaved.add(waiting);
  try {
    for (let wait = FIRST_PAUSE_MS; ; wait = stopping.aborted ? FIRST_PAUSE_MS : Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      try {
        // A database that does not even refuse (a stalled link) must not hold a stop up.
        await Promise.race([save(), end.reached]);
        return;
      } catch (error) {
        waiting.failures += 1;
        if (end.isReached()) {
          const line = { ...atStake, err: error };
          if (atStake.outcome?.kind === 'accepted')
            ctx.log.fatal(
              line,
              'stopping with a post that is live and could not be saved: it becomes unconfirmed; resolve it as live with the permalink in this line',
            );
          else ctx.log.error(line, 'stopping with an outcome that could not be saved; whoever sweeps next decides');
          throw error;
        }
        if (performance.now() - toldAt > TOLD_EVERY_MS) {
          toldAt = performance.now();
          ctx.log.error({ ...atStake, err: error }, 'an outcome is known but could not be saved; trying again');
        }
      }
      await pause(wait, stopping);
    }
  } finally {
    end.forget();
    unsaved.delete(waiting);
  }
}

/** Ends early when the stop loses its patience. */
async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  if (stopping.aborted) await delay(ms);
  else await delay(ms, undefined, { signal: stopping }).catch(() => undefined);
}

interface End {
  /** Rejects at the end, and never resolves. */
  reached: Promise<never>;
  isReached(): boolean;
  forget(): void;
}

/** A moment that comes `ms` after the signal, if that is ever aborted. */
function endAfter(signal: AbortSignal, ms: number): End {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined); // Whoever does not wait for it just now asks isReached.
  let timer: NodeJS.Timeout | undefined;
  let isReached = false;
  const begin = () => {
    timer = setTimeout(() => {
      isReached = true;
      reject(new Error('the database did not answer before the stop'));
    }, ms);
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return {
    reached: promise,
    isReached: () => isReached,
    forget() {
      clearTimeout(timer);
      signal.removeEventListener('abort', begin);
    },
  };
}
