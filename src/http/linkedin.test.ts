import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { loadActor } from '../identity/actor.ts';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { inviteToTeam } from '../identity/invitations.ts';
import { createUser } from '../identity/users.ts';
import { consentAs, type Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

/** Members of the sandbox's LinkedIn. */
const AMARA = { sub: 'aMr4OkF0r1', email: 'amara.okafor@example.com' };
const JONAS = { sub: 'jN5LndQ-vT', email: 'jonas.lindqvist@example.com' };
const PASSWORD = 'correct horse battery';

let server: TestServer;
let sue: Actor;
let teamId: string;

beforeEach(async () => {
  server = await startTestServer({
    withSandbox: true,
    environment: { SUPERUSER_EMAIL: 'sue@example.com', SUPERUSER_PASSWORD: PASSWORD },
  });
  await ensureFirstSuperuser(server.ctx);
  const actor = await loadActor(server.ctx.db, (await server.ctx.db.user.findFirstOrThrow()).id);
  if (actor === null) throw new Error('no superuser');
  sue = actor;
  teamId = actor.memberships[0]?.teamId ?? '';
});
afterEach(() => server.close());

/** Goes to LinkedIn and agrees. @returns the address LinkedIn sends the visitor back to */
async function consent(
  visitor: Visitor,
  member: string,
  change: Record<string, string> = {},
  from = '/auth/linkedin',
): Promise<string> {
  const start = await visitor.get(from);
  expect(start.status).toBe(302);
  return consentAs(start.location ?? '', member, change);
}

async function signIn(visitor: Visitor, member: string, change: Record<string, string> = {}) {
  return visitor.get(await consent(visitor, member, change));
}

/** Opens an invitation and goes on with the button that its page has. */
async function acceptAs(visitor: Visitor, url: string, member: string) {
  const page = await visitor.get(url);
  expect(page.text).toContain('Continue with LinkedIn (sandbox)');
  const button = /href="(\/auth\/linkedin[^"]*)"/.exec(page.text)?.[1] ?? 'no button';
  return visitor.get(await consent(visitor, member, {}, button));
}

const invite = (email: string, team = teamId) =>
  server.ctx.db.$transaction((tx) => inviteToTeam(tx, server.ctx, sue, { email, teamId: team, role: 'author' }));
const makePerson = (email: string, password?: string) =>
  server.ctx.db.$transaction((tx) =>
    createUser(tx, server.ctx, sue, { email, name: 'Somebody', ...(password === undefined ? {} : { password }) }),
  );

describe('the way to LinkedIn', () => {
  test('is offered on the sign-in page, which says that it is the sandbox', async () => {
    expect((await server.visitor().get('/login')).text).toContain('Sign in with LinkedIn (sandbox)');
  });

  test('asks for everything publishing needs, with an unguessable state', async () => {
    const visitor = server.visitor();
    const [first, second] = [await visitor.get('/auth/linkedin'), await visitor.get('/auth/linkedin')];
    const query = new URL(first.location ?? '').searchParams;
    expect(query.get('scope')).toBe('openid profile email w_member_social');
    expect(query.get('redirect_uri')).toBe(`${server.url}/auth/linkedin/callback`);
    expect(query.get('state')).toMatch(/^[\w-]{43}$/);
    expect(query.get('state')).not.toBe(new URL(second.location ?? '').searchParams.get('state'));
  });

  test('leaves nothing behind for longer than the journey may take', async () => {
    const visitor = server.visitor();
    await visitor.get('/auth/linkedin');
    await visitor.get('/auth/linkedin');
    await visitor.get('/login');
    const rows = await server.ctx.db.$queryRaw<{ seconds: number }[]>`
      SELECT extract(epoch FROM "expire" - localtimestamp)::float8 AS "seconds" FROM "session"`;
    expect(rows).toHaveLength(1);
    expect(rows[0]?.seconds).toBeGreaterThan(500);
    expect(rows[0]?.seconds).toBeLessThan(610);
  });

  test('without an app says what to configure', async () => {
    const plain = await startTestServer();
    const answer = await plain.visitor().get('/auth/linkedin');
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('LINKEDIN_CLIENT_ID');
    await plain.close();
  });
});

