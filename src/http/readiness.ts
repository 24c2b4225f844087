import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import { pendingMigrations } from '../database/migrate.ts';
import { oldestOverdueSeconds } from '../publishing/overdue.ts';
import type { PartHealth, Readiness } from './health-routes.ts';

/**
 * What `/readyz` tells: whether this process could publish or serve right now, part by part.
 * @param workerProblem null while the worker works; not asked where this process has no worker
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
    if (ctx.config.role === 'web') return { database, migrations };
    const worker = await check('the worker cannot be asked', async () => {
      const problem = workerProblem();
      const oldestOverdue = Math.round(await oldestOverdueSeconds(ctx));
      return problem === null
        ? { ok: true, oldestOverdueSeconds: oldestOverdue }
        : { ok: false, message: problem, oldestOverdueSeconds: oldestOverdue };
    });
    return { database, migrations, worker };
  };

  async function check(otherwise: string, look: () => Promise<PartHealth>): Promise<PartHealth> {
    try {
      return await look();
    } catch (error) {
      ctx.log.warn({ err: error }, otherwise);
      return { ok: false, message: otherwise };
    }
  }
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
