import type { AppContext } from '../context.ts';

/** Seconds by which the publication that waits longest is overdue, by the database's clock; 0 when nothing is. */
export async function oldestOverdueSeconds(ctx: Pick<AppContext, 'db'>): Promise<number> {
  const [row] = await ctx.db.$queryRaw<{ seconds: number | null }[]>`
    SELECT extract(epoch FROM clock_timestamp() - min(next_attempt_at))::float8 AS seconds
    FROM publications WHERE status IN ('scheduled', 'retrying') AND next_attempt_at < clock_timestamp()`;
  return Math.max(0, row?.seconds ?? 0);
}
