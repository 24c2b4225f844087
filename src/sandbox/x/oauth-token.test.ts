import { describe, expect, it } from 'vitest';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import {
  ALL_SCOPES,
  api,
  authorizationCode,
  BASIC,
  connect,
  createPost,
  exchange,
  oauth,
  REDIRECT_URI,
  refresh,
  setFault,
  tokensOf,
  UNAUTHORIZED,
  VERIFIER,
} from './test-client.ts';

const NOW = '2026-11-20T10:00:00.000Z';
const SECRET_IN_BODY = { client_id: 'sandbox-client', client_secret: 'sandbox-secret' };
const invalid = (what: string) => ({
  status: 400,
  body: { error: 'invalid_request', error_description: `Value passed for the ${what}.` },
});
const INVALID_CODE = invalid('authorization code was invalid');
const INVALID_TOKEN = invalid('token was invalid');
const words = (scopes: string) => scopes.split(' ').sort();

describe('exchanging the code', () => {
  it('answers with an access token for two hours, the scopes in another order, and a refresh token', async () => {
    const sandbox = await sandboxForTest();
    const response = await exchange(sandbox, { code: await authorizationCode(sandbox) });
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const body = await response.json();
    expect(body).toEqual({
      token_type: 'bearer',
      expires_in: 7200,
      access_token: expect.stringMatching(/^[\w-]{80,}$/),
      scope: expect.any(String),
      refresh_token: expect.stringMatching(/^[\w-]{80,}$/),
    });
    expect(words(body.scope)).toEqual(words(ALL_SCOPES));
    expect(body.scope).not.toBe(ALL_SCOPES);
  });

  it('gives a refresh token for offline.access only', async () => {
    const sandbox = await sandboxForTest();
    const code = await authorizationCode(sandbox, { scope: 'tweet.read users.read' });
    expect(await (await exchange(sandbox, { code })).json()).not.toHaveProperty('refresh_token');
  });

  it('takes a code once', async () => {
    const sandbox = await sandboxForTest();
    const code = await authorizationCode(sandbox);
    const answers = await Promise.all([exchange(sandbox, { code }), exchange(sandbox, { code })].map(answer));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(await answer(exchange(sandbox, { code }))).toEqual(INVALID_CODE);
  });

  it('takes a code for 30 seconds', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const [early, late] = [await authorizationCode(sandbox), await authorizationCode(sandbox)];
    clock.advance(29_999);
    expect((await exchange(sandbox, { code: early })).status).toBe(200);
    clock.advance(1);
    expect(await answer(exchange(sandbox, { code: late }))).toEqual(INVALID_CODE);
  });

  it('takes only the verifier that the challenge was made of', async () => {
    const sandbox = await sandboxForTest();
    const code = await authorizationCode(sandbox);
    const wrong = invalid('code verifier did not match the code challenge');
    expect(await answer(exchange(sandbox, { code, code_verifier: `${VERIFIER.slice(0, -1)}x` }))).toEqual(wrong);
    expect(await answer(exchange(sandbox, { code, code_verifier: '' }))).toEqual({
      status: 400,
      body: { error: 'invalid_request', error_description: 'Missing required parameter [code_verifier].' },
    });
    expect((await exchange(sandbox, { code })).status).toBe(200);
  });

  it.each([
    ['another code', { code: 'nonsense' }, INVALID_CODE.body],
    [
      'another redirect URI',
      { redirect_uri: `${REDIRECT_URI}/` },
      invalid('redirect uri did not match the uri of the authorization code').body,
    ],
    ['no redirect URI', { redirect_uri: '' }, { error: 'invalid_request' }],
    ['no grant type', { grant_type: '' }, { error: 'invalid_request' }],
    ['an app’s own grant', { grant_type: 'client_credentials' }, { error: 'unsupported_grant_type' }],
  ])('refuses %s', async (_what, form, body) => {
    const sandbox = await sandboxForTest();
    const response = await answer(exchange(sandbox, { code: await authorizationCode(sandbox), ...form }));
    expect(response).toMatchObject({ status: 400, body });
  });

  it('refuses a JSON body', async () => {
    const sandbox = await sandboxForTest();
    const response = await fetch(`${sandbox.x.apiUrl}/2/oauth2/token`, {
      method: 'POST',
      headers: { ...BASIC, 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'authorization_code' }),
    });
    expect(await answer(response)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });
});

