/**
 * The database lives but cannot do what is asked of it, just while the platform's answer is on its way: no connection is
 * left, or its disk is full. The process says so, keeps the answer, and saves it when it can.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Publication } from '@prisma/client';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { connectDatabase } from '../database/client.ts';
import { startEmbeddedPostgres } from '../database/embedded-postgres.ts';
import { migrate } from '../database/migrate.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPostNow } from '../publishing/schedule-post.ts';
import { limitedRole } from '../testing/limited-role.ts';
import { ProductBench, type ProductProcess } from '../testing/product-process.ts';
import { type Bench, eventually, openBench } from '../testing/publishing-bench.ts';

const TEXT = 'Answered while the database could not listen';
const products = new ProductBench();
const closing: (() => Promise<unknown>)[] = [() => products.clear()];
afterEach(async () => {
  for (const close of closing.splice(1).reverse()) await close();
  await products.clear();
});

describe('while no connection is left', () => {
  it('the answer is kept and the trouble told; then it is saved, and nothing was sent twice', async () => {
    const bench = await openBench();
    closing.push(() => bench.close());
    const role = await limitedRole(bench.environment.DATABASE_URL ?? '');
    closing.push(async () => {
      await products.clear();
      await role.drop();
    });
    const { product, address, publication } = await inFlight(bench, role.url);

    await role.exhaust();
    await eventually(async () => ((await readiness(address)) === 503 ? true : undefined), 'the worker to tell');
    await product.printed(new RegExp(`${publication.id}.*could not be saved; trying again`));

    await role.relax();
    await savedOnce(bench, publication, address);
  });
});

const noMount = whyNoMount();
describe.skipIf(noMount !== null)(`while the disk is full${noMount === null ? '' : ` (skipped: ${noMount})`}`, () => {
  it('the answer is kept and the trouble told; then it is saved, and nothing was sent twice', async () => {
    const disk = await smallDisk();
    const log = pino({ level: 'silent' });
    const postgres = await startEmbeddedPostgres({ dataDir: disk, log, durable: false });
    closing.push(() => postgres.stop());
    await migrate(postgres.url, log);
    const db = await connectDatabase(postgres.url);
    const bench = await openBench({ database: { url: postgres.url, db, close: () => db.$disconnect() } });
    closing.push(() => bench.close());
    const { product, address, publication } = await inFlight(bench, postgres.url);

    const ballast = join(disk, 'ballast');
    await fill(ballast);
    await useUpLog(postgres.url);
    await eventually(async () => ((await readiness(address)) === 503 ? true : undefined), 'the worker to tell');
    await product.printed(new RegExp(`${publication.id}.*could not be saved; trying again`));

    await rm(ballast);
    await savedOnce(bench, publication, address);
  });
});

/** A worker that has sent the post and will have its answer in a moment. */
async function inFlight(
  bench: Bench,
  databaseUrl: string,
): Promise<{ product: ProductProcess; address: string; publication: Publication }> {
  const product = products.start({ ...bench.environment, DATABASE_URL: databaseUrl, ROLE: 'worker' });
  const address = await product.ready();
  const body = { platform: 'linkedin', account: `urn:li:person:${bench.account.externalId}`, fault: 'slow' };
  await fetch(new URL('/sandbox/faults', bench.environment.LINKEDIN_API_URL), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, times: 1, delayMs: 4_000 }),
  });
  const { id: postId } = await createPost(bench.ctx, bench.author, { text: TEXT, accounts: [bench.account.id] });
  await publishPostNow(bench.ctx, bench.author, postId);
  const publication = await eventually(async () => {
    const row = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId } });
    return row.sentAt === null ? undefined : row;
  }, 'the request to be in flight');
  return { product, address, publication };
}

async function savedOnce(bench: Bench, { id }: Publication, address: string): Promise<void> {
  await eventually(
    async () => {
      const row = await bench.ctx.db.publication.findUnique({ where: { id } }).catch(() => null); // Still recovering.
      return row?.status === 'published' ? true : undefined;
    },
    'the answer to be saved',
    25_000,
  );
  expect((await bench.ledger()).filter(({ text }) => text === TEXT)).toHaveLength(1);
  await eventually(async () => ((await readiness(address)) === 200 ? true : undefined), 'the worker to be ready again');
}

async function readiness(address: string): Promise<number> {
  return (await fetch(`${address}/readyz`)).status;
}

function whyNoMount(): string | null {
  if (process.platform !== 'linux') return 'a small disk is made with a Linux tmpfs';
  if (process.getuid?.() !== 0) return 'only root may mount a small disk';
  return null;
}

async function smallDisk(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'scheduler-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0700', 'tmpfs', directory]);
  closing.push(async () => {
    execFileSync('umount', ['--lazy', directory]);
    await rm(directory, { recursive: true });
  });
  return directory;
}

/** Writes until nothing fits any more. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for (let size = 1024 * 1024; size >= 512; ) {
      try {
        await handle.write(Buffer.alloc(size));
      } catch {
        size /= 2;
      }
    }
  } finally {
    await handle.close();
  }
}

/** Small commits still fit into the log's files that exist already; this writes until they are used up. */
async function useUpLog(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const megabyte = `SELECT pg_logical_emit_message(false, 'ballast', repeat('x', 1000000))`;
  for (let count = 0; count < 500; count++) {
    try {
      await client.query(megabyte);
    } catch {
      return;
    }
  }
  throw new Error('the disk is not full');
}
