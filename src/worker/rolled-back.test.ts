/**
 * The cluster is rolled back to a copy of itself, on the same address, while workers live: neither the system identifier nor
 * the timeline tells, but each worker knows better than the database when it last wrote its heartbeat.
 */
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectDatabase } from '../database/client.ts';
import { migrate } from '../database/migrate.ts';
import { createPost } from '../publishing/posts.ts';
import { schedulePost } from '../publishing/schedule-post.ts';
import { type PromotableCluster, promotableCluster } from '../testing/promotable-cluster.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from './worker.ts';

const HELD = { status: 'held', errorCode: 'restored', externalId: null } as const;

let cluster: PromotableCluster;
let bench: Bench;
let workers: Worker[];
/** Publications, once for each request that left. */
let requested: string[];

beforeAll(async () => {
  cluster = await promotableCluster();
  await migrate(cluster.url, pino({ level: 'silent' }));
  const db = await connectDatabase(cluster.url);
  const onStep = (step: string, id: string) => {
    if (step === 'flushed') requested.push(id);
  };
  bench = await openBench({ onStep, database: { url: cluster.url, db, close: () => db.$disconnect() } });
}, 60_000);
afterAll(async () => {
  await bench?.close();
  await cluster.close();
});
beforeEach(async () => {
  workers = [];
  requested = [];
  await release();
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
});

const release = () => bench.ctx.db.hold.updateMany({ where: { releasedAt: null }, data: { releasedAt: new Date() } });
const row = (id: string) => bench.ctx.db.publication.findUniqueOrThrow({ where: { id } });
const sweeps = (count: number) => new Promise((resolve) => setTimeout(resolve, count * bench.ctx.timings.sweepMs));

/** A publication that falls due by the database's clock in so many seconds. */
async function dueIn(seconds: number): Promise<string> {
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const text = `Before the copy ${crypto.randomUUID()}`;
  const post = await createPost(bench.ctx, bench.author, { text, accounts: [bench.account.id], scheduledAt });
  await schedulePost(bench.ctx, bench.author, post.id);
  const { id } = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
  await bench.ctx.db.$executeRaw`
    WITH soon AS (SELECT clock_timestamp() + ${seconds} * interval '1 second' AS at)
    UPDATE publications SET due_at = soon.at, next_attempt_at = soon.at FROM soon WHERE id = ${id}::uuid`;
  return id;
}

const published = (id: string) =>
  eventually(
    async () => ((await row(id).catch(() => null))?.status === 'published' ? true : undefined),
    'it to be published',
    30_000,
  );

it.each([1, 2])(
  'with %i of them, nothing that was sent since the copy is sent again, and everything is put on hold once',
  async (count) => {
    for (let n = 0; n < count; n++) workers.push(await startWorker(bench.ctx));
    const some = [await dueIn(4), await dueIn(4), await dueIn(4)];
    await sweeps(2);
    await cluster.copy();
    for (const id of some) await published(id);
    await sweeps(2);
    expect(requested.toSorted()).toEqual(some.toSorted());

    await cluster.putBack();
    await eventually(
      async () =>
        (await bench.ctx.db.publication.count({ where: { ...HELD, id: { in: some } } }).catch(() => 0)) === 3
          ? true
          : undefined,
      'all of them to be held',
      20_000,
    );
    await sweeps(10);
    const holds = await bench.ctx.db.hold.findMany({ where: { releasedAt: null } });
    expect(holds).toMatchObject([{ scope: 'everything', reason: expect.stringContaining('restored') }]);

    // The superuser has looked: what falls due from now on leaves, what may be out goes on waiting.
    await release();
    const later = await dueIn(1);
    await published(later);
    for (const id of some) expect(await row(id)).toMatchObject(HELD);
    expect(requested.toSorted()).toEqual([...some, later].toSorted());
    for (const worker of workers) expect(worker.problem()).toBeNull();
  },
  90_000,
);

it('a copy that is older than the worker itself is noticed, too', async () => {
  const id = await dueIn(5);
  await cluster.copy();
  workers.push(await startWorker(bench.ctx));
  await published(id);
  await cluster.putBack();
  await eventually(
    async () => ((await row(id).catch(() => null))?.errorCode === 'restored' ? true : undefined),
    'it to be held',
    20_000,
  );
  expect(requested).toEqual([id]);
}, 90_000);
