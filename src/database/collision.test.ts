import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { collision } from './collision.ts';
import { repeatWhenCrossed } from './repeat-when-crossed.ts';

const NOWHERE = '01900000-0000-7000-8000-000000000000';
let database: FreshDatabase;
let ids: string[];

beforeAll(async () => {
  database = await freshDatabase();
  ids = [];
  for (const name of ['One', 'Two']) ids.push((await database.db.team.create({ data: { name } })).id);
});
afterAll(() => database.close());

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
const said = async (work: Promise<unknown>) => {
  const refusal = collision(await errorOf(work));
  return refusal === null ? null : [refusal.code, refusal.message];
};

test('a name that is taken, through Prisma and in our own words', async () => {
  const { db } = database;
  const expected = ['conflict', expect.stringContaining('Look at what is saved now')];
  expect(await said(db.team.create({ data: { name: 'One' } }))).toEqual(expected);
  const raw = db.$executeRaw`INSERT INTO teams (id, name, updated_at) VALUES (${NOWHERE}::uuid, 'One', now())`;
  expect(await said(raw)).toEqual(expected);
});

test('what is gone, and what needs it', async () => {
  const { db } = database;
  const expected = ['conflict', expect.stringContaining('Reload the page')];
  expect(await said(db.team.delete({ where: { id: NOWHERE } }))).toEqual(expected);
  expect(await said(db.team.findUniqueOrThrow({ where: { id: NOWHERE } }))).toEqual(expected);
  const membership = db.membership.create({ data: { userId: NOWHERE, teamId: ids[0] ?? '' } });
  expect(await said(membership)).toEqual(expected);
});

test.each(['Prisma’s words', 'our own words'])('two who wait for each other, in %s', async (words) => {
  const { db } = database;
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const crossing = (first: number) =>
    db.$transaction(async (tx) => {
      const change = (id = '') =>
        words === 'our own words'
          ? tx.$queryRaw`SELECT 1 FROM teams WHERE id = ${id}::uuid FOR UPDATE`
          : tx.team.update({ where: { id }, data: { timeZone: 'UTC' } });
      await change(ids[first]);
      gates[first]?.resolve();
      await gates[1 - first]?.promise;
      await change(ids[1 - first]);
    });
  const errors = (await Promise.all([errorOf(crossing(0)), errorOf(crossing(1))])).filter((error) => error !== null);
  expect(errors).toHaveLength(1);
  expect(collision(errors[0])?.message).toContain('Try again');
});

test('what was read meanwhile by somebody who must not see changes', async () => {
  const { db } = database;
  const one = { where: { id: ids[0] ?? '' }, data: { timeZone: 'Europe/Warsaw' } };
  const late = db.$transaction(
    async (tx) => {
      await tx.team.findMany();
      await db.team.update(one);
      await tx.team.update(one);
    },
    { isolationLevel: 'Serializable' },
  );
  expect(await said(late)).toEqual(['conflict', expect.stringContaining('Try again')]);
});

test('everything else is none', async () => {
  const { db } = database;
  expect(await said(db.$queryRaw`SELECT nonsense`)).toBeNull();
  expect(await said(Promise.reject(new Error('something else')))).toBeNull();
  expect(await said(Promise.reject({ code: 'constructor', cause: 7 }))).toBeNull();
});

test('of two who wait for each other the one that was ended is tried again, and both succeed', async () => {
  const { db } = database;
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let tries = 0;
  const crossing = (first: number) =>
    repeatWhenCrossed(() =>
      db.$transaction(async (tx) => {
        tries += 1;
        await tx.$queryRaw`SELECT 1 FROM teams WHERE id = ${ids[first]}::uuid FOR UPDATE`;
        gates[first]?.resolve();
        await gates[1 - first]?.promise;
        await tx.$queryRaw`SELECT 1 FROM teams WHERE id = ${ids[1 - first]}::uuid FOR UPDATE`;
        return first;
      }),
    );
  expect(await Promise.all([crossing(0), crossing(1)])).toEqual([0, 1]);
  expect(tries).toBe(3);
});

test('what failed for another reason is not tried again', async () => {
  let tries = 0;
  const failing = repeatWhenCrossed(async () => {
    tries += 1;
    return database.db.team.create({ data: { name: 'One' } });
  });
  await expect(failing).rejects.toMatchObject({ code: 'P2002' });
  expect(tries).toBe(1);
});
