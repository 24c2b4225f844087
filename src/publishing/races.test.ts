/** Histories that once went wrong, most of them found by the model-based test: each as short as it can be told. */
import type { Post, Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { markReconnectRequired } from '../accounts/access-token.ts';
import type { AppContext } from '../context.ts';
import type { Database, Tx } from '../database/client.ts';
import type { Fault } from '../testing/ledger-platform.ts';
import { type ModelBench, openModelBench, type Pause, type World } from '../testing/model-world.ts';
import { alarmId, setAlarm } from './alarm.ts';
import { sendPostBack } from './approve-post.ts';
import { spreadBacklog } from './backlog.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { createHold, releaseHold } from './holds.ts';
import { lookUpUnconfirmed } from './look-up.ts';
import { createPost, editPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';
import { recoverAbandonedClaims } from './sweep.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
});
afterAll(() => bench.close());

let serial = 0;

async function due(text = `Race ${++serial}`): Promise<Post> {
  const post = await createPost(world.ctx, world.manager, { text, accounts: [world.accounts.blind.id] });
  return publishPostNow(world.ctx, world.manager, post.id);
}

const of = (post: Post): Promise<Publication> =>
  world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });

async function work(fault: Fault, pause: Pause | null = null): Promise<void> {
  for (const claim of await claimDue(world.ctx, 10)) await world.run(1, claim, { fault, pause, stopping: false });
}

async function resume(): Promise<void> {
  for (const pipeline of world.paused.splice(0)) await pipeline.resume();
}

async function resolve(post: Post, resolution: 'absent' | 'abandon'): Promise<void> {
  const publication = await of(post);
  await resolvePublication(world.ctx, world.manager, publication.id, { resolution, reason: 'I looked' });
}

