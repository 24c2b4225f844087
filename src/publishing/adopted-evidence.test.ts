/** A refused duplicate shows that an earlier attempt made the post. What is live is what that one sent, not what this one did. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../testing/ledger-platform.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { lookUpUnconfirmed } from './look-up.ts';
import { createPost, editPost } from './posts.ts';
import { readEvidence } from './read-evidence.ts';
import { resolvePublication } from './resolve-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
});
afterAll(() => bench.close());

async function work(fault: Fault) {
  for (const claim of await claimDue(world.ctx, 10)) await world.run(1, claim, { fault, pause: null, stopping: false });
}

/** Live by its first attempt, with a wrong link; a person did not see it, put the link right, and it was refused as a duplicate. */
async function refusedAsDuplicate(fault: 'duplicate' | 'duplicate without id', account: { id: string }) {
  const post = await createPost(world.ctx, world.manager, {
    text: 'Read this',
    linkUrl: 'https://example.com/wrong',
    accounts: [account.id],
  });
  await publishPostNow(world.ctx, world.manager, post.id);
  const publication = () => world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
  await work('500 after');
  const { id } = await publication();
  await world.pass(600);
  await resolvePublication(world.ctx, world.manager, id, { resolution: 'absent', reason: 'not seen' });
  const later = new Date(Date.now() + 60_000).toISOString();
  await editPost(world.ctx, world.manager, post.id, { linkUrl: 'https://example.com/right', scheduledAt: later });
  await world.pass(61);
  await work(fault);
  return { id, publication };
}

async function expectTheFirstOnRecord(id: string, confirmedBy: string) {
  const { sentAt, attempts } = await world.ctx.db.publication.findUniqueOrThrow({
    where: { id },
    include: { attempts: { orderBy: { number: 'asc' } } },
  });
  const [first, second] = attempts;
  expect(await readEvidence(world.ctx.db, id)).toMatchObject({
    intact: true,
    attemptNumber: 1,
    document: { linkUrl: 'https://example.com/wrong', sentAt: first?.sentAt?.toISOString(), confirmedBy },
  });
  expect(first).toMatchObject({ state: 'present' });
  expect(second).toMatchObject({ state: 'rejected', externalId: null });
  expect(sentAt).toEqual(first?.sentAt);
}

describe('the evidence of a post that was refused as a duplicate of itself', () => {
  it('says what the live post was made from when the platform names it', async () => {
    const { id, publication } = await refusedAsDuplicate('duplicate', world.accounts.blind);
    expect(await publication()).toMatchObject({ status: 'published' });
    await expectTheFirstOnRecord(id, 'a refused duplicate');
  });

  it('says so when a look-up finds it', async () => {
    const { id, publication } = await refusedAsDuplicate('duplicate without id', world.accounts.readable);
    expect(await publication()).toMatchObject({ status: 'unconfirmed' });
    await world.pass(700);
    const ctx = { ...world.ctx, platforms: world.platform.reader('true') };
    await lookUpUnconfirmed(ctx, new AbortController().signal);
    expect(await publication()).toMatchObject({ status: 'published' });
    await expectTheFirstOnRecord(id, 'a look-up');
  });

  it('says so when a person finds it', async () => {
    const { id } = await refusedAsDuplicate('duplicate without id', world.accounts.readable);
    const permalink = 'https://www.facebook.com/1027/posts/1';
    await resolvePublication(world.ctx, world.manager, id, { resolution: 'live', reason: 'I see it', permalink });
    await expectTheFirstOnRecord(id, 'a person');
  });
});
