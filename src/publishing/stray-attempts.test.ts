/** What the product never writes, but whoever edits the database may: something scheduled whose last attempt is open. */
import type { Post, Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue, untilNextDueMs } from './claim.ts';
import { claimReady } from './claim-ready.ts';
import { createPost } from './posts.ts';
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

const of = (post: Post): Promise<Publication> =>
  world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });

async function draft(scheduledAt?: Date): Promise<Post> {
  const accounts = [world.accounts.blind.id];
  const at = scheduledAt === undefined ? {} : { scheduledAt: scheduledAt.toISOString(), timeZone: 'UTC' };
  return createPost(world.ctx, world.manager, { text: `Stray ${++serial}`, accounts, ...at });
}

async function due(): Promise<Post> {
  return publishPostNow(world.ctx, world.manager, (await draft()).id);
}

async function withAttempt(post: Post, state: 'prepared' | 'sent' | 'unknown'): Promise<void> {
  await world.ctx.db.publishAttempt.create({
    data: {
      publicationId: (await of(post)).id,
      number: 1,
      fence: 1,
      state,
      ...(state !== 'prepared' && { sentAt: new Date() }),
    },
  });
}

async function work(): Promise<void> {
  for (const claim of await claimDue(world.ctx, 10))
    await world.run(1, claim, { fault: 'ok', pause: null, stopping: false });
}

const live = async (post: Post) => world.platform.live((await of(post)).id).length;

describe.each(['sent', 'unknown'] as const)('one whose attempt is %s', (state) => {
  it('does not keep the others from leaving, and is left to a person', async () => {
    const stray = await due();
    await withAttempt(stray, state);
    const other = await due();
    await work();
    expect(await of(other)).toMatchObject({ status: 'published' });
    expect(await live(stray)).toBe(0);
    expect(await untilNextDueMs(world.ctx, 60_000)).toBeNull();
    await recoverAbandonedClaims(world.ctx);
    const row = await of(stray);
    expect(row).toMatchObject({ status: 'unconfirmed', errorCode: 'open-attempt', nextAttemptAt: null });
    expect(row.errorMessage).toMatch(/look at the account/i);
    expect((await world.ctx.db.post.findUniqueOrThrow({ where: { id: stray.id } })).status).toBe('unconfirmed');
    const attempt = await world.ctx.db.publishAttempt.findFirstOrThrow({ where: { publicationId: row.id } });
    expect(attempt).toMatchObject({ state: 'unknown' });
    expect(
      await world.ctx.db.auditEvent.count({ where: { entityId: row.id, action: 'publication.unconfirmed' } }),
    ).toBe(1);
  });
});

it('one whose attempt was never sent loses it, and leaves', async () => {
  const stray = await due();
  await withAttempt(stray, 'prepared');
  await recoverAbandonedClaims(world.ctx);
  await work();
  expect(await of(stray)).toMatchObject({ status: 'published' });
  expect(await live(stray)).toBe(1);
});

it('one that was prepared ahead keeps none of those that leave together from leaving', async () => {
  const soon = new Date(Date.now() + 3_600_000);
  const [stray, other] = [await draft(soon), await draft(soon)];
  for (const { id } of [stray, other]) await schedulePost(world.ctx, world.manager, id);
  const book = world.readyBook(1);
  await book.refresh(new AbortController().signal);
  await withAttempt(stray, 'sent');
  await world.pass(3_601);
  await book.refresh(new AbortController().signal);
  const ready = book.takeDue(10);
  expect(ready).toHaveLength(2);
  const recorded = await claimReady(world.ctx, ready);
  expect(recorded.map(({ claim }) => claim.publicationId)).toEqual([(await of(other)).id]);
});