describe('a member nobody invited', () => {
  test('gets a friendly page and no account', async () => {
    const visitor = server.visitor();
    const answer = await signIn(visitor, AMARA.sub);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('Nobody has invited you yet');
    expect(await server.ctx.db.user.count()).toBe(1);
    expect(await server.ctx.db.connectedAccount.count()).toBe(0);
    expect((await visitor.get('/admin')).location).toBe('/login');
    const failures = await server.ctx.db.auditEvent.findMany({ where: { action: 'user.sign_in_failed' } });
    expect(failures).toMatchObject([{ actorId: null, metadata: { method: 'linkedin', email: AMARA.email } }]);
  });

  test('does not get the account of a person with his e-mail address', async () => {
    await makePerson(AMARA.email, PASSWORD);
    await server.ctx.db.invitation.deleteMany();
    expect((await signIn(server.visitor(), AMARA.sub)).status).toBe(403);
    expect(await server.ctx.db.identity.count()).toBe(0);
  });

  test('does not get in through an invitation that has expired', async () => {
    await invite(AMARA.email);
    server.clock.advance(15 * 86_400_000);
    expect((await signIn(server.visitor(), AMARA.sub)).status).toBe(403);
  });
});

describe('an invited member', () => {
  test('is let in by the address LinkedIn verified, and his account is connected as his own', async () => {
    await invite(AMARA.email);
    const visitor = server.visitor();
    await visitor.get('/admin/resources/Post');
    const answer = await signIn(visitor, AMARA.sub);
    expect([answer.status, answer.location]).toEqual([302, '/admin/resources/Post']);

    const user = await server.ctx.db.user.findUniqueOrThrow({
      where: { email: AMARA.email },
      include: { identities: true, memberships: true },
    });
    expect(user).toMatchObject({
      name: 'Amara Okafor',
      isSuperuser: false,
      identities: [{ provider: 'linkedin', subject: AMARA.sub }],
      memberships: [{ teamId, role: 'author' }],
    });
    expect(await server.ctx.db.connectedAccount.findMany()).toMatchObject([
      {
        teamId,
        platform: 'linkedin',
        kind: 'member',
        externalId: AMARA.sub,
        displayName: 'Amara Okafor',
        status: 'active',
        ownerId: user.id,
        connectedById: user.id,
      },
    ]);
    const actions = (await server.ctx.db.auditEvent.findMany({ where: { actorId: user.id } })).map(
      ({ action }) => action,
    );
    expect(actions).toEqual(expect.arrayContaining(['user.signed_in', 'account.connected']));
  });

  test('signs in again as the same person, renewing the same account, also after he changed his address here', async () => {
    await invite(AMARA.email);
    await signIn(server.visitor(), AMARA.sub);
    const [account] = await server.ctx.db.connectedAccount.findMany();
    await server.ctx.db.user.update({ where: { email: AMARA.email }, data: { email: 'elsewhere@example.com' } });
    expect((await signIn(server.visitor(), AMARA.sub)).status).toBe(302);
    expect(await server.ctx.db.user.count()).toBe(2);
    expect(await server.ctx.db.connectedAccount.findMany()).toMatchObject([{ id: account?.id, status: 'active' }]);
  });

  test('may come through the link with another address than the invited one', async () => {
    const { url } = await invite('amara@work.example');
    const visitor = server.visitor();
    expect((await acceptAs(visitor, url, AMARA.sub)).status).toBe(302);
    expect(JSON.parse((await visitor.get('/admin')).text).currentAdmin).toMatchObject({
      email: 'amara@work.example',
      memberships: [{ teamId, role: 'author' }],
    });
    expect((await server.visitor().get(url)).status).toBe(404);
  });

  test('whom a superuser made in the panel is let in as that person', async () => {
    const { user } = await makePerson(AMARA.email);
    const visitor = server.visitor();
    expect((await signIn(visitor, AMARA.sub)).status).toBe(302);
    expect(JSON.parse((await visitor.get('/admin')).text).currentAdmin.id).toBe(user.id);
    // Without a team there is nothing to connect to.
    expect(await server.ctx.db.connectedAccount.count()).toBe(0);
  });

  test('is signed in but not connected when publishing was not granted', async () => {
    await invite(AMARA.email);
    expect((await signIn(server.visitor(), AMARA.sub, { scope: 'openid profile email' })).status).toBe(302);
    expect(await server.ctx.db.connectedAccount.count()).toBe(0);
  });

  test('is signed in although somebody else of the team has connected his account as his own', async () => {
    await invite(AMARA.email);
    await signIn(server.visitor(), AMARA.sub);
    await server.ctx.db.connectedAccount.updateMany({ data: { ownerId: sue.id } });
    expect((await signIn(server.visitor(), AMARA.sub)).status).toBe(302);
    expect(await server.ctx.db.connectedAccount.findMany()).toMatchObject([{ ownerId: sue.id }]);
  });
});

