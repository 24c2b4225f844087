/**
 * Keeps the instant: has ready what falls due soon, claims what is due and runs its pipelines, at most `concurrency` at
 * once and none without a place of its platform and account (places.ts), and sleeps exactly until the next publication falls due. pg-boss's alarms, the sweep and the verbs only say "look
 * again" (`wake`).
 */
import type { AppContext } from '../context.ts';
import { elapsedMs, instant } from '../instant.ts';
import { claimDue, untilNextDueMs } from '../publishing/claim.ts';
import { claimReady } from '../publishing/claim-ready.ts';
import { createPlaces, type Occupant } from '../publishing/places.ts';
import { createReadyBook } from '../publishing/prepare-ahead.ts';
import { publishPublication } from '../publishing/publish-publication.ts';
import { sendRecorded, unsettled } from '../publishing/send-recorded.ts';

/** How far ahead the timer looks; what is due later is announced by its alarm or found by the sweep. */
const HORIZON_MS = 60_000;
/** A due row that cannot be claimed is being edited by somebody: look again soon. */
const ROW_BUSY_MS = 25;
const DATABASE_AWAY_MS = 1_000;
/** What has waited for half a minute and more may wait a little longer for who works on it. */
const NOT_YET_MS = 500;
/** The sweep wakes it every few seconds; after a longer silence this process was paused. */
const LONG_SILENCE_MS = 20_000;
/**
 * Claimed and not yet on the wire. Few: what a process has claimed when it dies waits until its lease ends, and what it has
 * not claimed the others take at once. Once the request is on its way the next one is claimed, up to the concurrency.
 */
const MOST_STARTING = 12;
/** Recorded as sent by one statement, and unknown all together if the process dies just then. */
const MOST_RECORDED_AT_ONCE = 4;
/** While what is ready leaves, what is not is looked for this often. */
const LOOK_BETWEEN_MS = 100;
/** Whoever takes longer to start waits for something else (a token, a lock) and does not keep others from starting. */
const LONGEST_START_MS = 1_000;

export interface Dispatcher {
  /** Something may be due sooner than thought. Cheap; may be called at any time, also after a stop. */
  wake(): void;
  /** Takes no new work and waits for what is in flight, at most `patienceMs`; then aborts it and waits again. */
  stop(patienceMs: number): Promise<void>;
  inFlight(): number;
  /** Milliseconds since it last finished looking for what is due; it looks every few seconds. */
  silentMs(): number;
  /** How often in a row looking for what is due, or claiming it, has failed. */
  failures(): number;
}

/**
 * @param afterSilence called before anything leaves at all, and again after an outage of the database or a pause of this
 *   process (`wasSilent`). @returns publications it could not see to, which may not leave yet: it is called again for them
 */
