/**
 * What was due before a restore, or while nobody worked, may be live: it gets the answers of an unconfirmed one, each with a
 * reason, and no way besides by which it would be sent again without a look at the account.
 */
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
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
  await guardAgainstRestore(world.ctx);
  const input = { text: `Restored ${++serial}`, accounts: [world.accounts.blind.id] };
  const { id } = await createPost(world.ctx, world.manager, input);
  await publishPostNow(world.ctx, world.manager, id);
  await bench.db.$executeRaw`UPDATE database_identity SET timeline = timeline + 1`;
  expect(await guardAgainstRestore(world.ctx)).toBe('restored');
  await holdWhatWasDue(world.ctx);
  await bench.db.$executeRaw`UPDATE holds SET released_at = now() WHERE released_at IS NULL`;
  return bench.db.publication.findFirstOrThrow({ where: { postId: id, status: 'held', errorCode: 'restored' } });
}

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

  it('goes out again only by somebody who approves, where a team wants that', async () => {
    await bench.db.team.update({ where: { id: world.teamId }, data: { requiresApproval: true } });
    await expect(resolve({ resolution: 'absent', reason: 'I looked' })).rejects.toThrow(/approved/);
    expect(await row()).toMatchObject({ status: 'held' });
  });
});
