/** What is LinkedIn's own, through the whole pipeline and against the sandbox, by each of its two ways to post. */
import type { Publication, PublicationStatus } from '@prisma/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, eventually, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from '../worker/worker.ts';
import { createPost } from './posts.ts';
import { resolvePublication } from './resolve-publication.ts';
import { retryPublication } from './retry-publication.ts';
import { publishPostNow } from './schedule-post.ts';

describe.each(['posts', 'ugcPosts'] as const)('by %s', (postsApi) => {
  let bench: Bench;
  let worker: Worker;

  beforeAll(async () => {
    bench = await openBench({ postsApi });
    worker = await startWorker(bench.ctx);
    bench.ctx.wake = worker.wake;
  });
  afterAll(async () => {
    await worker.stop();
    await bench.close();
  });

  async function publishNow(text: string, account = bench.account) {
    const post = await createPost(bench.ctx, bench.author, { text, accounts: [account.id] });
    await publishPostNow(bench.ctx, bench.author, post.id);
    return post.id;
  }

  async function reaches(postId: string, ...wanted: PublicationStatus[]): Promise<Publication> {
    const now = () => bench.ctx.db.publication.findFirstOrThrow({ where: { postId } });
    return eventually(
      async () => {
        const publication = await now();
        return wanted.includes(publication.status) ? publication : undefined;
      },
      `${wanted.join(' or ')} (is ${(await now()).status})`,
    );
  }

  it('a post arrives once, as typed', async () => {
    const text = 'C# (50% off) [now] a_b *c* #launch';
    const published = await reaches(await publishNow(text), 'published');
    expect(await bench.ledger()).toMatchObject([
      { text, id: published.externalId, endpoint: postsApi === 'posts' ? 'POST /rest/posts' : 'POST /v2/ugcPosts' },
    ]);
  });

  it('a duplicate names the post that an attempt of ours made, and that is adopted', async () => {
    await bench.fault('500 after', 1);
    const postId = await publishNow('Made although nobody said so');
    const unconfirmed = await reaches(postId, 'unconfirmed');
    await resolvePublication(bench.ctx, bench.author, unconfirmed.id, { resolution: 'absent', reason: 'not seen' });
    const published = await reaches(postId, 'published', 'failed');
    const live = (await bench.ledger()).filter(({ text }) => text === 'Made although nobody said so');
    expect(live).toHaveLength(1);
    expect(published).toMatchObject({ status: 'published', externalId: live[0]?.id });
  });

  it('a duplicate that is not ours is not adopted', async () => {
    await reaches(await publishNow('Said before'), 'published');
    const again = await reaches(await publishNow('Said before'), 'published', 'failed');
    expect(again).toMatchObject({ status: 'failed', errorCode: 'DUPLICATE_POST', externalId: null });
  });

  it('a token that LinkedIn does not know yet costs a moment, not the account', async () => {
    const account = await bench.connect(bench.author, MEMBERS[2]);
    await bench.fault('revoked', 1, account);
    const postId = await publishNow('Right after connecting', account);
    const waiting = await reaches(postId, 'retrying', 'held');
    expect(waiting).toMatchObject({ status: 'retrying', errorCode: 'REVOKED_ACCESS_TOKEN', attemptCount: 0 });
    expect(await bench.ctx.db.connectedAccount.findUniqueOrThrow({ where: { id: account.id } })).toMatchObject({
      status: 'active',
    });
    await retryPublication(bench.ctx, bench.author, waiting.id);
    await reaches(postId, 'published');
  });

  it('a token that was renewed a moment ago, of an account that has long worked, costs a moment as well', async () => {
    const account = await bench.connect(bench.author, MEMBERS[1]);
    const before = new Date(Date.now() - 3_600_000);
    await bench.ctx.db.connectedAccount.update({
      where: { id: account.id },
      data: { connectedAt: before, lastUsedAt: before },
    });
    await bench.fault('revoked', 1, account);
    const waiting = await reaches(await publishNow('Right after renewing', account), 'retrying', 'held');
    expect(waiting).toMatchObject({ status: 'retrying', errorCode: 'REVOKED_ACCESS_TOKEN', attemptCount: 0 });
    const { status } = await bench.ctx.db.connectedAccount.findUniqueOrThrow({ where: { id: account.id } });
    expect(status).toBe('active');
  });

  it('a token that has worked and is revoked then is dead at once, however new', async () => {
    const account = await bench.connect(bench.author, MEMBERS[3]);
    await reaches(await publishNow('It works', account), 'published');
    await bench.fault('revoked', 1, account);
    expect(await reaches(await publishNow('And then no more', account), 'retrying', 'held')).toMatchObject({
      status: 'held',
    });
  });
});
