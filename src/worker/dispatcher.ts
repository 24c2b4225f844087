/**
 * Keeps the instant: claims what is due and runs its pipelines, at most `concurrency` at once, and sleeps exactly until
 * the next publication falls due. pg-boss's alarms, the sweep and the verbs only say "look again" (`wake`).
 */
import type { AppContext } from '../context.ts';
import { spreadBacklog } from '../publishing/backlog.ts';
import { claimDue, untilNextDueMs } from '../publishing/claim.ts';
import { publishPublication } from '../publishing/publish-publication.ts';

/** How far ahead the timer looks; what is due later is announced by its alarm or found by the sweep. */
const HORIZON_MS = 60_000;
/** A due row that cannot be claimed is being edited by somebody: look again soon. */
const ROW_BUSY_MS = 25;
const DATABASE_AWAY_MS = 1_000;
const CLAIM_BATCH = 50;

export interface Dispatcher {
  /** Something may be due sooner than thought. Cheap; may be called at any time, also after a stop. */
  wake(): void;
  /** Takes no new work and waits for what is in flight, at most `patienceMs`; then aborts it and waits again. */
  stop(patienceMs: number): Promise<void>;
  inFlight(): number;
}

export function startDispatcher(ctx: AppContext, concurrency: number): Dispatcher {
  const abort = new AbortController();
  const running = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let scanning: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let databaseWasAway = false;

  function wake(): void {
    if (stopped) return;
    if (scanning !== null) {
      again = true;
      return;
    }
    scanning = scan().finally(() => {
      scanning = null;
    });
  }

  async function scan(): Promise<void> {
    clearTimeout(timer);
    do {
      again = false;
      try {
        // After the database was away everything that fell due meanwhile is there at once.
        if (databaseWasAway) await spreadBacklog(ctx.db);
        databaseWasAway = false;
        sleep(await claimAndRun());
      } catch (error) {
        databaseWasAway = true;
        ctx.log.error({ err: error }, 'cannot look for due publications; trying again');
        sleep(DATABASE_AWAY_MS);
      }
    } while (again && !stopped);
  }

  /** @returns milliseconds until it is worth looking again, null when an alarm will tell */
  async function claimAndRun(): Promise<number | null> {
    const free = Math.min(concurrency - running.size, CLAIM_BATCH);
    // With every place taken, the next pipeline that ends wakes us.
    if (free === 0) return null;
    const claims = await claimDue(ctx, free);
    for (const claim of claims) {
      const pipeline = publishPublication(ctx, claim, abort.signal)
        .catch((error: unknown) =>
          ctx.log.error(
            { err: error, publicationId: claim.publicationId },
            'publishing broke off; the sweep recovers this publication',
          ),
        )
        .finally(() => {
          running.delete(pipeline);
          wake();
        });
      running.add(pipeline);
    }
    if (claims.length === free) {
      again = true;
      return null;
    }
    const ms = await untilNextDueMs(ctx, HORIZON_MS);
    return ms === null ? null : Math.max(Math.ceil(ms), claims.length > 0 ? 0 : ms <= 0 ? ROW_BUSY_MS : 1);
  }

  function sleep(ms: number | null): void {
    clearTimeout(timer);
    if (ms !== null && !stopped) timer = setTimeout(wake, ms);
  }

  async function stop(patienceMs: number): Promise<void> {
    stopped = true;
    clearTimeout(timer);
    await scanning;
    const patience = new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref());
    await Promise.race([Promise.allSettled([...running]), patience]);
    abort.abort();
    await Promise.allSettled([...running]);
  }

  return { wake, stop, inFlight: () => running.size };
}
