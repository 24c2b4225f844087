/** Somebody with the database in hand forges the audit: what the operator's command and the panel's button then say. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ProductBench } from './testing/product-process.ts';
import { Visitor } from './testing/visitor.ts';

const SUE = { email: 'sue@example.com', password: 'correct horse battery' };
const bench = new ProductBench();
let dataDir: string;
let sue: Visitor;
let sql: pg.Client;
/** `POSITION:HASH`, as an auditor has kept it from the log. */
let head: string;

beforeAll(async () => {
  dataDir = await bench.newDataDir();
  const product = bench.start({ DATA_DIR: dataDir, SUPERUSER_EMAIL: SUE.email, SUPERUSER_PASSWORD: SUE.password });
  const address = await product.ready();
  sue = new Visitor(address, address);
  for (let round = 0; round < 6; round += 1) await sue.signIn(SUE.email, SUE.password);
  sql = new pg.Client({ connectionString: (await readFile(join(dataDir, 'database-url'), 'utf8')).trim() });
  await sql.connect();
  const [, found = ''] = /Head of the chain: (\S+)/.exec(await verify(0)) ?? [];
  head = found;
  await sql.query('CREATE TABLE kept AS SELECT * FROM audit_events');
}, 60_000);
afterAll(async () => {
  await sql?.end();
  await bench.clear();
});
afterEach(() =>
  forge(`DELETE FROM audit_events;
    INSERT INTO audit_events (id, actor_id, action, entity, entity_id, team_id, metadata, occurred_at, position, previous_hash, hash)
    SELECT id, actor_id, action, entity, entity_id, team_id, metadata, occurred_at, position, previous_hash, hash FROM kept`),
);

/** Behind the triggers' back, which takes the owner of the table. */
async function forge(change: string): Promise<void> {
  await sql.query(`BEGIN; ALTER TABLE audit_events DISABLE TRIGGER USER; ${change};
    ALTER TABLE audit_events ENABLE TRIGGER USER; COMMIT`);
}

/** @returns what `npm run audit:verify` printed */
async function verify(code: number, ...args: string[]): Promise<string> {
  const command = bench.start({ DATA_DIR: dataDir }, { program: 'scripts/verify-audit.ts', args });
  expect(await command.ended(), command.output()).toBe(code);
  return command.output();
}

async function button(): Promise<{ type: string; message: string }> {
  const answer = await sue.post('/admin/api/resources/AuditEvent/actions/verify');
  return JSON.parse(answer.text).notice;
}

describe('npm run audit:verify and the button', () => {
  test('say that an honest audit is intact, also beside a head that was kept', async () => {
    expect(await verify(0, '--head', head)).toMatch(/The audit is intact: \d+ events/);
    expect(await button()).toMatchObject({ type: 'success' });
  });

  test.each([
    ['a changed event', `UPDATE audit_events SET metadata = '{"method":"link"}' WHERE position = 3`, 3],
    ['a changed time', `UPDATE audit_events SET occurred_at = occurred_at - interval '1 day' WHERE position = 4`, 4],
    ['an event that was taken out', 'DELETE FROM audit_events WHERE position = 3', 3],
    [
      'events in another order',
      `UPDATE audit_events SET position = 4000 WHERE position = 4;
       UPDATE audit_events SET position = 4 WHERE position = 5;
       UPDATE audit_events SET position = 5 WHERE position = 4000`,
      4,
    ],
    [
      'an event that was put in',
      `UPDATE audit_events SET position = position + 1000 WHERE position > 3;
       UPDATE audit_events SET position = position - 999 WHERE position > 1000;
       INSERT INTO audit_events (id, action, entity, position, previous_hash, hash)
       SELECT gen_random_uuid(), 'post.approved', 'Post', 4, hash, repeat('a', 64) FROM audit_events WHERE position = 3`,
      4,
    ],
    [
      'events that stand outside the chain',
      `ALTER TABLE audit_events DROP CONSTRAINT audit_events_sealed_whole, DROP CONSTRAINT audit_events_position;
       INSERT INTO audit_events (id, action, entity, hash) VALUES (gen_random_uuid(), 'post.approved', 'Post', repeat('a', 64));
       INSERT INTO audit_events (id, action, entity, position, previous_hash, hash)
       VALUES (gen_random_uuid(), 'post.approved', 'Post', -7, repeat('a', 64), repeat('a', 64))`,
      -7,
    ],
  ])('name the first place that is wrong after %s', async (_what, change, position) => {
    await forge(change);
    expect(await verify(1)).toContain(`The audit is broken at position ${position}`);
    expect(await button()).toMatchObject({
      type: 'error',
      message: expect.stringContaining(`broken at position ${position}:`),
    });
  });

  test('see that the newest events were cut off by a head that was kept, and only by that', async () => {
    const last = Number(head.split(':', 1)[0]);
    await forge(`DELETE FROM audit_events WHERE position >= ${last} OR position IS NULL`);
    expect(await verify(0)).toContain(`The audit is intact: ${last - 1} events`);
    expect(await verify(1, '--head', head)).toContain(`The audit is broken at position ${last}`);
  });

  test('say what a head looks like', async () => {
    expect(await verify(1, '--head', 'nonsense')).toContain('-- --head 1234:9f86d0…');
  });
});
