import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type GraphAnswer,
  type GraphCall,
  type GraphServer,
  graphError,
  startGraphServer,
} from '../testing/graph-server.ts';
import { createFacebookConnector } from './facebook-connector.ts';
import { createHttpClient } from './http-client.ts';
import { ConnectError, type Connector } from './platform.ts';

const now = new Date('2026-11-21T12:00:00Z');
const redirectUri = 'https://posts.example.com/connect/facebook/callback';
const SECRET = 's&cret-of-the-app';
const app = { clientId: '4711', clientSecret: SECRET, version: 'v26.0' };
const TOKEN_PATH = '/v26.0/oauth/access_token';

let server: GraphServer;
let connector: Connector;
/** Answers by path; a list is worked off, its last entry stays. */
let answers: Record<string, GraphAnswer | GraphAnswer[]>;

beforeEach(async () => {
  answers = {
    short: { body: { access_token: 'short-token', token_type: 'bearer', expires_in: 5000 } },
    long: { body: { access_token: 'long-token', token_type: 'bearer', expires_in: 5_183_944 } },
    '/v26.0/me/permissions': { body: { data: permissions({ pages_manage_posts: 'granted' }) } },
    '/v26.0/me/accounts': { body: { data: [page('1', 'Library')] } },
  };
  server = await startGraphServer(({ path, fields }) => {
    const exchange = fields.grant_type === 'fb_exchange_token' ? 'long' : 'short';
    const answer = answers[path === TOKEN_PATH ? exchange : path];
    if (answer === undefined) return { status: 400, body: graphError(2500, 'Unknown path components') };
    if (!Array.isArray(answer)) return answer;
    return (answer.length > 1 ? answer.shift() : answer[0]) ?? 'drop';
  });
  connector = connectorFor();
});
afterEach(() => server.close());

describe('asking for consent', () => {
  test('goes to the dialog of the set version with everything publishing needs, and asks again for what was unticked', () => {
    const url = new URL(connector.authorizeUrl({ redirectUri, state: 'a b', codeChallenge: 'not sent' }));
    expect(url.origin + url.pathname).toBe(`${server.url}/dialog-base/v26.0/dialog/oauth`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: '4711',
      redirect_uri: redirectUri,
      state: 'a b',
      response_type: 'code',
      scope: 'pages_show_list,pages_read_engagement,pages_manage_posts,business_management',
      auth_type: 'rerequest',
    });
  });

  test('without an app tells the operator what to set', () => {
    const unset = connectorFor({ clientId: null, clientSecret: null });
    expect(() => unset.authorizeUrl({ redirectUri, state: 'y', codeChallenge: 'z' })).toThrow(
      /FACEBOOK_APP_ID and FACEBOOK_APP_SECRET/,
    );
  });
});

