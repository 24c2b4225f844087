/** What piled up while nothing could leave: it leaves one after another, and waiting for its place makes nothing late. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database/client.ts';
import { queueNotices } from '../notices/queue-notices.ts';
import { scheduleBulk } from '../testing/bulk-publications.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { eventually } from '../testing/publishing-bench.ts';
import { startWorker } from '../worker/worker.ts';
import { putOffResting, restAccount } from './account-rest.ts';
import { putInPlace, spreadBacklog } from './backlog.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { createHold, releaseHold } from './holds.ts';
import { heldForAccounts, releaseHeld } from './release-account.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'drop', resendWhenAbsent: false });
});
afterAll(() => bench.close());

const overdue = (count: number, minutesAgo: number) =>
  scheduleBulk(world.ctx.db, {
    teamId: world.teamId,
    authorId: world.manager.id,
    accountId: world.accounts.blind.id,
    count,
    minutesAgo,
  });
const limit = (minutes: number) =>
  world.ctx.db.team.update({ where: { id: world.teamId }, data: { lateLimitMinutes: minutes } });

async function workOff(): Promise<void> {
  for (;;) {
    const claims = await claimDue(world.ctx, 100);
    if (claims.length === 0) return;
    for (const claim of claims) await world.run(1, claim, { fault: 'ok', pause: null, stopping: false });
  }
}

async function tally(): Promise<Record<string, number>> {
  const where = { teamId: world.teamId };
  const rows = await world.ctx.db.publication.groupBy({ by: ['status'], where, _count: true });
  return Object.fromEntries(rows.map(({ status, _count }) => [status, _count]));
}

/** Seconds between the first that leaves and each of the others. */
async function places(status: 'scheduled' | 'retrying' = 'scheduled'): Promise<number[]> {
  const rows = await world.ctx.db.publication.findMany({
    where: { accountId: world.accounts.blind.id, status },
    orderBy: { nextAttemptAt: 'asc' },
  });
  const first = rows[0]?.nextAttemptAt?.getTime() ?? 0;
  return rows.map(({ nextAttemptAt }) => Math.round(((nextAttemptAt?.getTime() ?? 0) - first) / 1000));
}

const everySeconds = (seconds: number, count: number) => Array.from({ length: count }, (_, place) => place * seconds);

describe('a backlog that is still in time', () => {
  it('is sent to its end, one after another, however long its end has to wait for its place', async () => {
    await limit(5);
    await overdue(10, 4);
    await spreadBacklog(world.ctx.db);
    expect(await places()).toEqual(everySeconds(20, 10));
    for (let place = 0; place < 10; place++) {
      await workOff();
      expect(await tally()).toMatchObject({ published: place + 1 });
      await world.pass(20);
    }
    expect(await tally()).toEqual({ published: 10 });
  });

  it('does not wait behind what is too late, which learns its fate at once', async () => {
    await overdue(60, 180);
    await overdue(5, 5);
    await spreadBacklog(world.ctx.db);
    await workOff();
    expect(await tally()).toEqual({ missed: 60, published: 1, scheduled: 4 });
    for (let place = 1; place < 5; place++) {
      await world.pass(20);
      await workOff();
    }
    expect(await tally()).toEqual({ missed: 60, published: 5 });
  });

  it('does not wait behind what is too late by the rule it was approved under, either', async () => {
    await overdue(3, 20);
    await overdue(2, 5);
    const { manager, teamId } = world;
    const { db } = world.ctx;
    await db.team.update({ where: { id: teamId }, data: { requiresApproval: true } });
    await db.$executeRaw`
      INSERT INTO approvals (id, post_id, content_hash, content, approved_by_id)
      SELECT gen_random_uuid(), post_id, 'a hash', '{"teamRule": {"latePolicy": "hold", "lateLimitMinutes": 10}}', ${manager.id}::uuid
      FROM publications WHERE team_id = ${teamId}::uuid`;
    expect(await spreadBacklog(db)).toMatchObject({ putOff: 1 });
    await db.team.update({ where: { id: teamId }, data: { requiresApproval: false } });
    expect(await spreadBacklog(db)).toMatchObject({ putOff: 3 });
  });

  it('becomes too late like any other when nobody works at its place either', async () => {
    await limit(5);
    await overdue(3, 4);
    await spreadBacklog(world.ctx.db);
    await workOff();
    // Late by four minutes at its place, whichever that is, and by more than two more now.
    await world.pass(40 + 125);
    await spreadBacklog(world.ctx.db);
    await workOff();
    expect(await tally()).toEqual({ published: 1, missed: 2 });
  });

  it('is left alone in a database that is older than the process knows it to be', async () => {
    await overdue(3, 5);
    const before = await places();
    const forgotten = { workerId: crypto.randomUUID(), at: new Date() };
    expect(await spreadBacklog(world.ctx.db, forgotten)).toEqual({ putOff: 0, busy: [] });
    expect(await places()).toEqual(before);
  });

  it('is put behind what has its place already', async () => {
    await overdue(3, 5);
    await spreadBacklog(world.ctx.db);
    await overdue(2, 4);
    await spreadBacklog(world.ctx.db);
    expect(await places()).toEqual(everySeconds(20, 5));
  });
});

