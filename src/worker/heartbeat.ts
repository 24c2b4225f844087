/** A row per worker process, renewed every few seconds, so that a worker that is dead is seen by everybody else. */
import { hostname } from 'node:os';
import { v7 as uuidv7 } from 'uuid';
import type { AppContext } from '../context.ts';

export interface Heartbeat {
  beat(): Promise<void>;
  /** A farewell: stopped on purpose, not dead. */
  end(): Promise<void>;
}

const KEEP_DAYS = 7;

export async function startHeartbeat(ctx: Pick<AppContext, 'db' | 'log'>): Promise<Heartbeat> {
  const id = uuidv7();
  await ctx.db.$executeRaw`DELETE FROM worker_processes WHERE beat_at < now() - ${KEEP_DAYS} * interval '1 day'`;
  await ctx.db.$executeRaw`
    INSERT INTO worker_processes (id, host, pid, started_at, beat_at) VALUES (${id}::uuid, ${hostname()}, ${process.pid}, clock_timestamp(), clock_timestamp())`;
  return {
    beat: async () => {
      await ctx.db.$executeRaw`UPDATE worker_processes SET beat_at = clock_timestamp() WHERE id = ${id}::uuid`;
    },
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
