/** A stop takes no new work from its first moment, whatever it still waits for. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPost } from '../publishing/posts.ts';
import { publishPostNow } from '../publishing/schedule-post.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startWorker } from './worker.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench({ partner: true });
});
afterAll(() => bench.close());

it('a worker that waits for the renewal of a token before it stops claims nothing any more', async () => {
  const { linkedin } = bench.ctx.platforms;
  if (linkedin?.connector.refresh === undefined) throw new Error('LinkedIn renews for partners');
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const refresh: typeof linkedin.connector.refresh = async (...args) => {
    asked.resolve();
    await answer.promise;
    return linkedin.connector.refresh?.(...args) ?? Promise.reject(new Error('it was there'));
  };
  const platforms = { linkedin: { ...linkedin, connector: { ...linkedin.connector, refresh } } };
  await bench.ctx.db.$executeRaw`UPDATE account_credentials SET renew_at = now() - interval '1 minute'`;
  const worker = await startWorker({ ...bench.ctx, platforms });
  await asked.promise;
  let over = false;
  const stopping = worker.stop().finally(() => {
    over = true;
  });
  const ctx = { ...bench.ctx, wake: worker.wake };
  const post = await createPost(ctx, bench.author, { text: 'Due after the stop', accounts: [bench.account.id] });
  await publishPostNow(ctx, bench.author, post.id);
  // Longer than any of its timers here.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(over).toBe(false);
  const status = async () => (await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } })).status;
  expect(await status()).toBe('scheduled');
  answer.resolve();
  await stopping;
  expect(await status()).toBe('scheduled');

  const next = await startWorker(bench.ctx);
  try {
    await eventually(async () => ((await status()) === 'published' ? true : undefined), 'the next worker to send it');
  } finally {
    await next.stop();
  }
});
