import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import {
  AMARA,
  APP,
  authorizationCode,
  COFFEE,
  connect,
  createPost,
  exchange,
  get,
  longLived,
  pageTokens,
  REDIRECT_URI,
  refusal,
  requests,
  SCOPE,
  setFault,
  signIn,
} from './test-client.ts';

const NOW = '2026-11-20T10:00:00.000Z';
const DAY_MS = 86_400_000;
const APP_TOKEN = `${APP.client_id}|${APP.client_secret}`;

describe('exchanging the code', () => {
  it('answers a short-lived token, to GET and to POST alike', async () => {
    const sandbox = await sandboxForTest();
    const bearer = { access_token: expect.stringMatching(/^EAA/), token_type: 'bearer', expires_in: 3_600 };
    const code = await authorizationCode(sandbox);
    expect(await answer(exchange(sandbox, { redirect_uri: REDIRECT_URI, code }))).toEqual({
      status: 200,
      body: bearer,
    });
    const body = { ...APP, redirect_uri: REDIRECT_URI, code: await authorizationCode(sandbox) };
    const url = `${sandbox.facebook.graphUrl}/oauth/access_token`;
    expect(await answer(fetch(url, { method: 'POST', body: new URLSearchParams(body) }))).toEqual({
      status: 200,
      body: bearer,
    });
  });

  it('takes a code once, in an error object and a WWW-Authenticate header that say so', async () => {
    const sandbox = await sandboxForTest();
    const code = await authorizationCode(sandbox);
    await exchange(sandbox, { redirect_uri: REDIRECT_URI, code });
    const response = await exchange(sandbox, { redirect_uri: REDIRECT_URI, code });
    expect(response.headers.get('www-authenticate')).toBe(
      'OAuth "Facebook Platform" "invalid_code" "This authorization code has been used."',
    );
    expect(await answer(response)).toEqual({
      status: 400,
      body: {
        error: {
          message: 'This authorization code has been used.',
          type: 'OAuthException',
          code: 100,
          error_subcode: 36009,
          fbtrace_id: expect.stringMatching(/^A/),
        },
      },
    });
  });

  it('takes a code for ten minutes', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const [early, late] = [await authorizationCode(sandbox), await authorizationCode(sandbox)];
    clock.advance(10 * 60_000 - 1);
    expect((await exchange(sandbox, { redirect_uri: REDIRECT_URI, code: early })).status).toBe(200);
    clock.advance(1);
    expect(await refusal(exchange(sandbox, { redirect_uri: REDIRECT_URI, code: late }))).toEqual({
      status: 400,
      code: '100/36007',
      message: 'This authorization code has expired.',
    });
  });

  it.each([
    ['another redirect URI', { redirect_uri: `${REDIRECT_URI}/` }, '100/36008', 'Please make sure your redirect_uri'],
    ['no redirect URI', { redirect_uri: '' }, '191', 'Missing redirect_uri parameter'],
    ['a code that never was', { code: 'AQx' }, '100', 'Invalid verification code format'],
    ['a wrong secret', { client_secret: 'x' }, '1', 'Error validating client secret.'],
    ['another app', { client_id: '42' }, '101', 'Error validating application. Invalid application ID.'],
    ['another grant type', { grant_type: 'password' }, '100', 'Unsupported grant_type'],
  ])('refuses %s', async (_what, parameters, code, words) => {
    const sandbox = await sandboxForTest();
    const given = { redirect_uri: REDIRECT_URI, code: await authorizationCode(sandbox), ...parameters };
    expect(await refusal(exchange(sandbox, given))).toEqual({
      status: 400,
      code,
      message: expect.stringContaining(words),
    });
  });
});

