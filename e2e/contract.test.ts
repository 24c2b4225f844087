/** The contract as an independent client meets it: only documented paths, fields and status codes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ApiAnswer as Answer, ApiClient } from './api-client.ts';
import { type RunningProduct, SUPERUSER, startProduct } from './running-product.ts';

const recordAnswer = z.object({
  record: z.object({
    id: z.string().optional(),
    params: z.record(z.string(), z.unknown()),
    errors: z.record(z.string(), z.unknown()),
  }),
  notice: z.object({ type: z.string(), message: z.string() }).optional(),
});
const listAnswer = z.object({
  records: z.array(z.object({ id: z.string(), params: z.record(z.string(), z.unknown()) })),
});
const record = (answer: Answer) => recordAnswer.parse(answer.json);
const params = (answer: Answer) => record(answer).record.params;

let product: RunningProduct;
let ann: ApiClient;
let teamId: string;
let accountId: string;

beforeAll(async () => {
  product = await startProduct();
  ann = new ApiClient(product.url);
  expect(await ann.signIn(SUPERUSER.email, SUPERUSER.password)).toMatchObject({
    status: 303,
    location: expect.stringMatching(/\/admin$/),
  });
  teamId = listAnswer.parse((await ann.get('/admin/api/resources/Team/actions/list')).json).records[0]?.id ?? '';
}, 60_000);
afterAll(() => product.stop());

const api = '/admin/api/resources';
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('waited ten seconds in vain');
}

async function publicationOf(postId: string) {
  const list = listAnswer.parse((await ann.get(`${api}/Publication/actions/list?filters.post=${postId}`)).json);
  return list.records[0]?.params ?? {};
}

describe('a superuser with nothing but HTTP', () => {
  it('connects a LinkedIn account to the team', async () => {
    const answer = await ann.consent(`/connect/linkedin?team=${teamId}`, 'amara.okafor@example.com');
    expect(answer).toMatchObject({ status: 302, location: '/admin/resources/ConnectedAccount' });
    const accounts = listAnswer.parse((await ann.get(`${api}/ConnectedAccount/actions/list`)).json).records;
    expect(accounts).toHaveLength(1);
    expect(accounts[0]?.params).toMatchObject({
      platform: 'linkedin',
      status: 'active',
      displayName: 'Amara Okafor',
      externalId: 'aMr4OkF0r1',
      team: teamId,
    });
    accountId = accounts[0]?.id ?? '';
    const again = await ann.consent(`/connect/linkedin?team=${teamId}`, 'amara.okafor@example.com');
    expect(again.status).toBe(302);
    expect(
      listAnswer.parse((await ann.get(`${api}/ConnectedAccount/actions/list`)).json).records.map(({ id }) => id),
    ).toEqual([accountId]);
  });

  const bodies: [string, (path: string, fields: Record<string, string>) => Promise<Answer>][] = [
    ['JSON', (path, { account, ...rest }) => ann.postJson(path, { ...rest, accounts: [account] })],
    ['JSON with flat keys', (path, { account, ...rest }) => ann.postJson(path, { ...rest, 'accounts.0': account })],
    ['a form', (path, { account = '', ...rest }) => ann.postForm(path, { ...rest, 'accounts.0': account })],
    ['multipart', (path, { account = '', ...rest }) => ann.postMultipart(path, { ...rest, 'accounts.0': account })],
  ];
  for (const [kind, post] of bodies) {
    it(`writes a post as ${kind}, schedules it and sees it published once, at its time`, async () => {
      const text = `Written as ${kind}`;
      const scheduledAt = inSeconds(2);
      const created = await post(`${api}/Post/actions/new`, {
        text,
        account: accountId,
        scheduledAt,
        timeZone: 'Europe/Warsaw',
      });
      expect(created.status).toBe(200);
      expect(params(created)).toMatchObject({ text, status: 'draft', timeZone: 'Europe/Warsaw' });
      const id = String(params(created).id);
      expect(id).toMatch(/^[0-9a-f-]{36}$/);

      const scheduled = await ann.postJson(`${api}/Post/records/${id}/schedule`, {});
      expect(record(scheduled).notice?.type).toBe('success');
      expect(params(scheduled).status).toBe('scheduled');

      const publication = await until(async () => {
        const row = await publicationOf(id);
        return row.status === 'published' ? row : undefined;
      });
      expect(publication).toMatchObject({
        post: id,
        account: accountId,
        attemptCount: 1,
        externalId: expect.stringMatching(/^urn:li:share:/),
        permalink: expect.stringContaining('urn:li:share:'),
      });
      expect(Date.parse(String(publication.sentAt))).toBeGreaterThanOrEqual(Date.parse(scheduledAt));
      const ledger = (await (await fetch(`${product.sandboxUrl}/sandbox/ledger?platform=linkedin`)).json()) as {
        entries: { text: string }[];
      };
      expect(ledger.entries.filter((entry) => entry.text === text)).toHaveLength(1);
      expect(params(await ann.get(`${api}/Post/records/${id}/show`)).status).toBe('published');
    });
  }

  it('publishes now, cancels, duplicates and deletes, each by POST', async () => {
    const id = String(
      params(
        await ann.postJson(`${api}/Post/actions/new`, {
          text: 'All verbs',
          accounts: [accountId],
          scheduledAt: inSeconds(3600),
        }),
      ).id,
    );
    for (const verb of ['schedule', 'publishNow', 'cancel', 'duplicate']) {
      const asGet = await ann.get(`${api}/Post/records/${id}/${verb}`);
      expect(asGet.status, `GET ${verb}`).toBeGreaterThanOrEqual(400);
      expect(asGet.status).toBeLessThan(500);
    }
    expect(params(await ann.get(`${api}/Post/records/${id}/show`)).status).toBe('draft');
    await ann.postJson(`${api}/Post/records/${id}/schedule`, {});
    expect(params(await ann.postJson(`${api}/Post/records/${id}/cancel`, {})).status).toBe('cancelled');
    const copy = String(params(await ann.postJson(`${api}/Post/records/${id}/duplicate`, {})).id);
    expect(copy).not.toBe(id);
    expect(record(await ann.postJson(`${api}/Post/records/${copy}/delete`, {})).notice?.type).toBe('success');
    expect((await ann.get(`${api}/Post/records/${copy}/show`)).status).toBe(404);
  });

  it('reads in the audit what happened', async () => {
    const { records } = listAnswer.parse((await ann.get(`${api}/AuditEvent/actions/list?perPage=200`)).json);
    const actions = new Set(records.map((event) => event.params.action));
    for (const action of [
      'user.created',
      'team.created',
      'user.signed_in',
      'account.connected',
      'post.created',
      'post.scheduled',
      'post.cancelled',
      'publication.sent',
      'publication.published',
    ]) {
      expect(actions, action).toContain(action);
    }
  });

  it('resolves what is unconfirmed', async () => {
    await fetch(`${product.sandboxUrl}/sandbox/faults`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: product.sandboxUrl },
      body: JSON.stringify({
        platform: 'linkedin',
        account: 'urn:li:person:aMr4OkF0r1',
        fault: 'reset after',
        times: 1,
      }),
    });
    const id = String(
      params(await ann.postJson(`${api}/Post/actions/new`, { text: 'Nobody knows', accounts: [accountId] })).id,
    );
    await ann.postJson(`${api}/Post/records/${id}/publishNow`, {});
    const publication = await until(async () => {
      const row = await publicationOf(id);
      return row.status === 'unconfirmed' ? row : undefined;
    });
    const resolve = `${api}/Publication/records/${String(publication.id)}/resolve`;
    expect(record(await ann.postJson(resolve, { resolution: 'live' })).notice?.type).toBe('error');
    const permalink = 'https://www.linkedin.com/feed/update/urn:li:share:7000000000000000001/';
    const resolved = await ann.postJson(resolve, { resolution: 'live', permalink, reason: 'seen in the feed' });
    expect(params(resolved)).toMatchObject({
      status: 'published',
      externalId: 'urn:li:share:7000000000000000001',
      permalink,
    });
  });
});

describe('what a person can type wrongly', () => {
  const mistakes: [string, Record<string, unknown>, string][] = [
    ['an empty text', { text: '' }, 'text'],
    ['a text over the limit', { text: 'x'.repeat(3001) }, 'text'],
    ['a time in the past', { scheduledAt: '2020-01-01T00:00:00Z' }, 'scheduledAt'],
    [
      'a time in a daylight-saving gap',
      { scheduledAt: '2027-03-28T02:30:00+01:00', timeZone: 'Europe/Warsaw' },
      'scheduledAt',
    ],
    ['an unknown zone', { timeZone: 'Mars/Base', scheduledAt: '2027-01-01T00:00:00Z' }, 'timeZone'],
    ['an unknown account', { accounts: ['00000000-0000-7000-8000-000000000000'] }, 'accounts'],
  ];
  for (const [mistake, over, field] of mistakes) {
    it(`in a form, such as ${mistake}, is a message at the field and saves nothing`, async () => {
      const before = listAnswer.parse((await ann.get(`${api}/Post/actions/list?perPage=500`)).json).records.length;
      const answer = await ann.postJson(`${api}/Post/actions/new`, { text: 'Fine', accounts: [accountId], ...over });
      expect(answer.status).toBeLessThan(500);
      expect(Object.keys(record(answer).record.errors)).toContain(field);
      expect(listAnswer.parse((await ann.get(`${api}/Post/actions/list?perPage=500`)).json).records).toHaveLength(
        before,
      );
    });
  }

  const addresses = [
    '/admin/api/resources/Post/records/not-a-uuid/show',
    '/admin/api/resources/Post/records/00000000-0000-7000-8000-000000000000/show',
    '/admin/api/resources/Post/records/00000000-0000-7000-8000-000000000000/edit',
    '/admin/api/resources/Post/actions/list?filters.nope=1',
    '/admin/api/resources/Post/actions/list?filters.status=flying',
    '/admin/api/resources/Post/actions/list?filters.scheduledAt~~from=yesterday',
    '/admin/api/resources/Post/actions/list?filters.author=12',
    '/admin/api/resources/Post/actions/list?sortBy=passwordHash',
    '/admin/api/resources/Post/actions/list?page=-1',
    '/admin/api/resources/Post/actions/list?page=99999999999999999999',
    '/admin/api/resources/Post/actions/list?perPage=abc',
    '/admin/api/resources/Post/actions/fly',
    '/admin/api/resources/AccountCredential/actions/list',
    '/admin/api/resources/Nope/actions/list',
    '/admin/api/resources/Post/bulk/bulkDelete?recordIds=1',
    '/admin/api/pages/nope',
    '/admin/api/%E0%A4%A',
    '/connect/myspace?team=1',
    '/connect/linkedin?team=not-a-uuid',
    '/connect/linkedin/callback?state=x&code=y',
    '/auth/linkedin/callback?state=x&code=y',
    '/invitations/nope',
    '/setup/nope',
  ];
  for (const address of addresses) {
    it(`in an address is a plain 4xx: ${address}`, async () => {
      const answer = await ann.get(address);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.text).not.toMatch(/prisma|select |at .*\.ts:|node_modules/i);
    });
  }
});

describe('a stranger', () => {
  it('is sent to the sign-in page, and the API says 401', async () => {
    const stranger = new ApiClient(product.url);
    expect(await stranger.get('/')).toMatchObject({ status: 302, location: '/admin' });
    const page = await stranger.get('/admin');
    expect(page.status).toBe(302);
    expect(page.location).toMatch(/^\/login/);
    expect(await stranger.get(`${api}/Post/actions/list`)).toMatchObject({ status: 401 });
    expect((await stranger.signIn(SUPERUSER.email, 'wrong')).status).toBeGreaterThanOrEqual(400);
  });

  it('cannot use somebody else’s browser from another site', async () => {
    const answer = await fetch(`${product.url}/login`, {
      method: 'POST',
      headers: { Origin: 'https://evil.example' },
      body: new URLSearchParams(SUPERUSER),
    });
    expect(answer.status).toBe(403);
    const noOrigin = await fetch(`${product.url}/login`, { method: 'POST', body: new URLSearchParams(SUPERUSER) });
    expect(noOrigin.status).toBe(403);
  });

  it('whom nobody invited gets a friendly page from LinkedIn, and no account', async () => {
    const stranger = new ApiClient(product.url);
    const answer = await stranger.consent('/auth/linkedin', 'rafael.duarte@example.com');
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('invite');
    const { records } = listAnswer.parse((await ann.get(`${api}/User/actions/list`)).json);
    expect(records).toHaveLength(1);
  });

  it('whom a superuser has added comes in through LinkedIn, with his account connected', async () => {
    const created = await ann.postJson(`${api}/User/actions/new`, {
      email: 'jonas.lindqvist@example.com',
      name: 'Jonas',
      timeZone: 'Europe/Stockholm',
    });
    const userId = String(params(created).id);
    expect(
      record(await ann.postJson(`${api}/Membership/actions/new`, { user: userId, team: teamId, role: 'author' })).record
        .errors,
    ).toEqual({});
    const jonas = new ApiClient(product.url);
    const answer = await jonas.consent('/auth/linkedin', 'jonas.lindqvist@example.com');
    expect(answer.status).toBe(302);
    const accounts = listAnswer.parse((await jonas.get(`${api}/ConnectedAccount/actions/list`)).json).records;
    expect(accounts.map((account) => account.params.displayName).sort()).toEqual(['Amara Okafor', 'Jonas Lindqvist']);
    expect(listAnswer.parse((await jonas.get(`${api}/Post/actions/list`)).json).records).toEqual([]);
    const own = accounts.find((account) => account.params.displayName === 'Jonas Lindqvist');
    const post = String(
      params(await jonas.postJson(`${api}/Post/actions/new`, { text: 'Hello from Jonas', accounts: [own?.id] })).id,
    );
    expect(params(await jonas.postJson(`${api}/Post/records/${post}/publishNow`, {})).status).toMatch(
      /scheduled|publishing|published/,
    );
    expect((await jonas.get(`${api}/User/records/${userId}/show`)).status).toBe(200);
    expect((await jonas.postJson(`${api}/User/records/${userId}/edit`, { isSuperuser: true })).text).not.toContain(
      '"isSuperuser":true',
    );
  });
});