describe('a code', () => {
  const exchange = () => connector.exchangeCode({ code: 'the+code', redirectUri, codeVerifier: '' }, now);

  test('becomes a long-lived token, with its end, the end of the person’s permission and what was really granted', async () => {
    answers['/v26.0/me/permissions'] = {
      body: {
        data: permissions({
          pages_show_list: 'granted',
          pages_manage_posts: 'declined',
          business_management: 'expired',
        }),
      },
    };
    expect(await exchange()).toEqual({
      accessToken: 'long-token',
      accessTokenExpiresAt: new Date('2027-01-20T11:59:04Z'),
      refreshToken: null,
      refreshTokenExpiresAt: null,
      permissionEndsAt: new Date('2027-02-19T12:00:00Z'),
      scopes: ['pages_show_list'],
    });
  });

  test('is exchanged with secret and code in the body, and every token goes in a header', async () => {
    await exchange();
    const [code, long, granted] = server.calls;
    expect(code).toMatchObject({ method: 'POST', path: TOKEN_PATH, query: {} });
    expect(code?.fields).toEqual({
      client_id: '4711',
      client_secret: SECRET,
      code: 'the+code',
      redirect_uri: redirectUri,
    });
    expect(long).toMatchObject({ method: 'POST', path: TOKEN_PATH, query: {} });
    expect(long?.fields).toEqual({
      grant_type: 'fb_exchange_token',
      client_id: '4711',
      client_secret: SECRET,
      fb_exchange_token: 'short-token',
    });
    expect(granted).toMatchObject({
      method: 'GET',
      token: 'long-token',
      query: { appsecret_proof: proof('long-token') },
    });
    expectNoSecretInAddresses();
  });

  test('without a lifetime has no known end', async () => {
    answers.long = { body: { access_token: 'long-token', token_type: 'bearer' } };
    expect(await exchange()).toMatchObject({ accessTokenExpiresAt: null });
  });

  test.each([
    [
      400,
      graphError(100, 'This authorization code has been used.', { subcode: 36009 }),
      'code-refused',
      true,
      /used already/,
    ],
    [
      400,
      graphError(100, 'This authorization code has expired.', { subcode: 36007 }),
      'code-refused',
      true,
      /Start connecting again/,
    ],
    [
      400,
      graphError(100, 'Error validating verification code.', { subcode: 36008 }),
      'code-refused',
      true,
      /redirect address/,
    ],
    [400, graphError(1, 'Error validating client secret.'), 'app-refused', false, /FACEBOOK_APP_SECRET/],
    [
      400,
      graphError(101, 'Error validating application. Invalid application ID.'),
      'app-refused',
      false,
      /FACEBOOK_APP_ID/,
    ],
    [400, graphError(100, 'Invalid appsecret_proof provided'), 'app-refused', false, /FACEBOOK_APP_SECRET/],
    [400, graphError(100, 'Missing redirect_uri parameter.'), 'refused', false, /error 100/],
    [400, graphError(190, 'expired', { subcode: 463 }), 'token-refused', true, /Start connecting again/],
    [403, graphError(200, 'Permissions error'), 'permission-missing', false, /leave every permission ticked/],
    [400, graphError(4, '(#4) Application request limit reached'), 'unreachable', false, /slow down/],
    [400, graphError(17, 'limit', { transient: true }), 'unreachable', false, /slow down/],
    [429, 'nonsense', 'unreachable', false, /slow down/],
    [500, graphError(2, 'Service temporarily unavailable'), 'unreachable', false, /Try again/],
    [400, graphError(1, 'An unknown error occurred'), 'unreachable', false, /Try again/],
    [503, '<html>', 'unreachable', false, /Try again/],
    [400, 'nonsense', 'refused', false, /HTTP 400/],
    [400, { error: 'invalid_request' }, 'refused', false, /HTTP 400/],
    [200, 'nonsense', 'unreadable-answer', false, /Try again/],
    [200, { token_type: 'bearer' }, 'unreadable-answer', false, /Try again/],
  ])('that is answered %i %j is %s (only consent repairs it: %s)', async (status, body, code, dead, message) => {
    for (const step of ['short', 'long', '/v26.0/me/permissions']) {
      const usual = answers[step];
      answers[step] = { status, body };
      const error = await exchange().then(() => null, asConnectError);
      expect([step, error?.code, error?.dead]).toEqual([step, code, dead]);
      expect(error?.message).toMatch(message);
      answers[step] = usual ?? 'drop';
    }
  });

  test('that Facebook never gave says so in a header only, and is no more use than a used one', async () => {
    answers.short = {
      status: 400,
      headers: {
        'www-authenticate': 'OAuth "Facebook Platform" "invalid_code" "Invalid verification code format."',
      },
      body: graphError(100, 'Invalid verification code format.'),
    };
    const error = await exchange().then(() => null, asConnectError);
    expect(error).toMatchObject({ code: 'code-refused', dead: true });
  });

  test('is sent once, whatever happens; what may be asked again is', async () => {
    answers.short = 'drop';
    await expect(exchange()).rejects.toMatchObject({ code: 'unreachable', dead: false });
    expect(server.calls).toHaveLength(1);

    answers.short = { body: { access_token: 'short-token' } };
    answers.long = ['drop', { status: 500, body: graphError(2, 'later') }, { body: { access_token: 'long-token' } }];
    expect(await exchange()).toMatchObject({ accessToken: 'long-token' });
  });

  test('whose app is over the limit is to be tried when Facebook estimates', async () => {
    const usage = [{ type: 'pages', call_count: 100, estimated_time_to_regain_access: 12 }];
    answers.short = {
      status: 400,
      headers: { 'x-business-use-case-usage': JSON.stringify({ 9: usage }) },
      body: graphError(80001, 'too many calls'),
    };
    await expect(exchange()).rejects.toThrow('Try again in 12 minutes.');
  });

  test('in no failure is a secret, a code or a token repeated', async () => {
    const words = `${SECRET} the+code short-token long-token`;
    for (const body of [graphError(100, words, { userMessage: words }), words, { error: words }]) {
      for (const step of ['short', 'long', '/v26.0/me/permissions']) {
        const usual = answers[step];
        answers[step] = { status: 400, body };
        const error = await exchange().then(() => null, asConnectError);
        expect(error?.message).not.toMatch(/s&cret|the\+code|-token/);
        answers[step] = usual ?? 'drop';
      }
    }
  });
});

