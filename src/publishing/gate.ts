/**
 * Lets only a few through at a time, in order. What is urgent does not wait; the others then wait longer.
 *
 * Used around what happens at the database between "recorded as sent" and "settled". Everything there is unknown after a
 * crash, so with fifty pipelines in step a process that dies at a busy moment would leave dozens for a person to look at.
 * Waiting for the platform takes no place: that would make publishing slow.
 */
export interface Gate {
  pass<T>(work: () => Promise<T>, options?: { urgent: boolean }): Promise<T>;
}

/** Whoever takes longer waits for something else than this process (a lock, a database that is away) and gives his place up. */
const LONGEST_PLACE_MS = 1_000;

export function createGate(places: number): Gate {
  const waiting: (() => void)[] = [];
  let free = places;

  async function enter(urgent: boolean): Promise<void> {
    if (urgent || free > 0) free -= 1;
    else await new Promise<void>((admitted) => waiting.push(admitted));
  }

  function leave(): void {
    free += 1;
    if (free <= 0) return;
    const next = waiting.shift();
    if (next === undefined) return;
    free -= 1;
    next();
  }

  return {
    async pass(work, { urgent } = { urgent: false }) {
      await enter(urgent);
      let inside = true;
      const leaveOnce = () => {
        if (inside) leave();
        inside = false;
      };
      const patience = setTimeout(leaveOnce, LONGEST_PLACE_MS);
      try {
        return await work();
      } finally {
        clearTimeout(patience);
        leaveOnce();
      }
    },
  };
}
