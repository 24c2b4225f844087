import { describe, expect, it } from 'vitest';
import {
  AMARA,
  api,
  authorizationCode,
  authorizeUrl,
  connect,
  exchange,
  HandClock,
  REDIRECT_URI,
  sandboxForTest,
} from './test-client.ts';

async function location(response: Promise<Response>): Promise<URL> {
  return new URL((await response).headers.get('location') ?? '');
}

describe('the consent screen', () => {
  it('shows who asks for what, marked as a sandbox, under a policy without inline scripts', async () => {
    const sandbox = await sandboxForTest();
    const response = await fetch(authorizeUrl(sandbox));
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('SANDBOX');
    expect(page).toContain('Amara Okafor');
    expect(page).toContain('w_member_social');
    expect(page).not.toMatch(/<script|style=| on[a-z]+=/i);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self' http://localhost:3000");
  });

  it('escapes what the app sent', async () => {
    const sandbox = await sandboxForTest();
    const page = await (await fetch(authorizeUrl(sandbox, { state: '"><img src=x>' }))).text();
    expect(page).not.toContain('<img');
  });

  it('goes back with a code and the state, unchanged, when the visitor allows it', async () => {
    const sandbox = await sandboxForTest();
    const form = new URL(authorizeUrl(sandbox, { state: 'a b&c=é' })).searchParams;
    form.set('decision', 'allow');
    form.set('member', AMARA.sub);
    const back = await location(
      fetch(`${sandbox.linkedin.oauthUrl}/authorization`, { method: 'POST', body: form, redirect: 'manual' }),
    );
    expect(back.origin + back.pathname).toBe(REDIRECT_URI);
    expect(back.searchParams.get('state')).toBe('a b&c=é');
    expect(back.searchParams.get('code')).toMatch(/^AQ/);
  });

  it('goes back with user_cancelled_authorize when the visitor cancels', async () => {
    const sandbox = await sandboxForTest();
    const back = await location(fetch(authorizeUrl(sandbox, { sandbox_decision: 'cancel' }), { redirect: 'manual' }));
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'user_cancelled_authorize', state: 'st-1' });
  });

  it('goes back with unauthorized_scope_error for a scope whose product the app lacks', async () => {
    const sandbox = await sandboxForTest();
    const back = await location(
      fetch(authorizeUrl(sandbox, { scope: 'openid r_member_social' }), { redirect: 'manual' }),
    );
    expect(back.searchParams.get('error')).toBe('unauthorized_scope_error');
  });

  it.each([
    ['another client', { client_id: 'other' }, 'Client_id'],
    ['a redirect URI with a fragment', { redirect_uri: `${REDIRECT_URI}#x` }, 'Redirect_uri'],
    ['a relative redirect URI', { redirect_uri: '/callback' }, 'Redirect_uri'],
    ['plain HTTP to another machine', { redirect_uri: 'http://example.com/callback' }, 'Redirect_uri'],
    ['no scope', { scope: '' }, 'Invalid scope'],
  ])('refuses %s with 401 and never redirects', async (_what, parameters, words) => {
    const sandbox = await sandboxForTest();
    const response = await fetch(authorizeUrl(sandbox, { sandbox_member: AMARA.sub, ...parameters }), {
      redirect: 'manual',
    });
    expect(response.status).toBe(401);
    expect(await response.text()).toContain(words);
  });

  it('takes only a registered redirect URI when some are registered', async () => {
    const sandbox = await sandboxForTest({ linkedin: { redirectUris: ['https://app.example/cb'] } });
    expect((await fetch(authorizeUrl(sandbox))).status).toBe(401);
    expect((await fetch(authorizeUrl(sandbox, { redirect_uri: 'https://app.example/cb' }))).status).toBe(200);
  });

  it('lets the visitor be somebody new, who is there the next time', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, {
      sandbox_decision: 'allow',
      sandbox_member: 'new',
      name: 'Sam van der Berg',
      email: 'Sam@Example.com',
    });
    const who = await (await api(sandbox, token, '/v2/userinfo')).json();
    expect(who).toMatchObject({
      name: 'Sam van der Berg',
      family_name: 'Berg',
      email: 'sam@example.com',
      email_verified: true,
    });
    expect(await (await fetch(authorizeUrl(sandbox))).text()).toContain('Sam van der Berg');
  });

  it.each([
    [{ name: '', email: 'a@example.com' }, 'name'],
    [{ name: 'Sam', email: 'nonsense' }, 'e-mail address'],
    [{ name: 'Sam', email: AMARA.email }, 'exists already'],
    [{ member: 'nobody' }, 'Choose who you are'],
  ])('says what is wrong with %j and keeps the form', async (fields, words) => {
    const sandbox = await sandboxForTest();
    const form = new URL(authorizeUrl(sandbox, { decision: 'allow', member: 'new', ...fields })).searchParams;
    const response = await fetch(`${sandbox.linkedin.oauthUrl}/authorization`, {
      method: 'POST',
      body: form,
      redirect: 'manual',
    });
    expect(response.status).toBe(400);
    const page = await response.text();
    expect(page).toContain(words);
    expect(page).toContain('value="st-1"');
  });

  it('takes no consent from another website’s form', async () => {
    const sandbox = await sandboxForTest();
    const url = authorizeUrl(sandbox, { decision: 'allow', member: AMARA.sub });
    const foreign = [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }];
    for (const headers of foreign) {
      const body = new URL(url).searchParams;
      const response = await fetch(`${sandbox.linkedin.oauthUrl}/authorization`, {
        method: 'POST',
        body,
        headers,
        redirect: 'manual',
      });
      expect(response.status).toBe(403);
    }
  });
});

