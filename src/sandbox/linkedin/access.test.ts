import { describe, expect, it } from 'vitest';
import {
  AMARA,
  answer,
  api,
  COFFEE,
  connect,
  createPost,
  HandClock,
  LIBRARY,
  lastMonth,
  MEI,
  PAGE_SCOPE,
  postBody,
  sandboxForTest,
  setFault,
} from './test-client.ts';

const NOW = '2026-11-20T10:00:00.000Z';
const version = { 'linkedin-version': lastMonth(new Date(NOW)) };

describe('tokens', () => {
  it('tells a missing, an unknown, an expired and a revoked token apart', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const withHeader = (authorization: string) =>
      answer(api(sandbox, '', '/v2/userinfo', { headers: { authorization } }));
    expect(await withHeader('')).toMatchObject({ status: 401, body: { serviceErrorCode: 65604 } });
    expect(await withHeader('Bearer nonsense')).toEqual({
      status: 401,
      body: { status: 401, serviceErrorCode: 65600, code: 'INVALID_ACCESS_TOKEN', message: 'Invalid access token' },
    });
    const token = await connect(sandbox);
    clock.advance(5_184_000_000);
    expect(await answer(api(sandbox, token, '/v2/userinfo'))).toMatchObject({
      status: 401,
      body: {
        serviceErrorCode: 65602,
        code: 'EXPIRED_ACCESS_TOKEN',
        message: 'The token used in the request has expired',
      },
    });
  });

  it('does not take a token from the query', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const response = await fetch(`${sandbox.linkedin.apiUrl}/v2/userinfo?oauth2_access_token=${token}`);
    expect(response.status).toBe(401);
  });

  it('revokes a member’s earlier tokens when another set of scopes is granted, and only then', async () => {
    const sandbox = await sandboxForTest();
    const first = await connect(sandbox);
    const same = await connect(sandbox);
    const mei = await connect(sandbox, { sandbox_member: MEI.sub });
    expect((await api(sandbox, first, '/v2/userinfo')).status).toBe(200);
    const wider = await connect(sandbox, { scope: PAGE_SCOPE });
    for (const token of [first, same]) {
      expect(await answer(api(sandbox, token, '/v2/userinfo'))).toMatchObject({
        status: 401,
        body: { serviceErrorCode: 65601 },
      });
    }
    for (const token of [mei, wider]) expect((await api(sandbox, token, '/v2/userinfo')).status).toBe(200);
  });

  it('may call a new token revoked for its first moments', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock, linkedin: { newTokenLagMs: 5_000 } });
    const token = await connect(sandbox);
    expect(await answer(api(sandbox, token, '/v2/userinfo'))).toMatchObject({ body: { serviceErrorCode: 65601 } });
    clock.advance(5_000);
    expect((await api(sandbox, token, '/v2/userinfo')).status).toBe(200);
  });

  it.each([
    ['expired token', 65602],
    ['revoked', 65601],
  ])(
    'hits every call of an account whose switch says %s, until the account is connected again',
    async (fault, serviceErrorCode) => {
      const clock = new HandClock(NOW);
      const sandbox = await sandboxForTest({ clock });
      const token = await connect(sandbox);
      const mei = await connect(sandbox, { sandbox_member: MEI.sub });
      await setFault(sandbox, fault);
      expect(await answer(api(sandbox, token, '/v2/userinfo'))).toMatchObject({
        status: 401,
        body: { serviceErrorCode },
      });
      expect(await answer(createPost(sandbox, token, postBody('x'), version))).toMatchObject({
        status: 401,
        body: { serviceErrorCode },
      });
      expect((await api(sandbox, mei, '/v2/userinfo')).status).toBe(200);
      clock.advance(1_000);
      const renewed = await connect(sandbox);
      expect((await createPost(sandbox, renewed, postBody('x'), version)).status).toBe(201);
      await setFault(sandbox, 'ok');
      expect((await api(sandbox, token, '/v2/userinfo')).status).toBe(200);
    },
  );

  it('reports a token’s state by introspection', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    const introspect = (form: object) =>
      answer(
        fetch(`${sandbox.linkedin.oauthUrl}/introspectToken`, {
          method: 'POST',
          body: new URLSearchParams({ client_id: 'sandbox-client', client_secret: 'sandbox-secret', token, ...form }),
        }),
      );
    const created = Date.parse(NOW) / 1000;
    expect(await introspect({})).toEqual({
      status: 200,
      body: {
        active: true,
        status: 'active',
        client_id: 'sandbox-client',
        scope: 'email,openid,profile,w_member_social',
        created_at: created,
        expires_at: created + 5_184_000,
        authorized_at: created,
        auth_type: '3L',
      },
    });
    await setFault(sandbox, 'revoked');
    expect(await introspect({})).toMatchObject({ body: { active: false, status: 'revoked' } });
    expect(await introspect({ token: 'x' })).toEqual({ status: 200, body: { active: false } });
    expect(await introspect({ client_secret: 'x' })).toMatchObject({ status: 401 });
  });
});