describe('a backlog of very many', () => {
  it('gets its places in parts, each of them once, and nobody who releases a hold waits for all of it', async () => {
    await limit(10_000);
    const other = await world.connect('facebook', 'another page');
    const held = { teamId: world.teamId, authorId: world.manager.id, accountId: other.id, count: 1, minutesAgo: 5 };
    await scheduleBulk(world.ctx.db, held);
    const hold = await createHold(world.ctx, world.manager, { scope: 'account', account: other.id, reason: 'Stop' });
    await overdue(12_000, 60);
    const ended: string[] = [];
    const spreading = spreadBacklog(world.ctx.db).then(({ putOff }) => {
      ended.push('all are in line');
      return putOff;
    });
    await eventually(
      async () =>
        (await world.ctx.db.publication.findFirst({ where: { teamId: world.teamId, putOffUntil: { not: null } } })) ??
        undefined,
      'the first part to be in line',
    );
    await releaseHold(world.ctx, world.manager, hold.id);
    ended.push('the hold is released');
    expect(await spreading).toBe(11_999);
    expect(ended).toEqual(['the hold is released', 'all are in line']);
    expect(await places()).toEqual(everySeconds(20, 12_000));
  });

  it('does not wait until e-mails are queued', async () => {
    await overdue(2, 5);
    await bench.db.$transaction(async (tx) => {
      await queueNotices({ ...world.ctx, db: tx as Database });
      expect(await spreadBacklog(world.ctx.db)).toMatchObject({ putOff: 1 });
    });
  });
});

