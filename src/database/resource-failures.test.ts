import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { noteResourceFailure, recentResourceFailure, resourceFailure } from './resource-failures.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

test.each([
  ['53100', 'disk is full'],
  ['53200', 'memory'],
  ['53400', '53400'],
  ['58030', 'disk fails'],
  ['25006', 'read-only'],
])('SQLSTATE %s is told from what Prisma makes of it, each way, and from pg', async (code, sentence) => {
  const { db, url } = database;
  await db.$executeRawUnsafe(`
    CREATE OR REPLACE FUNCTION short_of() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not' USING ERRCODE = '${code}'; END $$`);
  await db.$executeRawUnsafe('CREATE TRIGGER short_of BEFORE INSERT ON teams FOR EACH ROW EXECUTE FUNCTION short_of()');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const sql = `INSERT INTO teams (id, name, updated_at) VALUES (gen_random_uuid(), 'One', now())`;
    const errors = [
      await errorOf(db.team.create({ data: { name: 'One' } })),
      await errorOf(db.$transaction((tx) => tx.team.create({ data: { name: 'One' } }))),
      await errorOf(db.$executeRawUnsafe(sql)),
      await errorOf(client.query(sql)),
    ];
    for (const error of errors) expect(resourceFailure(error)).toContain(sentence);
  } finally {
    await client.end();
    await db.$executeRawUnsafe('DROP TRIGGER short_of ON teams');
  }
});

test('other refusals of the database are none', async () => {
  const { db } = database;
  await db.team.create({ data: { name: 'Two' } });
  expect(resourceFailure(await errorOf(db.team.create({ data: { name: 'Two' } })))).toBeNull();
  expect(resourceFailure(await errorOf(db.$queryRaw`SELECT nonsense`))).toBeNull();
  expect(resourceFailure(Object.assign(new Error('a file'), { code: 'ENOSPC' }))).toBeNull();
  expect(resourceFailure(null)).toBeNull();
});

test('what was noted is told for a minute', () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
  expect(noteResourceFailure(new Error('something else'))).toBeNull();
  expect(recentResourceFailure()).toBeNull();
  expect(noteResourceFailure(Object.assign(new Error('full'), { code: '53100' }))).toContain('disk is full');
  now.mockReturnValue(60_000);
  expect(recentResourceFailure()).toContain('disk is full');
  now.mockReturnValue(61_001);
  expect(recentResourceFailure()).toBeNull();
  now.mockRestore();
});