describe('the long-lived exchange', () => {
  it('makes of a short-lived token one for 60 days, and of that another', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const short = await signIn(sandbox);
    const response = await answer(exchange(sandbox, { grant_type: 'fb_exchange_token', fb_exchange_token: short }));
    expect(response.body).toMatchObject({ token_type: 'bearer', expires_in: 5_184_000 });
    const long = await longLived(sandbox, short);
    clock.advance(59 * DAY_MS);
    expect(await refusal(get(sandbox, short, '/me'))).toMatchObject({ status: 401, code: '190/463' });
    expect((await get(sandbox, long, '/me')).status).toBe(200);
    const renewed = await longLived(sandbox, long);
    clock.advance(DAY_MS);
    expect(await refusal(get(sandbox, long, '/me'))).toEqual({
      status: 401,
      code: '190/463',
      message:
        'Error validating access token: Session has expired on Tuesday, 19-Jan-27 02:00:00 PST. The current time is Tuesday, 19-Jan-27 02:00:00 PST.',
    });
    expect((await get(sandbox, renewed, '/me')).status).toBe(200);
  });

  it('takes no expired token, no token of a Page, and none it does not know', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const short = await signIn(sandbox);
    const page = await connect(sandbox);
    clock.advance(3_600_000);
    const extend = (token: string) =>
      refusal(exchange(sandbox, { grant_type: 'fb_exchange_token', fb_exchange_token: token }));
    expect(await extend(short)).toMatchObject({ status: 401, code: '190/463' });
    expect(await extend(page)).toMatchObject({ status: 400, code: '100' });
    expect(await extend('EAAx')).toEqual({
      status: 400,
      code: '190',
      message: 'Invalid OAuth access token - Cannot parse access token',
    });
  });
});

describe('the token of a Page', () => {
  it('does not expire when it was made of a long-lived one, and ends with a short-lived one', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const short = (await pageTokens(sandbox, await signIn(sandbox))).get(COFFEE) ?? '';
    const lasting = await connect(sandbox);
    clock.advance(3_600_000);
    expect(await refusal(get(sandbox, short, '/me'))).toMatchObject({ status: 401, code: '190/463' });
    clock.advance(1_000 * DAY_MS);
    expect((await get(sandbox, lasting, '/me')).status).toBe(200);
  });

  it('is the same whenever it is asked for with the same token', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await signIn(sandbox);
    const first = (await pageTokens(sandbox, token)).get(COFFEE) ?? '';
    const inspect = () => answer(get(sandbox, APP_TOKEN, '/debug_token', { input_token: first }));
    const before = await inspect();
    clock.advance(60_000);
    expect((await pageTokens(sandbox, token)).get(COFFEE)).toBe(first);
    expect(await inspect()).toEqual(before);
  });

  it('is the Page: it has a name of its own and no Pages', async () => {
    const sandbox = await sandboxForTest();
    const user = await signIn(sandbox);
    const page = await connect(sandbox);
    expect((await answer(get(sandbox, user, '/me'))).body).toEqual({ name: 'Amara Okafor', id: AMARA });
    expect((await answer(get(sandbox, page, '/me'))).body).toEqual({ name: 'Northwind Coffee Roasters', id: COFFEE });
    expect(await refusal(get(sandbox, page, '/me/accounts'))).toEqual({
      status: 400,
      code: '100',
      message: '(#100) Tried accessing nonexisting field (accounts) on node type (Page)',
    });
  });
});

describe('a dead token', () => {
  it.each([
    ['expired token', '190/463', 'Session has expired on'],
    ['revoked', '190/458', 'The user has not authorized application sandbox-client.'],
    ['190/459', '190/459', 'log in to www.facebook.com'],
    ['190/460', '190/460', 'changed their password'],
    ['190/464', '190/464', 'not a confirmed user'],
    ['190/467', '190/467', 'logged out'],
    ['102/467', '102/467', 'logged out'],
    ['190/492', '190/492', 'administrator, editor, or moderator of the page'],
  ])('by the switch “%s” answers %s to every call until the Page is connected again', async (fault, code, words) => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const user = await signIn(sandbox);
    const token = (await pageTokens(sandbox, user)).get(COFFEE) ?? '';
    await setFault(sandbox, fault);
    const dead = { status: 401, code, message: expect.stringContaining(words) };
    expect(await refusal(get(sandbox, token, '/me'))).toEqual(dead);
    expect(await refusal(createPost(sandbox, token, 'x'))).toEqual(dead);
    expect(await requests(sandbox)).toMatchObject([{ status: 401, code, account: COFFEE, id: null }]);
    clock.advance(1_000);
    // Only going through the dialog again repairs it.
    const exchanged = (await pageTokens(sandbox, await longLived(sandbox, user))).get(COFFEE) ?? '';
    expect(await refusal(get(sandbox, exchanged, '/me'))).toEqual(dead);
    expect((await createPost(sandbox, await connect(sandbox), 'x')).status).toBe(200);
    await setFault(sandbox, 'ok');
    expect((await get(sandbox, token, '/me')).status).toBe(200);
  });

  it('is told apart from a missing one and from garbage', async () => {
    const sandbox = await sandboxForTest();
    const garbage = await get(sandbox, 'nonsense', '/me');
    expect(garbage.headers.get('www-authenticate')).toContain('"invalid_token"');
    expect(await refusal(garbage)).toEqual({
      status: 400,
      code: '190',
      message: 'Invalid OAuth access token - Cannot parse access token',
    });
    expect(await refusal(get(sandbox, '', '/me'))).toMatchObject({ status: 400, code: '2500' });
    expect(await refusal(get(sandbox, '', `/${COFFEE}`))).toMatchObject({ status: 400, code: '104' });
    expect(await refusal(get(sandbox, APP_TOKEN, '/me'))).toMatchObject({ status: 400, code: '2500' });
  });
});

