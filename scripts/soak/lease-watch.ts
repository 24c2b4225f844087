import { setTimeout as pause } from 'node:timers/promises';
import type { AppContext } from '../../src/context.ts';

/** Lease ends (milliseconds since 1970) that were seen for a publication, in the order in which they were seen. */
export type LeaseEnds = Map<string, number[]>;

const LOOK_EVERY_MS = 1_000;

/** Notes until the signal which leases there are: the tables forget them, and recovery is measured from their ends. */
export async function watchLeases(ctx: AppContext, signal: AbortSignal): Promise<LeaseEnds> {
  const seen: LeaseEnds = new Map();
  while (!signal.aborted) {
    try {
      const rows = await ctx.db.publication.findMany({
        where: { status: 'publishing', leaseUntil: { not: null } },
        select: { id: true, leaseUntil: true },
      });
      for (const { id, leaseUntil } of rows) {
        const ends = seen.get(id) ?? [];
        const end = leaseUntil?.getTime() ?? 0;
        if (ends.at(-1) !== end) seen.set(id, [...ends, end]);
      }
    } catch {
      // The database is away; an abandoned claim is still there at the next look.
    }
    await pause(LOOK_EVERY_MS);
  }
  return seen;
}
