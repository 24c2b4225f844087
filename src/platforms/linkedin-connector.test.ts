import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpClient, HttpRequest, HttpResult } from './http-client.ts';
import { createLinkedInConnector, readTokenAnswer, readUserinfoAnswer } from './linkedin-connector.ts';
import { ConnectError } from './platform.ts';

const now = new Date('2026-11-21T12:00:00Z');
const settings = {
  clientId: 'app id',
  clientSecret: 's&cret',
  authorizeUrl: 'https://www.linkedin.com/oauth/v2',
  apiUrl: 'https://api.linkedin.com',
  version: null,
};
const token = {
  access_token: 'AQX',
  expires_in: 5_184_000,
  scope: 'email,openid,profile,w_member_social',
  token_type: 'Bearer',
  id_token: 'e30',
};

describe('asking for consent', () => {
  test('goes to the authorization page with everything publishing needs, spaces as %20', () => {
    const url = connector([]).authorizeUrl({
      redirectUri: 'http://localhost:3000/connect/linkedin/callback',
      state: 'a b',
      codeChallenge: 'not sent',
    });
    expect(url).toBe(
      'https://www.linkedin.com/oauth/v2/authorization?response_type=code&client_id=app%20id&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fconnect%2Flinkedin%2Fcallback&state=a%20b&scope=openid%20profile%20email%20w_member_social',
    );
  });

  test('without an app tells the operator what to set', () => {
    const unset = createLinkedInConnector({ ...settings, clientId: null, clientSecret: null }, { http: client([]) });
    expect(() => unset.authorizeUrl({ redirectUri: 'x', state: 'y', codeChallenge: 'z' })).toThrow(
      /LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET/,
    );
  });
});

describe('asking for consent for Pages', () => {
  test('asks for the scopes of organisations on top', () => {
    const url = new URL(connector([]).authorizeUrl({ ...journey, reach: 'organizations' }));
    expect(url.searchParams.get('scope')).toBe(
      'openid profile email w_member_social w_organization_social r_organization_social rw_organization_admin',
    );
    expect(new URL(connector([]).authorizeUrl({ ...journey, reach: 'own' })).searchParams.get('scope')).toBe(
      'openid profile email w_member_social',
    );
  });
});

describe('a token', () => {
  test('is asked for with the secret in the form body', async () => {
    const http = client([answer(200, token)]);
    await createLinkedInConnector(settings, { http }).exchangeCode(
      { code: 'c+de', redirectUri: 'http://localhost:3000/cb', codeVerifier: '' },
      now,
    );
    const [request] = http.sent;
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://www.linkedin.com/oauth/v2/accessToken',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(Object.fromEntries(new URLSearchParams(String(request?.body)))).toEqual({
      grant_type: 'authorization_code',
      code: 'c+de',
      redirect_uri: 'http://localhost:3000/cb',
      client_id: 'app id',
      client_secret: 's&cret',
    });
  });

  test('comes with its end as an instant and its scopes as a list', () => {
    expect(readTokenAnswer(answer(200, token), now)).toEqual({
      accessToken: 'AQX',
      accessTokenExpiresAt: new Date('2027-01-20T12:00:00Z'),
      refreshToken: null,
      refreshTokenExpiresAt: null,
      scopes: ['email', 'openid', 'profile', 'w_member_social'],
    });
  });

  test('of a partner app comes with a refresh token; scopes may be separated by spaces and lifetimes be texts', () => {
    const partner = {
      ...token,
      scope: 'openid  w_member_social',
      expires_in: '86400',
      refresh_token: 'AQR',
      refresh_token_expires_in: 31_536_000,
    };
    expect(readTokenAnswer(answer(200, partner), now)).toMatchObject({
      accessTokenExpiresAt: new Date('2026-11-22T12:00:00Z'),
      refreshToken: 'AQR',
      refreshTokenExpiresAt: new Date('2027-11-21T12:00:00Z'),
      scopes: ['openid', 'w_member_social'],
    });
  });

  test('without a lifetime has no known end, without a refresh token no empty one', () => {
    expect(readTokenAnswer(answer(200, { access_token: 'AQX', refresh_token: '' }), now)).toEqual({
      accessToken: 'AQX',
      accessTokenExpiresAt: null,
      refreshToken: null,
      refreshTokenExpiresAt: null,
      scopes: [],
    });
  });

  test('is renewed with the refresh token, which then comes back', async () => {
    const http = client([answer(200, { ...token, refresh_token: 'AQR' })]);
    const grant = await createLinkedInConnector(settings, { http }).refresh?.('AQR', now);
    expect(grant?.refreshToken).toBe('AQR');
    expect(Object.fromEntries(new URLSearchParams(String(http.sent[0]?.body)))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'AQR',
      client_id: 'app id',
      client_secret: 's&cret',
    });
  });
});

