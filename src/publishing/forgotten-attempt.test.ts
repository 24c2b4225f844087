/** A worker has an answer in hand while the database is rolled back to a copy that knows nothing of its attempt. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Publication } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../testing/ledger-platform.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { createPost } from './posts.ts';
import { readEvidence } from './read-evidence.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
let publication: Publication;
beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  const accounts = [world.accounts.blind.id];
  const post = await createPost(world.ctx, world.manager, { text: 'Sent before the copy came back', accounts });
  await publishPostNow(world.ctx, world.manager, post.id);
  publication = await bench.db.publication.findFirstOrThrow({ where: { postId: post.id } });
});

async function pausedWithAnswer(fault: Fault) {
  const [claim] = await claimDue(world.ctx, 1);
  if (claim === undefined) throw new Error('it is due');
  await world.run(1, claim, { fault, pause: 'answered', stopping: false });
}

/** The copy knows of neither claim nor attempt. */
async function rollBack(data: Partial<Pick<Publication, 'status' | 'errorCode' | 'nextAttemptAt'>>) {
  await bench.db.publishAttempt.deleteMany({ where: { publicationId: publication.id } });
  const { id } = publication;
  await bench.db.publication.update({ where: { id }, data: { fence: 0, sentAt: null, leaseUntil: null, ...data } });
}

async function expectSaved() {
  const saved = world.paused[0]?.resume().then(() => 'saved');
  expect(await Promise.race([saved, delay(5_000, 'still trying')])).toBe('saved');
}

const row = () => bench.db.publication.findUniqueOrThrow({ where: { id: publication.id } });
const attempts = () =>
  bench.db.publishAttempt.findMany({ where: { publicationId: publication.id }, orderBy: { number: 'asc' } });

describe('an answer to an attempt that the database has forgotten', () => {
  it('is kept with its evidence when the guard has held the publication', async () => {
    await pausedWithAnswer('ok');
    await rollBack({ status: 'held', errorCode: 'restored', nextAttemptAt: null });
    await expectSaved();
    const [live] = world.platform.live(publication.id);
    const externalId = live?.externalId ?? '';
    expect(await row()).toMatchObject({ status: 'published', externalId, sentAt: expect.any(Date) });
    expect(await attempts()).toMatchObject([{ number: 1, state: 'acked', externalId, fence: 1 }]);
    expect(await readEvidence(bench.db, publication.id)).toMatchObject({
      intact: true,
      document: { text: 'Sent before the copy came back', externalId, sentAt: (await row()).sentAt?.toISOString() },
    });
  });

  it('is kept when another worker has claimed it by the same count, which then sends nothing', async () => {
    await pausedWithAnswer('ok');
    await rollBack({ status: 'scheduled', nextAttemptAt: new Date() });
    const [second] = await claimDue(world.ctx, 1);
    if (second === undefined) throw new Error('it is due');
    await expectSaved();
    await world.run(2, second, { fault: 'ok', pause: null, stopping: false });
    expect(world.platform.live(publication.id)).toHaveLength(1);
    expect(await row()).toMatchObject({ status: 'published' });
    expect(await attempts()).toMatchObject([{ state: 'acked' }]);
  });

  it.each(['500 before', '429'] as const)('leaves what others do alone when it was %s', async (fault) => {
    await pausedWithAnswer(fault);
    await rollBack({ status: 'scheduled', nextAttemptAt: new Date() });
    const [second] = await claimDue(world.ctx, 1);
    if (second === undefined) throw new Error('it is due');
    await expectSaved();
    expect(await row()).toMatchObject({ status: 'publishing', fence: second.fence });
    expect(await attempts()).toMatchObject([{ id: second.attemptId, state: 'prepared' }]);
  });
});
