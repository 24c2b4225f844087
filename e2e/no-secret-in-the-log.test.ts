/**
 * A run of the whole product that logs everything it can (LOG_LEVEL=trace), in which people sign in, fail to, connect,
 * publish and break things. Every secret of that run is known here, and none may stand in the log.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bindingOf } from '../src/accounts/stored-tokens.ts';
import { createTokenCipher } from '../src/accounts/token-cipher.ts';
import { authenticatorCode } from '../src/testing/authenticator.ts';
import { consentAs, Visitor } from '../src/testing/visitor.ts';
import { type RunningProduct, startProduct } from './running-product.ts';

const KEY = randomBytes(32);
const SESSION_SECRET = `canary-session-secret-${randomBytes(24).toString('base64url')}`;
const PASSWORD = 'canary-password-of-ann';
const METRICS_TOKEN = 'canary-metrics-token';

let product: RunningProduct;
let ann: Visitor;
/** What it is → the secret itself. */
const secrets = new Map<string, string>([
  ['the encryption key', KEY.toString('base64')],
  ['the session secret', SESSION_SECRET],
  ['the password', PASSWORD],
  ['the metrics token', METRICS_TOKEN],
]);

beforeAll(async () => {
  product = await startProduct({
    LOG_LEVEL: 'trace',
    SUPERUSER_EMAIL: '',
    SUPERUSER_PASSWORD: '',
    TOKEN_KEYS: `k1:${KEY.toString('base64')}`,
    SESSION_SECRET,
    METRICS_TOKEN,
  });
  ann = new Visitor(product.url, product.url);
}, 60_000);
afterAll(() => product?.stop());

