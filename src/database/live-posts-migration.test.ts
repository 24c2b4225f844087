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
const LIVE_POSTS = '20261128210000_live_posts';

let database: { url: string; drop(): Promise<void> };
let client: pg.Client;
let before: string;

beforeEach(async () => {
  database = await emptyDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  before = await mkdtemp(join(tmpdir(), 'scheduler-migrations-'));
  const names = await readdir(MIGRATIONS_DIRECTORY);
  for (const name of names.filter((each) => each < LIVE_POSTS))
    await cp(join(MIGRATIONS_DIRECTORY, name), join(before, name), { recursive: true });
});
afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(before, { recursive: true });
});

/** Publications of one account that are published already, one a minute, with these ids. */
async function published(...ids: string[]): Promise<void> {
  await client.query(`
    INSERT INTO users (id, email, name, updated_at) VALUES (gen_random_uuid(), 'ann@example.com', 'Ann', now());
    INSERT INTO teams (id, name, updated_at) VALUES (gen_random_uuid(), 'Team', now());
    INSERT INTO connected_accounts (id, team_id, platform, external_id, kind, display_name, connected_by_id, updated_at)
      SELECT gen_random_uuid(), teams.id, 'linkedin', 'member', 'member', 'Ann', users.id, now() FROM teams, users;`);
  for (const [minutes, id] of ids.entries())
    await client.query(
      `WITH post AS (
         INSERT INTO posts (id, team_id, author_id, text, status, updated_at)
         SELECT gen_random_uuid(), teams.id, users.id, 'Hello', 'published', now() FROM teams, users RETURNING id)
       INSERT INTO publications (id, post_id, account_id, team_id, status, external_id, accepted_at, updated_at)
       SELECT gen_random_uuid(), post.id, account.id, account.team_id, 'published', $1, now() + $2 * interval '1 minute', now()
       FROM post, connected_accounts account`,
      [id, minutes],
    );
}

test('publications that were given one id by an earlier version stay as they are, and the first of them has the post', async () => {
  await migrate(database.url, log, before);
  await published('urn:li:share:1', 'urn:li:share:1', 'urn:li:share:2');
  expect(await migrate(database.url, log)).toContain(LIVE_POSTS);
  const { rows } = await client.query(`
    SELECT publications.external_id, status::text, live_posts.publication_id IS NOT NULL AS "hasThePost"
    FROM publications LEFT JOIN live_posts ON publication_id = publications.id ORDER BY accepted_at`);
  expect(rows).toEqual([
    { external_id: 'urn:li:share:1', status: 'published', hasThePost: true },
    { external_id: 'urn:li:share:1', status: 'published', hasThePost: false },
    { external_id: 'urn:li:share:2', status: 'published', hasThePost: true },
  ]);
});
