import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { emptyDatabase } from '../testing/fresh-database.ts';
import { connectDatabase } from './client.ts';
import { migrate, pendingMigrations } from './migrate.ts';
import { MIGRATIONS_DIRECTORY } from './migration-files.ts';

const log = pino({ level: 'silent' });

let database: { url: string; drop(): Promise<void> };
let client: pg.Client;
let directory: string;

beforeEach(async () => {
  database = await emptyDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  directory = await mkdtemp(join(tmpdir(), 'scheduler-migrations-'));
  await write('20260101000000_first', 'CREATE TABLE one (id int);\nINSERT INTO one VALUES (1);\n');
  await write('20260201000000_second', 'ALTER TABLE one ADD COLUMN note text;');
});
afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(directory, { recursive: true });
});

test('a new database gets every migration of the product, in order and only once', async () => {
  const names = (await readdir(MIGRATIONS_DIRECTORY, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(await migrate(database.url, log)).toEqual(names.map(({ name }) => name).sort());
  expect(await migrate(database.url, log)).toEqual([]);
});

test('a migration is recorded as Prisma records it', async () => {
  await migrate(database.url, log, directory);
  const { rows } = await client.query('SELECT * FROM _prisma_migrations ORDER BY started_at');
  const bytes = await readFile(join(directory, '20260101000000_first', 'migration.sql'));
  expect(rows).toHaveLength(2);
  expect(rows[0]).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    checksum: createHash('sha256').update(bytes).digest('hex'),
    migration_name: '20260101000000_first',
    started_at: expect.any(Date),
    finished_at: expect.any(Date),
    applied_steps_count: 1,
    logs: null,
    rolled_back_at: null,
  });
});

test('processes that start together apply each migration once', async () => {
  const applied = await Promise.all(Array.from({ length: 6 }, () => migrate(database.url, log, directory)));
  expect(applied.flat().sort()).toEqual(['20260101000000_first', '20260201000000_second']);
  expect((await client.query('SELECT id FROM one')).rows).toEqual([{ id: 1 }]);
});

test('a process waits while Prisma itself is migrating', async () => {
  await client.query('SELECT pg_advisory_lock(72707369)');
  const migrating = migrate(database.url, log, directory);
  await vi.waitFor(
    async () => {
      const { rows } = await client.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
      expect(rows).toHaveLength(1);
    },
    { timeout: 10_000 },
  );
  expect((await client.query("SELECT to_regclass('one') AS found")).rows).toEqual([{ found: null }]);
  await client.query('SELECT pg_advisory_unlock(72707369)');
  expect(await migrating).toHaveLength(2);
});

test('a migration that fails leaves nothing behind and can be corrected', async () => {
  await write('20260201000000_second', 'ALTER TABLE one ADD COLUMN note text; SELECT 1/0;');
  await expect(migrate(database.url, log, directory)).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringMatching(/20260201000000_second .* division by zero/),
  });
  expect((await client.query('SELECT * FROM one')).fields.map(({ name }) => name)).toEqual(['id']);
  await write('20260201000000_second', 'ALTER TABLE one ADD COLUMN note text;');
  expect(await migrate(database.url, log, directory)).toEqual(['20260201000000_second']);
});

test('a migration that was changed after it was applied is refused', async () => {
  await migrate(database.url, log, directory);
  await write('20260101000000_first', 'CREATE TABLE one (id bigint);');
  await expect(migrate(database.url, log, directory)).rejects.toMatchObject({
    code: 'changed',
    message: expect.stringContaining('20260101000000_first was changed'),
  });
});

test('a checkout with other line ends is not a change', async () => {
  await migrate(database.url, log, directory);
  await write('20260101000000_first', 'CREATE TABLE one (id int);\r\nINSERT INTO one VALUES (1);\r\n');
  expect(await migrate(database.url, log, directory)).toEqual([]);
});

test('a database that a newer version has used is refused', async () => {
  await migrate(database.url, log, directory);
  await rm(join(directory, '20260201000000_second'), { recursive: true });
  await expect(migrate(database.url, log, directory)).rejects.toMatchObject({
    code: 'unknown',
    message: expect.stringMatching(/20260201000000_second.*newer version/),
  });
});

test('a migration that Prisma began and did not finish is refused until it is resolved', async () => {
  await migrate(database.url, log, directory);
  await client.query("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%second'");
  await expect(migrate(database.url, log, directory)).rejects.toMatchObject({ code: 'unfinished' });

  await client.query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name LIKE '%second'");
  await client.query('ALTER TABLE one DROP COLUMN note');
  expect(await migrate(database.url, log, directory)).toEqual(['20260201000000_second']);
});

test('a user who may not create tables is told what is missing', async () => {
  const role = `limited_${database.url.slice(-32)}`;
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  try {
    const url = new URL(database.url);
    url.username = role;
    url.password = 'x';
    await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC'); // As since Postgres 15.
    await expect(migrate(url.href, log, directory)).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('CREATE on the schema "public"'),
    });
  } finally {
    await client.query(`DROP ROLE ${role}`);
  }
});

test('what is pending can be asked at any time', async () => {
  const db = await connectDatabase(database.url);
  expect(await pendingMigrations(db, directory)).toEqual(['20260101000000_first', '20260201000000_second']);
  await migrate(database.url, log, directory);
  expect(await pendingMigrations(db, directory)).toEqual([]);
  await write('20260301000000_third', 'SELECT 1;');
  expect(await pendingMigrations(db, directory)).toEqual(['20260301000000_third']);
  await db.$disconnect();
});

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(directory, name), { recursive: true });
  await writeFile(join(directory, name, 'migration.sql'), sql);
}