describe('appsecret_proof', () => {
  const proofOf = (token: string) => createHmac('sha256', APP.client_secret).update(token).digest('hex');

  it('must be right when it is given', async () => {
    const sandbox = await sandboxForTest();
    const token = await signIn(sandbox);
    expect((await get(sandbox, token, '/me', { appsecret_proof: proofOf(token) })).status).toBe(200);
    expect(await refusal(get(sandbox, token, '/me', { appsecret_proof: proofOf('other') }))).toEqual({
      status: 400,
      code: '100',
      message: 'Invalid appsecret_proof provided in the API argument',
    });
  });

  it('must be given when the app requires it', async () => {
    const sandbox = await sandboxForTest({ facebook: { requireAppSecretProof: true } });
    const token = await signIn(sandbox);
    expect(await refusal(get(sandbox, token, '/me'))).toEqual({
      status: 400,
      code: '100',
      message: 'API calls from the server require an appsecret_proof argument',
    });
    expect((await get(sandbox, token, '/me', { appsecret_proof: proofOf(token) })).status).toBe(200);
  });
});

describe('debug_token', () => {
  it('tells the app what a token of a person and of a Page is', async () => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW) });
    const issued = Date.parse(NOW) / 1000;
    const inspect = async (token: string) =>
      (await answer(get(sandbox, APP_TOKEN, '/debug_token', { input_token: token }))).body;
    const common = {
      app_id: 'sandbox-client',
      application: 'Sandbox app',
      data_access_expires_at: issued + 90 * 86_400,
      is_valid: true,
      issued_at: issued,
      scopes: ['public_profile', ...SCOPE.split(',')],
      granular_scopes: SCOPE.split(',')
        .filter((scope) => scope.startsWith('pages_'))
        .map((scope) => ({ scope, target_ids: [COFFEE] })),
      user_id: AMARA,
    };
    expect(await inspect(await signIn(sandbox))).toEqual({
      data: { ...common, type: 'USER', expires_at: issued + 3_600 },
    });
    expect(await inspect(await connect(sandbox))).toEqual({
      data: { ...common, type: 'PAGE', expires_at: 0, profile_id: COFFEE },
    });
  });

  it('says why a token is dead, and does not use up a switch by looking', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'revoked', { times: 1 });
    const inspect = (input: string) => answer(get(sandbox, APP_TOKEN, '/debug_token', { input_token: input }));
    expect((await inspect(token)).body).toMatchObject({
      data: { is_valid: false, error: { code: 190, subcode: 458 } },
    });
    expect(await refusal(get(sandbox, token, '/me'))).toMatchObject({ status: 401, code: '190/458' });
    expect((await get(sandbox, token, '/me')).status).toBe(200);
    expect((await inspect('x')).body).toMatchObject({ data: { is_valid: false, error: { code: 190 }, scopes: [] } });
  });

  it('answers only the app itself, by its secret or by the token it was given for that', async () => {
    const sandbox = await sandboxForTest();
    const token = await signIn(sandbox);
    expect(await refusal(get(sandbox, token, '/debug_token', { input_token: token }))).toMatchObject({
      status: 400,
      code: '100',
    });
    const app = await (await exchange(sandbox, { grant_type: 'client_credentials' })).json();
    expect(app).toEqual({ access_token: expect.stringMatching(/^sandbox-client\|/), token_type: 'bearer' });
    expect((await get(sandbox, app.access_token, '/debug_token', { input_token: token })).status).toBe(200);
    expect(await refusal(get(sandbox, `${APP.client_id}|x`, '/debug_token', { input_token: token }))).toMatchObject({
      status: 400,
      code: '100',
    });
  });
});
