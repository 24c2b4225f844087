/**
 * A database that forgot what was sent, or that nobody worked on for hours: what it says is overdue may be out already.
 * Nothing of it may leave before a person has looked, whichever connection finds it and however much it is.
 */
import { randomUUID } from 'node:crypto';
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { eventually } from '../testing/publishing-bench.ts';
import { type Heartbeat, startHeartbeat } from '../worker/heartbeat.ts';
import { startWorker } from '../worker/worker.ts';
import { spreadBacklog } from './backlog.ts';
import { claimDue, untilNextDueMs } from './claim.ts';
import { claimReady, type Ready } from './claim-ready.ts';
import { releaseHold } from './holds.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { resolvePublication } from './resolve-publication.ts';
import { guardAgainstRestore, holdWhatWasDue } from './restore-guard.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';
import { recoverAbandonedClaims } from './sweep.ts';
import { workerPresence } from './worker-presence.ts';

let bench: ModelBench;
let world: World;
let serial = 0;
const never = new AbortController().signal;

beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  await bench.db.$executeRaw`DELETE FROM database_identity`;
  await bench.db.$executeRaw`DELETE FROM worker_processes`;
  await guardAgainstRestore(world.ctx);
  await released();
});

async function due(): Promise<Publication> {
  const text = `Guarded ${++serial}`;
  const post = await createPost(world.ctx, world.manager, { text, accounts: [world.accounts.blind.id] });
  await publishPostNow(world.ctx, world.manager, post.id);
  return world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}
async function later(): Promise<Publication> {
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const input = { text: `Ahead ${++serial}`, accounts: [world.accounts.blind.id], scheduledAt };
  const post = await createPost(world.ctx, world.manager, input);
  await schedulePost(world.ctx, world.manager, post.id);
  return world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}
async function readyAhead(): Promise<Ready> {
  const { id } = await later();
  await bench.db.$executeRaw`
    UPDATE publications SET due_at = clock_timestamp() + interval '1 second', next_attempt_at = clock_timestamp() + interval '1 second'
    WHERE id = ${id}::uuid`;
  const book = world.readyBook(1);
  await book.refresh(never);
  return eventually(() => book.takeDue(1)[0], 'it to fall due');
}
const row = ({ id }: { id: string }) => bench.db.publication.findUniqueOrThrow({ where: { id } });
/** For the database as it is, the one that was noted is another. */
const promoted = () => bench.db.$executeRaw`UPDATE database_identity SET timeline = timeline + 1`;
const holds = () => bench.db.hold.findMany({ where: { scope: 'everything', releasedAt: null } });
const released = () => bench.db.$executeRaw`UPDATE holds SET released_at = now() WHERE released_at IS NULL`;
const nobodyWorked = () => bench.db.$executeRaw`
  INSERT INTO worker_processes (id, host, pid, started_at, beat_at)
  VALUES (gen_random_uuid(), 'host', 1, now() - interval '9 hours', now() - interval '7 hours')`;