describe('the Pages', () => {
  const grant = {
    accessToken: 'long-token',
    accessTokenExpiresAt: new Date('2027-01-20T11:59:04Z'),
    refreshToken: null,
    refreshTokenExpiresAt: null,
    scopes: ['pages_show_list', 'pages_manage_posts'],
  };
  const list = (...data: object[]) => {
    answers['/v26.0/me/accounts'] = { body: { data } };
  };
  const candidates = () => connector.candidates(grant, now);

  test('each bring their own token, which has no end', async () => {
    expect(await candidates()).toEqual([
      {
        externalId: '1',
        kind: 'page',
        displayName: 'Library',
        profileUrl: null,
        email: null,
        grant: {
          accessToken: 'token-of-1',
          accessTokenExpiresAt: null,
          refreshToken: null,
          refreshTokenExpiresAt: null,
          scopes: ['pages_show_list', 'pages_manage_posts'],
        },
      },
    ]);
    expect(server.calls[0]).toMatchObject({
      token: 'long-token',
      query: { fields: 'id,name,access_token,tasks', limit: '100', appsecret_proof: proof('long-token') },
    });
  });

  test('are read to the end of the list, and the address of the next part is not followed', async () => {
    const next = `${server.url}/elsewhere?access_token=long-token&after=b`;
    answers['/v26.0/me/accounts'] = [
      { body: { data: [page('1', 'One')], paging: { cursors: { before: 'x', after: 'a' }, next } } },
      { body: { data: [page('2', 'Two')], paging: { next } } },
      { body: { data: [page('3', 'Three')], paging: { cursors: { before: 'y', after: 'z' } } } },
    ];
    expect((await candidates()).map(({ displayName }) => displayName)).toEqual(['One', 'Two', 'Three']);
    expect(server.calls.map(({ path, query }) => [path, query.after])).toEqual([
      ['/v26.0/me/accounts', undefined],
      ['/v26.0/me/accounts', 'a'],
      ['/v26.0/me/accounts', 'b'],
    ]);
    expectNoSecretInAddresses();
  });

  test.each([
    [['CREATE_CONTENT'], 1],
    [['ANALYZE', 'MANAGE'], 1],
    [['PROFILE_PLUS_CREATE_CONTENT'], 1],
    [['PROFILE_PLUS_FULL_CONTROL'], 1],
    [['ANALYZE', 'ADVERTISE', 'MODERATE', 'MESSAGING'], 0],
    [undefined, 0],
  ])('with the tasks %j are %i to choose from', async (tasks, count) => {
    list(page('1', 'Other'), { ...page('2', 'This one'), tasks });
    const listed = await candidates();
    expect(listed.filter((one) => one.externalId === '2' && one.cannotPublish === undefined)).toHaveLength(count);
    // The others are shown with the reason, and without a token.
    const locked = { externalId: '2', grant: null, cannotPublish: expect.stringContaining('CREATE_CONTENT') };
    expect(listed.filter((one) => one.cannotPublish !== undefined)).toMatchObject(count === 0 ? [locked] : []);
  });

  test('without the task to publish are named, with the task and who can give it', async () => {
    list(page('1', 'Library', ['ANALYZE']), page('2', 'Museum', []));
    const error = await candidates().then(() => null, asConnectError);
    expect(error).toMatchObject({ code: 'task-missing', dead: false });
    expect(error?.message).toMatch(
      /^You may not publish on Library, Museum: .*CREATE_CONTENT.*full control of the Page/,
    );
    list(...['A', 'B', 'C', 'D'].map((name, index) => page(`${index}`, name, [])));
    await expect(candidates()).rejects.toThrow('on A, B, C and others:');
  });

  test('may be none, and one without a token cannot be chosen', async () => {
    list();
    expect(await candidates()).toEqual([]);
    list({ ...page('1', 'No token'), access_token: undefined });
    expect(await candidates()).toEqual([]);
  });

  test('without a name are called by their number', async () => {
    list({ ...page('1', ' ') });
    expect(await candidates()).toMatchObject([{ displayName: 'Page 1' }]);
  });

  test('are asked for again after a hiccup, and refusals are explained', async () => {
    answers['/v26.0/me/accounts'] = [
      { status: 500, body: graphError(1, 'x') },
      { body: { data: [page('1', 'Library')] } },
    ];
    expect(await candidates()).toHaveLength(1);
    answers['/v26.0/me/accounts'] = { status: 403, body: graphError(200, 'Requires pages_show_list') };
    await expect(candidates()).rejects.toMatchObject({ code: 'permission-missing' });
    answers['/v26.0/me/accounts'] = { body: { data: 'nonsense' } };
    await expect(candidates()).rejects.toMatchObject({ code: 'unreadable-answer' });
  });

  test('cannot be had anew without consent', () => {
    expect(connector.refresh).toBeUndefined();
  });
});

function connectorFor(part: { clientId?: null; clientSecret?: null } = {}): Connector {
  const settings = { ...app, authorizeUrl: `${server.url}/dialog-base`, apiUrl: server.url, ...part };
  return createFacebookConnector(settings, { http: createHttpClient(), delaysMs: [1, 1] });
}

function page(id: string, name: string, tasks: string[] = ['ANALYZE', 'CREATE_CONTENT']) {
  return { id, name, access_token: `token-of-${id}`, tasks };
}

function permissions(statuses: Record<string, string>) {
  return Object.entries(statuses).map(([permission, status]) => ({ permission, status }));
}

function proof(token: string): string {
  return createHmac('sha256', SECRET).update(token).digest('hex');
}

function expectNoSecretInAddresses(): void {
  for (const { url } of server.calls satisfies GraphCall[])
    expect(decodeURIComponent(url)).not.toMatch(/s&cret|the\+code|-token/);
}

function asConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  throw error;
}
