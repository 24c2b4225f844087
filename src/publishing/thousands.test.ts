/** What is done to very many at once must not run out of time: the stop least of all. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { type Bench, openBench } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { createHold, releaseHold } from './holds.ts';
import { heldForAccounts, releaseHeld } from './release-account.ts';
import { guardAgainstRestore, holdWhatWasDue } from './restore-guard.ts';

const MANY = 700;
let bench: Bench;
let manager: Actor;

beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.ctx.db.publication.deleteMany();
  await bench.ctx.db.post.deleteMany();
});

/** Rows as scheduling leaves them. @param inHours negative: overdue */
async function scheduled(inHours: number): Promise<void> {
  await bench.ctx.db.$executeRaw`
    WITH made AS (
      INSERT INTO posts (id, team_id, author_id, text, scheduled_at, time_zone, status, updated_at)
      SELECT gen_random_uuid(), ${bench.teamId}::uuid, ${bench.author.id}::uuid, 'Many ' || n,
             clock_timestamp() + ${inHours} * interval '1 hour', 'UTC', 'scheduled', clock_timestamp()
      FROM generate_series(1, ${MANY}) n RETURNING id, scheduled_at
    )
    INSERT INTO publications (id, post_id, account_id, team_id, status, due_at, next_attempt_at, generation, updated_at)
    SELECT gen_random_uuid(), id, ${bench.account.id}::uuid, ${bench.teamId}::uuid, 'scheduled', scheduled_at, scheduled_at, 1,
           clock_timestamp() FROM made`;
}

const count = (status: 'held' | 'scheduled') => bench.ctx.db.publication.count({ where: { status } });

/** The connection breaks after so many transactions. */
function cutting(ctx: AppContext, transactions: number): AppContext {
  let left = transactions;
  const db = new Proxy(ctx.db, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key === '$transaction' && left-- <= 0) return () => Promise.reject(new Error('cut'));
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { ...ctx, db };
}

describe(`with ${MANY} posts scheduled`, () => {
  it('an emergency stop holds them all, says so on each, and its end lets them all go on', async () => {
    await scheduled(24);
    const hold = await createHold(bench.ctx, manager, { scope: 'account', account: bench.account.id, reason: 'Stop' });
    expect([await count('held'), await bench.ctx.db.post.count({ where: { status: 'held' } })]).toEqual([MANY, MANY]);
    const recorded = { action: 'publication.held', metadata: { path: ['hold'], equals: hold.id } };
    expect(await bench.ctx.db.auditEvent.count({ where: recorded })).toBe(MANY);
    expect((await releaseHold(bench.ctx, manager, hold.id)).goingOn).toBe(MANY);
    // Whoever released it does not wait for all of them: the sweep lets go the rest.
    expect(await count('held')).toBeGreaterThan(0);
    while ((await releaseGroundlessHolds(bench.ctx)) > 0);
    expect([await count('scheduled'), await bench.ctx.db.post.count({ where: { status: 'scheduled' } })]).toEqual([
      MANY,
      MANY,
    ]);
  }, 120_000);

  it('what was held for its account goes on after it was connected again, the rest of very many with the sweep', async () => {
    await scheduled(24);
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET status = 'held', error_code = 'account-not-connected', next_attempt_at = NULL`;
    const first = await bench.ctx.db.$transaction(async (tx) =>
      releaseHeld(tx, bench.ctx, await heldForAccounts(tx, [bench.account.id])),
    );
    expect(first).toBeGreaterThan(0);
    while ((await releaseGroundlessHolds(bench.ctx)) > 0);
    expect(await count('scheduled')).toBe(MANY);
  }, 120_000);

  it('a worker that starts after hours without any holds what is overdue, and starts', async () => {
    await scheduled(-2);
    await bench.ctx.db
      .$executeRaw`INSERT INTO worker_processes (id, host, pid, started_at, beat_at) VALUES (gen_random_uuid(), 'h', 1, now() - interval '9 hours', now() - interval '7 hours')`;
    expect(await guardAgainstRestore(bench.ctx)).toBe('gap');
    // Some hundred per transaction, the order first: one that is cut short is gone on with.
    const cutShort = cutting(bench.ctx, 2);
    await expect(holdWhatWasDue(cutShort)).rejects.toThrow('cut');
    expect(await count('held')).toBe(400);
    expect(await claimDue(bench.ctx, 10)).toEqual([]);
    expect(await holdWhatWasDue(bench.ctx)).toBe(MANY - 400);
    expect(await count('held')).toBe(MANY);
    await bench.ctx.db.hold.updateMany({ data: { releasedAt: new Date() } });
  });
});

it('what was stopped for seconds leaves one after another, not all at once', async () => {
  await scheduled(0);
  const hold = await createHold(bench.ctx, manager, { scope: 'team', team: bench.teamId, reason: 'Stop' });
  await bench.ctx.db
    .$executeRaw`DELETE FROM publications WHERE id NOT IN (SELECT id FROM publications ORDER BY id LIMIT 5)`;
  await releaseHold(bench.ctx, manager, hold.id);
  const rows = await bench.ctx.db.publication.findMany({ orderBy: { nextAttemptAt: 'asc' } });
  const apart = rows.map(({ nextAttemptAt }) =>
    Math.round(((nextAttemptAt?.getTime() ?? 0) - (rows[0]?.nextAttemptAt?.getTime() ?? 0)) / 1000),
  );
  expect(apart).toEqual([0, 5, 10, 15, 20]);
});
