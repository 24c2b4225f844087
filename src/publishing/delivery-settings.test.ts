import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { approvePost } from './approve-post.ts';
import type { DeliveryInput } from './delivery-settings.ts';
import { createPost, duplicatePost, editPost } from './posts.ts';
import { schedulePost } from './schedule-post.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
const write = (input: Parameters<typeof createPost>[2]) =>
  createPost(bench.ctx, bench.author, { text: 'Hello', accounts: [bench.account.id], ...input });
const settings = (postId: string) =>
  bench.ctx.db.publication.findMany({
    where: { postId },
    orderBy: { id: 'asc' },
    select: { latePolicy: true, lateLimitMinutes: true, retryBaseSeconds: true, maxAttempts: true },
  });
const USUAL = { latePolicy: null, lateLimitMinutes: null, retryBaseSeconds: 300, maxAttempts: 5 };
const CHOSEN = { latePolicy: 'hold', lateLimitMinutes: 15, retryBaseSeconds: 60, maxAttempts: 3 } as const;
const chosen = { latePolicy: 'hold', lateLimitMinutes: '15', retryBaseSeconds: '60', maxAttempts: '3' };

describe('the delivery of a post', () => {
  it('is the team’s and the usual one when nobody chose otherwise', async () => {
    expect(await settings((await write({})).id)).toEqual([USUAL]);
  });

  it('is kept for every account it goes to, also for one that is added later', async () => {
    const second = await bench.connect(bench.author, MEMBERS[1]);
    const third = await bench.connect(bench.author, MEMBERS[2]);
    const post = await write({ ...chosen, accounts: [bench.account.id, second.id] });
    expect(await settings(post.id)).toEqual([CHOSEN, CHOSEN]);
    await editPost(bench.ctx, bench.author, post.id, { accounts: [bench.account.id, second.id, third.id] });
    expect(await settings(post.id)).toEqual([CHOSEN, CHOSEN, CHOSEN]);
  });

  it('can be changed while the post is scheduled, and goes back with an empty choice', async () => {
    const post = await write({ scheduledAt: tomorrow() });
    await schedulePost(bench.ctx, bench.author, post.id);
    await editPost(bench.ctx, bench.author, post.id, chosen);
    expect(await settings(post.id)).toEqual([CHOSEN]);
    await editPost(bench.ctx, bench.author, post.id, { text: 'Only the text' });
    expect(await settings(post.id)).toEqual([CHOSEN]);
    const edited = await editPost(bench.ctx, bench.author, post.id, {
      latePolicy: '',
      lateLimitMinutes: null,
      retryBaseSeconds: '',
      maxAttempts: '',
    });
    expect(await settings(post.id)).toEqual([USUAL]);
    expect(edited.status).toBe('scheduled');
    const events = await bench.ctx.db.auditEvent.findMany({
      where: { entityId: post.id, action: 'post.edited' },
      orderBy: { id: 'asc' },
    });
    expect(events.map(({ metadata }) => (metadata as { changed: string[] }).changed)).toEqual([
      ['delivery'],
      ['text'],
      ['delivery'],
    ]);
    expect(events[0]?.metadata).toMatchObject({ latePolicy: 'hold', maxAttempts: 3 });
  });

  it('comes along when the post is duplicated', async () => {
    const copy = await duplicatePost(bench.ctx, bench.author, (await write(chosen)).id);
    expect(await settings(copy.id)).toEqual([CHOSEN]);
  });

  it('is what somebody approved where it says how late, and is not where it says how often', async () => {
    const approver = await bench.person('approver');
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: true } });
    try {
      const post = await write({ scheduledAt: tomorrow() });
      await schedulePost(bench.ctx, bench.author, post.id);
      await approvePost(bench.ctx, approver, post.id);
      const edit = async (input: DeliveryInput) => (await editPost(bench.ctx, bench.author, post.id, input)).status;
      expect(await edit({ retryBaseSeconds: '60', maxAttempts: '3' })).toBe('scheduled');
      expect(await edit({ lateLimitMinutes: '10080' })).toBe('awaiting_approval');
    } finally {
      await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: false } });
    }
  });

  it.each([
    ['latePolicy', 'whenever'],
    ['lateLimitMinutes', '-1'],
    ['lateLimitMinutes', '1.5'],
    ['lateLimitMinutes', '10081'],
    ['lateLimitMinutes', 'soon'],
    ['retryBaseSeconds', '0'],
    ['retryBaseSeconds', '14401'],
    ['maxAttempts', '0'],
    ['maxAttempts', '21'],
    ['maxAttempts', '99999999999999999999'],
  ])('with %s = %s is refused at the field, and nothing is saved', async (field, value) => {
    const before = await bench.ctx.db.post.count();
    await expect(write({ [field]: value })).rejects.toMatchObject({
      name: 'Refusal',
      fields: { [field]: expect.stringMatching(/^[A-Z].+\.$/) },
    });
    expect(await bench.ctx.db.post.count()).toBe(before);
  });

  it('needs an account to be kept with, and says so instead of forgetting it', async () => {
    await expect(write({ accounts: [], maxAttempts: '3' })).rejects.toMatchObject({
      fields: { maxAttempts: expect.stringContaining('Choose an account first') },
    });
    expect(await write({ accounts: [], latePolicy: '', maxAttempts: '' })).toMatchObject({ status: 'draft' });
  });
});
