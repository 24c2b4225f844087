import type { Logger } from 'pino';

/** Work that can wait, done beside everything else: however long it takes, nothing due waits for it. */
export interface BackgroundWork {
  /** Begins a round, unless one is under way or this was stopped. */
  start(): void;
  /** Tells the round under way to end and waits until it has, but not longer than this. */
  stop(patienceMs: number): Promise<void>;
}

/** @param problem what the log says when a round fails; the next one tries again */
export function backgroundWork(
  log: Logger,
  problem: string,
  round: (signal: AbortSignal) => Promise<void>,
): BackgroundWork {
  const abort = new AbortController();
  let running: Promise<void> | null = null;
  return {
    start() {
      if (abort.signal.aborted) return;
      running ??= round(abort.signal)
        .catch((error: unknown) => log.error({ err: error }, problem))
        .finally(() => {
          running = null;
        });
    },
    async stop(patienceMs) {
      abort.abort();
      const patience = new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref());
      await Promise.race([running, patience]);
    },
  };
}
