/**
 * A run of the whole product that connects, publishes, fails, renews and loses accounts on all three platforms. Afterwards
 * every token of that run, read out of the encrypted column with its key, is looked for in everything the product has
 * written or answered: its log at its most talkative, every row of every table, pg-boss' jobs and the audit among them, and
 * what the panel's API gives a superuser.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { bindingOf } from '../src/accounts/stored-tokens.ts';
import { createTokenCipher } from '../src/accounts/token-cipher.ts';
import { picture } from '../src/testing/drawn-images.ts';
import { consentAs } from '../src/testing/visitor.ts';
import { ApiClient } from './api-client.ts';
import { type RunningProduct, SUPERUSER, startProduct } from './running-product.ts';

const KEY = randomBytes(32);
const RESOURCES = [
  ...['AuditEvent', 'ConnectedAccount', 'Hold', 'Membership', 'Post', 'Publication', 'PublishAttempt', 'Team', 'User'],
];
const api = '/admin/api/resources';
const listAnswer = z.object({
  records: z.array(z.object({ id: z.string(), params: z.record(z.string(), z.unknown()) })),
});
/** Each platform's account by the name that the fault switches have for it. */
const SWITCH = {
  linkedin: 'urn:li:person:aMr4OkF0r1',
  facebook: '102000000000101',
  x: '1504823016379125761',
} as const;
type PlatformName = keyof typeof SWITCH;
const ALL: readonly PlatformName[] = ['linkedin', 'facebook', 'x'];

let product: RunningProduct;
let database: pg.Client;
let ann: ApiClient;
let teamId: string;
/** The secret itself → what it is. */
const secrets = new Map<string, string>([['sandbox-secret', 'the secret of the app']]);
const said: string[] = [];

beforeAll(async () => {
  product = await startProduct({ LOG_LEVEL: 'trace', TOKEN_KEYS: `k1:${KEY.toString('base64')}` });
  const connectionString = (await readFile(join(product.dataDir, 'database-url'), 'utf8')).trim();
  database = new pg.Client({ connectionString });
  await database.connect();
  ann = new ApiClient(product.url);
  await ann.signIn(SUPERUSER.email, SUPERUSER.password);
  teamId = (await list('Team'))[0]?.id ?? '';
}, 60_000);
afterAll(async () => {
  await database?.end();
  await product?.stop();
});

async function list(resource: string, query = '') {
  const answer = await ann.get(`${api}/${resource}/actions/list${query}`);
  said.push(answer.text);
  return listAnswer.parse(answer.json).records;
}

async function connect(platform: PlatformName, person: Record<string, string>): Promise<void> {
  const start = await ann.get(`/connect/${platform}?team=${teamId}`);
  const back = await consentAs(start.location ?? '', person.sandbox_member ?? '', person);
  secrets.set(new URL(back).searchParams.get('code') ?? '', `the authorization code of ${platform}`);
  const answer = await ann.get(back);
  said.push(answer.text);
  expect(answer.location).toBe('/admin/resources/ConnectedAccount');
  await keepTokens();
}

/** Writes down the tokens that are stored now. @returns how many were new */
async function keepTokens(): Promise<number> {
  const { rows } = await database.query(
    `SELECT a.id, a.platform, a.external_id AS "externalId", c.access_token, c.refresh_token
       FROM connected_accounts a JOIN account_credentials c ON c.account_id = a.id`,
  );
  const cipher = createTokenCipher([{ id: 'k1', key: KEY }]);
  const before = secrets.size;
  for (const row of rows)
    for (const column of ['access_token', 'refresh_token'] as const)
      if (row[column] !== null)
        secrets.set(cipher.decrypt(row[column], bindingOf(row, column)), `${row.platform}: ${column}`);
  return secrets.size - before;
}

