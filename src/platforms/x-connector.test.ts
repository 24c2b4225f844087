import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RecordedServer, startRecordedServer } from '../testing/recorded-server.ts';
import { createHttpClient, type HttpAnswer, type HttpClient, type HttpResult } from './http-client.ts';
import { ConnectError } from './platform.ts';
import { createXConnector, REQUIRED_SCOPES, readIdentityAnswer, readTokenAnswer } from './x-connector.ts';

const now = new Date('2026-11-21T12:00:00Z');
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const token = {
  token_type: 'bearer',
  expires_in: 7200,
  access_token: 'access-1',
  scope: 'tweet.write users.read tweet.read offline.access media.write',
  refresh_token: 'refresh-1',
};
const person = { id: '2244994945', name: 'Ada Lovelace', username: 'ada' };

let server: RecordedServer;
let http: HttpClient;
beforeEach(async () => {
  server = await startRecordedServer();
  http = createHttpClient();
});
afterEach(async () => {
  await http.close();
  await server.close();
});

const settings = (clientSecret: string | null = 's&cret') => ({
  clientId: 'app id',
  clientSecret,
  authorizeUrl: 'https://x.com/i/oauth2/authorize',
  apiUrl: server.url,
  version: null,
});
const connector = (clientSecret?: string | null) =>
  createXConnector(settings(clientSecret), { http, delaysMs: [1, 1] });
const sentForm = (index = 0) => Object.fromEntries(new URLSearchParams(server.requests[index]?.body.toString()));
const TOKEN = 'POST /2/oauth2/token';
const ME = 'GET /2/users/me';

describe('asking for consent', () => {
  test('goes to the consent page with everything publishing needs, the challenge, and spaces as %20', () => {
    const codeChallenge = createHash('sha256').update('verifier').digest('base64url');
    const url = connector().authorizeUrl({
      redirectUri: 'http://localhost:3000/connect/x/callback',
      state: 'a b',
      codeChallenge,
    });
    expect(url).toBe(
      `https://x.com/i/oauth2/authorize?response_type=code&client_id=app%20id&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fconnect%2Fx%2Fcallback&scope=tweet.read%20tweet.write%20users.read%20offline.access%20media.write&state=a%20b&code_challenge=${codeChallenge}&code_challenge_method=S256`,
    );
  });

  test('without an app tells the operator what to set', () => {
    const unset = createXConnector({ ...settings(), clientId: null }, { http });
    expect(() => unset.authorizeUrl({ redirectUri: 'x', state: 'y', codeChallenge: 'z' })).toThrow(/X_CLIENT_ID/);
  });

  test('asks for nothing that is not needed', () => {
    expect([...REQUIRED_SCOPES].sort()).toEqual(token.scope.split(' ').sort());
  });
});

describe('a token', () => {
  const answer = { code: 'c+de', redirectUri: 'http://localhost:3000/cb', codeVerifier: 'verifier' };

  test('is asked for by a confidential app with a Basic header and nothing about the app in the body', async () => {
    server.answer(TOKEN, { status: 200, body: token });
    expect(await connector().exchangeCode(answer, now)).toEqual({
      accessToken: 'access-1',
      accessTokenExpiresAt: inSeconds(7200),
      refreshToken: 'refresh-1',
      refreshTokenExpiresAt: null,
      scopes: ['tweet.write', 'users.read', 'tweet.read', 'offline.access', 'media.write'],
    });
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('app id:s&cret').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(sentForm()).toEqual({
      grant_type: 'authorization_code',
      code: 'c+de',
      redirect_uri: 'http://localhost:3000/cb',
      code_verifier: 'verifier',
    });
  });

  test('is asked for by a public app with its id in the body and no header', async () => {
    server.answer(TOKEN, { status: 200, body: token });
    await connector(null).exchangeCode(answer, now);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
    expect(sentForm()).toMatchObject({ client_id: 'app id', code: 'c+de', code_verifier: 'verifier' });
  });

  test('is renewed with the refresh token, and a new refresh token comes back', async () => {
    server.answer(TOKEN, { status: 200, body: { ...token, access_token: 'access-2', refresh_token: 'refresh-2' } });
    expect(await connector().refresh?.('refresh-1', now)).toMatchObject({
      accessToken: 'access-2',
      refreshToken: 'refresh-2',
    });
    expect(sentForm()).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-1' });

    server.answer(TOKEN, { status: 200, body: token });
    await connector(null).refresh?.('refresh-2', now);
    expect(sentForm(1)).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-2', client_id: 'app id' });
  });

  test('is asked for once, whatever comes back', async () => {
    server.answer(TOKEN, { status: 503 }, { status: 200, drop: true });
    await expect(connector().refresh?.('refresh-1', now)).rejects.toMatchObject({ code: 'unreachable' });
    await expect(connector().refresh?.('refresh-1', now)).rejects.toMatchObject({ code: 'unreachable' });
    expect(server.requests).toHaveLength(2);
  });

  test('without a lifetime lives as long as X documents, without a refresh token has no empty one', () => {
    expect(readTokenAnswer('code', recorded(200, { access_token: 'a', refresh_token: '' }), now)).toEqual({
      accessToken: 'a',
      accessTokenExpiresAt: inSeconds(7200),
      refreshToken: null,
      refreshTokenExpiresAt: null,
      // Not said means: as asked.
      scopes: REQUIRED_SCOPES,
    });
  });
});

