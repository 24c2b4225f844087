import { describe, expect, it } from 'vitest';
import { answer, sandboxForTest } from '../linkedin/test-client.ts';
import type { Sandbox } from '../sandbox.ts';
import {
  AMARA,
  COFFEE,
  connect,
  consent,
  createPost,
  dialogUrl,
  get,
  idOf,
  JONAS,
  MEI,
  REDIRECT_URI,
  refusal,
  signIn,
} from './test-client.ts';

async function permissions(sandbox: Sandbox, token: string): Promise<unknown> {
  return (await answer(get(sandbox, token, '/me/permissions'))).body;
}

async function submit(sandbox: Sandbox, fields: readonly [string, string][], headers = {}): Promise<Response> {
  const form = new URL(dialogUrl(sandbox)).searchParams;
  for (const [name, value] of fields) form.append(name, value);
  const url = `${sandbox.facebook.dialogUrl}/dialog/oauth`;
  return fetch(url, { method: 'POST', body: form, headers, redirect: 'manual' });
}

describe('the consent screen', () => {
  it('shows the people, their Pages and what the app asks for, under a policy without inline scripts', async () => {
    const sandbox = await sandboxForTest();
    const response = await fetch(dialogUrl(sandbox));
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('SANDBOX');
    expect(page).toContain(
      'manages Northwind Coffee Roasters, Harbour City Library, Riverside Cycling Club (may not post)',
    );
    expect(page).toContain('manages no Page');
    expect(page).toContain('name="granted" value="pages_manage_posts" checked');
    expect(page).not.toMatch(/<script|style=| on[a-z]+=/i);
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self' http://localhost:3000");
  });

  it('escapes what the app sent', async () => {
    const sandbox = await sandboxForTest();
    expect(await (await fetch(dialogUrl(sandbox, { state: '"><img src=x>' }))).text()).not.toContain('<img');
  });

  it('is there with a version in its path and without', async () => {
    const sandbox = await sandboxForTest();
    const url = dialogUrl(sandbox);
    expect((await fetch(url.replace('/v26.0', ''))).status).toBe(200);
    expect(await refusal(fetch(url.replace('/v26.0', '/v99.0')))).toEqual({
      status: 400,
      code: '2500',
      message: 'Unknown path components: /dialog/oauth',
    });
  });

  it('goes back with a code and the state, unchanged, when the visitor allows it', async () => {
    const sandbox = await sandboxForTest();
    const back = await consent(sandbox, { state: 'a b&c=é' });
    expect(back.origin + back.pathname).toBe(REDIRECT_URI);
    expect(back.searchParams.get('state')).toBe('a b&c=é');
    expect(back.searchParams.get('code')).toMatch(/^AQ/);
  });

  it('goes back with access_denied when the visitor refuses', async () => {
    const sandbox = await sandboxForTest();
    expect(Object.fromEntries((await consent(sandbox, { sandbox_decision: 'cancel' })).searchParams)).toEqual({
      error: 'access_denied',
      error_code: '200',
      error_reason: 'user_denied',
      error_description: 'Permissions error',
      state: 'st-1',
    });
  });

  it.each([
    ['another app', { client_id: 'other' }, 'Invalid App ID'],
    ['a redirect URI with a fragment', { redirect_uri: `${REDIRECT_URI}#x` }, 'URL blocked'],
    ['a relative redirect URI', { redirect_uri: '/callback' }, 'URL blocked'],
    ['plain HTTP to another machine', { redirect_uri: 'http://example.com/cb' }, 'URL blocked'],
    ['a permission the app does not have', { scope: 'pages_show_list,user_friends' }, 'Invalid Scopes: user_friends'],
    ['another response type', { response_type: 'token' }, 'response_type must be code'],
  ])('refuses %s and never redirects', async (_what, parameters, words) => {
    const sandbox = await sandboxForTest();
    const response = await fetch(dialogUrl(sandbox, { sandbox_member: AMARA, ...parameters }), { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(words);
  });

  it('takes only a registered redirect URI when some are registered', async () => {
    const sandbox = await sandboxForTest({ facebook: { redirectUris: ['https://app.example/cb'] } });
    expect((await fetch(dialogUrl(sandbox))).status).toBe(400);
    expect((await fetch(dialogUrl(sandbox, { redirect_uri: 'https://app.example/cb' }))).status).toBe(200);
  });

  it('lets the visitor be somebody new with a Page of their own, who is there the next time', async () => {
    const sandbox = await sandboxForTest();
    const made = { sandbox_decision: 'allow', sandbox_member: 'new', name: 'Sam Berg', page: 'Sam’s Bakery' };
    const token = await signIn(sandbox, made);
    expect(await answer(get(sandbox, token, '/me/accounts', { fields: 'name,tasks' }))).toMatchObject({
      body: { data: [{ name: 'Sam’s Bakery', tasks: expect.arrayContaining(['CREATE_CONTENT']) }] },
    });
    expect(await (await fetch(dialogUrl(sandbox))).text()).toContain('manages Sam’s Bakery');
  });

  it.each([
    [
      [
        ['member', 'new'],
        ['name', ' '],
      ],
      'Give the new person a name',
    ],
    [
      [
        ['member', 'new'],
        ['name', 'x'.repeat(101)],
      ],
      'too long',
    ],
    [[['member', 'nobody']], 'Choose who you are'],
  ] satisfies [[string, string][], string][])(
    'says what is wrong with %j and keeps the form',
    async (fields, words) => {
      const sandbox = await sandboxForTest();
      const response = await submit(sandbox, [['decision', 'allow'], ...fields]);
      const page = await response.text();
      expect(response.status).toBe(400);
      expect(page).toContain(words);
      expect(page).toContain('value="st-1"');
    },
  );

  it('takes no consent from another website’s form', async () => {
    const sandbox = await sandboxForTest();
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'null' },
    ]) {
      expect(
        (
          await submit(
            sandbox,
            [
              ['decision', 'allow'],
              ['member', AMARA],
            ],
            headers,
          )
        ).status,
      ).toBe(403);
    }
  });
});