async function fault(platforms: readonly PlatformName[], name: string, times = 1): Promise<void> {
  for (const platform of platforms) {
    const answer = await fetch(`${product.sandboxUrl}/sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: product.sandboxUrl },
      body: JSON.stringify({ platform, account: SWITCH[platform], fault: name, times }),
    });
    expect(answer.status).toBe(200);
  }
}

/** Publishes now. @returns how it went on each platform */
async function publish(text: string, platforms: readonly PlatformName[], media: object[] = []) {
  const accounts = await list('ConnectedAccount');
  const chosen = accounts.filter(({ params }) => platforms.includes(params.platform as PlatformName));
  const content = { text, accounts: chosen.map(({ id }) => id), media };
  const created = await ann.postJson(`${api}/Post/actions/new`, content);
  said.push(created.text);
  const { record } = z.object({ record: z.object({ params: z.object({ id: z.string() }) }) }).parse(created.json);
  said.push((await ann.postJson(`${api}/Post/records/${record.params.id}/publishNow`, {})).text);
  const statuses = async () => {
    const publications = await list('Publication', `?filters.post=${record.params.id}`);
    return publications.map(({ params }) => {
      const account = accounts.find(({ id }) => id === params.account);
      return `${account?.params.platform} ${params.status}`;
    });
  };
  await expect
    .poll(statuses, { timeout: 30_000, interval: 200 })
    .not.toContainEqual(expect.stringMatching(/scheduled|publishing/));
  return (await statuses()).toSorted();
}

it('connects an account on each platform', async () => {
  await connect('linkedin', { sandbox_member: 'amara.okafor@example.com' });
  await connect('facebook', { sandbox_member: 'amara.okafor@example.com' });
  await connect('x', { sandbox_user: 'amara_okafor' });
  const kinds = [...secrets.values()].filter((what) => what.includes('_token'));
  expect(kinds.toSorted()).toEqual([
    'facebook: access_token',
    'linkedin: access_token',
    'x: access_token',
    'x: refresh_token',
  ]);
});

it('publishes an image on all of them, and then does not learn how it went', async () => {
  const image = await ann.postBytes(`/media?team=${teamId}`, await picture(300, 200).png().toBuffer());
  const { id } = z.object({ id: z.string() }).parse(image.json);
  const published = ['facebook published', 'linkedin published', 'x published'];
  expect(await publish('With an image', ALL, [{ id, altText: 'Four colours' }])).toEqual(published);
  await fault(ALL, 'malformed');
  const unclear = await publish('Who knows', ALL);
  expect(unclear.every((status) => /unconfirmed|published/.test(status))).toBe(true);
}, 60_000);

it('renews X’s tokens, when one is refused and when it is time', async () => {
  await fault(['x'], 'expired token');
  expect(await publish('With a renewed token', ['x'])).toEqual(['x published']);
  expect(await keepTokens()).toBe(2);
  await database.query(
    `UPDATE account_credentials SET renew_at = now() FROM connected_accounts a WHERE a.id = account_id AND platform = 'x'`,
  );
  await expect.poll(keepTokens, { timeout: 30_000, interval: 200 }).toBe(2);
}, 60_000);

it('is refused on all of them, and told why', async () => {
  await fault(ALL, '429');
  expect(await publish('Too fast', ALL)).toEqual(['facebook retrying', 'linkedin retrying', 'x retrying']);
  // The platforms' slow-down rests the accounts for longer than this test has.
  await database.query('DELETE FROM account_rests');
  await fault(ALL, 'revoked', 20);
  expect(await publish('Not any more', ALL)).toEqual(['facebook held', 'linkedin held', 'x held']);
  const back = await ann.get(`/connect/x/callback?code=made-up-code-canary&state=made-up-state-canary`);
  said.push(back.text);
  secrets.set('made-up-code-canary', 'a code that X never gave');
}, 60_000);

it('has put no token into anything that it wrote or said', async () => {
  const places = new Map<string, string>([
    ['the log', product.output()],
    ['the sandbox’s journal', await readFile(join(product.dataDir, 'sandbox', 'journal.jsonl'), 'utf8')],
  ]);
  const tables = await database.query(
    `SELECT table_schema AS schema, table_name AS name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  for (const { schema, name } of tables.rows) {
    const { rows } = await database.query(`SELECT t::text AS row FROM "${schema}"."${name}" t`);
    places.set(`${schema}.${name}`, rows.map(({ row }) => row).join('\n'));
  }
  for (const resource of RESOURCES)
    for (const { id } of await list(resource, '?perPage=200')) {
      said.push((await ann.get(`${api}/${resource}/records/${id}/show`)).text);
    }
  for (const path of ['/admin', '/admin/api/dashboard', '/readyz', '/account']) said.push((await ann.get(path)).text);

  for (const { id, params } of await list('Publication', '?perPage=200'))
    if (params.status === 'published') said.push((await ann.get(`/admin/api/evidence/${id}`)).text);
  places.set('the panel’s answers', said.join('\n'));

  // That there is something to find it in.
  const sizes = Object.fromEntries([...places].map(([where, text]) => [where, text.length]));
  expect(sizes).toMatchObject(
    Object.fromEntries(
      Object.entries({
        'the log': 10_000,
        'the panel’s answers': 100_000,
        'the sandbox’s journal': 5_000,
        'public.audit_events': 2_000,
        'public.publish_attempts': 1_000,
        'public.account_credentials': 500,
        'public.session': 100,
      }).map(([where, least]) => [where, expect.toSatisfy((size: number) => size > least, `more than ${least}`)]),
    ),
  );
  expect([...places.keys()].filter((name) => name.startsWith('pgboss.')).length).toBeGreaterThan(3);

  const leaks = [...secrets].flatMap(([secret, what]) => {
    expect(secret.length, what).toBeGreaterThan(10);
    const forms = [secret, encodeURIComponent(secret), base64(secret), Buffer.from(secret).toString('hex')];
    return [...places].flatMap(([where, text]) =>
      forms.some((form) => text.includes(form)) ? [`${what}: ${where}`] : [],
    );
  });
  expect(leaks).toEqual([]);
  // Facebook's tokens of the person are used once and kept nowhere: they are known by how they begin.
  expect([...places].filter(([, text]) => /EAA[\w-]{40}/.test(text)).map(([where]) => where)).toEqual([]);
  expect([...places].filter(([, text]) => /Bearer [\w-]{20}/.test(text)).map(([where]) => where)).toEqual([]);
}, 60_000);

/** Without its end, which depends on what follows. */
function base64(secret: string): string {
  return Buffer.from(secret)
    .toString('base64')
    .replace(/.{0,3}=*$/, '');
}