describe('each OAuth failure', () => {
  const invalidToken = { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' };
  const invalidCode = {
    error: 'invalid_request',
    error_description: 'Value passed for the authorization code was invalid.',
  };
  const noHeader = { error: 'unauthorized_client', error_description: 'Missing valid authorization header' };

  // asked with, status, body → code, dead, answer lost, sentence
  test.each([
    ['refresh', 400, invalidToken, 'refresh-refused', true, false, /Connect the account again/],
    ['refresh', 400, { error: 'invalid_grant' }, 'refresh-refused', true, false, /Connect the account again/],
    ['code', 400, invalidCode, 'code-refused', true, false, /Start connecting again/],
    ['code', 400, { ...invalidCode, error: 'invalid_grant' }, 'code-refused', true, false, /Start connecting again/],
    ['refresh', 401, noHeader, 'app-refused', false, false, /X_CLIENT_SECRET/],
    ['code', 401, { error: 'invalid_client' }, 'app-refused', false, false, /X_CLIENT_ID/],
    ['refresh', 400, { error: 'invalid_client' }, 'app-refused', false, false, /X_CLIENT_ID/],
    ['refresh', 401, '', 'app-refused', false, false, /operator/],
    [
      'code',
      400,
      { error: 'invalid_request', error_description: 'Missing required parameter [code_verifier].' },
      'app-refused',
      false,
      false,
      /operator/,
    ],
    ['refresh', 400, 'not json', 'refused', false, false, /HTTP 400/],
    ['refresh', 403, { error: 'access_denied' }, 'refused', false, false, /HTTP 403, access_denied/],
    ['refresh', 429, '', 'rate-limited', false, false, /Try again/],
    ['refresh', 500, '', 'unreachable', false, true, /Try again/],
    ['refresh', 503, invalidToken, 'unreachable', false, true, /Try again/],
    ['refresh', 408, '', 'unreachable', false, true, /Try again/],
    ['refresh', 302, '', 'unreachable', false, true, /Try again/],
    ['refresh', 200, '{"access_token":"acc', 'unreadable-answer', false, true, /Try again/],
    ['refresh', 200, { token_type: 'bearer' }, 'unreadable-answer', false, true, /Try again/],
  ] as const)('%s: %i %j becomes %s (only consent repairs it: %s; may have been carried out: %s)', (...row) => {
    const [asked, status, body, code, dead, answerLost, message] = row;
    const error = errorOf(() => readTokenAnswer(asked, recorded(status, body), now));
    expect({ code: error.code, dead: error.dead, answerLost: error.answerLost }).toEqual({ code, dead, answerLost });
    expect(error.message).toMatch(message);
  });

  test.each([
    [{ kind: 'not-sent', reason: 'dns-failure', cause: null }, false],
    [{ kind: 'no-answer', reason: 'connection-lost', cause: null }, true],
    [{ kind: 'no-answer', reason: 'answer-timeout', cause: null }, true],
  ] as const)('a token endpoint that cannot be reached is no reason to ask for consent: %j', (result, answerLost) => {
    expect(errorOf(() => readTokenAnswer('refresh', result, now))).toMatchObject({
      code: 'unreachable',
      dead: false,
      answerLost,
    });
  });
});

describe('whose account it is', () => {
  test('is asked with the token, and shown by name and user name', async () => {
    server.answer(ME, { status: 200, body: { data: person } });
    expect(await connector().candidates(grant, now)).toEqual([
      {
        externalId: '2244994945',
        kind: 'member',
        displayName: 'Ada Lovelace (@ada)',
        profileUrl: 'https://x.com/ada',
        email: null,
        grant: null,
      },
    ]);
    expect(server.requests[0]?.headers.authorization).toBe('Bearer access-1');
  });

  test('is asked again when X refuses a token it has just given, or has trouble', async () => {
    server.answer(
      ME,
      { status: 401, body: { title: 'Unauthorized' } },
      { status: 503 },
      { status: 200, body: { data: person } },
    );
    expect(await connector().candidates(grant, now)).toHaveLength(1);
    expect(server.requests).toHaveLength(3);
  });

  test('is shown without what hides in a name', () => {
    const read = (name: string) => readIdentityAnswer(recorded(200, { data: { ...person, name } }), now).displayName;
    expect(read('Ada\u0000\u202e Lovelace')).toBe('Ada Lovelace (@ada)');
    expect(read('\u200b\u0000')).toBe('@ada');
  });

  test('is given up when the token stays refused', async () => {
    const refused = { status: 401, body: { title: 'Unauthorized', type: 'about:blank', status: 401 } };
    server.answer(ME, refused, refused, refused);
    await expect(connector().candidates(grant, now)).rejects.toMatchObject({ code: 'token-refused', dead: false });
  });

  test.each([
    [402, { title: 'CreditsDepleted', detail: 'No credits.' }, 'app-refused', /operator has to buy credits/],
    [
      403,
      {
        title: 'Client Forbidden',
        type: 'https://api.x.com/2/problems/client-forbidden',
        reason: 'client-not-enrolled',
      },
      'app-refused',
      /client-not-enrolled.*operator/,
    ],
    [403, { title: 'Forbidden', detail: 'Forbidden', type: 'about:blank' }, 'refused', /leave every permission ticked/],
    [429, '', 'unreachable', /Try again/],
    [503, '', 'unreachable', /Try again/],
    [200, { data: { name: 'Nobody' } }, 'unreadable-answer', /Try again/],
    [200, { errors: [{ title: 'Not Found' }] }, 'unreadable-answer', /Try again/],
  ])('%i %j becomes %s', (status, body, code, message) => {
    const error = errorOf(() => readIdentityAnswer(recorded(status, body), now));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('needs no name', () => {
    const nameless = { data: { ...person, name: ' ' } };
    expect(readIdentityAnswer(recorded(200, nameless), now).displayName).toBe('@ada');
  });
});

test('no error message contains a token, a code or the secret', () => {
  const bodies = [
    'access-1 s&cret',
    { error: 'access-1 s&cret', error_description: 'access-1 s&cret' },
    { error: 'invalid_request', error_description: 'Value passed for the token was invalid: access-1' },
  ];
  for (const status of [200, 400, 401, 500]) {
    for (const body of bodies) {
      const result: HttpResult = recorded(status, body);
      expect(errorOf(() => readTokenAnswer('refresh', result, now)).message).not.toMatch(/access-1|s&cret/);
    }
  }
});

const grant = {
  accessToken: 'access-1',
  accessTokenExpiresAt: null,
  refreshToken: null,
  refreshTokenExpiresAt: null,
  scopes: [],
};

function recorded(status: number, body: unknown): HttpAnswer {
  return {
    kind: 'answer',
    status,
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
    bodyComplete: true,
  };
}

function errorOf(read: () => unknown): ConnectError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
