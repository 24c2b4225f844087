import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { recordEvent } from './record-event.ts';
import { sealAuditChain } from './seal-chain.ts';
import { verifyAuditChain } from './verify-chain.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

const record = (text: string) =>
  database.db.$transaction((tx) =>
    recordEvent(
      tx,
      {
        actorId: null,
        action: 'post.created',
        entity: 'Post',
        entityId: text,
        teamId: null,
        metadata: { text, accounts: ['b', 'a'], n: 1 },
      },
      new Date(),
    ),
  );

it('seals events once, in order, also when several processes seal at once', async () => {
  for (const text of ['one', 'two', 'three']) await record(text);
  const sealed = await Promise.all([
    sealAuditChain(database.db),
    sealAuditChain(database.db),
    sealAuditChain(database.db),
  ]);
  expect(sealed.reduce((sum, count) => sum + count, 0)).toBe(3);
  await record('four');
  expect(await verifyAuditChain(database.db)).toMatchObject({ intact: true, events: 3, unsealed: 1 });
  await sealAuditChain(database.db);
  expect(await verifyAuditChain(database.db)).toMatchObject({ intact: true, events: 4, unsealed: 0 });
});

it('refuses to change, delete or truncate events', async () => {
  const { id } = await database.db.auditEvent.findFirstOrThrow();
  await expect(
    database.db.$executeRaw`UPDATE audit_events SET action = 'post.edited' WHERE id = ${id}::uuid`,
  ).rejects.toThrow('append-only');
  await expect(database.db.$executeRaw`UPDATE audit_events SET hash = 'x' WHERE id = ${id}::uuid`).rejects.toThrow(
    'append-only',
  );
  await expect(database.db.$executeRaw`DELETE FROM audit_events`).rejects.toThrow('append-only');
  await expect(database.db.$executeRaw`TRUNCATE audit_events`).rejects.toThrow('append-only');
});

it('names the first event that somebody changed behind the triggers’ back', async () => {
  const second = await database.db.auditEvent.findFirstOrThrow({ where: { position: 2 } });
  await database.db.$executeRawUnsafe('ALTER TABLE audit_events DISABLE TRIGGER USER');
  await database.db.$executeRaw`UPDATE audit_events SET metadata = '{"text":"forged"}' WHERE id = ${second.id}::uuid`;
  expect(await verifyAuditChain(database.db)).toMatchObject({ intact: false, position: 2, eventId: second.id });
  await database.db.$executeRaw`DELETE FROM audit_events WHERE id = ${second.id}::uuid`;
  expect(await verifyAuditChain(database.db)).toMatchObject({
    intact: false,
    position: 2,
    problem: expect.stringContaining('missing'),
  });
});
