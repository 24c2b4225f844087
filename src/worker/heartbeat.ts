/**
 * A row per worker process, renewed every few seconds, so that a worker that is dead is seen by everybody else. What it says
 * only grows, also while the database's clock is set back: a beat that is older than the one before means an earlier state of
 * the database (own-beat.ts). A worker that dies just then is seen as dead once the clock has caught up.
 */
import { hostname } from 'node:os';
import { v7 as uuidv7 } from 'uuid';
import type { AppContext, Beat } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import { BEATS_KEPT_DAYS, mayBeRemoved, orderedSince, remembers } from '../publishing/own-beat.ts';

export interface Heartbeat {
  /**
   * @returns false, and nothing is written, when the database does not know of the latest one and nobody has seen to that:
   *   it would hide that this is an earlier state of the database
   */
  beat(): Promise<boolean>;
  last(): Beat | null;
  /** A farewell: stopped on purpose, not dead. */
  end(): Promise<void>;
}

export async function startHeartbeat(ctx: Pick<AppContext, 'db' | 'log'>): Promise<Heartbeat> {
  const id = uuidv7();
  await ctx.db.$executeRaw`DELETE FROM worker_processes WHERE beat_at < now() - ${BEATS_KEPT_DAYS} * interval '1 day'`;
  const startedAt = await databaseTime(ctx.db);
  let last: Beat | null = null;
  // Written anew when it is gone: a restored copy under a living worker, once that is seen to, does not know of it.
  const beat = async () => {
    const [row] = await ctx.db.$queryRaw<{ at: Date }[]>`
      INSERT INTO worker_processes (id, host, pid, started_at, beat_at)
      SELECT ${id}::uuid, ${hostname()}, ${process.pid}::int, ${startedAt}::timestamptz, clock_timestamp()
      WHERE ${remembers(last)} OR ${orderedSince(last)} OR ${mayBeRemoved(last)}
      ON CONFLICT (id) DO UPDATE SET beat_at = greatest(EXCLUDED.beat_at, worker_processes.beat_at + interval '1 millisecond')
      RETURNING beat_at AS at`;
    if (row === undefined) return false;
    last = { workerId: id, at: row.at };
    return true;
  };
  await beat();
  return {
    beat,
    last: () => last,
    end: async () => {
      try {
        await ctx.db
          .$executeRaw`UPDATE worker_processes SET beat_at = greatest(clock_timestamp(), beat_at), stopped_at = clock_timestamp() WHERE id = ${id}::uuid`;
      } catch (error) {
        ctx.log.warn({ err: error }, 'could not say good-bye in the database; this worker will look dead for a while');
      }
    },
  };
}