describe('permissions', () => {
  it('are what was ticked in the form, and public_profile', async () => {
    const sandbox = await sandboxForTest();
    const response = await submit(sandbox, [
      ['decision', 'allow'],
      ['member', AMARA],
      ['granted', 'pages_show_list'],
      ['granted', 'pages_read_engagement'],
    ]);
    expect(response.status).toBe(303);
    // Asked for nothing more, so that the token only shows what was decided before.
    const token = await signIn(sandbox, { scope: '' });
    expect(await permissions(sandbox, token)).toEqual({
      data: [
        { permission: 'public_profile', status: 'granted' },
        { permission: 'pages_show_list', status: 'granted' },
        { permission: 'pages_read_engagement', status: 'granted' },
        { permission: 'pages_manage_posts', status: 'declined' },
        { permission: 'business_management', status: 'declined' },
      ],
    });
  });

  it('stay declined until the app asks again with auth_type=rerequest', async () => {
    const sandbox = await sandboxForTest();
    const declined = { permission: 'pages_manage_posts', status: 'declined' };
    const first = await signIn(sandbox, { sandbox_declined: 'pages_manage_posts' });
    expect(await permissions(sandbox, first)).toMatchObject({ data: expect.arrayContaining([declined]) });
    const notice = 'declined before stays declined';
    expect(await (await fetch(dialogUrl(sandbox))).text()).toContain(notice);
    expect(await (await fetch(dialogUrl(sandbox, { auth_type: 'rerequest' }))).text()).not.toContain(notice);
    const second = await signIn(sandbox);
    expect(await permissions(sandbox, second)).toMatchObject({ data: expect.arrayContaining([declined]) });
    const third = await signIn(sandbox, { auth_type: 'rerequest' });
    expect(await permissions(sandbox, third)).toMatchObject({ data: expect.not.arrayContaining([declined]) });
  });

  it('that are taken back count for tokens given out before', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    expect((await createPost(sandbox, token, 'one')).status).toBe(200);
    await signIn(sandbox, { sandbox_declined: 'pages_manage_posts' });
    expect(await refusal(createPost(sandbox, token, 'two'))).toEqual({
      status: 403,
      code: '200',
      message: expect.any(String),
    });
    const renewed = await connect(sandbox, COFFEE, { auth_type: 'rerequest' });
    expect(await idOf(createPost(sandbox, renewed, 'two'))).toMatch(`${COFFEE}_`);
  });

  it('belong to one person: another’s are not touched', async () => {
    const sandbox = await sandboxForTest();
    const jonas = await connect(sandbox, COFFEE, { sandbox_member: JONAS });
    await signIn(sandbox, { sandbox_declined: 'pages_manage_posts' });
    expect((await createPost(sandbox, jonas, 'x')).status).toBe(200);
    expect((await answer(get(sandbox, await signIn(sandbox, { sandbox_member: MEI }), '/me/permissions'))).status).toBe(
      200,
    );
  });
});