describe('exchanging the code', () => {
  it('answers with a token for 60 days, the scopes and an id_token, and without a refresh token', async () => {
    const sandbox = await sandboxForTest();
    const response = await exchange(sandbox, { code: await authorizationCode(sandbox) });
    expect(response.status).toBe(200);
    const body = await response.json();
    expect(body).toEqual({
      access_token: expect.stringMatching(/^AQX.{450,}$/),
      expires_in: 5_184_000,
      scope: 'email,openid,profile,w_member_social',
      token_type: 'Bearer',
      id_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
  });

  it('takes a code once', async () => {
    const sandbox = await sandboxForTest();
    const code = await authorizationCode(sandbox);
    expect((await exchange(sandbox, { code })).status).toBe(200);
    const again = await exchange(sandbox, { code });
    expect(again.status).toBe(401);
    expect(await again.json()).toEqual({
      error: 'invalid_request',
      error_description: 'Unable to retrieve access token: authorization code not found',
    });
  });

  it('takes a code for 30 minutes', async () => {
    const clock = new HandClock('2026-11-20T10:00:00.000Z');
    const sandbox = await sandboxForTest({ clock });
    const [early, late] = [await authorizationCode(sandbox), await authorizationCode(sandbox)];
    clock.advance(30 * 60_000 - 1);
    expect((await exchange(sandbox, { code: early })).status).toBe(200);
    clock.advance(1);
    const response = await exchange(sandbox, { code: late });
    expect([response.status, (await response.json()).error]).toEqual([400, 'invalid_redirect_uri']);
  });

  it.each([
    ['another redirect URI', { redirect_uri: `${REDIRECT_URI}/` }, 400, 'invalid_redirect_uri'],
    ['a wrong secret', { client_secret: 'x' }, 401, 'invalid_client'],
    ['another client', { client_id: 'x' }, 401, 'invalid_client'],
    ['no secret', { client_secret: '' }, 400, 'invalid_request'],
    ['no redirect URI', { redirect_uri: '' }, 400, 'invalid_request'],
    ['an unknown grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [
      'a refresh, as this app is no partner',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      400,
      'invalid_request',
    ],
  ])('refuses %s', async (_what, form, status, error) => {
    const sandbox = await sandboxForTest();
    const response = await exchange(sandbox, { code: await authorizationCode(sandbox), ...form });
    expect([response.status, (await response.json()).error]).toEqual([status, error]);
  });

  it('refuses the secret in a Basic header, alone or as well', async () => {
    const sandbox = await sandboxForTest();
    const basic = { authorization: `Basic ${Buffer.from('sandbox-client:sandbox-secret').toString('base64')}` };
    const code = await authorizationCode(sandbox);
    expect((await exchange(sandbox, { code, client_id: '', client_secret: '' }, basic)).status).toBe(400);
    expect((await exchange(sandbox, { code }, basic)).status).toBe(401);
    expect((await exchange(sandbox, { code })).status).toBe(200);
  });

  it('refuses a JSON body', async () => {
    const sandbox = await sandboxForTest();
    const response = await fetch(`${sandbox.linkedin.oauthUrl}/accessToken`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'authorization_code' }),
    });
    expect([response.status, (await response.json()).error_description]).toEqual([
      400,
      'A required parameter "grant_type" is missing',
    ]);
  });

  it('gives a partner a refresh token that stays the same and caps what it renews', async () => {
    const clock = new HandClock('2026-01-20T10:00:00.000Z');
    const sandbox = await sandboxForTest({ clock, linkedin: { partner: true } });
    const first = await (await exchange(sandbox, { code: await authorizationCode(sandbox) })).json();
    expect(first).toMatchObject({ refresh_token_expires_in: 31_536_000 });
    clock.advance(364 * 86_400_000);
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    const second = await (await exchange(sandbox, refresh)).json();
    expect(second).toMatchObject({
      refresh_token: first.refresh_token,
      expires_in: 86_400,
      refresh_token_expires_in: 86_400,
    });
    clock.advance(86_400_000);
    expect((await exchange(sandbox, refresh)).status).toBe(400);
  });
});
