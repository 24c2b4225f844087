import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { chainHash } from './chain-hash.ts';
import { exportChainHead } from './export-head.ts';
import { recordEvent } from './record-event.ts';
import { sealAuditChain } from './seal-chain.ts';
import { verifyAuditChain } from './verify-chain.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

const event = (text: string) =>
  ({
    actorId: null,
    action: 'post.created',
    entity: 'Post',
    entityId: text,
    teamId: null,
    metadata: { text, accounts: ['b', 'a'], n: 1 },
  }) as const;
const record = (text: string) => database.db.$transaction((tx) => recordEvent(tx, event(text), new Date()));
const at = (position: number) => database.db.auditEvent.findFirstOrThrow({ where: { position } });

describe('sealing', () => {
  it('takes each event once, in order, also when several processes seal at once', async () => {
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

  it('does not forget an event whose transaction was open while later ones were sealed', async () => {
    const written = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const slow = database.db.$transaction(
      async (tx) => {
        await recordEvent(tx, event('slow'), new Date());
        written.resolve();
        await released.promise;
      },
      { timeout: 20_000 },
    );
    await written.promise;
    await record('quick');
    expect(await sealAuditChain(database.db)).toBe(1);
    released.resolve();
    await slow;
    expect(await sealAuditChain(database.db)).toBe(1);
    expect((await at(5)).entityId).toBe('quick');
    expect((await at(6)).entityId).toBe('slow');
    expect(await verifyAuditChain(database.db)).toMatchObject({ intact: true, events: 6, unsealed: 0 });
  });

  it('cannot fork the chain, whoever writes: the database refuses what does not follow the last event', async () => {
    await record('five');
    const { id } = await database.db.auditEvent.findFirstOrThrow({ where: { hash: null } });
    const seal = (position: number, previousHash: string) =>
      database.db
        .$executeRaw`UPDATE audit_events SET position = ${position}, previous_hash = ${previousHash}, hash = ${'f'.repeat(64)} WHERE id = ${id}::uuid`;
    const [fifth, last] = [await at(5), await at(6)];
    await expect(seal(6, fifth.hash ?? '')).rejects.toThrow();
    await expect(seal(7, fifth.hash ?? '')).rejects.toThrow('follow the one before it');
    await expect(seal(8, last.hash ?? '')).rejects.toThrow('follow the one before it');
    await expect(seal(0, '0'.repeat(64))).rejects.toThrow('audit_events_position');
    await sealAuditChain(database.db);
    expect(await verifyAuditChain(database.db)).toMatchObject({ intact: true, events: 7, unsealed: 0 });
  });
});

describe('the database', () => {
  it('refuses to change, delete or truncate events, and to append one that is sealed already', async () => {
    const { id } = await database.db.auditEvent.findFirstOrThrow();
    await expect(
      database.db.$executeRaw`UPDATE audit_events SET action = 'post.edited' WHERE id = ${id}::uuid`,
    ).rejects.toThrow('append-only');
    await expect(database.db.$executeRaw`UPDATE audit_events SET hash = 'x' WHERE id = ${id}::uuid`).rejects.toThrow(
      'append-only',
    );
    await expect(database.db.$executeRaw`DELETE FROM audit_events`).rejects.toThrow('append-only');
    await expect(database.db.$executeRaw`TRUNCATE audit_events CASCADE`).rejects.toThrow('append-only');
    await expect(
      database.db.auditEvent.create({ data: { action: 'post.created', entity: 'Post', position: 99, hash: 'x' } }),
    ).rejects.toThrow('sealed after');
  });
});

describe('the head', () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const on = (day: string) => ({ db: database.db, log, clock: { now: () => new Date(`${day}T09:00:00Z`) } });

  it('is written to the log once a day, whichever of several processes comes first, and that is on record', async () => {
    const head = { position: 7, hash: (await at(7)).hash };
    await Promise.all([1, 2, 3].map(() => exportChainHead(on('2030-01-01'))));
    await exportChainHead(on('2030-01-01'));
    expect(lines.map((line) => JSON.parse(line).auditHead)).toEqual([`7:${head.hash}`]);
    await sealAuditChain(database.db);
    expect(await exportChainHead(on('2030-01-02'))).toMatchObject({ position: 8 });
    const events = await database.db.auditEvent.findMany({
      where: { action: 'audit.head_exported' },
      orderBy: { occurredAt: 'asc' },
    });
    expect(events.map(({ metadata }) => metadata)).toEqual([head, expect.objectContaining({ position: 8 })]);
  });

  it('that was kept elsewhere shows that the newest events were cut off', async () => {
    await sealAuditChain(database.db);
    const { hash } = await at(9);
    const kept = { position: 9, hash: hash ?? '' };
    expect(await verifyAuditChain(database.db, kept)).toMatchObject({ intact: true, events: 9 });
    await tamper(async () => {
      await database.db.$executeRaw`DELETE FROM audit_events WHERE position = 9`;
    });
    expect(await verifyAuditChain(database.db)).toMatchObject({ intact: true, events: 8 });
    expect(await verifyAuditChain(database.db, kept)).toMatchObject({
      intact: false,
      position: 9,
      problem: expect.stringContaining('missing'),
    });
  });

  it('that was kept elsewhere shows that the last event was replaced and everything sealed anew', async () => {
    const last = await at(8);
    const kept = { position: 8, hash: last.hash ?? '' };
    const forged = { ...last, action: 'post.edited' };
    const hash = chainHash(last.previousHash ?? '', forged);
    await tamper(async () => {
      await database.db
        .$executeRaw`UPDATE audit_events SET action = ${forged.action}, hash = ${hash} WHERE position = 8`;
    });
    expect(await verifyAuditChain(database.db)).toMatchObject({ intact: true });
    expect(await verifyAuditChain(database.db, kept)).toMatchObject({ intact: false, position: 8, eventId: last.id });
  });
});

describe('verifying', () => {
  it('names the first event that somebody changed behind the triggers’ back', async () => {
    const second = await at(2);
    await tamper(async () => {
      await database.db
        .$executeRaw`UPDATE audit_events SET metadata = '{"text":"forged"}' WHERE id = ${second.id}::uuid`;
    });
    expect(await verifyAuditChain(database.db)).toMatchObject({ intact: false, position: 2, eventId: second.id });
    await tamper(async () => {
      await database.db.$executeRaw`DELETE FROM audit_events WHERE id = ${second.id}::uuid`;
    });
    expect(await verifyAuditChain(database.db)).toMatchObject({
      intact: false,
      position: 2,
      problem: expect.stringContaining('missing'),
    });
  });
});

/** As somebody with the database in hand would. */
async function tamper(change: () => Promise<void>): Promise<void> {
  await database.db.$executeRawUnsafe('ALTER TABLE audit_events DISABLE TRIGGER USER');
  await change();
  await database.db.$executeRawUnsafe('ALTER TABLE audit_events ENABLE TRIGGER USER');
}
