/** Which worker processes there are, by their heartbeats and the database's clock: a worker that is dead is seen. */
import type { AppContext } from '../context.ts';

/** A worker beats every few seconds; after this long without a beat it counts as dead. */
export const SILENT_AFTER_SECONDS = 30;
/** Those that ended longer ago than this are history. */
const SHOWN_FOR_HOURS = 24;
const MOST_SHOWN = 10;

export interface WorkerPresence {
  id: string;
  host: string;
  pid: number;
  startedAt: Date;
  beatAt: Date;
  state: 'running' | 'silent' | 'stopped';
}

/** How many workers beat within the last half minute and have not said good-bye. */
export async function workersAlive(ctx: Pick<AppContext, 'db'>): Promise<number> {
  const [row] = await ctx.db.$queryRaw<{ alive: number }[]>`
    SELECT count(*)::int AS alive FROM worker_processes
    WHERE stopped_at IS NULL AND beat_at > clock_timestamp() - ${SILENT_AFTER_SECONDS} * interval '1 second'`;
  return row?.alive ?? 0;
}

/** The workers of the last day: running ones first, then the latest. */
export async function workerPresence(ctx: Pick<AppContext, 'db'>): Promise<WorkerPresence[]> {
  return ctx.db.$queryRaw<WorkerPresence[]>`
    SELECT id::text, host, pid, started_at AS "startedAt", beat_at AS "beatAt",
      CASE WHEN stopped_at IS NOT NULL THEN 'stopped'
        WHEN beat_at > clock_timestamp() - ${SILENT_AFTER_SECONDS} * interval '1 second' THEN 'running'
        ELSE 'silent' END AS state
    FROM worker_processes
    WHERE beat_at > clock_timestamp() - ${SHOWN_FOR_HOURS} * interval '1 hour'
    ORDER BY (stopped_at IS NULL AND beat_at > clock_timestamp() - ${SILENT_AFTER_SECONDS} * interval '1 second') DESC, beat_at DESC
    LIMIT ${MOST_SHOWN}`;
}