/** Until a transaction in this database waits for another one. */
async function somebodyWaits(db: Database | Tx): Promise<void> {
  for (let waiting = 0; waiting === 0; ) {
    const [row] = await db.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()
        AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`;
    waiting = row?.count ?? 0;
  }
}

/** The same database; its first transaction has done everything, and commits when told. */
function heldBeforeCommit(real: Database): { db: Database; standing: Promise<void>; open(): void } {
  const standing = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  let used = false;
  const db = new Proxy(real, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key !== '$transaction' || used) return value;
      used = true;
      return (work: (tx: Tx) => Promise<unknown>) =>
        target.$transaction(async (tx) => {
          const result = await work(tx);
          standing.resolve();
          await opened.promise;
          return result;
        });
    },
  });
  return { db, standing: standing.promise, open: opened.resolve };
}

const live = async (post: Post) => world.platform.live((await of(post)).id).length;

describe('a process that is paused after the commit of its write-ahead record, before it hears of it', () => {
  it('does not send what was meanwhile found absent and sent by another', async () => {
    const post = await due();
    await work('ok', 'recorded');
    await world.pass(100);
    await recoverAbandonedClaims(world.ctx);
    await resolve(post, 'absent');
    await work('ok');
    await resume();
    expect(await live(post)).toBe(1);
  });

  it('tries again at once when nobody has noticed', async () => {
    const post = await due();
    await work('ok', 'recorded');
    await world.pass(10);
    await resume();
    expect(await of(post)).toMatchObject({ status: 'retrying', errorCode: 'process-paused' });
    await work('ok');
    expect(await of(post)).toMatchObject({ status: 'published' });
    expect(await live(post)).toBe(1);
  });
});

describe('a publication that was given up while it may be live', () => {
  it('is not sent again because its post is', async () => {
    const post = await due();
    await work('500 after');
    await resolve(post, 'abandon');
    await expect(publishPostNow(world.ctx, world.manager, post.id)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Duplicate it'),
    });
    expect(await of(post)).toMatchObject({ status: 'cancelled', errorCode: 'given-up' });
  });

  it('stays behind when the other accounts of its post are scheduled', async () => {
    const { blind, readable } = world.accounts;
    const scheduledAt = new Date(Date.now() + 60_000).toISOString();
    const post = await createPost(world.ctx, world.manager, {
      text: `Race ${++serial}`,
      accounts: [blind.id, readable.id],
      scheduledAt,
    });
    await publishPostNow(world.ctx, world.manager, post.id);
    const [claim] = await claimDue(world.ctx, 1);
    if (claim === undefined) throw new Error('two are due');
    await world.run(1, claim, { fault: 'reset after', pause: null, stopping: false });
    await resolvePublication(world.ctx, world.manager, claim.publicationId, {
      resolution: 'abandon',
      reason: 'enough',
    });
    await publishPostNow(world.ctx, world.manager, post.id);
    await work('ok');
    expect(world.platform.lines.filter((line) => line.text === post.text)).toHaveLength(2);
    expect(world.platform.live(claim.publicationId)).toHaveLength(1);
  });
});

describe('a hold that is released while a worker is about to act on it', () => {
  it('holds nothing any more', async () => {
    const post = await due();
    const claims = await claimDue(world.ctx, 10);
    const hold = await createHold(world.ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
    for (const claim of claims) await world.run(1, claim, { fault: 'ok', pause: 'saving', stopping: false });
    await releaseHold(world.ctx, world.manager, hold.id);
    await resume();
    expect(await of(post)).toMatchObject({ status: 'held' });
    await releaseGroundlessHolds(world.ctx);
    expect(await of(post)).toMatchObject({ status: 'scheduled' });
    await work('ok');
    expect(await live(post)).toBe(1);
  });
});

describe('an account that is connected again while a worker is about to say that it is not', () => {
  for (const pause of ['answered', 'saving'] as const) {
    it(`is sent with the new permission (the old one was refused, the worker was paused while ${pause})`, async () => {
      const post = await due();
      await work('401', pause);
      await world.reconnect(world.accounts.blind);
      await resume();
      expect(await of(post)).toMatchObject({ status: 'retrying', attemptCount: 0 });
      await world.pass(6);
      await work('ok');
      expect(await live(post)).toBe(1);
    });
  }

  it('holds nothing any more', async () => {
    const post = await due();
    const { id } = world.accounts.blind;
    await world.ctx.db.$transaction((tx) => markReconnectRequired(tx, world.ctx, id, 'Taken away.'));
    await work('ok', 'saving');
    await world.reconnect(world.accounts.blind);
    await resume();
    expect(await of(post)).toMatchObject({ status: 'held' });
    await releaseGroundlessHolds(world.ctx);
    expect(await of(post)).toMatchObject({ status: 'scheduled' });
    await work('ok');
    expect(await live(post)).toBe(1);
  });

  it('does not let out what waits for a person because the database was restored', async () => {
    const post = await due();
    await world.ctx.db
      .$executeRaw`UPDATE publications SET status = 'held', error_code = 'restored', next_attempt_at = NULL WHERE post_id = ${post.id}::uuid`;
    await world.reconnect(world.accounts.blind);
    await releaseGroundlessHolds(world.ctx);
    expect(await of(post)).toMatchObject({ status: 'held', errorCode: 'restored' });
  });
});

describe('two posts of the same text, both with an outcome that nobody knows', () => {
  it('are left to a person: the one that is there cannot be told from the one that is not', async () => {
    const accounts = [world.accounts.readable.id];
    const text = `Twins ${++serial}`;
    const twins = [];
    for (const fault of ['reset after', 'reset before'] as const) {
      const post = await createPost(world.ctx, world.manager, { text, accounts });
      await publishPostNow(world.ctx, world.manager, post.id);
      await work(fault);
      twins.push(post);
    }
    await world.pass(10);
    const ctx = { ...world.ctx, platforms: world.platform.reader('true') };
    await lookUpUnconfirmed(ctx, new AbortController().signal);
    for (const post of twins) expect(await of(post)).toMatchObject({ status: 'unconfirmed' });
  });
});

describe('a later try whose time passed while nobody worked', () => {
  it('is too late like any other, and does not go out hours afterwards', async () => {
    world = await bench.world({ latePolicy: 'drop', resendWhenAbsent: false });
    const post = await due();
    await work('429');
    expect(await of(post)).toMatchObject({ status: 'retrying' });
    await world.pass(4 * 3600);
    await spreadBacklog(world.ctx.db);
    await work('ok');
    expect(await of(post)).toMatchObject({ status: 'missed' });
    expect(await live(post)).toBe(0);
  });
});

describe('a look-up that shows an old copy of the account', () => {
  it('is no proof: what it did not show is not sent again, however long ago it was sent', async () => {
    world = await bench.world({ latePolicy: 'send', resendWhenAbsent: true });
    const accounts = [world.accounts.readable.id];
    const post = await createPost(world.ctx, world.manager, { text: `Race ${++serial}`, accounts });
    await publishPostNow(world.ctx, world.manager, post.id);
    await work('500 after');
    for (const reading of ['stale', 'stale', 'true'] as const) {
      await world.pass(700);
      const ctx = { ...world.ctx, platforms: world.platform.reader(reading) };
      await lookUpUnconfirmed(ctx, new AbortController().signal);
      await work('ok');
    }
    expect(await of(post)).toMatchObject({ status: 'published' });
    expect(await live(post)).toBe(1);
  });
});

describe('a duplicate refusal', () => {
  it('that names nothing is looked for, when an earlier attempt may have made that post', async () => {
    const accounts = [world.accounts.readable.id];
    const post = await createPost(world.ctx, world.manager, { text: `Race ${++serial}`, accounts });
    await publishPostNow(world.ctx, world.manager, post.id);
    await work('500 after');
    const { id } = await of(post);
    await world.pass(300);
    await resolvePublication(world.ctx, world.manager, id, {
      resolution: 'absent',
      reason: 'Looked at the wrong page',
    });
    await work('duplicate without id');
    expect(await of(post)).toMatchObject({ status: 'unconfirmed', errorCode: 'duplicate-possibly-ours' });
    await world.pass(10);
    const ctx = { ...world.ctx, platforms: world.platform.reader('true') };
    await lookUpUnconfirmed(ctx, new AbortController().signal);
    expect(await of(post)).toMatchObject({ status: 'published', externalId: expect.stringMatching(/^1027_/) });
    expect(await live(post)).toBe(1);
  });

  it('that names nothing is a refusal, when nothing of this publication was ever sent', async () => {
    const post = await due();
    await work('duplicate without id');
    expect(await of(post)).toMatchObject({ status: 'failed', errorCode: 'duplicate' });
  });

  it('that names the post of another publication is not taken for our own', async () => {
    const first = await due();
    await work('ok');
    const second = await due(first.text);
    await work('500 before');
    await resolve(second, 'absent');
    await work('duplicate');
    expect(await of(second)).toMatchObject({ status: 'failed', errorCode: 'duplicate', externalId: null });
    expect(await live(second)).toBe(0);
  });
});

describe('spreading a backlog', () => {
  it('does not pull forward what somebody has moved to a later time in the same moment', async () => {
    const [, moved] = [await due(), await due()];
    await world.pass(600);
    const { db } = world.ctx;
    const nextWeek = new Date(Date.now() + 7 * 86_400_000);
    await db.$transaction(async (tx) => {
      await tx.publication.updateMany({
        where: { postId: moved.id },
        data: { nextAttemptAt: nextWeek, dueAt: nextWeek },
      });
      // It does not wait for our row, and tells that it has left it out.
      expect((await spreadBacklog(db)).busy).toHaveLength(1);
    });
    expect((await spreadBacklog(db)).busy).toEqual([]);
    expect((await of(moved)).nextAttemptAt).toEqual(nextWeek);
  });
});

describe('two publications of one post that are settled at the same moment', () => {
  it('leave the post as it is then: published', async () => {
    const accounts = [world.accounts.blind.id, world.accounts.readable.id];
    const post = await createPost(world.ctx, world.manager, { text: `Race ${++serial}`, accounts });
    await publishPostNow(world.ctx, world.manager, post.id);
    const [one, other] = await claimDue(world.ctx, 2);
    if (one === undefined || other === undefined) throw new Error('two are due');
    const { signal } = new AbortController();
    const sending = (publicationId: string): AppContext => ({
      ...world.ctx,
      platforms: world.platform.sender(publicationId, 'ok', async () => undefined),
    });
    const held = heldBeforeCommit(world.ctx.db);
    const first = publishPublication({ ...sending(one.publicationId), db: held.db }, one, signal);
    await held.standing;
    const second = publishPublication(sending(other.publicationId), other, signal);
    await Promise.race([second, somebodyWaits(world.ctx.db)]);
    held.open();
    await Promise.all([first, second]);
    expect(await world.ctx.db.post.findUniqueOrThrow({ where: { id: post.id } })).toMatchObject({
      status: 'published',
    });
  });
});

describe('a late answer that lifts a publication which another worker has claimed meanwhile', () => {
  for (const pause of ['prepared', 'answered'] as const) {
    it(`leaves no attempt of the other open (the other was paused at ${pause})`, async () => {
      const post = await due();
      await work('ok', 'answered');
      await world.pass(100);
      await recoverAbandonedClaims(world.ctx);
      // The one thing the product cannot know: this person is wrong.
      await resolve(post, 'absent');
      await work('500 before', pause);
      await world.paused.shift()?.resume();
      expect(await of(post)).toMatchObject({ status: 'published' });
      await resume();
      const attempts = await world.ctx.db.publishAttempt.findMany({ where: { publication: { postId: post.id } } });
      expect(attempts.map(({ state }) => state).filter((state) => state === 'prepared' || state === 'sent')).toEqual(
        [],
      );
      expect(await live(post)).toBe(1);
    });
  }
});

describe('a late answer for a post that somebody was told is not there, edited, and was sent back', () => {
  it('makes it published as it was sent, and nobody can publish it again', async () => {
    const post = await due('As it was sent');
    await work('ok', 'answered');
    await world.pass(100);
    await recoverAbandonedClaims(world.ctx);
    await resolve(post, 'absent');
    await world.ctx.db.team.update({ where: { id: world.teamId }, data: { requiresApproval: true } });
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    await editPost(world.ctx, world.manager, post.id, { text: 'As it was changed', scheduledAt, timeZone: 'UTC' });
    const memberships = { create: { teamId: world.teamId, role: 'manager' as const } };
    const data = { email: `other${++serial}@example.com`, name: 'Other', memberships };
    const other = await world.ctx.db.user.create({ data });
    await sendPostBack(world.ctx, { ...world.manager, id: other.id }, post.id, 'Not yet');
    expect(await of(post)).toMatchObject({ status: 'draft' });
    await resume();
    const row = await of(post);
    expect(row).toMatchObject({ status: 'published', externalId: world.platform.live(row.id)[0]?.externalId });
    const evidence = await world.ctx.db.publicationEvidence.findFirstOrThrow({ where: { publicationId: row.id } });
    expect(evidence.document).toMatchObject({ text: 'As it was sent' });
    await world.ctx.db.team.update({ where: { id: world.teamId }, data: { requiresApproval: false } });
    await expect(publishPostNow(world.ctx, world.manager, post.id)).rejects.toMatchObject({ code: 'conflict' });
    await work('ok');
    expect(await live(post)).toBe(1);
  });
});

describe('workers that claim at the same moment', () => {
  it('share what is due, and nobody gets what another has', async () => {
    for (let post = 0; post < 6; post++) await due();
    const claims = (await Promise.all([1, 2, 3, 4].map(() => claimDue(world.ctx, 6)))).flat();
    expect(claims).toHaveLength(6);
    expect(new Set(claims.map(({ publicationId }) => publicationId)).size).toBe(6);
  });
});

describe('the sweep', () => {
  it('leaves alone what a living worker is busy with', async () => {
    const post = await due();
    await work('ok', 'answered');
    await recoverAbandonedClaims(world.ctx);
    expect(await of(post)).toMatchObject({ status: 'publishing' });
    await resume();
    expect(await of(post)).toMatchObject({ status: 'published' });
  });
});

describe('the alarm of a publication', () => {
  async function scheduled(): Promise<Post> {
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    const accounts = [world.accounts.blind.id];
    const post = await createPost(world.ctx, world.manager, { text: `Race ${++serial}`, accounts, scheduledAt });
    return schedulePost(world.ctx, world.manager, post.id);
  }

  async function alarmOf({ id, generation }: Pick<Publication, 'id' | 'generation'>): Promise<Date | undefined> {
    const [job] = await world.ctx.db.$queryRaw<{ start_after: Date }[]>`
      SELECT start_after FROM pgboss.job WHERE id = ${alarmId(id, generation)}::uuid`;
    return job?.start_after;
  }

  it('rings a little before the new time when a post is moved', async () => {
    const post = await scheduled();
    const later = new Date(Date.now() + 7_200_000);
    await editPost(world.ctx, world.manager, post.id, { scheduledAt: later.toISOString() });
    const alarm = await alarmOf(await of(post));
    expect(later.getTime() - (alarm?.getTime() ?? 0)).toBeGreaterThan(0);
    expect(later.getTime() - (alarm?.getTime() ?? 0)).toBeLessThan(60_000);
  });

  it('is not left behind by a transaction that was rolled back', async () => {
    const publication = await of(await scheduled());
    const next = { id: publication.id, generation: publication.generation + 1 };
    const broken = world.ctx.db.$transaction(async (tx) => {
      await setAlarm(tx, world.ctx, next, new Date());
      throw new Error('the row could not be written');
    });
    await expect(broken).rejects.toThrow('could not be written');
    expect(await alarmOf(next)).toBeUndefined();
  });
});