export function startDispatcher(
  ctx: AppContext,
  concurrency: number,
  afterSilence: (wasSilent: boolean) => Promise<readonly string[]>,
): Dispatcher {
  const abort = new AbortController();
  const running = new Set<Promise<void>>();
  /** Publications that are claimed and not yet on the wire. */
  const starting = new Set<string>();
  const observed: AppContext = {
    ...ctx,
    onStep: (step, publicationId) => {
      ctx.onStep(step, publicationId);
      if (step === 'flushed') started(publicationId);
    },
  };
  const places = createPlaces(concurrency);
  const book = createReadyBook(observed, undefined, places);
  let lastLook = 0;
  let lastScan = instant();
  let timer: NodeJS.Timeout | undefined;
  let scanning: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let databaseWasAway = false;
  /** Publications that may not leave yet; null: nobody has looked. */
  let notYet: readonly string[] | null = null;
  let failures = 0;

  function wake(): void {
    if (stopped) return;
    book
      .refresh(abort.signal)
      .catch((error: unknown) => ctx.log.warn({ err: error }, 'cannot prepare what falls due soon; trying again'));
    look();
  }

  function look(): void {
    if (stopped) return;
    if (scanning !== null) {
      again = true;
      return;
    }
    scanning = scan().finally(() => {
      scanning = null;
      // Somebody who called after the last look and before this was told that one is under way.
      if (again) look();
    });
  }

  async function scan(): Promise<void> {
    clearTimeout(timer);
    do {
      again = false;
      try {
        // After an outage, or a pause of this process, everything that fell due meanwhile is there at once.
        const silence = databaseWasAway || elapsedMs(lastScan) > LONG_SILENCE_MS;
        if (silence || notYet === null || notYet.length > 0) notYet = await afterSilence(silence);
        databaseWasAway = false;
        // That may have taken long: a stop takes no new work from its first moment.
        if (stopped) return;
        const nextMs = await claimAndRun(notYet);
        sleep(notYet.length === 0 ? nextMs : Math.min(nextMs ?? NOT_YET_MS, NOT_YET_MS));
        lastScan = instant();
        failures = 0;
      } catch (error) {
        failures += 1;
        databaseWasAway = true;
        ctx.log.error({ err: error }, 'cannot look for due publications; trying again');
        sleep(DATABASE_AWAY_MS);
      }
    } while (again && !stopped);
  }

  /**
   * @param not publications that may not leave yet
   * @returns milliseconds until it is worth looking again, null when an alarm will tell
   */
  async function claimAndRun(not: readonly string[]): Promise<number | null> {
    const free = Math.min(concurrency - running.size, MOST_STARTING - starting.size);
    // With every place taken, the next pipeline that starts or ends wakes us. Several at once: a claim costs a transaction.
    if (free <= 0 || starting.size > MOST_STARTING / 2) return null;
    const ready = book.takeDue(Math.min(free, MOST_RECORDED_AT_ONCE));
    if (ready.length > 0) {
      // Whatever is not returned has changed or is taken by somebody else: the long way finds out.
      for (const recorded of await unsettled.pass(() => claimReady(observed, ready)))
        run(recorded.claim.publicationId, recorded, sendRecorded(observed, recorded, abort.signal));
      again = true;
      if (performance.now() - lastLook < LOOK_BETWEEN_MS) return null;
    }
    if (stopped) return null;
    lastLook = performance.now();
    const claims = await claimDue(observed, free - ready.length, [...book.imminent(), ...not], places.room());
    for (const claim of claims) {
      const { publicationId } = claim;
      starting.add(publicationId);
      const patience = setTimeout(started, LONGEST_START_MS, publicationId);
      run(
        publicationId,
        claim,
        publishPublication(observed, claim, abort.signal).finally(() => {
          clearTimeout(patience);
          starting.delete(publicationId);
        }),
      );
    }
    if (claims.length > 0 && claims.length === free - ready.length) {
      again = true;
      return null;
    }
    const ms = await untilNextDueMs(ctx, HORIZON_MS, [...book.imminent(), ...not], places.room());
    const others = ms === null ? null : Math.max(Math.ceil(ms), claims.length > 0 ? 0 : ms <= 0 ? ROW_BUSY_MS : 1);
    const prepared = book.untilNextMs();
    return prepared === null ? others : Math.min(Math.max(Math.ceil(prepared), 0), others ?? HORIZON_MS);
  }

  function run(publicationId: string, occupant: Occupant, work: Promise<void>): void {
    places.take(occupant);
    const pipeline = work
      .catch((error: unknown) =>
        ctx.log.error({ err: error, publicationId }, 'publishing broke off; the sweep recovers this publication'),
      )
      .finally(() => {
        running.delete(pipeline);
        places.leave(occupant);
        look();
      });
    running.add(pipeline);
  }

  function started(publicationId: string): void {
    if (starting.delete(publicationId) && starting.size <= MOST_STARTING / 2) look();
  }

  function sleep(ms: number | null): void {
    clearTimeout(timer);
    if (ms !== null && !stopped) timer = setTimeout(look, ms);
  }

  async function stop(patienceMs: number): Promise<void> {
    stopped = true;
    clearTimeout(timer);
    const ended = (async () => {
      // What it claims still is in flight like the rest.
      await scanning;
      await Promise.allSettled([...running]);
    })();
    const patience = new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref());
    await Promise.race([ended, patience]);
    abort.abort();
    await ended;
  }

  return {
    wake,
    stop,
    inFlight: () => running.size,
    silentMs: () => performance.now() - lastScan.monotonic,
    failures: () => failures,
  };
}