describe('the client', () => {
  it('proves itself with its secret in a Basic header or in the body', async () => {
    const sandbox = await sandboxForTest();
    const code = () => authorizationCode(sandbox);
    expect((await exchange(sandbox, { code: await code() }, BASIC)).status).toBe(200);
    expect((await exchange(sandbox, { code: await code(), client_id: 'sandbox-client' }, BASIC)).status).toBe(200);
    expect((await exchange(sandbox, { code: await code(), ...SECRET_IN_BODY }, {})).status).toBe(200);
  });

  it.each([
    ['no secret', { client_id: 'sandbox-client' }, {}, 401, 'unauthorized_client'],
    ['a wrong secret', { ...SECRET_IN_BODY, client_secret: 'x' }, {}, 401, 'invalid_client'],
    ['another client', { ...SECRET_IN_BODY, client_id: 'x' }, {}, 401, 'invalid_client'],
    ['a wrong header', {}, { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }, 401, 'invalid_client'],
    ['another client beside the header', { client_id: 'x' }, BASIC, 401, 'invalid_client'],
    ['the secret twice', SECRET_IN_BODY, BASIC, 400, 'invalid_request'],
  ])('is refused with %s', async (_what, form: Record<string, string>, headers, status, error) => {
    const sandbox = await sandboxForTest();
    const response = exchange(sandbox, { code: await authorizationCode(sandbox), ...form }, headers);
    expect(await answer(response)).toMatchObject({ status, body: { error } });
  });

  it('has no secret when it is public, and must name itself', async () => {
    const sandbox = await sandboxForTest({ x: { clientType: 'public' } });
    const code = await authorizationCode(sandbox);
    const attempt = (form: Record<string, string>, headers = {}) =>
      answer(exchange(sandbox, { code, ...form }, headers));
    expect(await attempt({ client_id: 'sandbox-client' }, BASIC)).toMatchObject({
      status: 401,
      body: { error: 'unauthorized_client' },
    });
    expect(await attempt(SECRET_IN_BODY)).toMatchObject({ status: 401 });
    expect(await attempt({})).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(await attempt({ client_id: 'x' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await attempt({ client_id: 'sandbox-client' })).toMatchObject({ status: 200 });
  });
});

describe('refreshing', () => {
  const first = async (sandbox: Parameters<typeof exchange>[0]) =>
    tokensOf(exchange(sandbox, { code: await authorizationCode(sandbox) }));

  it('gives a new pair with the same scopes, and the old refresh token dies', async () => {
    const sandbox = await sandboxForTest();
    const old = await first(sandbox);
    const renewed = await tokensOf(refresh(sandbox, old.refresh_token));
    expect(renewed.access_token).not.toBe(old.access_token);
    expect(renewed.refresh_token).not.toBe(old.refresh_token);
    expect(words(renewed.scope)).toEqual(words(ALL_SCOPES));
    expect((await api(sandbox, renewed.access_token, '/2/users/me')).status).toBe(200);
    expect(await answer(refresh(sandbox, old.refresh_token))).toEqual(INVALID_TOKEN);
    // Only the family switch makes re-use cost the connection.
    expect((await refresh(sandbox, renewed.refresh_token)).status).toBe(200);
  });

  it('lets exactly one of several at once win', async () => {
    const sandbox = await sandboxForTest();
    const old = await first(sandbox);
    const racers = await Promise.all(Array.from({ length: 8 }, () => refresh(sandbox, old.refresh_token)));
    expect(racers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400, 400, 400]);
  });

  it('can make re-use kill every token of the connection', async () => {
    const sandbox = await sandboxForTest({ x: { revokeFamilyOnReuse: true } });
    const old = await first(sandbox);
    const other = await first(sandbox);
    const renewed = await tokensOf(refresh(sandbox, old.refresh_token));
    expect(await answer(refresh(sandbox, old.refresh_token))).toEqual(INVALID_TOKEN);
    expect(await answer(refresh(sandbox, renewed.refresh_token))).toEqual(INVALID_TOKEN);
    expect(await answer(api(sandbox, renewed.access_token, '/2/users/me'))).toEqual(UNAUTHORIZED);
    expect((await api(sandbox, other.access_token, '/2/users/me')).status).toBe(200);
  });

  it('refuses an unknown token and an access token', async () => {
    const sandbox = await sandboxForTest();
    expect(await answer(refresh(sandbox, 'nonsense'))).toEqual(INVALID_TOKEN);
    expect(await answer(refresh(sandbox, (await first(sandbox)).access_token))).toEqual(INVALID_TOKEN);
  });

  it('works after the access token has expired, which it does after two hours', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const old = await first(sandbox);
    clock.advance(7_199_999);
    expect((await api(sandbox, old.access_token, '/2/users/me')).status).toBe(200);
    clock.advance(1);
    expect(await answer(api(sandbox, old.access_token, '/2/users/me'))).toEqual(UNAUTHORIZED);
    const renewed = await tokensOf(refresh(sandbox, old.refresh_token));
    expect((await api(sandbox, renewed.access_token, '/2/users/me')).status).toBe(200);
  });

  it('repairs an account whose switch says “expired token”, and not one that says “revoked”', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const old = await first(sandbox);
    clock.advance(1_000);
    await setFault(sandbox, 'expired token');
    clock.advance(1_000);
    expect(await answer(api(sandbox, old.access_token, '/2/users/me'))).toEqual(UNAUTHORIZED);
    const renewed = await tokensOf(refresh(sandbox, old.refresh_token));
    expect((await createPost(sandbox, renewed.access_token, { text: 'x' })).status).toBe(201);
    clock.advance(1_000);
    await setFault(sandbox, 'revoked');
    expect(await answer(createPost(sandbox, renewed.access_token, { text: 'y' }))).toEqual(UNAUTHORIZED);
    expect(await answer(refresh(sandbox, renewed.refresh_token))).toEqual(INVALID_TOKEN);
    clock.advance(1_000);
    expect((await createPost(sandbox, await connect(sandbox), { text: 'y' })).status).toBe(201);
  });
});

