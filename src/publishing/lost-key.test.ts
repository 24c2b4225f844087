/** The key that opens the tokens is missing, or is another one of the same name: posts wait, and go on when it is back. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unreadableAccounts } from '../accounts/readable-tokens.ts';
import { rotateTokenKeys } from '../accounts/rotate-token-keys.ts';
import { createTokenCipher } from '../accounts/token-cipher.ts';
import type { AppContext } from '../context.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const withKey = (id: string): AppContext => ({
  ...bench.ctx,
  tokenCipher: createTokenCipher([{ id, key: randomBytes(32) }]),
});

async function work(ctx: AppContext): Promise<void> {
  for (const claim of await claimDue(ctx, 10)) await publishPublication(ctx, claim, new AbortController().signal);
}

describe.each([
  ['is missing', 'other'],
  ['has other bytes under the same name', 'k1'],
])('a key that %s', (_, id) => {
  it('is noticed before a post falls due, and rotating does not call it fine', async () => {
    expect(await unreadableAccounts(bench.ctx)).toEqual([]);
    expect(await unreadableAccounts(withKey(id))).toEqual([bench.account.id]);
    expect(await rotateTokenKeys(withKey(id), { batchSize: 10 })).toMatchObject({ unreadable: [bench.account.id] });
  });

  it('holds the post, which goes on by itself when the key is back', async () => {
    const post = await createPost(bench.ctx, bench.author, { text: `With ${id}`, accounts: [bench.account.id] });
    const row = () => bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
    await publishPostNow(bench.ctx, bench.author, post.id);
    await work(withKey(id));
    expect(await row()).toMatchObject({ status: 'held', errorCode: 'token-unreadable' });
    await releaseGroundlessHolds(withKey(id));
    expect((await row()).status).toBe('held');

    await releaseGroundlessHolds(bench.ctx);
    // A few seconds after what has left to this account.
    await eventually(async () => {
      await work(bench.ctx);
      return (await row()).status === 'published' ? true : undefined;
    }, 'it to go on');
  });
});