describe('each OAuth failure', () => {
  test.each([
    [
      401,
      { error: 'invalid_request', error_description: 'Unable to retrieve access token: authorization code not found' },
      'code-refused',
      true,
      /Start connecting again/,
    ],
    [
      400,
      {
        error: 'invalid_redirect_uri',
        error_description:
          'Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code expired. Or external member binding exists',
      },
      'code-refused',
      true,
      /redirect URL/,
    ],
    [
      400,
      { error: 'invalid_request', error_description: 'A required parameter "client_id" is missing' },
      'app-refused',
      false,
      /operator/,
    ],
    [
      400,
      {
        error: 'invalid_request',
        error_description: 'The provided authorization grant or refresh token is invalid, expired or revoked',
      },
      'refresh-refused',
      true,
      /Connect the account again/,
    ],
    [400, { error: 'invalid_grant' }, 'code-refused', true, /Start connecting again/],
    [
      401,
      { error: 'invalid_client', error_description: 'Client authentication failed' },
      'app-refused',
      false,
      /LINKEDIN_CLIENT_SECRET/,
    ],
    [
      401,
      { error: 'invalid_client_id', error_description: 'Client authentication failed' },
      'app-refused',
      false,
      /LINKEDIN_CLIENT_ID/,
    ],
    [400, 'not json', 'refused', false, /HTTP 400/],
    [429, '', 'rate-limited', false, /Try again/],
    [503, '', 'unreachable', false, /Try again/],
    [200, 'not json', 'unreadable-answer', false, /Try again/],
    [200, { token_type: 'Bearer' }, 'unreadable-answer', false, /Try again/],
  ])('%i %j becomes %s (only consent repairs it: %s)', (status, body, code, dead, message) => {
    const error = errorOf(() => readTokenAnswer(answer(status, body), now));
    expect({ code: error.code, dead: error.dead }).toEqual({ code, dead });
    expect(error.message).toMatch(message);
  });

  test('a token endpoint that cannot be reached is no reason to ask for consent', () => {
    for (const result of [
      { kind: 'not-sent', reason: 'dns-failure', cause: null },
      { kind: 'no-answer', reason: 'connection-lost', cause: null },
    ] as const) {
      expect(errorOf(() => readTokenAnswer(result, now))).toMatchObject({ code: 'unreachable', dead: false });
    }
  });
});

