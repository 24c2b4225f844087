import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@prisma/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolConfig } from '../database/connection.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { isDatabaseOutage } from './database-outage.ts';

/** A port that was free a moment ago is not needed: nothing listens on port 1. */
const NOBODY = 'postgresql://user:password@127.0.0.1:1/none';
let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

test('a refused connection is an outage, seen through the pool and through Prisma', async () => {
  const pool = new pg.Pool(poolConfig(NOBODY, 1));
  expect(isDatabaseOutage(await errorOf(pool.query('SELECT 1')))).toBe(true);
  const prisma = new PrismaClient({ adapter: new PrismaPg(poolConfig(NOBODY, 1)), errorFormat: 'minimal' });
  expect(isDatabaseOutage(await errorOf(prisma.user.count()))).toBe(true);
  expect(isDatabaseOutage(await errorOf(prisma.$transaction((tx) => tx.user.count())))).toBe(true);
  await prisma.$disconnect();
  await pool.end();
});

test('what the database says about our own question is not', async () => {
  const { db } = database;
  expect(isDatabaseOutage(await errorOf(db.$queryRaw`SELECT nonsense`))).toBe(false);
  await db.team.create({ data: { name: 'One' } });
  expect(isDatabaseOutage(await errorOf(db.team.create({ data: { name: 'One' } })))).toBe(false);
  expect(isDatabaseOutage(new Error('something else'))).toBe(false);
});
