/** A machine that slept: its monotonic clock stood still meanwhile, and everything that fell due is there at once. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createPost } from '../publishing/posts.ts';
import { schedulePost } from '../publishing/schedule-post.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from './worker.ts';

const wall = Date.now;
let bench: Bench;
let worker: Worker;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(async () => {
  Date.now = wall;
  await worker.stop();
});
afterAll(() => bench.close());

it('what fell due while the machine slept leaves one after another', async () => {
  worker = await startWorker({ ...bench.ctx, timings: { ...bench.ctx.timings, sweepMs: 60_000 } });
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  for (let n = 0; n < 5; n++) {
    const post = await createPost(bench.ctx, bench.author, {
      text: `Slept ${n}`,
      accounts: [bench.account.id],
      scheduledAt,
    });
    await schedulePost(bench.ctx, bench.author, post.id);
  }
  Date.now = () => wall() + 42_000;
  await bench.ctx.db.$executeRaw`
    UPDATE publications SET due_at = clock_timestamp() - interval '40 seconds', next_attempt_at = clock_timestamp() - interval '40 seconds'`;
  worker.wake();
  const published = () => bench.ctx.db.publication.count({ where: { status: 'published' } });
  await eventually(async () => ((await published()) === 1 ? true : undefined), 'the first to leave');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await published()).toBe(1);
  expect(await bench.ctx.db.publication.count({ where: { status: 'scheduled' } })).toBe(4);
});