describe('revoking', () => {
  const revoke = (sandbox: Parameters<typeof exchange>[0], form: Record<string, string>, headers = BASIC) =>
    answer(oauth(sandbox, form, headers, 'revoke'));

  it('kills an access token alone, and a refresh token with everything that came from it', async () => {
    const sandbox = await sandboxForTest();
    const tokens = await tokensOf(exchange(sandbox, { code: await authorizationCode(sandbox) }));
    const done = { status: 200, body: { revoked: true } };
    expect(await revoke(sandbox, { token: tokens.access_token, token_type_hint: 'access_token' })).toEqual(done);
    expect(await answer(api(sandbox, tokens.access_token, '/2/users/me'))).toEqual(UNAUTHORIZED);
    const renewed = await tokensOf(refresh(sandbox, tokens.refresh_token));
    expect(await revoke(sandbox, { token: renewed.refresh_token })).toEqual(done);
    expect(await answer(api(sandbox, renewed.access_token, '/2/users/me'))).toEqual(UNAUTHORIZED);
    expect(await answer(refresh(sandbox, renewed.refresh_token))).toEqual(INVALID_TOKEN);
  });

  it('says the same of a token it does not know, and refuses a stranger', async () => {
    const sandbox = await sandboxForTest();
    expect(await revoke(sandbox, { token: 'x' })).toEqual({ status: 200, body: { revoked: true } });
    expect(await revoke(sandbox, {})).toMatchObject({ status: 400 });
    expect(await answer(oauth(sandbox, { token: 'x' }, {}, 'revoke'))).toMatchObject({ status: 401 });
  });
});
