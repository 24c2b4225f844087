/** One thing that is wrong with the chain. */
export interface ChainBreak {
  /** Null: the event has none. */
  position: number | null;
  /** Null: it is about events that are missing. */
  eventId: string | null;
  problem: string;
}

/** So many are listed; all are counted. */
export const LISTED_BREAKS = 100;

/** Collects breaks as they are found: the first of them as they are, the rest as a number. */
export class ChainBreaks {
  readonly #listed: ChainBreak[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(found: ChainBreak): void {
    this.#count += 1;
    if (this.#listed.length < LISTED_BREAKS) this.#listed.push(found);
  }

  /** @param others found elsewhere @param count how many those are, listed or not */
  addAll(others: readonly ChainBreak[], count: number): void {
    this.#count += count;
    this.#listed.push(...others);
  }

  /** By their place in the chain; what has none comes last. */
  list(): ChainBreak[] {
    const place = ({ position }: ChainBreak) => position ?? Number.POSITIVE_INFINITY;
    return this.#listed
      .toSorted((one, other) => (place(one) === place(other) ? 0 : place(one) - place(other)))
      .slice(0, LISTED_BREAKS);
  }
}

/** `position 3 (event 0199…): its content …`, for a sentence that begins with `The audit is broken at`. */
export function describeBreak({ position, eventId, problem }: ChainBreak): string {
  if (position === null) return `event ${eventId ?? 'unknown'}: ${problem}`;
  return `position ${position}${eventId === null ? '' : ` (event ${eventId})`}: ${problem}`;
}
