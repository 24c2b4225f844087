import type { Timings } from '../context.ts';

/** Production's timings in small: recovery is seen within seconds. */
export const QUICK: Timings = { leaseMs: 4_000, createDeadlineMs: 2_000, sweepMs: 200, drainMs: 3_000 };
