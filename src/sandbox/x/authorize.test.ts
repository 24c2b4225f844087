import { describe, expect, it } from 'vitest';
import { answer, sandboxForTest } from '../linkedin/test-client.ts';
import { AMARA, api, authorizeUrl, challengeOf, connect, REDIRECT_URI, VERIFIER } from './test-client.ts';

async function location(response: Promise<Response>): Promise<URL> {
  return new URL((await response).headers.get('location') ?? '');
}

describe('the consent screen', () => {
  it('shows who asks for what, marked as a sandbox, under a policy without inline scripts', async () => {
    const sandbox = await sandboxForTest();
    expect(sandbox.x.authorizeUrl).toBe(`${sandbox.url}/x/i/oauth2/authorize`);
    const response = await fetch(authorizeUrl(sandbox));
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('SANDBOX');
    expect(page).toContain('@amara_okafor');
    expect(page).toContain('tweet.write');
    expect(page).not.toMatch(/<script|style=| on[a-z]+=/i);
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self' http://127.0.0.1:3000");
  });

  it('goes back with a code and the state, unchanged, when the visitor allows it', async () => {
    const sandbox = await sandboxForTest();
    const form = new URL(authorizeUrl(sandbox, { state: 'a b&c=é"><b>' })).searchParams;
    const page = await (await fetch(authorizeUrl(sandbox, { state: 'a b&c=é"><b>' }))).text();
    expect(page).not.toContain('"><b>');
    form.set('decision', 'allow');
    form.set('user', AMARA.id);
    const back = await location(fetch(sandbox.x.authorizeUrl, { method: 'POST', body: form, redirect: 'manual' }));
    expect(back.origin + back.pathname).toBe(REDIRECT_URI);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      state: 'a b&c=é"><b>',
      code: expect.stringMatching(/^[\w-]{80,}$/),
    });
  });

  it('goes back with access_denied when the visitor denies it', async () => {
    const sandbox = await sandboxForTest();
    const back = await location(fetch(authorizeUrl(sandbox, { sandbox_decision: 'cancel' }), { redirect: 'manual' }));
    expect(Object.fromEntries(back.searchParams)).toEqual({ error: 'access_denied', state: 'st-1' });
  });

  it.each([
    ['another client', { client_id: 'other' }, 'client_id'],
    ['another response type', { response_type: 'token' }, 'response_type'],
    ['a redirect URI with a fragment', { redirect_uri: `${REDIRECT_URI}#x` }, 'redirect_uri'],
    ['a relative redirect URI', { redirect_uri: '/callback' }, 'redirect_uri'],
    ['plain HTTP to another machine', { redirect_uri: 'http://example.com/callback' }, 'redirect_uri'],
    ['no scope', { scope: '' }, 'scope is missing'],
    ['a scope the app may not ask for', { scope: 'tweet.read dm.write' }, 'dm.write'],
    ['no state', { state: '' }, 'state is missing'],
    ['a state of 501 characters', { state: 'x'.repeat(501) }, '500 characters'],
    ['no code challenge', { code_challenge: '' }, 'code_challenge is missing'],
    ['a code challenge that is no SHA-256', { code_challenge: 'short' }, '43 characters'],
    ['the plain method', { code_challenge_method: 'plain', code_challenge: VERIFIER }, 'S256'],
    ['the method in lower case', { code_challenge_method: 's256' }, 'S256'],
    ['no method', { code_challenge_method: '' }, 'code_challenge_method is missing'],
  ])('refuses %s on a page and never redirects', async (_what, parameters, words) => {
    const sandbox = await sandboxForTest();
    const url = authorizeUrl(sandbox, { sandbox_user: AMARA.id, ...parameters });
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(words);
  });

  it('takes a state of 500 characters', async () => {
    const sandbox = await sandboxForTest();
    expect((await fetch(authorizeUrl(sandbox, { state: 'x'.repeat(500) }))).status).toBe(200);
  });

  it('takes only a registered redirect URI when some are registered', async () => {
    const sandbox = await sandboxForTest({ x: { redirectUris: ['https://app.example/cb'] } });
    expect((await fetch(authorizeUrl(sandbox))).status).toBe(400);
    expect((await fetch(authorizeUrl(sandbox, { redirect_uri: 'https://app.example/cb' }))).status).toBe(200);
  });

  it('lets the visitor be somebody new, who is there the next time', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, {
      sandbox_decision: 'allow',
      sandbox_user: 'new',
      name: 'Sam  Berg',
      username: '@sam_b',
    });
    expect(await answer(api(sandbox, token, '/2/users/me'))).toEqual({
      status: 200,
      body: { data: { id: expect.stringMatching(/^\d{19}$/), name: 'Sam Berg', username: 'sam_b' } },
    });
    expect(await (await fetch(authorizeUrl(sandbox))).text()).toContain('@sam_b');
  });

  it.each([
    [{ name: '', username: 'sam' }, 'a name'],
    [{ name: 'Sam', username: 'two words' }, 'up to 15 letters'],
    [{ name: 'Sam', username: 'AMARA_okafor' }, 'called @AMARA_okafor already'],
    [{ user: 'nobody' }, 'Choose who you are'],
  ])('says what is wrong with %j and keeps the form', async (fields, words) => {
    const sandbox = await sandboxForTest();
    const body = new URL(authorizeUrl(sandbox, { decision: 'allow', user: 'new', ...fields })).searchParams;
    const response = await fetch(sandbox.x.authorizeUrl, { method: 'POST', body, redirect: 'manual' });
    expect(response.status).toBe(400);
    const page = await response.text();
    expect(page).toContain(words);
    expect(page).toContain(`value="${challengeOf(VERIFIER)}"`);
  });

  it('takes no consent from another website’s form', async () => {
    const sandbox = await sandboxForTest();
    const body = new URL(authorizeUrl(sandbox, { decision: 'allow', user: AMARA.id })).searchParams;
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'null' },
    ]) {
      const response = await fetch(sandbox.x.authorizeUrl, { method: 'POST', body, headers, redirect: 'manual' });
      expect(response.status).toBe(403);
    }
  });
});
