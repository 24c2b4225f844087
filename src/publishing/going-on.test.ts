/** What was stopped and goes on: at the time it had, with what it has behind it, and nothing stays behind for ever. */
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { shareAccount } from '../accounts/share-account.ts';
import { scheduleBulk } from '../testing/bulk-publications.ts';
import type { Fault } from '../testing/ledger-platform.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { approvePost } from './approve-post.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { disconnectAndHold } from './hold-account.ts';
import { createHold, releaseHold } from './holds.ts';
import { createPost, editPost } from './posts.ts';
import { heldForAccounts, releaseHeld } from './release-account.ts';
import { publishPostNow } from './schedule-post.ts';
import { recoverAbandonedClaims } from './sweep.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'drop', resendWhenAbsent: false });
});
afterAll(() => bench.close());

let serial = 0;
const HOURS = 3600;

async function due(): Promise<{ id: string }> {
  const text = `Goes on ${++serial}`;
  const post = await createPost(world.ctx, world.manager, { text, accounts: [world.accounts.blind.id] });
  return publishPostNow(world.ctx, world.manager, post.id);
}
const of = (post: { id: string }): Promise<Publication> =>
  world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });

async function work(fault: Fault, plan: { pause?: 'prepared'; stopping?: boolean } = {}): Promise<void> {
  for (const claim of await claimDue(world.ctx, 10))
    await world.run(1, claim, { fault, pause: null, stopping: false, ...plan });
}

