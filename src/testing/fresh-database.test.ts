import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';

let one: FreshDatabase;
let other: FreshDatabase;

beforeAll(async () => {
  [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
});

test('two fresh databases do not see each other’s rows', async () => {
  await one.db.team.create({ data: { name: 'Press' } });
  expect(await one.db.team.count()).toBe(1);
  expect(await other.db.team.count()).toBe(0);
});

test('times come back as they were written', async () => {
  const at = new Date('2026-03-29T00:59:59.123Z');
  const team = await one.db.team.create({ data: { name: 'Clock', createdAt: at } });
  expect((await one.db.team.findUniqueOrThrow({ where: { id: team.id } })).createdAt).toEqual(at);
});
