export interface Random {
  /** Uniform, 0 ≤ x < 1. */
  next(): number;
  /** Uniform, a whole number of the closed range. */
  between(least: number, most: number): number;
  pick<T>(things: readonly T[]): T;
}

/** The same seed gives the same sequence (the generator is mulberry32), so that a schedule of faults can be repeated. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    between,
    pick(things) {
      const thing = things[between(0, things.length - 1)];
      if (thing === undefined) throw new Error('nothing to pick from');
      return thing;
    },
  };
}
