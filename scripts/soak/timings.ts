import type { Timings } from '../../src/context.ts';

/** Production's divided by about six, so that ten minutes hold as many recoveries as an hour would. */
export const SOAK_TIMINGS: Timings = { leaseMs: 10_000, createDeadlineMs: 4_000, sweepMs: 1_000, drainMs: 6_000 };