describe('identity', () => {
  it('shows of a member what the scopes allow', async () => {
    const sandbox = await sandboxForTest();
    const all = await connect(sandbox);
    expect(await answer(api(sandbox, all, '/v2/userinfo'))).toEqual({
      status: 200,
      body: {
        sub: AMARA.sub,
        name: 'Amara Okafor',
        given_name: 'Amara',
        family_name: 'Okafor',
        locale: { country: 'US', language: 'en' },
        picture: `${sandbox.url}/linkedin/avatars/${AMARA.sub}.svg`,
        email: AMARA.email,
        email_verified: true,
      },
    });
    const little = await connect(sandbox, { scope: 'openid' });
    expect(await answer(api(sandbox, little, '/v2/userinfo'))).toEqual({ status: 200, body: { sub: AMARA.sub } });
    const none = await connect(sandbox, { scope: 'w_member_social' });
    expect(await answer(api(sandbox, none, '/v2/userinfo'))).toMatchObject({
      status: 403,
      body: { serviceErrorCode: 100 },
    });
  });

  it('refuses the legacy profile', async () => {
    const sandbox = await sandboxForTest();
    expect(await answer(api(sandbox, await connect(sandbox), '/v2/me'))).toMatchObject({
      status: 403,
      body: { code: 'ACCESS_DENIED', message: 'Not enough permissions to access: me.GET.NO_VERSION' },
    });
  });

  it('lists the organisations a member administers, with an organisation scope', async () => {
    const sandbox = await sandboxForTest();
    const path = '/rest/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED';
    expect((await api(sandbox, await connect(sandbox), path)).status).toBe(403);
    const token = await connect(sandbox, { scope: PAGE_SCOPE });
    expect(await answer(api(sandbox, token, path))).toMatchObject({
      status: 200,
      body: { elements: [{ role: 'ADMINISTRATOR', state: 'APPROVED', organization: COFFEE, roleAssignee: AMARA.urn }] },
    });
    expect(await answer(api(sandbox, token, '/rest/organizations/1001'))).toMatchObject({
      body: { id: 1001, localizedName: 'Northwind Coffee Roasters' },
    });
    expect((await api(sandbox, token, '/rest/organizations/1002')).status).toBe(403);
  });
});

describe('in whose name', () => {
  it('lets a member post as himself, with w_member_social', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, { scope: 'openid' });
    const refused = await answer(createPost(sandbox, token, postBody('x')));
    expect(refused).toMatchObject({ status: 403, body: { serviceErrorCode: 100, code: 'ACCESS_DENIED' } });
    expect(JSON.stringify(refused.body)).toContain('Not enough permissions to access: partnerApiPosts');
  });

  it('refuses another person, an organisation he does not administer, and one without the scope', async () => {
    const sandbox = await sandboxForTest();
    const member = await connect(sandbox);
    expect((await createPost(sandbox, member, postBody('x', { author: MEI.urn }))).status).toBe(403);
    expect((await createPost(sandbox, member, postBody('x', { author: COFFEE }))).status).toBe(403);
    const admin = await connect(sandbox, { scope: PAGE_SCOPE });
    expect((await createPost(sandbox, admin, postBody('x', { author: LIBRARY }))).status).toBe(403);
    expect((await createPost(sandbox, admin, postBody('x', { author: COFFEE }))).status).toBe(201);
  });

  it.each([
    ['urn:li:share:1', 'INVALID_URN_TYPE'],
    ['aMr4OkF0r1', 'INVALID_URN_ID'],
  ])('refuses the author %s', async (author, code) => {
    const sandbox = await sandboxForTest();
    expect(await answer(createPost(sandbox, await connect(sandbox), postBody('x', { author })))).toMatchObject({
      status: 400,
      body: { errorDetails: { inputErrors: [{ code, input: { inputPath: { fieldPath: 'author' } } }] } },
    });
  });
});
