import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import { pendingMigrations } from '../database/migrate.ts';
import { recentResourceFailure } from '../database/resource-failures.ts';
import { oldestOverdueSeconds } from '../publishing/overdue.ts';
import { workersAlive } from '../publishing/worker-presence.ts';
import type { PartHealth, Readiness } from './health-routes.ts';

/**
 * What `/readyz` tells: whether this process could publish or serve right now, part by part.
 * @param workerProblem null while the worker works; not asked where this process has none
 */
export function createReadiness(ctx: AppContext, workerProblem: () => string | null): Readiness {
  return async () => {
    const database = await check('the database does not answer', async () => {
      const asked = performance.now();
      const database = (await databaseTime(ctx.db)).getTime();
      const own = ctx.clock.now().getTime() - (performance.now() - asked) / 2;
      return clockHealth(own - database);
    });
    const migrations = await check('the migrations cannot be read', async () => {
      const pending = await pendingMigrations(ctx.db);
      return pending.length === 0 ? { ok: true } : { ok: false, message: `not applied yet: ${pending.join(', ')}` };
    });
    const worker = await check('the worker cannot be asked', workerHealth);
    if (ctx.config.role === 'worker') return { database, migrations, worker };
    return { database, migrations, saving: savingHealth(), worker };
  };

  async function workerHealth(): Promise<PartHealth> {
    const oldestOverdue = Math.round(await oldestOverdueSeconds(ctx));
    const alive = await workersAlive(ctx);
    const figures = { oldestOverdueSeconds: oldestOverdue, workersAlive: alive };
    if (ctx.config.role === 'web') {
      // It serves all the same: who watches it reads the figures, or asks a worker.
      const none = { message: 'no worker is alive: nothing is published until one is started' };
      return { ok: true, ...figures, ...(alive === 0 ? none : {}) };
    }
    const problem = workerProblem();
    return problem === null ? { ok: true, ...figures } : { ok: false, message: problem, ...figures };
  }

  async function check(otherwise: string, look: () => Promise<PartHealth>): Promise<PartHealth> {
    try {
      return await look();
    } catch (error) {
      ctx.log.warn({ err: error }, otherwise);
      return { ok: false, message: otherwise };
    }
  }
}

/** By what people asked of this process lately. */
function savingHealth(): PartHealth {
  const reason = recentResourceFailure();
  return reason === null ? { ok: true } : { ok: false, message: `nothing can be saved: ${reason}` };
}

/** Posts leave by the database's clock; sessions, tokens and retry times rest on this machine's. */
const LARGEST_CLOCK_DIFFERENCE_MS = 30_000;

/** @param aheadMs how far this machine's clock is ahead of the database's */
function clockHealth(aheadMs: number): PartHealth {
  if (Math.abs(aheadMs) <= LARGEST_CLOCK_DIFFERENCE_MS) return { ok: true };
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  return {
    ok: false,
    message: `this machine's clock is ${seconds} s ${direction} the database's: set both by NTP`,
  };
}
