/**
 * The product's own figures for `/metrics`, beside the process's: what waits, how late things are, who works. Read from the
 * database when somebody asks, so that every process tells the same.
 */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { AppContext } from '../context.ts';
import { PREFLIGHT_KINDS } from '../domain/preflight.ts';
import { PUBLICATION_STATUSES } from '../domain/publication.ts';
import { oldestOverdueSeconds } from '../publishing/overdue.ts';
import { SILENT_AFTER_SECONDS, workersAlive } from '../publishing/worker-presence.ts';

/** Lateness is told for what was sent in the last day. */
const LATENESS_HOURS = 24;

export function createMetrics(ctx: Pick<AppContext, 'db'>): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  gauge('scheduler_publications', 'Publications by status', ['status'], async (set) => {
    const counts = await ctx.db.publication.groupBy({ by: ['status'], _count: true });
    for (const status of PUBLICATION_STATUSES)
      set(counts.find((row) => row.status === status)?._count ?? 0, { status });
  });
  gauge(
    'scheduler_oldest_overdue_seconds',
    'How long the publication that waits longest has been due',
    [],
    async (set) => {
      set(await oldestOverdueSeconds(ctx));
    },
  );
  gauge(
    'scheduler_preflight_problems',
    'What stands in the way of publications that fall due within a day, by kind',
    ['kind'],
    async (set) => {
      const counts = await ctx.db.$queryRaw<{ kind: string; count: number }[]>`
        SELECT kind, count(*)::int AS count
        FROM preflight_findings JOIN publications ON publications.id = publication_id
        WHERE publications.status IN ('scheduled', 'awaiting_approval') GROUP BY kind`;
      for (const kind of PREFLIGHT_KINDS) set(counts.find((row) => row.kind === kind)?.count ?? 0, { kind });
    },
  );
  gauge(
    'scheduler_workers_alive',
    `Worker processes that beat within ${SILENT_AFTER_SECONDS} seconds`,
    [],
    async (set) => {
      set(await workersAlive(ctx));
    },
  );
  gauge(
    'scheduler_lateness_seconds',
    `First sending minus due time, of the last ${LATENESS_HOURS} hours`,
    ['quantile'],
    async (set) => {
      const [row] = await ctx.db.$queryRaw<{ quantiles: number[] | null }[]>`
      SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - due_at)::float8) AS quantiles
      FROM publish_attempts WHERE number = 1 AND sent_at > now() - ${LATENESS_HOURS} * interval '1 hour' AND due_at IS NOT NULL`;
      ['0.5', '0.95', '0.99', '1'].forEach((quantile, index) => {
        set(row?.quantiles?.[index] ?? 0, { quantile });
      });
    },
  );
  return registry;

  function gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    read: (set: (value: number, labels?: Record<string, string>) => void) => Promise<void>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        await read((value, labels = {}) => this.set(labels as Partial<Record<Label, string>>, value));
      },
    });
  }
}
