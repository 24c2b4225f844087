import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { poolConfig } from '../database/connection.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { createSignInLimiter, type SignInLimiter } from './sign-in-limiter.ts';

let database: FreshDatabase;
let pool: pg.Pool;
let limiter: SignInLimiter;

beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool(poolConfig(database.url, 4));
  // `pool.end()` does not wait until the connections are closed; dropping the database then ends them with an error.
  pool.on('connect', (client) => client.on('error', () => undefined));
});
afterAll(async () => {
  await pool.end();
  await database.close();
});
beforeEach(async () => {
  await database.db.rateLimit.deleteMany();
  limiter = createSignInLimiter(pool);
});

test('one account guessed from many addresses is closed to strangers, but not to the address its owner uses', async () => {
  await limiter.attempt('ann@example.com', '198.51.100.1');
  await limiter.succeeded('ann@example.com', '198.51.100.1');
  for (let machine = 0; machine < 100; machine += 1) {
    expect(await limiter.attempt('ann@example.com', `203.0.113.${machine}`)).toBeNull();
  }
  expect(await limiter.attempt('ann@example.com', '203.0.113.200')).toMatchObject({
    by: 'account',
    refused: 1,
    waitSeconds: expect.any(Number),
  });
  expect(await limiter.attempt('ann@example.com', '198.51.100.1')).toBeNull();
  expect(await limiter.attempt('bob@example.com', '203.0.113.200')).toBeNull();
});

test('another spelling of the address is the same account, and one IPv6 network is one address', async () => {
  const spellings = ['ann@example.com', ' ANN@example.com', 'Ann@Example.com '];
  for (let guess = 0; guess < 10; guess += 1) {
    await limiter.attempt(spellings[guess % 3] ?? '', `2001:db8:1:2:${guess.toString(16)}::1`);
  }
  expect(await limiter.attempt('ann@example.com', '2001:db8:1:2::ffff')).not.toBeNull();
  expect(await limiter.attempt('ann@example.com', '2001:db8:1:3::1')).toBeNull();
  expect(await limiter.attempt('ann@example.com', '::ffff:192.0.2.1')).toBeNull();
});

test('the counters survive a restart, are shared by processes, and name nobody', async () => {
  for (let guess = 0; guess < 10; guess += 1) await limiter.attempt('ann@example.com', '192.0.2.7');
  expect(await createSignInLimiter(pool).attempt('ann@example.com', '192.0.2.7')).not.toBeNull();
  const rows = await database.db.rateLimit.findMany();
  expect(rows.map(({ key }) => key).join()).not.toMatch(/ann|192\.0/);
});

test('one machine alone cannot close an account to everybody else', async () => {
  for (let guess = 0; guess < 150; guess += 1) await limiter.attempt('ann@example.com', '203.0.113.9');
  expect(await limiter.attempt('ann@example.com', '203.0.113.10')).toBeNull();
});

test('an address that is closed is told as such, with the number of attempts it was refused', async () => {
  for (let account = 0; account < 40; account += 1) await limiter.attempt(`person${account}@example.com`, '192.0.2.9');
  for (let refused = 1; refused <= 12; refused += 1)
    expect(await limiter.attempt('ann@example.com', '192.0.2.9')).toMatchObject({ by: 'address', refused });
});