describe('on a database that is another than the one noted', () => {
  it('nothing is claimed, before anybody has looked at it', async () => {
    const publication = await due();
    await promoted();
    expect(await claimDue(world.ctx, 10)).toEqual([]);
    // Nothing to wake up for every few milliseconds either.
    expect(await untilNextDueMs(world.ctx, 60_000)).toBeNull();
    expect(await row(publication)).toMatchObject({ status: 'scheduled', fence: 0 });
  });

  it('what was prepared ahead is not claimed', async () => {
    const ready = await readyAhead();
    await promoted();
    expect(await claimReady(world.ctx, [ready])).toEqual([]);
    await bench.db.$executeRaw`UPDATE database_identity SET timeline = timeline - 1`;
    expect(await claimReady(world.ctx, [ready])).toHaveLength(1);
  });

  it('what was claimed before is not sent', async () => {
    const publication = await due();
    const [claim] = await claimDue(world.ctx, 1);
    if (claim === undefined) throw new Error('it is due');
    await promoted();
    const ctx = { ...world.ctx, platforms: world.platform.sender(publication.id, 'ok', async () => undefined) };
    await publishPublication(ctx, claim, never);
    expect(world.platform.live(publication.id)).toEqual([]);
    expect(await row(publication)).toMatchObject({ sentAt: null });
  });

  it('everything is put on hold by a worker that goes on working, and what was due waits for a person', async () => {
    const worker = await startWorker({ ...world.ctx, timings: { ...world.ctx.timings, sweepMs: 200 } });
    try {
      await released();
      const publication = await later();
      // Due and promoted at one moment: a round of the worker in between would make this another story.
      await bench.db.$executeRaw`
        WITH due AS (
          UPDATE publications SET due_at = clock_timestamp(), next_attempt_at = clock_timestamp() WHERE id = ${publication.id}::uuid)
        UPDATE database_identity SET timeline = timeline + 1`;
      await eventually(
        async () => ((await row(publication)).errorCode === 'restored' ? true : undefined),
        'it to be held',
      );
      expect(await bench.db.hold.count({ where: { scope: 'everything', releasedAt: null } })).toBe(1);
    } finally {
      await worker.stop();
    }
  });

  it('a claim whose worker died before sending is not due again by itself', async () => {
    const publication = await due();
    await claimDue(world.ctx, 1);
    await promoted();
    expect(await guardAgainstRestore(world.ctx)).toBe('restored');
    await released();
    await bench.db
      .$executeRaw`UPDATE publications SET lease_until = now() - interval '1 second' WHERE id = ${publication.id}::uuid`;
    await recoverAbandonedClaims(world.ctx);
    expect(await claimDue(world.ctx, 10)).toEqual([]);
    expect(await holdWhatWasDue(world.ctx)).toBe(1);
    expect(await row(publication)).toMatchObject({ status: 'held', errorCode: 'restored' });
  });
});

describe('on an earlier state of the database, as the process knows by its own heartbeat', () => {
  let heartbeat: Heartbeat;
  let ctx: AppContext;
  beforeEach(async () => {
    heartbeat = await startHeartbeat(world.ctx);
    ctx = { ...world.ctx, lastBeat: heartbeat.last };
  });
  const older = () => bench.db.$executeRaw`UPDATE worker_processes SET beat_at = beat_at - interval '1 millisecond'`;
  const gone = () => bench.db.$executeRaw`DELETE FROM worker_processes`;
  const holds = () => bench.db.hold.count({ where: { scope: 'everything', releasedAt: null } });
  const states = [
    { state: 'older than it remembers', rolledBack: older },
    { state: 'gone', rolledBack: gone },
  ];

  it.each(states)('nothing is claimed while its row is $state, before anybody has looked', async ({ rolledBack }) => {
    const publication = await due();
    await rolledBack();
    expect(await claimDue(ctx, 10)).toEqual([]);
    expect(await untilNextDueMs(ctx, 60_000)).toBeNull();
    expect(await row(publication)).toMatchObject({ status: 'scheduled', fence: 0 });
    // Who has no worker, and no heartbeat, is not asked.
    expect(await claimDue(world.ctx, 10)).toHaveLength(1);
  });

  it('what was prepared ahead is not claimed', async () => {
    const ready = await readyAhead();
    await older();
    expect(await claimReady(ctx, [ready])).toEqual([]);
    expect(await claimReady(world.ctx, [ready])).toHaveLength(1);
  });

  it('what was claimed before is not sent', async () => {
    const publication = await due();
    const [claim] = await claimDue(ctx, 1);
    if (claim === undefined) throw new Error('it is due');
    await older();
    const platforms = world.platform.sender(publication.id, 'ok', async () => undefined);
    await publishPublication({ ...ctx, platforms }, claim, never);
    expect(world.platform.live(publication.id)).toEqual([]);
    expect(await row(publication)).toMatchObject({ sentAt: null });
  });

  it.each(states)(
    'its row, which is $state, is not written over before the hold is ordered',
    async ({ rolledBack }) => {
      await rolledBack();
      expect(await heartbeat.beat()).toBe(false);
      expect(await guardAgainstRestore(ctx)).toBe('restored');
      expect(await holds()).toBe(1);
      // Ordered once, for all workers that were alive.
      expect(await guardAgainstRestore(ctx)).toBeNull();
      expect(await heartbeat.beat()).toBe(true);
      expect(await guardAgainstRestore(ctx)).toBeNull();
      expect(await holds()).toBe(1);
    },
  );

  it('what fell due by the clock of a server that was ahead of this one is held, too, and it is told once', async () => {
    const publication = await due();
    const { id: workerId } = await bench.db.workerProcess.findFirstOrThrow();
    const beat = { workerId, at: new Date(Date.now() + 3_600_000) };
    const ahead = { ...ctx, lastBeat: () => beat };
    expect(await guardAgainstRestore(ahead)).toBe('restored');
    expect(await guardAgainstRestore(ahead)).toBeNull();
    await bench.db.$executeRaw`
      UPDATE publications SET next_attempt_at = now() + interval '59 minutes' WHERE id = ${publication.id}::uuid`;
    expect(await holdWhatWasDue(ctx)).toBe(1);
  });

  it('one hold is enough for workers that remember beats of a server that was ahead; after a gap it has its own reason', async () => {
    await due();
    const remembering = (seconds: number) => {
      const beat = { workerId: randomUUID(), at: new Date(Date.now() + seconds * 1000) };
      return { ...world.ctx, lastBeat: () => beat };
    };
    await gone();
    await nobodyWorked();
    expect(await guardAgainstRestore(world.ctx)).toBe('gap');
    expect(await guardAgainstRestore(remembering(60))).toBe('restored');
    expect(await holds()).toBe(2);
    expect(await guardAgainstRestore(remembering(63))).toBe('restored');
    expect(await holds()).toBe(2);
    // A later one, once it is released, orders its own.
    await released();
    expect(await guardAgainstRestore(remembering(90))).toBe('restored');
    expect(await holds()).toBe(1);
  });

  describe('whose process was suspended for so long that others may have removed the row', () => {
    beforeEach(async () => {
      await bench.db.$executeRawUnsafe(`
        CREATE FUNCTION long_ago() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.beat_at := NEW.beat_at - interval '8 days'; RETURN NEW; END $$`);
      await bench.db.$executeRawUnsafe(
        'CREATE TRIGGER long_ago BEFORE INSERT ON worker_processes FOR EACH ROW EXECUTE FUNCTION long_ago()',
      );
      heartbeat = await startHeartbeat(world.ctx);
      ctx = { ...world.ctx, lastBeat: heartbeat.last };
      await bench.db.$executeRawUnsafe('DROP FUNCTION long_ago CASCADE');
      // As another worker's start does it. That one works.
      await startHeartbeat(world.ctx);
      expect(await bench.db.workerProcess.count({ where: { id: heartbeat.last()?.workerId ?? '' } })).toBe(0);
    });

    it('it goes on when nothing was due', async () => {
      expect(await guardAgainstRestore(ctx)).toBeNull();
      expect(await heartbeat.beat()).toBe(true);
      expect(await holds()).toBe(0);
      await due();
      expect(await claimDue(ctx, 10)).toHaveLength(1);
    });

    it('everything is held when something was', async () => {
      await due();
      expect(await claimDue(ctx, 10)).toEqual([]);
      expect(await guardAgainstRestore(ctx)).toBe('restored');
      expect(await holds()).toBe(1);
    });
  });
});

