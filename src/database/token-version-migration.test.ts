import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyDatabase } from '../testing/fresh-database.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS_DIRECTORY } from './migration-files.ts';

const log = pino({ level: 'silent' });
const LAST_TOKEN_VERSION = '20261128600000_last_token_version';

let database: { url: string; drop(): Promise<void> };
let client: pg.Client;
let before: string;

beforeEach(async () => {
  database = await emptyDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  before = await mkdtemp(join(tmpdir(), 'scheduler-migrations-'));
  const names = await readdir(MIGRATIONS_DIRECTORY);
  for (const name of names.filter((each) => each < LAST_TOKEN_VERSION))
    await cp(join(MIGRATIONS_DIRECTORY, name), join(before, name), { recursive: true });
});
afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(before, { recursive: true });
});

test('an account that an earlier version disconnected gets no version again that one of its tokens has had', async () => {
  await migrate(database.url, log, before);
  await client.query(`
    INSERT INTO users (id, email, name, updated_at) VALUES (gen_random_uuid(), 'ann@example.com', 'Ann', now());
    INSERT INTO teams (id, name, updated_at) VALUES (gen_random_uuid(), 'Team', now());
    INSERT INTO connected_accounts (id, team_id, platform, external_id, display_name, connected_by_id, status, updated_at)
      SELECT gen_random_uuid(), teams.id, 'x', named.name, named.name, users.id, named.status::"AccountStatus", now()
      FROM teams, users, (VALUES ('connected', 'active'), ('disconnected', 'disconnected')) AS named(name, status);
    INSERT INTO account_credentials (account_id, access_token, token_version, updated_at)
      SELECT id, 'sealed', 3, now() FROM connected_accounts WHERE external_id = 'connected';
    INSERT INTO audit_events (id, action, entity, entity_id, metadata)
      SELECT gen_random_uuid(), done.action, 'ConnectedAccount', account.id::text, '{}'
      FROM connected_accounts account,
        unnest(ARRAY['account.connected', 'account.refreshed', 'account.refreshed', 'account.disconnected']) AS done(action);`);
  expect(await migrate(database.url, log)).toContain(LAST_TOKEN_VERSION);
  const { rows } = await client.query(`
    SELECT external_id, last_token_version, token_version
    FROM connected_accounts LEFT JOIN account_credentials ON account_id = id ORDER BY external_id`);
  expect(rows).toEqual([
    { external_id: 'connected', last_token_version: 0, token_version: 3 },
    { external_id: 'disconnected', last_token_version: 3, token_version: null },
  ]);
});