describe('an invitation that is somebody else’s', () => {
  test('does not bind a stranger’s LinkedIn to a person with a password', async () => {
    await makePerson('bob@example.com', PASSWORD);
    const { url } = await invite('bob@example.com');
    const holder = server.visitor();
    const answer = await acceptAs(holder, url, AMARA.sub);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('for somebody else');
    expect(await server.ctx.db.identity.count()).toBe(0);
  });

  test('does not give a second LinkedIn to a person who has one', async () => {
    await invite(AMARA.email);
    await signIn(server.visitor(), AMARA.sub);
    const other = await server.ctx.db.team.create({ data: { name: 'Another team' } });
    const { url } = await invite(AMARA.email, other.id);
    const holder = server.visitor();
    expect((await acceptAs(holder, url, JONAS.sub)).status).toBe(403);
  });

  test('is not accepted by whom another site made open it, whenever he signs in with LinkedIn next', async () => {
    await invite(AMARA.email);
    await signIn(server.visitor(), AMARA.sub);
    const other = await server.ctx.db.team.create({ data: { name: 'Another team' } });
    const { url } = await invite('mallory@example.com', other.id);
    const planted = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    for (const from of ['/auth/linkedin', '/auth/linkedin?invitation=guessed', '/auth/linkedin?invitation=']) {
      const visitor = server.visitor();
      await visitor.get(url, planted);
      expect((await visitor.get(await consent(visitor, AMARA.sub, {}, from))).status).toBe(302);
    }
    // Nor is a stranger let in by it.
    const stranger = server.visitor();
    await stranger.get(url, planted);
    expect((await signIn(stranger, JONAS.sub)).status).toBe(403);
    expect(await server.ctx.db.membership.count({ where: { teamId: other.id } })).toBe(0);

    // Opened by himself it still works, also in two tabs; a journey that was begun elsewhere afterwards does not carry it.
    const visitor = server.visitor();
    const page = await visitor.get(url);
    await visitor.get(url);
    const button = /href="(\/auth\/linkedin[^"]*)"/.exec(page.text)?.[1] ?? 'no button';
    await visitor.get(button);
    expect((await signIn(visitor, AMARA.sub)).status).toBe(302);
    expect(await server.ctx.db.membership.count({ where: { teamId: other.id } })).toBe(0);
    const again = server.visitor();
    expect((await acceptAs(again, url, AMARA.sub)).status).toBe(302);
    expect(await server.ctx.db.membership.count({ where: { teamId: other.id } })).toBe(1);
  });
});

