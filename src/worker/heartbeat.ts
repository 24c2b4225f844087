/** A row per worker process, renewed every few seconds, so that a worker that is dead is seen by everybody else. */
import { hostname } from 'node:os';
import { v7 as uuidv7 } from 'uuid';
import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';

export interface Heartbeat {
  beat(): Promise<void>;
  /** A farewell: stopped on purpose, not dead. */
  end(): Promise<void>;
}

const KEEP_DAYS = 7;

export async function startHeartbeat(ctx: Pick<AppContext, 'db' | 'log'>): Promise<Heartbeat> {
  const id = uuidv7();
  await ctx.db.$executeRaw`DELETE FROM worker_processes WHERE beat_at < now() - ${KEEP_DAYS} * interval '1 day'`;
  const startedAt = await databaseTime(ctx.db);
  // Written anew when it is gone: a restored copy under a living worker does not know of it.
  const beat = async () => {
    await ctx.db.$executeRaw`
      INSERT INTO worker_processes (id, host, pid, started_at, beat_at)
      VALUES (${id}::uuid, ${hostname()}, ${process.pid}, ${startedAt}, clock_timestamp())
      ON CONFLICT (id) DO UPDATE SET beat_at = EXCLUDED.beat_at`;
  };
  await beat();
  return {
    beat,
    end: async () => {
      try {
        await ctx.db
          .$executeRaw`UPDATE worker_processes SET beat_at = clock_timestamp(), stopped_at = clock_timestamp() WHERE id = ${id}::uuid`;
      } catch (error) {
        ctx.log.warn({ err: error }, 'could not say good-bye in the database; this worker will look dead for a while');
      }
    },
  };
}
