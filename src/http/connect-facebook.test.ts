/** Connecting Pages through the front door, against a login server that is as strict as Meta's documentation. */
import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openAccessToken } from '../accounts/stored-tokens.ts';
import { hashPassword } from '../identity/password.ts';
import {
  type GraphAnswer,
  type GraphCall,
  type GraphServer,
  graphError,
  startGraphServer,
} from '../testing/graph-server.ts';
import type { Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const APP_ID = '4711';
const SECRET = 'secret-of-the-app';
const PASSWORD = 'correct horse battery';
const ACCOUNTS = '/admin/resources/ConnectedAccount';
const TASKS = ['ANALYZE', 'CREATE_CONTENT', 'MODERATE'];

interface Consent {
  redirectUri: string;
  granted: readonly string[];
  declined: readonly string[];
}

let facebook: GraphServer;
let server: TestServer;
let visitor: Visitor;
let teamId: string;
let passwordHash: string;
let pages: { id: string; name: string; tasks: string[] }[];
/** Unused codes, and the tokens that were given for them. */
const codes = new Map<string, Consent>();
const tokens = new Map<string, Consent>();

beforeAll(async () => {
  facebook = await startGraphServer(strictLogin);
  server = await startTestServer({
    environment: {
      FACEBOOK_APP_ID: APP_ID,
      FACEBOOK_APP_SECRET: SECRET,
      FACEBOOK_DIALOG_URL: facebook.url,
      FACEBOOK_GRAPH_URL: facebook.url,
    },
  });
  passwordHash = await hashPassword(PASSWORD);
});
afterAll(async () => {
  await server.close();
  await facebook.close();
});

beforeEach(async () => {
  pages = [{ id: '1001', name: 'Library', tasks: TASKS }];
  const { db } = server.ctx;
  teamId = (await db.team.create({ data: { name: `Team ${randomUUID()}` } })).id;
  const email = `${randomUUID()}@example.com`;
  await db.user.create({
    data: {
      email,
      name: email,
      credential: { create: { passwordHash } },
      memberships: { create: { teamId, role: 'manager' } },
    },
  });
  visitor = server.visitor();
  await visitor.signIn(email, PASSWORD);
});

const accounts = () => server.ctx.db.connectedAccount.findMany({ where: { teamId }, include: { credential: true } });

/** Starts at /connect and answers Facebook's dialog. @returns where Facebook sends the browser back to */
async function consent(part: { untick?: readonly string[]; deny?: boolean } = {}): Promise<string> {
  const start = await visitor.get(`/connect/facebook?team=${teamId}`);
  expect(start.status).toBe(302);
  const dialog = new URL(start.location ?? '');
  expect(dialog.origin + dialog.pathname).toBe(`${facebook.url}/v26.0/dialog/oauth`);
  const redirectUri = dialog.searchParams.get('redirect_uri') ?? '';
  expect(redirectUri).toBe(`${server.url}/connect/facebook/callback`);
  const back = new URL(redirectUri);
  back.searchParams.set('state', dialog.searchParams.get('state') ?? '');
  if (part.deny === true) {
    back.searchParams.set('error', 'access_denied');
    back.searchParams.set('error_reason', 'user_denied');
    back.searchParams.set('error_description', 'Permissions error');
    return back.href;
  }
  const asked = (dialog.searchParams.get('scope') ?? '').split(',');
  const declined = asked.filter((scope) => part.untick?.includes(scope));
  const code = `code-${randomUUID()}`;
  codes.set(code, { redirectUri, granted: asked.filter((scope) => !declined.includes(scope)), declined });
  back.searchParams.set('code', code);
  return `${back.href}#_=_`;
}

describe('coming back from Facebook', () => {
  test('with one Page connects it, with the Page’s own token, which has no end but the person’s permission has', async () => {
    const answer = await visitor.get(await consent());
    expect([answer.status, answer.location]).toEqual([302, ACCOUNTS]);
    const [account, ...others] = await accounts();
    expect(others).toEqual([]);
    expect(account).toMatchObject({
      platform: 'facebook',
      kind: 'page',
      externalId: '1001',
      displayName: 'Library',
      status: 'active',
      tokenExpiresAt: null,
      refreshTokenExpiresAt: null,
      permissionEndsAt: expect.any(Date),
      scopes: ['pages_show_list', 'pages_read_engagement', 'pages_manage_posts', 'business_management'],
    });
    expect(tokenOf(account)).toMatch(/^page-1001-of-long-/);
    const days = ((account?.permissionEndsAt?.getTime() ?? 0) - server.clock.now().getTime()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
  });

  test('with several asks which one, offers those that may be published on, and says why the others may not', async () => {
    pages = [
      { id: '1001', name: 'Library', tasks: TASKS },
      { id: '1002', name: 'Only looking', tasks: ['ANALYZE'] },
      { id: '1003', name: 'Museum', tasks: ['MANAGE'] },
    ];
    const asked = await visitor.get(await consent());
    expect(asked.status).toBe(200);
    expect(asked.text).toContain('Library');
    expect(asked.text).toContain('Museum');
    expect(asked.text).toMatch(/value="1002" disabled>.*Only looking.*CREATE_CONTENT.*full control of the Page/);
    expect(asked.text).not.toMatch(/value="100[13]" disabled/);
    expect(asked.text).not.toContain('long-');
    const pending = /name="pending" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    expect((await visitor.post('/connect/facebook/choice', { pending, account: '1002' })).status).toBe(400);
    const chosen = await visitor.post('/connect/facebook/choice', { pending, account: '1003' });
    expect(chosen.location).toBe(ACCOUNTS);
    const [account] = await accounts();
    expect(account).toMatchObject({
      externalId: '1003',
      displayName: 'Museum',
      tokenExpiresAt: null,
      permissionEndsAt: expect.any(Date),
    });
    expect(tokenOf(account)).toMatch(/^page-1003-of-long-/);
  });

  test('takes hundreds that were ticked at once', async () => {
    pages = Array.from({ length: 120 }, (_, index) => ({
      id: `102000000${index}`,
      name: `Page ${index}`,
      tasks: TASKS,
    }));
    const asked = await visitor.get(await consent());
    const pending = /name="pending" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    const ticked = pages.map(({ id }): [string, string] => ['account', id]);
    const chosen = await visitor.post('/connect/facebook/choice', [['pending', pending], ...ticked]);
    expect([chosen.status, chosen.location]).toEqual([303, ACCOUNTS]);
    expect(await accounts()).toHaveLength(120);
  });

  test('shows a name without what hides in it, and at most 200 characters of it', async () => {
    pages = [{ id: '1001', name: `Lib\u0000rary\u200b \u202e\ud800${'y'.repeat(300)}`, tasks: TASKS }];
    expect((await visitor.get(await consent())).status).toBe(302);
    const [account] = await accounts();
    expect(account?.displayName).toBe(`Lib rary ${'y'.repeat(190)}…`);
  });

  test('refuses an id that is none', async () => {
    for (const id of ['10\u000001', '10/01', '', 'x'.repeat(3000)]) {
      pages = [{ id, name: 'Library', tasks: TASKS }];
      const answer = await visitor.get(await consent());
      expect([id, answer.status]).toEqual([id, 400]);
      expect(answer.text).toContain('could not be read');
    }
    expect(await accounts()).toEqual([]);
  });

  test('finds a Page that stands in the second part of the list', async () => {
    pages = [
      ...Array.from({ length: 100 }, (_, index) => ({ id: `2${index}`, name: `Page ${index}`, tasks: [] })),
      { id: '1001', name: 'Library', tasks: TASKS },
    ];
    expect((await visitor.get(await consent())).location).toBe(ACCOUNTS);
    expect(await accounts()).toMatchObject([{ externalId: '1001' }]);
  });

  test('without business_management is enough to publish', async () => {
    expect((await visitor.get(await consent({ untick: ['business_management'] }))).location).toBe(ACCOUNTS);
  });

  test('again keeps the account, and repairs one that had to be reconnected', async () => {
    await visitor.get(await consent());
    const [before] = await accounts();
    await server.ctx.db.connectedAccount.updateMany({ where: { teamId }, data: { status: 'reconnect_required' } });
    pages = [{ id: '1001', name: 'Library of the town', tasks: TASKS }];
    await visitor.get(await consent());
    const [after, ...others] = await accounts();
    expect(others).toEqual([]);
    expect(after).toMatchObject({ id: before?.id, status: 'active', displayName: 'Library of the town' });
    expect(tokenOf(after)).not.toBe(tokenOf(before));
  });
});

describe('saves nothing and says why', () => {
  const refused = async (back: string) => {
    const answer = await visitor.get(back);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(`/connect/facebook?team=${teamId}`);
    expect(await accounts()).toEqual([]);
    return answer.text;
  };

  test('when consent was denied', async () => {
    expect(await refused(await consent({ deny: true }))).toContain('You cancelled at Facebook. Nothing was connected.');
  });

  test.each(['pages_manage_posts', 'pages_show_list', 'pages_read_engagement'])(
    'when %s was unticked',
    async (scope) => {
      expect(await refused(await consent({ untick: [scope] }))).toContain(
        `Without ${scope} nothing can be published, so the account was not connected.`,
      );
    },
  );

  test('when there are Pages, but none with the task to publish', async () => {
    pages = [{ id: '1002', name: 'Only <looking>', tasks: ['ANALYZE', 'MODERATE'] }];
    const text = await refused(await consent());
    expect(text).toContain('You may not publish on Only &lt;looking&gt;');
    expect(text).toContain('CREATE_CONTENT');
    expect(text).toContain('Nothing was saved.');
  });

  test('when there is no Page at all', async () => {
    pages = [];
    expect(await refused(await consent())).toContain('Check that you manage one there');
  });

  test('when the code was used already', async () => {
    const used = new URL(await consent()).searchParams.get('code') ?? '';
    codes.delete(used);
    const again = new URL(await consent());
    again.searchParams.set('code', used);
    expect(await refused(again.href)).toContain('it was used already, has expired');
  });

  test('when the state is used up', async () => {
    const back = await consent({ deny: true });
    await visitor.get(back);
    const again = await visitor.get(back);
    expect(again.status).toBe(400);
    expect(again.text).toContain('This connection has expired');
  });
});

test('nothing secret is in an address or in the log', async () => {
  await visitor.get(await consent());
  expect(tokens.size).toBeGreaterThan(0);
  const seen = [server.logged(), ...facebook.calls.map(({ url }) => url)].join('\n');
  for (const secret of [SECRET, ...tokens.keys()]) expect(seen).not.toContain(secret);
  expect(seen).not.toContain('page-1001-of');
});

function tokenOf(account: Awaited<ReturnType<typeof accounts>>[number] | undefined): string {
  if (!account?.credential) throw new Error('the account has no token');
  return openAccessToken(server.ctx.tokenCipher, account, account.credential);
}

/** Codes are good once and for one redirect address; tokens must come in the header, with proof of the secret. */
function strictLogin(call: GraphCall): GraphAnswer {
  const { method, path, query, fields, token } = call;
  if (method === 'POST' && path === '/v26.0/oauth/access_token') return exchange(fields);
  const owner = token === null ? undefined : tokens.get(token);
  if (token === null || owner === undefined) return refuse(190, 'Invalid OAuth access token.');
  if (query.appsecret_proof !== createHmac('sha256', SECRET).update(token).digest('hex'))
    return refuse(100, 'Invalid appsecret_proof provided in the API argument');
  if (method === 'GET' && path === '/v26.0/me/permissions') {
    const listed = (scopes: readonly string[], status: string) => scopes.map((permission) => ({ permission, status }));
    return { body: { data: [...listed(owner.granted, 'granted'), ...listed(owner.declined, 'declined')] } };
  }
  if (method === 'GET' && path === '/v26.0/me/accounts') return listPages(token, query);
  return refuse(2500, 'Unknown path components');
}

function exchange(fields: Readonly<Record<string, string>>): GraphAnswer {
  if (fields.client_id !== APP_ID) return refuse(101, 'Error validating application. Invalid application ID.');
  if (fields.client_secret !== SECRET) return refuse(1, 'Error validating client secret.');
  if (fields.grant_type === 'fb_exchange_token') {
    const owner = tokens.get(fields.fb_exchange_token ?? '');
    return owner === undefined
      ? refuse(190, 'Session has expired', 463)
      : give(`long-${randomUUID()}`, owner, 5_183_944);
  }
  const found = codes.get(fields.code ?? '');
  codes.delete(fields.code ?? '');
  if (found === undefined) return refuse(100, 'This authorization code has been used.', 36009);
  if (fields.redirect_uri !== found.redirectUri) return refuse(100, 'Error validating verification code.', 36008);
  return give(`short-${randomUUID()}`, found, 5_000);
}

function give(token: string, owner: Consent, lifetime: number): GraphAnswer {
  tokens.set(token, owner);
  return { body: { access_token: token, token_type: 'bearer', expires_in: lifetime } };
}

function listPages(token: string, query: Readonly<Record<string, string>>): GraphAnswer {
  const from = Number(query.after ?? 0);
  const to = from + Number(query.limit ?? 25);
  const data = pages.slice(from, to).map((page) => ({ ...page, access_token: `page-${page.id}-of-${token}` }));
  const next = `${facebook.url}/v26.0/me/accounts?access_token=${token}&limit=100&after=${to}`;
  return {
    body: {
      data,
      paging: { cursors: { before: String(from), after: String(to) }, ...(to < pages.length && { next }) },
    },
  };
}

function refuse(code: number, message: string, subcode?: number): GraphAnswer {
  return { status: 400, body: graphError(code, message, subcode === undefined ? {} : { subcode }) };
}
