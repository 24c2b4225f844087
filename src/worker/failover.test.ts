/** A standby is promoted in the place of the database, as fast as it can be: the worker may not even notice that it was away. */
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectDatabase } from '../database/client.ts';
import { migrate } from '../database/migrate.ts';
import { claimDue } from '../publishing/claim.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPostNow } from '../publishing/schedule-post.ts';
import { type PromotableCluster, promotableCluster } from '../testing/promotable-cluster.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { startWorker, type Worker } from './worker.ts';

let cluster: PromotableCluster;
let bench: Bench;
let worker: Worker;

beforeAll(async () => {
  cluster = await promotableCluster();
  await migrate(cluster.url, pino({ level: 'silent' }));
  const db = await connectDatabase(cluster.url);
  bench = await openBench({ database: { url: cluster.url, db, close: () => db.$disconnect() } });
}, 60_000);
afterAll(async () => {
  await bench?.close();
  await cluster.close();
});

it.each([1, 2, 3])(
  'promotion %i is noticed, whatever the worker did at that moment, and nothing leaves',
  async () => {
    worker = await startWorker(bench.ctx);
    try {
      await cluster.fail();
      const hold = await eventually(
        () =>
          bench.ctx.db.hold.findFirst({ where: { scope: 'everything', releasedAt: null } }).then(
            (one) => one ?? undefined,
            () => undefined,
          ),
        'everything to be put on hold',
        20_000,
      );
      expect(hold.reason).toContain('restored');
      const { timeline } = await bench.ctx.db.databaseIdentity.findUniqueOrThrow({ where: { id: 1 } });
      const [now] = await bench.ctx.db.$queryRaw<{ timeline: number }[]>`SELECT current_timeline() AS timeline`;
      expect(timeline).toBe(now?.timeline);
    } finally {
      await worker.stop();
      await bench.ctx.db.hold.updateMany({ data: { releasedAt: new Date() } });
    }
  },
  60_000,
);

it('nothing is claimed from a promoted database before a worker has seen to it', async () => {
  const post = await createPost(bench.ctx, bench.author, { text: 'Over the failover', accounts: [bench.account.id] });
  await publishPostNow(bench.ctx, bench.author, post.id);
  await cluster.fail();
  const claims = await eventually(() => claimDue(bench.ctx, 10).catch(() => undefined), 'the database to be back');
  expect(claims).toEqual([]);
  expect(await bench.ledger()).toEqual([]);
}, 60_000);
