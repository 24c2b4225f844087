/** A heartbeat under a database whose clock is set back: an earlier instant must not look like an earlier state of the database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Database } from '../database/client.ts';
import { guardAgainstRestore } from '../publishing/restore-guard.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';

let bench: ModelBench;
let world: World;
let heartbeat: Heartbeat;
let ctx: AppContext;
/** The next statements are carried out, but their answers do not arrive. */
let answersAreLost: boolean;
beforeAll(async () => {
  bench = await openModelBench();
  await bench.db.$executeRawUnsafe(`
    CREATE FUNCTION set_back() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.beat_at := NEW.beat_at - interval '10 seconds'; RETURN NEW; END $$`);
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  await guardAgainstRestore(world.ctx);
  answersAreLost = false;
  heartbeat = await startHeartbeat({ db: losingAnswers(bench.db), log: world.ctx.log });
  ctx = { ...world.ctx, lastBeat: heartbeat.last };
});

function losingAnswers(db: Database): Database {
  return new Proxy(db, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const answer: unknown = await Reflect.apply(value, target, args);
        if (answersAreLost) throw new Error('the connection was closed');
        return answer;
      };
    },
  });
}

/** While `act` runs, the database's clock says ten seconds less to every heartbeat. */
async function whileSetBack(act: () => Promise<unknown>): Promise<void> {
  await bench.db.$executeRawUnsafe(
    'CREATE TRIGGER set_back BEFORE INSERT ON worker_processes FOR EACH ROW EXECUTE FUNCTION set_back()',
  );
  await act();
  await bench.db.$executeRawUnsafe('DROP TRIGGER set_back ON worker_processes');
}

const written = async () => {
  const id = heartbeat.last()?.workerId ?? '';
  return (await bench.db.workerProcess.findUniqueOrThrow({ where: { id } })).beatAt;
};

describe('while the clock of the database is set back', () => {
  it('orders no hold when the answer to a beat is lost', async () => {
    await whileSetBack(async () => {
      answersAreLost = true;
      await expect(heartbeat.beat()).rejects.toThrow('closed');
      answersAreLost = false;
    });
    expect(await guardAgainstRestore(ctx)).toBeNull();
    expect(await heartbeat.beat()).toBe(true);
  });

  it('orders no hold when somebody looks with the beat before', async () => {
    const before = heartbeat.last();
    await whileSetBack(() => heartbeat.beat());
    expect(await guardAgainstRestore({ ...ctx, lastBeat: () => before })).toBeNull();
  });

  it('still notices an earlier state of the database', async () => {
    await whileSetBack(async () => {
      const copied = await written();
      await heartbeat.beat();
      expect(heartbeat.last()?.at).toEqual(await written());
      await bench.db.workerProcess.updateMany({ data: { beatAt: copied } });
      expect(await heartbeat.beat()).toBe(false);
      expect(await guardAgainstRestore(ctx)).toBe('restored');
    });
  });
});
