/**
 * What was due before a restore, or while nobody worked, may be live: it gets the answers of an unconfirmed one, each with a
 * reason, and no way besides by which it would be sent again without a look at the account.
 */
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { approvePost } from './approve-post.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { holdForAccount } from './hold-account.ts';
import { createHold } from './holds.ts';
import { resolveMany, retryMany } from './many-publications.ts';
import { createPost, deletePost, editPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
import { guardAgainstRestore, holdWhatWasDue } from './restore-guard.ts';
import { cancelPublication, retryPublication } from './retry-publication.ts';
import { cancelPost, publishPostNow, schedulePost } from './schedule-post.ts';
import { movePublication } from './transition.ts';

let bench: ModelBench;
let world: World;
let publication: Publication;
let serial = 0;

beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  publication = await restored();
});

async function restored(): Promise<Publication> {
  const { id } = await ordered();
  await holdWhatWasDue(world.ctx);
  await released();
  return bench.db.publication.findFirstOrThrow({ where: { id, status: 'held', errorCode: 'restored' } });
}
/** Due when the hold was ordered, and not marked yet. */
async function ordered(): Promise<Publication> {
  await guardAgainstRestore(world.ctx);
  const input = { text: `Restored ${++serial}`, accounts: [world.accounts.blind.id] };
  const { id } = await createPost(world.ctx, world.manager, input);
  await publishPostNow(world.ctx, world.manager, id);
  await bench.db.$executeRaw`UPDATE database_identity SET timeline = timeline + 1`;
  expect(await guardAgainstRestore(world.ctx)).toBe('restored');
  return bench.db.publication.findFirstOrThrow({ where: { postId: id } });
}

const released = () => bench.db.$executeRaw`UPDATE holds SET released_at = now() WHERE released_at IS NULL`;
const row = () => bench.db.publication.findUniqueOrThrow({ where: { id: publication.id } });
const resolve = (input: { resolution: string; reason: string; permalink?: string }) =>
  resolvePublication(world.ctx, world.manager, publication.id, input);
const permalink = () => `https://www.linkedin.com/feed/update/urn:li:share:88${serial}/`;

