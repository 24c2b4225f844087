import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTokenCipher } from '../accounts/token-cipher.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { rotateSecondFactors } from './rotate-second-factors.ts';
import { boundTo } from './second-factor.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

test('second factors move to the first key; what no key opens is named and left alone', async () => {
  const { db } = database;
  const [old, fresh, lost] = ['old', 'fresh', 'lost'].map((id) => ({ id, key: randomBytes(32) }));
  if (old === undefined || fresh === undefined || lost === undefined) throw new Error('three keys');
  const people = await Promise.all(
    [old, fresh, lost].map(async (key, index) => {
      const { id } = await db.user.create({ data: { email: `p${index}@example.com`, name: 'P' } });
      const secret = createTokenCipher([key]).encrypt(`SECRET${index}`, boundTo(id));
      await db.secondFactor.create({ data: { userId: id, secret, lastStep: 1 } });
      return id;
    }),
  );
  const tokenCipher = createTokenCipher([fresh, old]);
  const ctx = { db, tokenCipher, log: pino({ level: 'silent' }) };
  expect(await rotateSecondFactors(ctx)).toEqual({ reencrypted: 1, alreadyCurrent: 1, unreadable: [people[2]] });
  expect(await rotateSecondFactors(ctx)).toEqual({ reencrypted: 0, alreadyCurrent: 2, unreadable: [people[2]] });
  const stored = await db.secondFactor.findUniqueOrThrow({ where: { userId: people[0] ?? '' } });
  expect(createTokenCipher([fresh]).decrypt(stored.secret, boundTo(people[0] ?? ''))).toBe('SECRET0');
});