describe('after hours without a worker', () => {
  it('everything is on hold, ordered by the server, until a superuser releases it; what was due then waits for a person', async () => {
    const overdue = await due();
    await nobodyWorked();
    expect(await guardAgainstRestore(world.ctx)).toBe('gap');
    const [hold, ...more] = await holds();
    expect(more).toEqual([]);
    expect(hold).toMatchObject({ createdById: null, platform: null, teamId: null, accountId: null });
    expect(hold?.reason).toMatch(/No worker ran for 7 hours.*restored.*Look at the accounts.*release this hold/);
    expect(
      await bench.db.auditEvent.count({ where: { action: 'hold.created', entityId: hold?.id ?? '', actorId: null } }),
    ).toBe(1);
    const later = await due();
    for (const claim of await claimDue(world.ctx, 10))
      await world.run(1, claim, { fault: 'ok', pause: null, stopping: false });
    expect(await row(later)).toMatchObject({ status: 'held', errorCode: 'hold' });
    expect(await holdWhatWasDue(world.ctx)).toBe(1);
    await expect(releaseHold(world.ctx, world.manager, hold?.id ?? '')).rejects.toThrow(/no such hold/);
    await releaseHold(world.ctx, { ...world.manager, isSuperuser: true }, hold?.id ?? '');
    expect((await claimDue(world.ctx, 10)).map(({ publicationId }) => publicationId)).toEqual([later.id]);
    expect(await row(overdue)).toMatchObject({ status: 'held', errorCode: 'restored' });
  });

  it('workers that start together order one hold, and so does the next gap while it stands', async () => {
    await due();
    await nobodyWorked();
    expect(await Promise.all([guardAgainstRestore(world.ctx), guardAgainstRestore(world.ctx)])).toContain('gap');
    expect(await guardAgainstRestore(world.ctx)).toBeNull();
    expect(await holds()).toHaveLength(1);
    await bench.db.$executeRaw`UPDATE holds SET created_at = now() - interval '20 hours' WHERE released_at IS NULL`;
    expect(await guardAgainstRestore(world.ctx)).toBe('gap');
    expect(await holds()).toHaveLength(1);
  });

  it('nothing is ordered when nothing was due, or at the very first start', async () => {
    await nobodyWorked();
    expect(await guardAgainstRestore(world.ctx)).toBeNull();
    await bench.db.$executeRaw`DELETE FROM worker_processes`;
    await due();
    expect(await guardAgainstRestore(world.ctx)).toBeNull();
    expect(await holds()).toEqual([]);
  });

  it('the order stands before the first is marked: nothing that was due leaves meanwhile', async () => {
    const overdue = await due();
    await nobodyWorked();
    expect(await guardAgainstRestore(world.ctx)).toBe('gap');
    // As another worker would: neither claimed, nor given a later time by which it would slip through.
    await bench.db
      .$executeRaw`UPDATE publications SET next_attempt_at = next_attempt_at - interval '5 minutes' WHERE id = ${overdue.id}::uuid`;
    await spreadBacklog(bench.db);
    expect(await claimDue(world.ctx, 10)).toEqual([]);
    expect(await row(overdue)).toMatchObject({ status: 'scheduled' });
    // What falls due from now on is nobody's doubt.
    await released();
    const later = await due();
    expect((await claimDue(world.ctx, 10)).map(({ publicationId }) => publicationId)).toEqual([later.id]);
    expect(await holdWhatWasDue(world.ctx)).toBe(1);
    expect(await row(overdue)).toMatchObject({ status: 'held', errorCode: 'restored' });
    await resolvePublication(world.ctx, world.manager, overdue.id, { resolution: 'absent', reason: 'I looked' });
    expect((await claimDue(world.ctx, 10)).map(({ publicationId }) => publicationId)).toEqual([overdue.id]);
  });

  it('a post that somebody is editing keeps no worker from starting', async () => {
    const overdue = await due();
    await nobodyWorked();
    await bench.db.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT id FROM posts WHERE id = ${overdue.postId}::uuid FOR UPDATE`;
        expect(await guardAgainstRestore(world.ctx)).toBe('gap');
        expect(await claimDue(world.ctx, 10)).toEqual([]);
      },
      { timeout: 20_000 },
    );
    expect(await holdWhatWasDue(world.ctx)).toBe(1);
  });
});

describe('a database user who may not ask about the log', () => {
  it('works all the same, and is guarded by the gap alone', async () => {
    await bench.db.$executeRaw`DELETE FROM database_identity`;
    await bench.db.$executeRawUnsafe(
      `CREATE OR REPLACE FUNCTION current_timeline() RETURNS integer LANGUAGE sql AS 'SELECT NULL::integer'`,
    );
    await bench.db.$executeRawUnsafe(
      `CREATE OR REPLACE FUNCTION current_system_identifier() RETURNS text LANGUAGE sql AS 'SELECT NULL::text'`,
    );
    const publication = await due();
    expect(await guardAgainstRestore(world.ctx)).toBeNull();
    expect((await claimDue(world.ctx, 10)).map(({ publicationId }) => publicationId)).toEqual([publication.id]);
    const overdue = await due();
    await nobodyWorked();
    expect(await guardAgainstRestore(world.ctx)).toBe('gap');
    expect(await holdWhatWasDue(world.ctx)).toBe(1);
    expect(await row(overdue)).toMatchObject({ errorCode: 'restored' });
  });
});

it('a worker whose row a restored copy has lost is seen again', async () => {
  const worker = await startWorker({ ...world.ctx, timings: { ...world.ctx.timings, sweepMs: 200 } });
  try {
    await bench.db.$executeRaw`DELETE FROM worker_processes`;
    await eventually(
      async () => ((await workerPresence(world.ctx))[0]?.state === 'running' ? true : undefined),
      'it to be seen',
    );
  } finally {
    await worker.stop();
  }
  expect((await workerPresence(world.ctx))[0]).toMatchObject({ state: 'stopped', pid: process.pid });
});
