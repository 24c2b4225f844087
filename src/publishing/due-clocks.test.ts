/** When something leaves that a person sends off at once, if the clock of the web process is wrong. */
import type { Post, Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { resolveMany, retryMany } from './many-publications.ts';
import { createPost, editPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
import { retryPublication } from './retry-publication.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'drop', resendWhenAbsent: false });
  await world.ctx.db.team.update({ where: { id: world.teamId }, data: { lateLimitMinutes: 2 } });
});
afterAll(() => bench.close());

let serial = 0;

const of = (post: Post): Promise<Publication> =>
  world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });

async function work(fault: 'ok' | 'rejected' | '500 before'): Promise<void> {
  for (const claim of await claimDue(world.ctx, 10)) await world.run(1, claim, { fault, pause: null, stopping: false });
}

async function draft(scheduledAt?: string): Promise<Post> {
  const accounts = [world.accounts.blind.id];
  const text = `Due ${++serial}`;
  return createPost(world.ctx, world.manager, { text, accounts, ...(scheduledAt && { scheduledAt, timeZone: 'UTC' }) });
}

describe.each([-300_000, 300_000])('with a web process whose clock is %i ms ahead', (shift) => {
  const web = (): AppContext => ({ ...world.ctx, clock: { now: () => new Date(Date.now() + shift) } });

  async function leavesNow(post: Post): Promise<void> {
    const row = await of(post);
    expect(Math.abs((row.dueAt?.getTime() ?? 0) - Date.now())).toBeLessThan(20_000);
    await work('ok');
    expect(await of(post)).toMatchObject({ status: 'published' });
  }

  it('a post that is published now leaves now, in time', async () => {
    const post = await draft();
    await publishPostNow(web(), world.manager, post.id);
    const { scheduledAt } = await world.ctx.db.post.findUniqueOrThrow({ where: { id: post.id } });
    expect(Math.abs((scheduledAt?.getTime() ?? 0) - Date.now())).toBeLessThan(20_000);
    await leavesNow(post);
  });

  it('a failed one that is sent again leaves now, in time', async () => {
    const post = await draft();
    await publishPostNow(world.ctx, world.manager, post.id);
    await work('rejected');
    await retryPublication(web(), world.manager, (await of(post)).id);
    await leavesNow(post);
  });

  it('one that is not there leaves now, in time', async () => {
    const post = await draft();
    await publishPostNow(world.ctx, world.manager, post.id);
    await work('500 before');
    const { id } = await of(post);
    await resolvePublication(web(), world.manager, id, { resolution: 'absent', reason: 'looked' });
    await leavesNow(post);
  });

  it('many that are sent again, or are not there, leave now, in time', async () => {
    const failed = await draft();
    await publishPostNow(world.ctx, world.manager, failed.id);
    await work('rejected');
    await retryMany(web(), world.manager, [(await of(failed)).id]);
    await leavesNow(failed);
    const absent = await draft();
    await publishPostNow(world.ctx, world.manager, absent.id);
    await work('500 before');
    await resolveMany(web(), world.manager, [(await of(absent)).id], { resolution: 'absent', reason: 'looked' });
    await leavesNow(absent);
  });

  it('an account that is added to a post whose time is over leaves now', async () => {
    const post = await draft(new Date(Date.now() + 3_600_000).toISOString());
    await schedulePost(world.ctx, world.manager, post.id);
    await world.pass(3_700);
    const accounts = [world.accounts.blind.id, world.accounts.readable.id];
    await editPost(web(), world.manager, post.id, { accounts });
    const added = await world.ctx.db.publication.findFirstOrThrow({
      where: { postId: post.id, accountId: world.accounts.readable.id },
    });
    expect(Math.abs((added.dueAt?.getTime() ?? 0) - Date.now())).toBeLessThan(20_000);
  });
});
