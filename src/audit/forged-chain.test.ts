/**
 * What somebody does to the audit who has the database in hand: as its owner, with triggers and constraints out of the way,
 * and as the restricted user of docs/audit.md, who may only seal. Each case is taken back by a rollback.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tx } from '../database/client.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { recordEvent } from './record-event.ts';
import { sealAuditChain } from './seal-chain.ts';
import { type ChainVerdict, verifyAuditChain } from './verify-chain.ts';

const EVENTS = 6;
let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  for (let n = 1; n <= EVENTS; n += 1) await append(database.db, `event ${n}`);
  await sealAuditChain(database.db);
});
afterAll(() => database.close());

function append(tx: Tx, entityId: string): Promise<void> {
  const event = {
    actorId: null,
    action: 'post.created',
    entity: 'Post',
    entityId,
    teamId: null,
    metadata: {},
  } as const;
  return recordEvent(tx, event, new Date());
}

class Rollback extends Error {}

/** @returns the verdict after this was done by the table's owner */
async function afterForging(...statements: string[]): Promise<ChainVerdict> {
  let verdict: ChainVerdict | null = null;
  await database.db
    .$transaction(async (tx) => {
      await tx.$executeRawUnsafe('ALTER TABLE audit_events DISABLE TRIGGER USER');
      for (const name of ['audit_events_sealed_whole', 'audit_events_position', 'audit_events_hash'])
        await tx.$executeRawUnsafe(`ALTER TABLE audit_events DROP CONSTRAINT IF EXISTS ${name}`);
      for (const statement of statements) await tx.$executeRawUnsafe(statement);
      verdict = await verifyAuditChain(tx);
      throw new Rollback();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Rollback)) throw error;
    });
  if (verdict === null) throw new Error('not verified');
  return verdict;
}

/** SQL that inserts an event of this shape. Null: as SQL has it. */
function insert(position: number | null, previousHash: string | null, hash: string | null): string {
  const quoted = (text: string | null) => (text === null ? 'NULL' : `'${text}'`);
  return `INSERT INTO audit_events (id, action, entity, entity_id, position, previous_hash, hash) VALUES
    ('00000000-0000-7000-8000-000000000001', 'post.approved', 'Post', 'forged', ${position}, ${quoted(previousHash)}, ${quoted(hash)})`;
}
const FORGED = '00000000-0000-7000-8000-000000000001';
const A = 'a'.repeat(64);

it('is intact before anything is forged', async () => {
  expect(await afterForging()).toMatchObject({ intact: true, events: EVENTS, unsealed: 0, unsealedSince: null });
});

describe('an event that stands outside the chain is named', () => {
  it.each([
    ['with a hash and no place', insert(null, A, A), null],
    ['with a hash, and neither a place nor an event before it', insert(null, null, A), null],
    ['with a place below the first', insert(-7, A, A), -7],
    ['with the place before the first', insert(0, A, A), 0],
    ['with a previous hash alone', insert(null, A, null), null],
  ])('%s', async (_what, statement, position) => {
    const verdict = await afterForging(statement);
    expect(verdict).toMatchObject({ intact: false, eventId: FORGED, position, broken: 1 });
  });

  it('with a place and no hash', async () => {
    expect(await afterForging(insert(EVENTS + 1, A, null))).toMatchObject({
      intact: false,
      position: EVENTS + 1,
      broken: 1,
    });
  });
});

describe('the places of the chain', () => {
  it('have no gap, also where several events are gone', async () => {
    const verdict = await afterForging('DELETE FROM audit_events WHERE position IN (2, 3)');
    expect(verdict).toMatchObject({
      intact: false,
      position: 2,
      problem: 'events 2 to 3 are missing: the next one on record is 4',
      broken: 1,
    });
  });

  it('are each of one event', async () => {
    const verdict = await afterForging('DROP INDEX audit_events_position_key', insert(3, A, A));
    expect(verdict).toMatchObject({ intact: false, position: 3 });
    if (!verdict.intact) expect(verdict.breaks).toContainEqual(expect.objectContaining({ eventId: FORGED }));
  });
});

describe('verifying goes on behind a break', () => {
  it('and names all of them, the first one first', async () => {
    const verdict = await afterForging(
      `UPDATE audit_events SET entity_id = 'changed' WHERE position IN (2, 5)`,
      'DELETE FROM audit_events WHERE position = 3',
      insert(null, A, A),
    );
    expect(verdict).toMatchObject({ intact: false, position: 2, broken: 4, events: EVENTS - 1 });
    if (!verdict.intact) expect(verdict.breaks.map(({ position }) => position)).toEqual([2, 3, 5, null]);
  });

  it('also behind an event that the restricted user sealed with a hash of his own', async () => {
    let verdict: ChainVerdict | null = null;
    await database.db
      .$transaction(async (tx) => {
        await append(tx, 'sealed by a stranger');
        const { hash: head } = await tx.auditEvent.findFirstOrThrow({ where: { position: EVENTS } });
        // The trigger lets it through: it follows the last event.
        await tx.$executeRaw`
          UPDATE audit_events SET position = ${EVENTS + 1}, previous_hash = ${head}, hash = ${A} WHERE hash IS NULL`;
        await append(tx, 'sealed by the product');
        const { id } = await tx.auditEvent.findFirstOrThrow({ where: { hash: null } });
        await tx.$executeRaw`
          UPDATE audit_events SET position = ${EVENTS + 2}, previous_hash = ${A}, hash = ${'b'.repeat(64)} WHERE id = ${id}::uuid`;
        verdict = await verifyAuditChain(tx);
        throw new Rollback();
      })
      .catch((error: unknown) => {
        if (!(error instanceof Rollback)) throw error;
      });
    expect(verdict).toMatchObject({
      intact: false,
      position: EVENTS + 1,
      breaks: [{ position: EVENTS + 1 }, { position: EVENTS + 2 }],
    });
  });

  it('and a thousand breaks are counted, a hundred of them listed', async () => {
    const verdict = await afterForging(
      `INSERT INTO audit_events (id, action, entity, hash)
       SELECT gen_random_uuid(), 'post.approved', 'Post', repeat('a', 64) FROM generate_series(1, 1000)`,
    );
    expect(verdict).toMatchObject({ intact: false, broken: 1000 });
    if (!verdict.intact) expect(verdict.breaks).toHaveLength(100);
  });
});

it('an event that waits longer than sealing takes is told by its time', async () => {
  const verdict = await afterForging(
    `INSERT INTO audit_events (id, action, entity, occurred_at) VALUES ('${FORGED}', 'post.approved', 'Post', '2026-01-01T00:00:00Z')`,
  );
  expect(verdict).toMatchObject({ intact: true, unsealed: 1, unsealedSince: '2026-01-01T00:00:00.000Z' });
});

describe('the database', () => {
  it.each([
    ['a place without a hash', `UPDATE audit_events SET hash = NULL WHERE position = 2`],
    ['a hash without a place', `UPDATE audit_events SET position = NULL WHERE position = 2`],
    ['a place below the first', `UPDATE audit_events SET position = -7 WHERE position = 2`],
    ['a hash that is none', `UPDATE audit_events SET hash = 'x' WHERE position = 2`],
  ])('takes no event with %s, even without its triggers', async (_what, statement) => {
    const forging = database.db.$transaction(async (tx) => {
      await tx.$executeRawUnsafe('ALTER TABLE audit_events DISABLE TRIGGER USER');
      await tx.$executeRawUnsafe(statement);
    });
    await expect(forging).rejects.toThrow(/audit_events_(sealed_whole|position|hash)/);
  });
});