/** The log, without what `npm start` prints for the operator (the set-up link among it). */
const log = () =>
  product
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'));
const json = async (path: string, body: unknown) =>
  ann.send(path, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const keepCookie = (who: string, visitor: Visitor) => {
  const cookie = decodeURIComponent(visitor.cookies.get('session') ?? '');
  secrets.set(`the session of ${who}`, cookie.slice(2).split('.')[0] ?? '');
};

it('is full of requests while all this happens', async () => {
  const setup = /Set up\s+(\S+)/.exec(product.output())?.[1] ?? '';
  secrets.set('the set-up link', setup.split('/').at(-1) ?? '');
  const path = new URL(setup).pathname;
  await ann.get(path);
  await ann.post(path, {
    name: 'Ann',
    email: 'ann@example.com',
    password: PASSWORD,
    teamName: 'Press',
    timeZone: 'UTC',
  });
  keepCookie('set-up', ann);

  await ann.post('/login', { email: 'ann@example.com', password: 'canary-wrong-password' });
  await ann.post('/login', { email: 'canary-password-in-the-wrong-field', password: 'x' });
  secrets.set('a wrong password', 'canary-wrong-password');
  secrets.set('a password in the wrong field', 'canary-password-in-the-wrong-field');

  await ann.post('/account/second-factor/start', { password: PASSWORD });
  const secret = /class="key">([^<]+)</.exec((await ann.get('/account/second-factor')).text)?.[1] ?? '';
  const code = authenticatorCode(secret, new Date());
  const done = await ann.post('/account/second-factor', { code });
  const recoveryCode = /<li><code>([^<]+)</.exec(done.text)?.[1] ?? '';
  expect(recoveryCode).not.toBe('');
  secrets.set('the second factor', secret.replaceAll(' ', ''));
  secrets.set('a recovery code', recoveryCode);
  const again = new Visitor(product.url, product.url);
  await again.signIn('ann@example.com', PASSWORD);
  keepCookie('the second step', again);
  expect((await again.post('/login/second-factor', { code: 'canary-wrong-code' })).status).toBe(401);
  secrets.set('a wrong code', 'canary-wrong-code');
  expect((await again.post('/login/second-factor', { code: recoveryCode })).status).toBe(303);
  keepCookie('a full sign-in', again);
});

it('also of connecting, being refused, and publishing', async () => {
  const start = await ann.get('/connect/linkedin');
  const state = new URL(start.location ?? '').searchParams.get('state') ?? '';
  const back = await consentAs(start.location ?? '', 'amara.okafor@example.com');
  secrets.set('the state', state);
  secrets.set('the authorization code', new URL(back).searchParams.get('code') ?? '');
  expect((await ann.get(back)).location).toBe('/admin/resources/ConnectedAccount');
  await ann.get(back);
  await ann.get('/connect/linkedin/callback?code=canary-made-up-code&state=canary-made-up-state');
  await ann.get('/auth/linkedin/callback?code=canary-made-up-code&state=canary-made-up-state');
  secrets.set('a made-up code', 'canary-made-up');

  const accounts = JSON.parse((await ann.get('/admin/api/resources/ConnectedAccount/actions/list')).text);
  const [{ id: accountId }] = accounts.records;
  await fetch(`${product.sandboxUrl}/sandbox/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: product.sandboxUrl },
    body: JSON.stringify({ platform: 'linkedin', account: 'urn:li:person:aMr4OkF0r1', fault: 'malformed', times: 1 }),
  });
  const made = await json('/admin/api/resources/Post/actions/new', { text: 'Hello', accounts: [accountId] });
  await json(`/admin/api/resources/Post/records/${JSON.parse(made.text).record.params.id}/publishNow`, {});
  await expect
    .poll(async () => (await ann.get('/admin/api/resources/PublishAttempt/actions/list')).text, { timeout: 20_000 })
    .toMatch(/"state":"(?:unknown|acked|rejected)"/);
});

it('also of bad requests', async () => {
  const { records } = JSON.parse((await ann.get('/admin/api/resources/User/actions/list')).text);
  const edit = `/admin/api/resources/User/records/${records[0].id}/edit`;
  secrets.set('a password in a broken request', 'canary-in-a-broken-body');
  await json(edit, '{"currentPassword": "canary-in-a-broken-body", ');
  await json(edit, `{"newPassword": canary-in-a-broken-body}`);
  secrets.set('a wrong current password', 'canary-current-password');
  await json(edit, { currentPassword: 'canary-current-password', newPassword: 'canary-new-password' });
  secrets.set('a password nobody got', 'canary-new-password');
  await ann.send('/login', {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    body: `password=canary-in-a-long-form&x=${'y'.repeat(40_000)}`,
  });
  secrets.set('a password in a form that is too long', 'canary-in-a-long-form');
  await fetch(`${product.url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });

  const invited = await json(`/admin/api/resources/User/actions/new`, { email: 'bob@example.com', name: 'Bob' });
  const link = /\/invitations\/([\w-]+)/.exec(invited.text)?.[1] ?? '';
  expect(link).toHaveLength(43);
  secrets.set('an invitation link', link);
  const bob = new Visitor(product.url, product.url);
  await bob.get(`/invitations/${link}?canary-query=1`);
  await bob.post(`/invitations/${link}`, { name: 'Bob', password: 'short' });
  await bob.get(`/login?next=canary-query`, { cookie: 'session=canary-cookie', authorization: 'Basic canary-basic' });
  secrets.set('a query', 'canary-query');
  secrets.set('a cookie', 'canary-cookie');
  secrets.set('an authorization header', 'canary-basic');
});

it('and holds none of their secrets, not even an account’s token', async () => {
  const client = new pg.Client({
    connectionString: (await readFile(join(product.dataDir, 'database-url'), 'utf8')).trim(),
  });
  await client.connect();
  const { rows } = await client.query(
    `SELECT a.id, a.platform, a.external_id AS "externalId", c.access_token AS sealed
       FROM connected_accounts a JOIN account_credentials c ON c.account_id = a.id`,
  );
  await client.end();
  expect(rows).toHaveLength(1);
  const cipher = createTokenCipher([{ id: 'k1', key: KEY }]);
  secrets.set('the account’s token', cipher.decrypt(rows[0].sealed, bindingOf(rows[0], 'access_token')));

  const lines = log();
  expect(lines.filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThan(25);
  const text = lines.join('\n');
  expect(text).toContain('/connect/linkedin/callback');
  const leaks = [...secrets].filter(([, secret]) => text.includes(secret) || text.includes(encodeURIComponent(secret)));
  expect(leaks.map(([what]) => what)).toEqual([]);
  for (const [what, secret] of secrets) expect(secret.length, what).toBeGreaterThan(5);
  // Every line of a request carries the id that the person sees on an error page.
  const requests = lines.filter((line) => line.includes('"msg":"request"'));
  expect(requests.filter((line) => !/"requestId":"[\w-]{8,}"/.test(line))).toEqual([]);
});
