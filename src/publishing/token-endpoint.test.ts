/** A platform that does not renew a token for a reason that is not the post's: nothing is used up, and nothing fails. */
import type { ConnectedAccount, Publication } from '@prisma/client';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { type AllPlatforms, allPlatforms } from '../testing/all-platforms.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: Bench;
let all: AllPlatforms;
let ctx: AppContext;
let manager: Actor;
let account: ConnectedAccount;

beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
  all = allPlatforms(bench);
  ctx = all.ctx;
});
afterAll(() => bench.close());
afterEach(async () => {
  all.instead = null;
  await all.reset();
  await ctx.db.accountRest.deleteMany();
});

function refuse(status: number, body: object, headers: Record<string, string> = {}): void {
  all.instead = {
    path: /oauth2\/token/,
    answer: { kind: 'answer', status, headers, body: JSON.stringify(body), bodyComplete: true },
  };
}

async function sent(refused: () => void): Promise<() => Promise<Publication>> {
  account = await all.connect(manager, 'x');
  refused();
  await ctx.db.connectedAccount.update({ where: { id: account.id }, data: { tokenExpiresAt: new Date(0) } });
  const post = await createPost(ctx, manager, { text: `Waits ${crypto.randomUUID()}`, accounts: [account.id] });
  await publishPostNow(ctx, manager, post.id);
  await work();
  return () => ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}

async function work(): Promise<void> {
  for (const claim of await claimDue(ctx, 10)) await publishPublication(ctx, claim, new AbortController().signal);
}

it('a limit there is waited for, and costs no attempt', async () => {
  const reset = Math.floor(Date.now() / 1000) + 600;
  const headers = { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(reset) };
  const row = await sent(() => refuse(429, { title: 'Too Many Requests' }, headers));
  expect(await row()).toMatchObject({ status: 'retrying', attemptCount: 0, errorCode: 'rate-limited' });
  expect(Math.abs(((await row()).nextAttemptAt?.getTime() ?? 0) - reset * 1000)).toBeLessThan(3_000);
});

it.each([
  [401, { error: 'unauthorized_client', error_description: 'Missing valid authorization header' }],
  [400, { error: 'invalid_client' }],
])(
  'credentials that are wrong (%i %j) hold the post, say so to the operator, and it goes on when they are right',
  async (status, body) => {
    const row = await sent(() => refuse(status, body));
    expect(await row()).toMatchObject({
      status: 'held',
      attemptCount: 0,
      errorCode: 'app-refused',
      errorMessage: expect.stringMatching(/operator has to check X_CLIENT_ID.*goes on by itself/),
    });
    expect((await ctx.db.connectedAccount.findUniqueOrThrow({ where: { id: account.id } })).status).toBe('active');
    await releaseGroundlessHolds(ctx);
    expect((await row()).status).toBe('held');

    all.instead = null;
    const { id } = await row();
    await ctx.db
      .$executeRaw`UPDATE publications SET updated_at = clock_timestamp() - interval '6 minutes' WHERE id = ${id}::uuid`;
    await releaseGroundlessHolds(ctx);
    // A few seconds after what has left to this account.
    await eventually(async () => {
      await work();
      return (await row()).status === 'published' ? true : undefined;
    }, 'it to go on');
  },
);