async function stop(): Promise<void> {
  const hold = await createHold(world.ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
  await releaseHold(world.ctx, world.manager, hold.id);
}

async function reconnect(): Promise<void> {
  await disconnectAndHold(world.ctx, world.manager, world.accounts.blind.id);
  await world.reconnect(world.accounts.blind);
}

/** A post of three hours ago whose next try the platform has put off until ten minutes from now. */
async function triedLongAgo(): Promise<{ id: string }> {
  const post = await due();
  await work('429');
  const { nextAttemptAt } = await of(post);
  await world.pass(Math.round(((nextAttemptAt?.getTime() ?? 0) - Date.now()) / 1000) - 600);
  await world.ctx.db
    .$executeRaw`UPDATE publications SET due_at = clock_timestamp() - interval '3 hours' WHERE post_id = ${post.id}::uuid`;
  return post;
}

describe('a later try', () => {
  it('that a stop of the process hands back is late by its own time', async () => {
    const post = await triedLongAgo();
    await world.pass(601);
    await work('ok', { stopping: true });
    expect(await of(post)).toMatchObject({ status: 'scheduled' });
    await work('ok');
    expect(await of(post)).toMatchObject({ status: 'published' });
  });

  it('that a crash left prepared is late by its own time', async () => {
    const post = await triedLongAgo();
    await world.pass(601);
    await work('ok', { pause: 'prepared' });
    await world.pass(100);
    await recoverAbandonedClaims(world.ctx);
    await work('ok');
    expect(await of(post)).toMatchObject({ status: 'published' });
  });

  for (const [what, meanwhile] of [
    ['an emergency stop', stop],
    ['disconnecting and connecting again', reconnect],
  ] as const) {
    it(`keeps its time, its count and when it was sent over ${what}`, async () => {
      const post = await triedLongAgo();
      await world.ctx.db.publication.updateMany({ where: { postId: post.id }, data: { attemptCount: 2 } });
      const before = await of(post);
      await meanwhile();
      const { nextAttemptAt, sentAt, attemptCount } = before;
      expect(await of(post)).toMatchObject({ status: 'scheduled', nextAttemptAt, sentAt, attemptCount });
      await work('ok');
      expect(await of(post)).toMatchObject({ status: 'scheduled' });
      await world.pass(601);
      await work('ok');
      expect(await of(post)).toMatchObject({ status: 'published' });
    });

    it(`whose own time is hours ago when it goes on after ${what} is too late like any other`, async () => {
      const post = await triedLongAgo();
      await world.pass(4 * HOURS);
      await meanwhile();
      await work('ok');
      expect(await of(post)).toMatchObject({ status: 'missed', errorCode: 'late' });
    });
  }

  it('does not begin its series of attempts anew with every stop', async () => {
    const post = await due();
    let tries = 0;
    while (++tries < 20) {
      await world.ctx.db
        .$executeRaw`UPDATE publications SET next_attempt_at = clock_timestamp() WHERE post_id = ${post.id}::uuid`;
      await work('unavailable');
      if ((await of(post)).status !== 'retrying') break;
      await stop();
    }
    expect(await of(post)).toMatchObject({ status: 'failed', attemptCount: 5 });
    expect(tries).toBe(5);
  });

  it('that a person moves to another time while it is on hold leaves at that time', async () => {
    const post = await triedLongAgo();
    const hold = await createHold(world.ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
    const { text } = await world.ctx.db.post.findUniqueOrThrow({ where: { id: post.id } });
    const scheduledAt = new Date(Date.now() + 60_000);
    scheduledAt.setMilliseconds(0);
    await editPost(world.ctx, world.manager, post.id, { text, scheduledAt: scheduledAt.toISOString() });
    await releaseHold(world.ctx, world.manager, hold.id);
    expect(await of(post)).toMatchObject({ status: 'scheduled', dueAt: scheduledAt, nextAttemptAt: scheduledAt });
  });
});

describe('a new time, chosen by a person,', () => {
  const LATE = { late: 'hold', missed: 'drop' } as const;

  /** A post that could not leave within the limit of its team. */
  async function stopped(how: keyof typeof LATE): Promise<{ id: string }> {
    await world.ctx.db.team.update({ where: { id: world.teamId }, data: { latePolicy: LATE[how] } });
    const post = await due();
    await world.pass(4 * HOURS);
    await work('ok');
    return post;
  }

  async function restored(): Promise<{ id: string }> {
    const post = await stopped('late');
    await world.ctx.db.publication.updateMany({ where: { postId: post.id }, data: { errorCode: 'restored' } });
    return post;
  }

  const inAnHour = () => new Date(Math.ceil(Date.now() / 1000) * 1000 + HOURS * 1000);
  const move = (post: { id: string }, scheduledAt = inAnHour()) =>
    editPost(world.ctx, world.manager, post.id, { scheduledAt: scheduledAt.toISOString() });

  it.each([
    ['held as late', 'held', 'late', () => stopped('late')],
    ['missed', 'missed', 'late', () => stopped('missed')],
  ] as const)(
    'is when what was %s leaves, and the record says who let it go',
    async (_what, from, errorCode, begin) => {
      const post = await begin();
      expect(await of(post)).toMatchObject({ status: from, errorCode });
      const at = inAnHour();
      await move(post, at);
      const { id, ...now } = await of(post);
      expect(now).toMatchObject({
        status: 'scheduled',
        dueAt: at,
        nextAttemptAt: at,
        errorCode: null,
        attemptCount: 0,
      });
      const event = await world.ctx.db.auditEvent.findFirst({
        where: { entityId: id, action: 'publication.released' },
      });
      expect(event).toMatchObject({ actorId: world.manager.id, metadata: { by: 'a new time', from, errorCode } });
      await work('ok');
      expect(await of(post)).toMatchObject({ status: 'scheduled' });
      await world.pass(HOURS + 5);
      await work('ok');
      expect(await of(post)).toMatchObject({ status: 'published' });
    },
  );

  it('is refused for what is held after a restore, which may be live: a person answers first', async () => {
    const post = await restored();
    await expect(move(post)).rejects.toThrow(/may already be live/);
    expect(await of(post)).toMatchObject({ status: 'held', errorCode: 'restored' });
  });

  it('that passes as well stops it again, and somebody is told again', async () => {
    const post = await stopped('late');
    await move(post);
    await world.pass(5 * HOURS);
    await work('ok');
    const { id, ...now } = await of(post);
    expect(now).toMatchObject({ status: 'held', errorCode: 'late' });
    expect(await world.ctx.db.auditEvent.count({ where: { entityId: id, action: 'publication.held' } })).toBe(2);
  });

  it.each(['late', 'missed'] as const)('is what it takes: %s stays stopped when only the text changes', async (how) => {
    const post = await stopped(how);
    const { status } = await of(post);
    await editPost(world.ctx, world.manager, post.id, { text: `Corrected ${++serial}` });
    expect(await of(post)).toMatchObject({ status, errorCode: 'late' });
  });

  it('lets nothing past an emergency stop', async () => {
    const post = await stopped('late');
    const hold = await createHold(world.ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
    await move(post);
    await world.pass(HOURS + 5);
    await work('ok');
    expect(await of(post)).toMatchObject({ status: 'held', errorCode: 'hold' });
    await releaseHold(world.ctx, world.manager, hold.id);
    await work('ok');
    expect(await of(post)).toMatchObject({ status: 'published' });
  });

  it('is refused while the account is not connected, and says what to do', async () => {
    const post = await stopped('late');
    await world.ctx.db.connectedAccount.update({
      where: { id: world.accounts.blind.id },
      data: { status: 'reconnect_required' },
    });
    await expect(move(post)).rejects.toMatchObject({ fields: { accounts: expect.stringContaining('Connect again') } });
    expect(await of(post)).toMatchObject({ status: 'held', errorCode: 'late' });
  });

  it.each(['late', 'missed'] as const)('asks for approval of what was %s, where the team wants it', async (how) => {
    const post = await stopped(how);
    await world.ctx.db.team.update({ where: { id: world.teamId }, data: { requiresApproval: true } });
    await move(post);
    expect(await of(post)).toMatchObject({ status: 'awaiting_approval', nextAttemptAt: null });
    const id = await somebodyElse();
    const memberships = [{ teamId: world.teamId, role: 'approver' as const }];
    await world.ctx.db.membership.create({ data: { userId: id, teamId: world.teamId, role: 'approver' } });
    await approvePost(world.ctx, { ...world.manager, id, memberships }, post.id);
    expect(await of(post)).toMatchObject({ status: 'scheduled' });
  });
});

describe('very many that are held', () => {
  async function held(count: number, errorCode: string, accountId = world.accounts.blind.id): Promise<void> {
    const { teamId } = world;
    await scheduleBulk(world.ctx.db, { teamId, authorId: world.manager.id, accountId, count, minutesAgo: -60 });
    await world.ctx.db
      .$executeRaw`UPDATE publications SET status = 'held', error_code = ${errorCode}, next_attempt_at = NULL WHERE account_id = ${accountId}::uuid AND status = 'scheduled'`;
  }
  const count = (status: 'held' | 'scheduled', accountId = world.accounts.blind.id) =>
    world.ctx.db.publication.count({ where: { status, accountId } });

  it('because the account was somebody’s own all go on when it is shared', async () => {
    const { id } = world.accounts.blind;
    await world.ctx.db.connectedAccount.update({ where: { id }, data: { ownerId: world.manager.id } });
    await held(120, 'account-personal');
    await world.ctx.db.post.updateMany({ where: { teamId: world.teamId }, data: { authorId: await somebodyElse() } });
    await releaseGroundlessHolds(world.ctx);
    expect(await count('held')).toBe(120);
    await shareAccount(world.ctx, world.manager, id);
    await releaseGroundlessHolds(world.ctx);
    expect([await count('held'), await count('scheduled')]).toEqual([0, 120]);
  });

  it('for a person to decide keep none of the others from going on when the account is connected again', async () => {
    await held(60, 'late');
    await held(3, 'account-not-connected', world.accounts.blind.id);
    await world.ctx.db
      .$executeRaw`UPDATE publications SET due_at = due_at + interval '1 day' WHERE error_code = 'account-not-connected'`;
    const release = world.ctx.db.$transaction(async (tx) =>
      releaseHeld(tx, world.ctx, await heldForAccounts(tx, [world.accounts.blind.id])),
    );
    expect(await release).toBe(3);
  });

  it('because their token cannot be read keep none waiting whose token can', async () => {
    await held(210, 'token-unreadable', world.accounts.readable.id);
    await held(1, 'token-unreadable');
    await world.ctx.db
      .$executeRaw`UPDATE publications SET due_at = due_at + interval '1 day' WHERE account_id = ${world.accounts.blind.id}::uuid`;
    await world.ctx.db
      .$executeRaw`UPDATE account_credentials SET access_token = replace(access_token::text, 'k1', 'k9') WHERE account_id = ${world.accounts.readable.id}::uuid`;
    await releaseGroundlessHolds(world.ctx);
    expect([await count('held'), await count('held', world.accounts.readable.id)]).toEqual([0, 210]);
  });

  it('go on although one of them cannot', async () => {
    await held(3, 'hold');
    const stubborn = await world.ctx.db.publication.findFirstOrThrow({
      where: { accountId: world.accounts.blind.id, status: 'held' },
      orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
    });
    // Its alarm cannot be set, for whatever reason.
    const boss = Object.create(world.ctx.boss) as typeof world.ctx.boss;
    boss.send = async (...args: unknown[]) => {
      if (JSON.stringify(args[1]).includes(stubborn.id)) throw new Error('a mistake of ours');
      return Reflect.apply(world.ctx.boss.send, world.ctx.boss, args);
    };
    await releaseGroundlessHolds({ ...world.ctx, boss });
    expect([await count('held'), await count('scheduled')]).toEqual([1, 2]);
  });
});

async function somebodyElse(): Promise<string> {
  const user = await world.ctx.db.user.create({ data: { email: `else-${++serial}@example.com`, name: 'Somebody' } });
  return user.id;
}
