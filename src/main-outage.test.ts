import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded-postgres.ts';
import { ProductBench, type ProductProcess, postgresOf } from './testing/product-process.ts';
import { eventually } from './testing/publishing-bench.ts';

interface Health {
  status: number;
  checks: Record<string, { ok: boolean; message?: string }>;
}

const bench = new ProductBench();
let postgresDir: string;
let postgres: EmbeddedPostgres;
let product: ProductProcess;
let address: string;

beforeAll(async () => {
  postgresDir = await bench.newDataDir();
  postgres = await startPostgres();
  product = bench.start({ DATABASE_URL: postgres.url, DATA_DIR: await bench.newDataDir() });
  address = await product.ready();
});
afterAll(async () => {
  await postgres.stop();
  await bench.clear();
});

const startPostgres = () =>
  startEmbeddedPostgres({ dataDir: postgresDir, log: pino({ level: 'silent' }), durable: false });

async function health(of = address): Promise<Health> {
  const answer = await fetch(`${of}/readyz`);
  const { checks } = (await answer.json()) as Pick<Health, 'checks'>;
  return { status: answer.status, checks };
}

test('while the database is away the process lives, says so, and answers people politely; when it is back, so is everything', async () => {
  expect((await health()).status).toBe(200);
  const url = postgres.url;
  await postgres.stop();

  const away = await health();
  expect(away.status).toBe(503);
  expect(away.checks.database).toMatchObject({ ok: false, message: expect.stringContaining('database') });
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  const page = await fetch(`${address}/login`, { headers: { Accept: 'text/html', Cookie: 'sid=something' } });
  expect([200, 503]).toContain(page.status);
  expect(await page.text()).not.toMatch(/ECONNREFUSED|\n\s+at /);

  postgres = await startPostgres();
  expect(postgres.url).toBe(url); // Else the product could not find it again.
  const back = await eventually(
    async () => ((await health()).status === 200 ? health() : undefined),
    'the product to be ready again',
  );
  expect(Object.values(back.checks).every((part) => part.ok)).toBe(true);
  expect(product.output()).not.toContain('"level":60');
});

test('a process whose database is away can still be stopped', async () => {
  await postgres.stop();
  const asked = performance.now();
  product.signal('SIGTERM');
  expect(await product.ended()).toBe(0);
  expect(performance.now() - asked).toBeLessThan(10_000);
});

test('an embedded database that is killed is started again by the process that uses it', async () => {
  const dataDir = await bench.newDataDir();
  const worker = bench.start({ ROLE: 'worker', DATA_DIR: dataDir });
  const at = await worker.ready();
  const killed = await postgresOf(dataDir);
  if (killed === null) throw new Error('the database runs');
  process.kill(killed.pid, 'SIGKILL');

  await worker.printed(/embedded database went away; starting it again/);
  await eventually(
    async () => ((await health(at)).status === 200 ? true : undefined),
    'the worker to be ready again',
    20_000,
  );
  expect((await postgresOf(dataDir))?.pid).not.toBe(killed.pid);
  worker.signal('SIGTERM');
  expect(await worker.ended()).toBe(0);
  expect(await postgresOf(dataDir)).toBeNull();
});
