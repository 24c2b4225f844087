import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { type Bench, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { STAGGER_SECONDS } from './backlog.ts';
import { cancelMany, resolveMany, retryMany } from './many-publications.ts';
import { createPost } from './posts.ts';

let bench: Bench;
let colleague: Actor;
beforeAll(async () => {
  bench = await openBench();
  colleague = await bench.person('author');
});
afterAll(() => bench.close());

let ids: string[];
beforeEach(async () => {
  ids = [];
  for (const text of ['one', 'two', 'three']) ids.push(await publication('unconfirmed', text));
});

async function publication(status: 'unconfirmed' | 'failed' | 'published', text: string, account = bench.account) {
  const post = await createPost(bench.ctx, bench.author, { text, accounts: [account.id] });
  const where = { postId: post.id };
  const live = status === 'published' ? { externalId: 'urn:li:share:1', acceptedAt: new Date() } : {};
  await bench.ctx.db.publication.updateMany({ where, data: { status, ...live } });
  const { id } = await bench.ctx.db.publication.findFirstOrThrow({ where });
  if (status === 'unconfirmed')
    await bench.ctx.db.publishAttempt.create({
      data: { publicationId: id, number: 1, fence: 1, state: 'unknown', sentAt: new Date() },
    });
  return id;
}

const statuses = async (of = ids) =>
  Promise.all(of.map(async (id) => (await bench.ctx.db.publication.findUniqueOrThrow({ where: { id } })).status));
const reason = 'I looked at the account';

describe('answering many unconfirmed publications', () => {
  it('decides about each, and puts each on record with the reason', async () => {
    const decided = await resolveMany(bench.ctx, bench.author, ids, { resolution: 'abandon', reason });
    expect(decided).toEqual({ done: 3, leftOut: [] });
    expect(await statuses()).toEqual(['cancelled', 'cancelled', 'cancelled']);
    const events = await bench.ctx.db.auditEvent.findMany({
      where: { action: 'publication.resolved', entityId: { in: ids } },
    });
    expect(events.map(({ entityId }) => entityId).sort()).toEqual([...ids].sort());
    for (const event of events)
      expect(event).toMatchObject({ actorId: bench.author.id, metadata: { resolution: 'abandon', reason } });
  });

  it('sends what is absent again one after another, never everything to one account at once', async () => {
    const elsewhere = await publication('unconfirmed', 'elsewhere', await bench.connect(bench.author, MEMBERS[1]));
    const before = Date.now();
    await resolveMany(bench.ctx, bench.author, [...ids, elsewhere], { resolution: 'absent', reason });
    const rows = await bench.ctx.db.publication.findMany({ where: { id: { in: [...ids, elsewhere] } } });
    const seconds = (id: string) =>
      Math.round(((rows.find((row) => row.id === id)?.nextAttemptAt?.getTime() ?? 0) - before) / 1000);
    expect(await statuses([...ids, elsewhere])).toEqual(Array(4).fill('scheduled'));
    const [first = '', second = '', third = ''] = ids;
    for (const [id, wait] of [
      [first, 0],
      [second, STAGGER_SECONDS],
      [third, 2 * STAGGER_SECONDS],
      [elsewhere, 0],
    ] as const) {
      expect(seconds(id)).toBeGreaterThanOrEqual(wait);
      expect(seconds(id)).toBeLessThanOrEqual(wait + 5);
    }
  });

  it('leaves out what is answered already and what somebody may not touch, and counts it', async () => {
    const [first = '', second = ''] = ids;
    await resolveMany(bench.ctx, bench.author, [first], { resolution: 'abandon', reason });
    const decided = await resolveMany(bench.ctx, bench.author, [...ids, 'nonsense', second], {
      resolution: 'abandon',
      reason,
    });
    expect(decided.done).toBe(2);
    expect(decided.leftOut).toMatchObject([
      { id: first, gone: false, message: expect.stringContaining('not unconfirmed') },
      { id: 'nonsense', gone: true },
    ]);
  });

  it('does nothing for somebody who may not see them', async () => {
    const decided = await resolveMany(bench.ctx, colleague, ids, { resolution: 'abandon', reason });
    expect(decided).toMatchObject({ done: 0, leftOut: [{ gone: true }, { gone: true }, { gone: true }] });
    expect(await statuses()).toEqual(['unconfirmed', 'unconfirmed', 'unconfirmed']);
  });

  it.each([
    ['without a reason', { resolution: 'absent', reason: ' ' }, 'reason'],
    ['without an answer', { resolution: '', reason }, 'resolution'],
    ['with "live", which needs a link each', { resolution: 'live', reason }, 'resolution'],
  ])('%s decides nothing and says what is missing', async (_how, input, field) => {
    await expect(resolveMany(bench.ctx, bench.author, ids, input)).rejects.toMatchObject({
      fields: { [field]: expect.any(String) },
    });
    expect(await statuses()).toEqual(['unconfirmed', 'unconfirmed', 'unconfirmed']);
  });

  it('refuses none and too many', async () => {
    const input = { resolution: 'abandon', reason };
    await expect(resolveMany(bench.ctx, bench.author, [], input)).rejects.toThrow('at least one');
    const many = Array.from({ length: 201 }, (_, index) => `id-${index}`);
    await expect(resolveMany(bench.ctx, bench.author, many, input)).rejects.toThrow('At most 200');
  });
});

it('sending many again and giving many up leaves out what is published or unconfirmed', async () => {
  const [unconfirmed = ''] = ids;
  const published = await publication('published', 'live');
  const failed = [await publication('failed', 'f1'), await publication('failed', 'f2')];
  const all = [unconfirmed, published, ...failed];
  expect(await retryMany(bench.ctx, bench.author, all)).toMatchObject({ done: 2, leftOut: [{}, {}] });
  expect(await statuses(all)).toEqual(['unconfirmed', 'published', 'scheduled', 'scheduled']);
  expect(await cancelMany(bench.ctx, bench.author, all)).toMatchObject({ done: 2, leftOut: [{}, {}] });
  expect(await statuses(all)).toEqual(['unconfirmed', 'published', 'cancelled', 'cancelled']);
});