describe('coming back', () => {
  test('works once: the same address again is refused, and so is another browser', async () => {
    await invite(AMARA.email);
    const visitor = server.visitor();
    const back = await consent(visitor, AMARA.sub);
    const thief = server.visitor();
    await thief.get('/auth/linkedin');
    expect((await thief.get(back)).status).toBe(400);
    expect((await visitor.get(back)).status).toBe(302);
    const replayed = await visitor.get(back);
    expect(replayed.status).toBe(400);
    expect(replayed.text).toContain('expired');
  });

  test('gives the session a new id', async () => {
    await invite(AMARA.email);
    const visitor = server.visitor();
    const back = await consent(visitor, AMARA.sub);
    const before = visitor.cookies.get('session');
    await visitor.get(back);
    expect(visitor.cookies.get('session')).not.toBe(before);
  });

  test('after ten minutes is too late', async () => {
    await invite(AMARA.email);
    const visitor = server.visitor();
    const back = await consent(visitor, AMARA.sub);
    server.clock.advance(10 * 60_000 + 1);
    expect((await visitor.get(back)).status).toBe(400);
    expect(await server.ctx.db.user.count()).toBe(1);
  });

  test('with a refusal says so, and with nonsense too', async () => {
    const visitor = server.visitor();
    const cancelled = await signIn(visitor, AMARA.sub, { sandbox_decision: 'cancel' });
    expect(cancelled.status).toBe(400);
    expect(cancelled.text).toContain('You cancelled at LinkedIn');
    for (const query of [
      '',
      '?code=x',
      '?state=x',
      '?code=x&state=y',
      '?code=a&code=b&state=c',
      '?error=access_denied',
      '?code[x]=1&state=y',
    ]) {
      expect((await visitor.get(`/auth/linkedin/callback${query}`)).status).toBe(400);
    }
  });

  test('with a made-up code is refused without an account', async () => {
    const visitor = server.visitor();
    const start = await visitor.get('/auth/linkedin');
    const state = new URL(start.location ?? '').searchParams.get('state');
    expect((await visitor.get(`/auth/linkedin/callback?code=made-up&state=${state}`)).status).toBe(400);
    expect(server.logged()).not.toContain('made-up');
  });

  test('deactivated shows that access is switched off', async () => {
    await invite(AMARA.email);
    await signIn(server.visitor(), AMARA.sub);
    await server.ctx.db.user.update({ where: { email: AMARA.email }, data: { isActive: false } });
    const visitor = server.visitor();
    const answer = await signIn(visitor, AMARA.sub);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('switched off');
    expect((await visitor.get('/admin')).location).toBe('/login');
  });
});

describe('a signed-in person', () => {
  test('is asked before a LinkedIn account is linked to him, and signs in with it afterwards', async () => {
    const visitor = server.visitor();
    await visitor.signIn('sue@example.com', PASSWORD);
    const asked = await signIn(visitor, AMARA.sub);
    expect(asked.status).toBe(200);
    expect(asked.text).toContain('Amara Okafor');
    expect(await server.ctx.db.identity.count()).toBe(0);
    const [{ tokens }] = await server.ctx.db.$queryRaw<
      [{ tokens: string }]
    >`SELECT string_agg(sess::text, '') AS tokens FROM session`;
    expect(tokens).not.toContain('"accessToken"');

    const pending = /name="pending" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    expect((await visitor.post('/auth/linkedin/link', { pending: 'another' })).status).toBe(400);
    expect((await visitor.post('/auth/linkedin/link', { pending })).location).toBe('/admin');
    expect((await visitor.post('/auth/linkedin/link', { pending })).status).toBe(400);
    expect(await server.ctx.db.connectedAccount.findMany()).toMatchObject([{ externalId: AMARA.sub, ownerId: sue.id }]);

    const later = server.visitor();
    expect((await signIn(later, AMARA.sub)).status).toBe(302);
    expect(JSON.parse((await later.get('/admin')).text).currentAdmin.id).toBe(sue.id);
  });
});