describe('what is held because of a restore', () => {
  it('counts as published when a person has seen it: with its id, without evidence of a sending that nobody knows', async () => {
    expect(await resolve({ resolution: 'live', reason: 'I see it', permalink: permalink() })).toMatchObject({
      status: 'published',
      externalId: `urn:li:share:88${serial}`,
      permalink: permalink(),
      errorCode: null,
      sentAt: null,
      acceptedAt: expect.any(Date),
    });
    expect(await bench.db.publicationEvidence.count({ where: { publicationId: publication.id } })).toBe(0);
    expect(await claimDue(world.ctx, 10)).toEqual([]);
    const event = await bench.db.auditEvent.findFirstOrThrow({
      where: { action: 'publication.resolved', entityId: publication.id },
    });
    expect(event.metadata).toMatchObject({ resolution: 'live', reason: 'I see it', from: 'held' });
  });

  it('is sent again when a person has not found it', async () => {
    expect(await resolve({ resolution: 'absent', reason: 'I looked' })).toMatchObject({ status: 'scheduled' });
    expect((await claimDue(world.ctx, 10)).map(({ publicationId }) => publicationId)).toEqual([publication.id]);
  });

  it('stays given up, and on record, when a person gives it up', async () => {
    expect(await resolve({ resolution: 'abandon', reason: 'Too old' })).toMatchObject({
      status: 'cancelled',
      errorCode: 'given-up',
    });
    const { postId } = publication;
    await expect(publishPostNow(world.ctx, world.manager, postId)).rejects.toThrow(/Duplicate it/);
    await expect(deletePost(world.ctx, world.manager, postId)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('needs a reason for each answer, and a link for the first', async () => {
    await expect(resolve({ resolution: 'absent', reason: ' ' })).rejects.toMatchObject({
      fields: { reason: expect.any(String) },
    });
    await expect(resolve({ resolution: 'live', reason: 'I see it' })).rejects.toMatchObject({
      fields: { permalink: expect.any(String) },
    });
  });

  it('is neither sent again nor cancelled without an answer, alone or with others', async () => {
    const { ctx, manager } = world;
    const { id, postId } = publication;
    const asked = { code: 'conflict', message: expect.stringMatching(/may already be live.*Resolve it/i) };
    await expect(retryPublication(ctx, manager, id)).rejects.toMatchObject(asked);
    await expect(cancelPublication(ctx, manager, id)).rejects.toMatchObject(asked);
    await expect(publishPostNow(ctx, manager, postId)).rejects.toMatchObject(asked);
    await expect(cancelPost(ctx, manager, postId)).rejects.toMatchObject({ code: 'conflict' });
    await expect(editPost(ctx, manager, postId, { text: 'Another text' })).rejects.toMatchObject(asked);
    const scheduledAt = new Date(Date.now() + 3_600_000);
    await bench.db.post.update({ where: { id: postId }, data: { scheduledAt } });
    await expect(schedulePost(ctx, manager, postId)).rejects.toMatchObject(asked);
    expect(await retryMany(ctx, manager, [id])).toMatchObject({ done: 0, leftOut: [{ id, ...{ gone: false } }] });
    expect(await row()).toMatchObject({ status: 'held', errorCode: 'restored' });
  });

  it('stays answered when the hold was ordered by a clock that was ahead, and so do many, one after another', async () => {
    const others = [publication, await restored()];
    await bench.db.$executeRaw`UPDATE database_identity SET hold_due_before = clock_timestamp() + interval '5 minutes'`;
    const input = { resolution: 'absent', reason: 'I looked' };
    const ids = others.map(({ id }) => id);
    expect(await resolveMany(world.ctx, world.manager, ids, input)).toEqual({ done: 2, leftOut: [] });
    expect(await holdWhatWasDue(world.ctx)).toBe(0);
    const rows = await bench.db.publication.findMany({ where: { id: { in: ids } }, orderBy: { dueAt: 'asc' } });
    expect(rows.map(({ status }) => status)).toEqual(['scheduled', 'scheduled']);
    const [first, second] = rows.map(({ nextAttemptAt }) => nextAttemptAt?.getTime() ?? 0);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(10_000);
  });

  it('is asked for approval by no way around its answer', async () => {
    const asking = bench.db.$transaction((tx) => movePublication(tx, publication, 'awaiting_approval'));
    await expect(asking).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
    expect(await row()).toMatchObject({ status: 'held', errorCode: 'restored' });
  });

  it('is answered together with others', async () => {
    const done = await resolveMany(world.ctx, world.manager, [publication.id], {
      resolution: 'absent',
      reason: 'None of them is there',
    });
    expect(done).toEqual({ done: 1, leftOut: [] });
    expect(await row()).toMatchObject({ status: 'scheduled' });
  });

  describe('in a team where somebody else approves', () => {
    const absent = () => resolve({ resolution: 'absent', reason: 'I looked' });
    beforeEach(async () => {
      await bench.db.team.update({ where: { id: world.teamId }, data: { requiresApproval: true } });
    });
    async function colleague(role: 'author' | 'approver'): Promise<Actor> {
      const user = await bench.db.user.create({ data: { email: `${role}${++serial}@example.com`, name: role } });
      const memberships = [{ teamId: world.teamId, role }];
      await bench.db.membership.create({ data: { userId: user.id, teamId: world.teamId, role } });
      return { ...world.manager, id: user.id, email: user.email, name: user.name, memberships };
    }

    it('waits for approval, answered, when it is not there and nobody has approved it', async () => {
      expect(await absent()).toMatchObject({ status: 'awaiting_approval', errorCode: null, nextAttemptAt: null });
      const { id, postId } = publication;
      const answer = { action: 'publication.resolved', entityId: id };
      expect((await bench.db.auditEvent.findFirstOrThrow({ where: answer })).metadata).toMatchObject({
        resolution: 'absent',
        from: 'held',
        asksForApproval: true,
      });
      expect(await bench.db.auditEvent.count({ where: { action: 'post.approval_requested', entityId: postId } })).toBe(
        1,
      );
      expect(await claimDue(world.ctx, 10)).toEqual([]);
      // A new time, and other eyes: as with any post.
      const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
      await editPost(world.ctx, world.manager, postId, { scheduledAt });
      await approvePost(world.ctx, await colleague('approver'), postId);
      expect(await row()).toMatchObject({ status: 'scheduled', dueAt: new Date(scheduledAt) });
    });

    it('is sent again when somebody who approves has not found it; who only writes is told to ask him', async () => {
      await bench.db.team.update({ where: { id: world.teamId }, data: { requiresApproval: false } });
      const [writer, approver] = [await colleague('author'), await colleague('approver')];
      const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
      const input = { text: `Approved ${++serial}`, accounts: [world.accounts.blind.id], scheduledAt };
      const { id: postId } = await createPost(world.ctx, writer, input);
      await bench.db.team.update({ where: { id: world.teamId }, data: { requiresApproval: true } });
      await schedulePost(world.ctx, writer, postId);
      await approvePost(world.ctx, approver, postId);
      const held = { status: 'held', errorCode: 'restored', nextAttemptAt: null } as const;
      await bench.db.publication.updateMany({ where: { postId }, data: held });
      const { id } = await bench.db.publication.findFirstOrThrow({ where: { postId } });
      const answer = { resolution: 'absent', reason: 'I looked' };
      await expect(resolvePublication(world.ctx, writer, id, answer)).rejects.toThrow(
        /somebody who approves look at the account and give this answer/,
      );
      expect(await resolvePublication(world.ctx, approver, id, answer)).toMatchObject({ status: 'scheduled' });
    });
  });
});

describe('what was due when the hold was ordered, and is not marked yet', () => {
  const soon = () => new Date(Date.now() + 3_600_000);
  beforeEach(async () => {
    publication = await ordered();
  });
  /** Whatever time it has by now. */
  async function staysInDoubt() {
    await holdWhatWasDue(world.ctx);
    await released();
    await releaseGroundlessHolds(world.ctx);
    await bench.db.$executeRaw`
      UPDATE publications SET next_attempt_at = now() WHERE id = ${publication.id}::uuid AND next_attempt_at IS NOT NULL`;
    expect(await claimDue(world.ctx, 10)).toEqual([]);
    expect(await row()).toMatchObject({ status: 'held', errorCode: 'restored' });
  }

  it.each<[string, () => Promise<unknown>]>([
    ['edited', () => editPost(world.ctx, world.manager, publication.postId, { scheduledAt: soon().toISOString() })],
    [
      'scheduled',
      async () => {
        await bench.db.post.update({ where: { id: publication.postId }, data: { scheduledAt: soon() } });
        await schedulePost(world.ctx, world.manager, publication.postId);
      },
    ],
    ['published now', () => publishPostNow(world.ctx, world.manager, publication.postId)],
    [
      'sent again',
      async () => {
        await bench.db.publication.update({ where: { id: publication.id }, data: { status: 'retrying' } });
        await retryPublication(world.ctx, world.manager, publication.id);
      },
    ],
    ['given up', () => cancelPublication(world.ctx, world.manager, publication.id)],
    ['cancelled', () => cancelPost(world.ctx, world.manager, publication.postId)],
  ])('is not %s without an answer', async (_verb, act) => {
    await expect(act()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/may already be live/i),
    });
    await staysInDoubt();
  });

  it('is not sent without an answer because the database was not looked at yet', async () => {
    await released();
    await bench.db.$executeRaw`UPDATE database_identity SET timeline = timeline + 1, hold_due_before = NULL`;
    await expect(publishPostNow(world.ctx, world.manager, publication.postId)).rejects.toThrow(/may already be live/);
  });

  it('can be answered at once', async () => {
    expect(await resolve({ resolution: 'abandon', reason: 'Too old' })).toMatchObject({ errorCode: 'given-up' });
  });

  it('waits for its answer, not for another hold that is ordered then', async () => {
    const superuser = { ...world.manager, isSuperuser: true };
    await createHold(world.ctx, superuser, { scope: 'everything', reason: 'Something is wrong' });
    await staysInDoubt();
    const held = { action: 'publication.held', entityId: publication.id };
    expect((await bench.db.auditEvent.findFirstOrThrow({ where: held })).metadata).toMatchObject({
      errorCode: 'restored',
    });
  });

  it('waits for its answer, not for its account', async () => {
    const { id } = world.accounts.blind;
    await bench.db.connectedAccount.update({ where: { id }, data: { status: 'reconnect_required' } });
    expect(await holdForAccount(world.ctx, id)).toBe(0);
    await bench.db.connectedAccount.update({ where: { id }, data: { status: 'active' } });
    await staysInDoubt();
  });
});