describe('who it is', () => {
  const person = {
    sub: '782bbtaQ',
    name: 'Ada Lovelace',
    given_name: 'Ada',
    family_name: 'Lovelace',
    locale: { country: 'US', language: 'en' },
    email: 'Ada@Example.com',
    email_verified: true,
  };

  test('is the sub, with name and verified e-mail', () => {
    expect(readUserinfoAnswer(answer(200, person))).toEqual({
      externalId: '782bbtaQ',
      kind: 'member',
      displayName: 'Ada Lovelace',
      profileUrl: null,
      email: 'ada@example.com',
      grant: null,
      grantedBy: '782bbtaQ',
    });
  });

  test.each([
    [{ email_verified: false }, null],
    [{ email_verified: undefined }, null],
    [{ email_verified: 'true' }, 'ada@example.com'],
    [{ email_verified: 'false' }, null],
    [{ email_verified: 1 }, null],
    [{ email: undefined }, null],
  ])('an e-mail counts only when LinkedIn says it is verified: %j', (part, email) => {
    expect(readUserinfoAnswer(answer(200, { ...person, ...part })).email).toBe(email);
  });

  test.each([
    [{ name: undefined }, 'Ada Lovelace'],
    [{ name: ' ', family_name: null }, 'Ada'],
    [{ name: null, given_name: null, family_name: null }, 'LinkedIn member'],
  ])('a missing name is pieced together: %j', (part, name) => {
    expect(readUserinfoAnswer(answer(200, { ...person, ...part })).displayName).toBe(name);
  });

  test('is asked with the token in the header, and again while a new token is still called revoked', async () => {
    const revoked = answer(401, {
      status: 401,
      serviceErrorCode: 65601,
      code: 'REVOKED_ACCESS_TOKEN',
      message: 'revoked',
    });
    const http = client([revoked, answer(503, ''), answer(200, person)]);
    const candidates = await createLinkedInConnector(settings, { http, delaysMs: [1, 1, 1] }).candidates(grant, now);
    expect(candidates).toHaveLength(1);
    expect(http.sent).toEqual(
      Array(3).fill({
        method: 'GET',
        url: 'https://api.linkedin.com/v2/userinfo',
        headers: { authorization: 'Bearer AQX', accept: 'application/json' },
      }),
    );
  });

  test('is given up when the token stays refused', async () => {
    const revoked = answer(401, { serviceErrorCode: 65601 });
    await expect(connector([revoked, revoked, revoked]).candidates(grant, now)).rejects.toMatchObject({
      code: 'token-refused',
      dead: true,
    });
  });

  test('is shown without what hides in a name', () => {
    const read = (part: object) => readUserinfoAnswer(answer(200, { ...person, ...part })).displayName;
    expect(read({ name: 'Ada\u0000 Love\u200blace\u202e' })).toBe('Ada Lovelace');
    expect(read({ name: '\u0000\u200b', given_name: 'Ada\u0007' })).toBe('Ada Lovelace');
    expect(read({ name: 'y'.repeat(5000) })).toBe(`${'y'.repeat(199)}…`);
  });

  test.each(['782\u0000bbt', '../782', 'a b', 'x'.repeat(201)])('%j is no id of LinkedIn’s, and is refused', (sub) => {
    expect(errorOf(() => readUserinfoAnswer(answer(200, { ...person, sub })))).toMatchObject({
      code: 'unreadable-answer',
    });
  });

  test('what was granted is a list of names, whatever is between them', () => {
    const scope = 'openid,profile\u0000 w_member_social';
    expect(readTokenAnswer(answer(200, { access_token: 'AQX', scope }), now).scopes).toEqual([
      'openid',
      'w_member_social',
    ]);
  });

  test('a bare 401 does not say that the token has ended', async () => {
    await expect(connector([answer(401, '<h1>Unauthorized</h1>')]).candidates(grant, now)).rejects.toMatchObject({
      code: 'token-refused',
      dead: false,
    });
  });

  test('is not asked twice when the token is simply wrong, and a missing product is for the operator', async () => {
    const invalid = client([answer(401, { serviceErrorCode: 65600 })]);
    await expect(
      createLinkedInConnector(settings, { http: invalid, delaysMs: [1, 1] }).candidates(grant, now),
    ).rejects.toMatchObject({ code: 'token-refused' });
    await expect(
      connector([answer(403, { code: 'ACCESS_DENIED', serviceErrorCode: 100 })]).candidates(grant, now),
    ).rejects.toThrow(/Sign In with LinkedIn using OpenID Connect/);
    await expect(connector([answer(200, { name: 'Nobody' })]).candidates(grant, now)).rejects.toMatchObject({
      code: 'unreadable-answer',
    });
  });
});

test('no error message contains a token, a code or the secret', async () => {
  const bodies = [
    'AQX s&cret',
    { error: 'AQX s&cret', error_description: 'AQX s&cret' },
    { error: 'invalid_request', error_description: 'code not found AQX' },
  ];
  for (const status of [200, 400, 401, 500]) {
    for (const body of bodies)
      expect(errorOf(() => readTokenAnswer(answer(status, body), now)).message).not.toMatch(/AQX|s&cret/);
  }
});

const journey = { redirectUri: 'http://localhost:3000/cb', state: 'st', codeChallenge: '' };
const grant = {
  accessToken: 'AQX',
  accessTokenExpiresAt: null,
  refreshToken: null,
  refreshTokenExpiresAt: null,
  scopes: [],
};

/** Answers what it was given, in order; asked more often, it fails the test. */
function client(answers: HttpResult[]): HttpClient & { sent: HttpRequest[] } {
  const sent: HttpRequest[] = [];
  return {
    sent,
    send: async (request) => {
      sent.push(request);
      const next = answers[sent.length - 1];
      if (next === undefined) throw new Error(`an unexpected request to ${request.url}`);
      return next;
    },
    close: async () => undefined,
  };
}

function connector(answers: HttpResult[]) {
  return createLinkedInConnector(settings, { http: client(answers), delaysMs: [1, 1] });
}

function answer(status: number, body: unknown): HttpAnswer {
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