describe('what goes on after a hold', () => {
  it('does not become late by waiting for its place', async () => {
    await limit(5);
    await overdue(30, 4);
    const hold = await createHold(world.ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
    await releaseHold(world.ctx, world.manager, hold.id);
    for (let place = 0; place < 30; place++) {
      await workOff();
      await world.pass(5);
    }
    expect(await tally()).toEqual({ published: 30 });
  });

  it('leaves one after another also when it is released in many parts', async () => {
    await overdue(260, 50);
    await world.ctx.db
      .$executeRaw`UPDATE publications SET status = 'held', error_code = 'account-not-connected', next_attempt_at = NULL WHERE team_id = ${world.teamId}::uuid`;
    await world.ctx.db.$transaction(
      async (tx) => releaseHeld(tx, world.ctx, await heldForAccounts(tx, [world.accounts.blind.id])),
      {
        timeout: 60_000,
      },
    );
    while ((await releaseGroundlessHolds(world.ctx)) > 0);
    expect(await places()).toEqual(everySeconds(5, 260));
  }, 60_000);

  it('leaves one after another also when the first has left before the next gets its place', async () => {
    await overdue(3, 5);
    const { db } = world.ctx;
    const ids = await db.publication.findMany({
      where: { teamId: world.teamId },
      orderBy: { dueAt: 'asc' },
      select: { id: true },
    });
    await db.publication.updateMany({ where: { teamId: world.teamId }, data: { status: 'held' } });
    for (const { id } of ids) {
      await db.$transaction(async (tx) => {
        await tx.publication.update({ where: { id }, data: { status: 'scheduled' } });
        await putInPlace(tx, [id]);
      });
      await workOff();
    }
    const rows = await db.publication.findMany({ where: { teamId: world.teamId }, orderBy: { dueAt: 'asc' } });
    expect(rows.map(({ status }) => status)).toEqual(['published', 'scheduled', 'scheduled']);
    const sent = rows[0]?.sentAt?.getTime() ?? 0;
    for (const [index, { nextAttemptAt }] of rows.slice(1).entries())
      expect(nextAttemptAt?.getTime()).toBeGreaterThanOrEqual(sent + (index + 1) * 5_000);
  });

  it('leaves one after another also when two sweeps release it at the same moment', async () => {
    await overdue(60, 50);
    await world.ctx.db
      .$executeRaw`UPDATE publications SET status = 'held', error_code = 'hold', next_attempt_at = NULL WHERE team_id = ${world.teamId}::uuid`;
    await Promise.all([releaseGroundlessHolds(world.ctx), releaseGroundlessHolds(world.ctx)]);
    expect(await places()).toEqual(everySeconds(5, 60));
  });
});

it('what a platform refused at the same moment until the same moment is tried again one after another', async () => {
  await overdue(3, 0.1);
  const claims = await claimDue(world.ctx, 3);
  for (const claim of claims)
    await world.run(1, claim, { fault: '429 with reset', pause: 'answered', stopping: false });
  for (const pipeline of world.paused.splice(0)) await pipeline.resume();
  expect(await places('retrying')).toEqual(everySeconds(5, 3));
});

it('what a platform refused until moments that differ a little, is tried again one after another, too', async () => {
  const { ctx, accounts } = world;
  await overdue(4, 0.1);
  const rows = await ctx.db.publication.findMany({ where: { teamId: world.teamId }, orderBy: { dueAt: 'asc' } });
  const reset = Date.now() + 60_000;
  // As settling does it: each of them names the moment it understood, and the rest lasts a millisecond longer.
  for (const [index, { id }] of rows.entries()) {
    const at = new Date(reset + (index % 2) * 7 + index);
    await ctx.db.publication.update({
      where: { id },
      data: { status: 'retrying', nextAttemptAt: at, putOffUntil: at },
    });
    await ctx.db.$transaction((tx) => restAccount(tx, accounts.blind.id, new Date(at.getTime() + 1)));
    await putOffResting(ctx.db);
  }
  const leaving = await ctx.db.publication.findMany({
    where: { teamId: world.teamId },
    orderBy: { nextAttemptAt: 'asc' },
  });
  const [first = 0, ...others] = leaving.map(({ nextAttemptAt }) => nextAttemptAt?.getTime() ?? 0);
  expect(others.map((instant) => Math.round((instant - first) / 1000))).toEqual([5, 10, 15]);
});

it('nine thousand that fall due while their account rests get their places in a moment, each its own', async () => {
  const { db } = world.ctx;
  await overdue(9_000, 0.1);
  await db.$transaction((tx) => restAccount(tx, world.accounts.blind.id, new Date(Date.now() + 3_600_000)));
  expect(await putOffResting(db)).toBe(9_000);
  expect(await places()).toEqual(everySeconds(5, 9_000));
  await overdue(2, 0.1);
  expect(await putOffResting(db)).toBe(2);
  expect(await places()).toEqual(everySeconds(5, 9_002));
});

it('what falls due while its account rests leaves the places alone that others of it have already', async () => {
  const { db } = world.ctx;
  await overdue(4, 5);
  await spreadBacklog(db); // Now, and in 20, 40 and 60 seconds.
  await db.$transaction((tx) => restAccount(tx, world.accounts.blind.id, new Date(Date.now() + 10_000)));
  await overdue(6, 0.1);
  await putOffResting(db);
  const seconds = (await places()).slice(1).map((place, index, all) => place - (all[index - 1] ?? 0));
  expect(Math.min(...seconds.slice(1))).toBeGreaterThanOrEqual(2);
});

describe('a row of the backlog that somebody is working on', () => {
  it('keeps no worker from starting, and gets its place as soon as it is free', async () => {
    await overdue(4, 5);
    const { db } = world.ctx;
    const locked = Promise.withResolvers<void>();
    const free = Promise.withResolvers<void>();
    const somebody = db.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM publications WHERE team_id = ${world.teamId}::uuid AND status = 'scheduled' FOR UPDATE`;
        locked.resolve();
        await free.promise;
      },
      { timeout: 60_000 },
    );
    await locked.promise;
    // Nothing is sent here: what is asked is when it leaves.
    const ctx = { ...world.ctx, timings: { ...world.ctx.timings, sweepMs: 200 } };
    const worker = await startWorker(ctx);
    try {
      free.resolve();
      await somebody;
      await expect
        .poll(async () => (await places()).filter((seconds) => seconds >= 15).length, { timeout: 10_000 })
        .toBeGreaterThanOrEqual(2);
    } finally {
      await worker.stop();
    }
  }, 60_000);
});
