/** What reaches a worker that nobody should have sent: wrong alarms, and a clock that is wrong. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Publication } from '@prisma/client';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ALARM_QUEUE } from '../publishing/alarm.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPostNow, schedulePost } from '../publishing/schedule-post.ts';
import { ProductBench } from '../testing/product-process.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';
import { WorkerCrew } from '../testing/worker-crew.ts';
import { startWorker, type Worker } from './worker.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

let serial = 0;

/** A post that is due now. */
async function due(): Promise<{ publication: Publication; text: string }> {
  const text = `Bad input ${++serial}`;
  const { id: postId } = await createPost(bench.ctx, bench.author, { text, accounts: [bench.account.id] });
  await publishPostNow(bench.ctx, bench.author, postId);
  return { publication: await bench.ctx.db.publication.findFirstOrThrow({ where: { postId } }), text };
}

async function published({ id }: Publication): Promise<Publication> {
  return eventually(async () => {
    const row = await bench.ctx.db.publication.findUniqueOrThrow({ where: { id } });
    return row.status === 'published' ? row : undefined;
  }, 'it to be published');
}

/** Create calls that the platform has seen, refused ones included. */
async function requests(): Promise<number> {
  const answer = await fetch(new URL('/sandbox/requests?platform=linkedin', bench.environment.LINKEDIN_API_URL));
  return ((await answer.json()) as { requests: unknown[] }).requests.length;
}

describe('an alarm', () => {
  let worker: Worker;
  let lines: string[];

  beforeEach(async () => {
    lines = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    worker = await startWorker({ ...bench.ctx, log });
  });
  afterEach(() => worker.stop());

  const logged = (message: RegExp) =>
    eventually(() => lines.find((line) => message.test(line)), `the log to say ${message}`);

  it('of an older version rings like any other, and the log names its publication', async () => {
    const before = await requests();
    const { publication, text } = await due();
    for (const data of [{ publicationId: publication.id }, { publicationId: publication.id, generation: 'one' }, {}])
      await bench.ctx.boss.send(ALARM_QUEUE, data);
    const strange = await eventually(() => {
      const found = lines.filter((line) => /another version/.test(line));
      return found.length === 3 ? found : undefined;
    }, 'all to have rung');
    expect(strange.filter((line) => line.includes(publication.id))).toHaveLength(2);
    await published(publication);
    expect((await bench.ledger()).filter((entry) => entry.text === text)).toHaveLength(1);
    expect(await requests()).toBe(before + 1);
    expect(worker.problem()).toBeNull();
  });

  it('whose publication is gone does nothing, and the log names it', async () => {
    const before = await requests();
    const publicationId = randomUUID();
    await bench.ctx.boss.send(ALARM_QUEUE, { publicationId, generation: 1 });
    expect(await logged(/is gone/)).toContain(publicationId);
    expect(await requests()).toBe(before);
    const { publication } = await due();
    await published(publication);
    expect(worker.problem()).toBeNull();
  });

  it('that rings many times, before and after, publishes once', async () => {
    const before = await requests();
    const { publication, text } = await due();
    const ring = () =>
      bench.ctx.boss.send(ALARM_QUEUE, { publicationId: publication.id, generation: publication.generation });
    await Promise.all([ring(), ring(), ring()]);
    await published(publication);
    const last = await ring();
    await eventually(
      async () =>
        (await bench.ctx.boss.getJobById(ALARM_QUEUE, last ?? ''))?.state === 'completed' ? true : undefined,
      'the last alarm to have rung',
    );
    expect((await bench.ledger()).filter((entry) => entry.text === text)).toHaveLength(1);
    expect(await requests()).toBe(before + 1);
  });
});

it.each([
  ['behind', -300_000],
  ['ahead', 300_000],
])('a worker whose clock is five minutes %s publishes on time by the database’s clock, and once', async (_, shift) => {
  const before = await requests();
  const preload = `--import=${join(import.meta.dirname, '../testing/shifted-clock.ts')}`;
  const crew = new WorkerCrew({ ...bench.environment, NODE_OPTIONS: preload, CLOCK_SHIFT_MS: String(shift) }, 1);
  try {
    const posts = await Promise.all(Array.from({ length: 5 }, due));
    // Scheduling for a moment in the very near future is no verb; the rest is as the verbs left it.
    await bench.ctx.db.$executeRaw`
      UPDATE publications SET due_at = clock_timestamp() + interval '4 seconds', next_attempt_at = clock_timestamp() + interval '4 seconds'
      WHERE status = 'scheduled'`;
    await crew.fill();
    const rows = await Promise.all(posts.map(({ publication }) => published(publication)));
    for (const { dueAt, sentAt } of rows) {
      const lateMs = (sentAt?.getTime() ?? 0) - (dueAt?.getTime() ?? 0);
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(5_000);
    }
    expect(await requests()).toBe(before + posts.length);
  } finally {
    await crew.clear();
  }
});

it.each([
  ['behind', -300_000],
  ['ahead of', 300_000],
])('a server whose clock is five minutes %s the database’s tells whoever watches it', async (direction, shift) => {
  const products = new ProductBench();
  try {
    const preload = join(import.meta.dirname, '../testing/shifted-clock.ts');
    const product = products.start(
      { ...bench.environment, ROLE: 'worker', CLOCK_SHIFT_MS: String(shift) },
      { preload: `import ${JSON.stringify(pathToFileURL(preload).href)};` },
    );
    const answer = await fetch(`${await product.ready()}/readyz`);
    expect(answer.status).toBe(503);
    const { checks } = (await answer.json()) as { checks: { database: { message: string } } };
    expect(checks.database.message).toMatch(new RegExp(`clock is (299|300|301) s ${direction} the database`));
  } finally {
    await products.clear();
  }
});

it('a clock that is five minutes ahead makes no post late that leaves in time', async () => {
  const clock = { now: () => new Date(Date.now() + 300_000) };
  const { publication } = await due();
  await bench.ctx.db.publication.update({
    where: { id: publication.id },
    data: { latePolicy: 'drop', lateLimitMinutes: 2 },
  });
  const worker = await startWorker({ ...bench.ctx, clock });
  try {
    await published(publication);
  } finally {
    await worker.stop();
  }
});

it('a worker whose claims hang says so to whoever watches it, and goes on when they no longer do', async () => {
  const watched = await startWorker(bench.ctx);
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const input = { text: `Hangs ${++serial}`, accounts: [bench.account.id], scheduledAt };
  const { id } = await createPost(bench.ctx, bench.author, input);
  await schedulePost(bench.ctx, bench.author, id);
  const builder = new pg.Client({ connectionString: bench.environment.DATABASE_URL });
  await builder.connect();
  try {
    // As building an index does: nothing of this post can be written down.
    await builder.query('BEGIN; LOCK TABLE posts IN SHARE MODE');
    await bench.ctx.db
      .$executeRaw`UPDATE publications SET next_attempt_at = clock_timestamp() WHERE post_id = ${id}::uuid`;
    const told = await eventually(() => watched.problem() ?? undefined, 'the worker to tell', 60_000);
    expect(told).toMatch(/has not looked for due publications/);
  } finally {
    await builder.end();
  }
  await published(await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: id } }));
  expect(watched.problem()).toBeNull();
  await watched.stop();
}, 120_000);
