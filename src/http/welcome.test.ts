import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { loadActor } from '../identity/actor.ts';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { inviteSuperuser, inviteToTeam } from '../identity/invitations.ts';
import { createUser } from '../identity/users.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const FORM = {
  name: 'Sue Example',
  email: 'Sue@Example.com',
  password: 'correct horse battery',
  teamName: 'Press office',
  timeZone: 'Europe/Warsaw',
};
let server: TestServer;

const pathOf = (url: string | null) => new URL(url ?? 'http://missing/').pathname;

describe('a fresh installation', () => {
  beforeEach(async () => {
    server = await startTestServer();
    return () => server.close();
  });

  test('is set up once, through the printed link', async () => {
    const { setupUrl } = await ensureFirstSuperuser(server.ctx);
    expect(setupUrl).toMatch(new RegExp(`^${server.url}/setup/[\\w-]{43}$`));
    const visitor = server.visitor();
    expect((await visitor.get(pathOf(setupUrl))).text).toContain('name="teamName"');
    const done = await visitor.post(pathOf(setupUrl), FORM);
    expect([done.status, done.location]).toEqual([303, '/admin']);
    const { currentAdmin } = JSON.parse((await visitor.get('/admin')).text);
    expect(currentAdmin).toMatchObject({
      name: 'Sue Example',
      email: 'sue@example.com',
      isSuperuser: true,
      timeZone: 'Europe/Warsaw',
      memberships: [{ role: 'manager' }],
    });
    expect(await server.ctx.db.team.findMany()).toMatchObject([{ name: 'Press office', timeZone: 'Europe/Warsaw' }]);
    const actions = (await server.ctx.db.auditEvent.findMany({ orderBy: { id: 'asc' } })).map(({ action }) => action);
    expect(actions).toEqual(['user.created', 'team.created', 'membership.created', 'user.signed_in']);

    const second = server.visitor();
    expect((await second.get(pathOf(setupUrl))).status).toBe(404);
    expect((await second.post(pathOf(setupUrl), { ...FORM, email: 'eve@example.com' })).status).toBe(404);
    expect((await server.visitor().signIn('sue@example.com', FORM.password)).status).toBe(303);
    expect(await ensureFirstSuperuser(server.ctx)).toEqual({ setupUrl: null });
  });

  test('has one superuser when two people use the link at once, or two links', async () => {
    const { setupUrl } = await ensureFirstSuperuser(server.ctx);
    const { setupUrl: other } = await ensureFirstSuperuser(server.ctx);
    const answers = await Promise.all(
      [setupUrl, setupUrl, other].map((url, index) =>
        server.visitor().post(pathOf(url), { ...FORM, email: `p${index}@example.com`, teamName: `Team ${index}` }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 404, 404]);
    expect(await server.ctx.db.user.count()).toBe(1);
    expect(await server.ctx.db.team.count()).toBe(1);
  });

  test('keeps the link secret in the database, and the link dies after a day', async () => {
    const { setupUrl } = await ensureFirstSuperuser(server.ctx);
    const token = pathOf(setupUrl).split('/').at(-1) ?? '';
    expect(JSON.stringify(await server.ctx.db.invitation.findMany())).not.toContain(token);
    server.clock.advance(25 * 3_600_000);
    expect((await server.visitor().get(pathOf(setupUrl))).status).toBe(404);
    expect((await server.visitor().post(pathOf(setupUrl), FORM)).status).toBe(404);
    expect((await ensureFirstSuperuser(server.ctx)).setupUrl).not.toBeNull();
  });

  test('marks every wrong field, keeps what was typed but the password, and saves nothing', async () => {
    const { setupUrl } = await ensureFirstSuperuser(server.ctx);
    const answer = await server.visitor().post(pathOf(setupUrl), {
      name: ' ',
      email: 'not-an-address',
      password: 'short',
      teamName: '',
      timeZone: 'Mars/Olympus',
    });
    expect(answer.status).toBe(400);
    for (const sentence of [
      'Enter a name',
      'Enter an e-mail address such as',
      'Use at least 8 characters',
      'Give the team a name',
      'Choose a time zone such as',
    ])
      expect(answer.text).toContain(sentence);
    expect(answer.text).toContain('value="not-an-address"');
    expect(answer.text).not.toContain('short"');
    expect(await server.ctx.db.user.count()).toBe(0);
    expect((await server.visitor().post(pathOf(setupUrl), FORM)).status).toBe(303);
  });

  test('an unknown or mangled link is a friendly 404', async () => {
    for (const path of ['/setup/nothing', '/invitations/nothing', '/invitations/%00']) {
      const answer = await server.visitor().get(path);
      expect(answer.status).toBe(404);
      expect(answer.text).toContain('no longer good');
    }
  });

  test('with SUPERUSER_EMAIL nobody has to click a link, and there is a team to write for', async () => {
    const config = {
      ...server.ctx.config,
      superuser: { email: 'root@example.com', password: 'correct horse battery' },
    };
    const both = await Promise.all([
      ensureFirstSuperuser({ ...server.ctx, config }),
      ensureFirstSuperuser({ ...server.ctx, config }),
    ]);
    expect(both).toEqual([{ setupUrl: null }, { setupUrl: null }]);
    expect((await server.visitor().signIn('root@example.com', 'correct horse battery')).status).toBe(303);
    expect(await server.ctx.db.team.findMany({ include: { memberships: true } })).toMatchObject([
      { name: 'My team', memberships: [{ role: 'manager' }] },
    ]);
  });
});

describe('an invitation', () => {
  let sue: Actor;
  let teamId: string;

  beforeAll(async () => {
    server = await startTestServer({
      environment: { SUPERUSER_EMAIL: 'sue@example.com', SUPERUSER_PASSWORD: FORM.password },
    });
    await ensureFirstSuperuser(server.ctx);
    const user = await server.ctx.db.user.findFirstOrThrow();
    const actor = await loadActor(server.ctx.db, user.id);
    if (actor === null) throw new Error('no superuser');
    sue = actor;
    teamId = actor.memberships[0]?.teamId ?? '';
  });
  afterAll(() => server.close());

  const invite = (email: string) =>
    server.ctx.db.$transaction((tx) => inviteToTeam(tx, server.ctx, sue, { email, teamId, role: 'approver' }));

  test('lets a new person choose a password and puts him into the team, once', async () => {
    const { url } = await invite('Ann@Example.com');
    const visitor = server.visitor();
    expect((await visitor.get(pathOf(url))).text).toContain('ann@example.com');
    expect((await visitor.post(pathOf(url), { name: 'Ann', password: 'short' })).text).toContain(
      'Use at least 8 characters',
    );
    expect(
      (
        await visitor.post(pathOf(url), {
          name: 'Ann',
          password: 'a long password for tests',
          email: 'evil@example.com',
        })
      ).location,
    ).toBe('/admin');
    expect(JSON.parse((await visitor.get('/admin')).text).currentAdmin).toMatchObject({
      email: 'ann@example.com',
      memberships: [{ teamId, role: 'approver' }],
    });
    expect(
      (await server.visitor().post(pathOf(url), { name: 'Eve', password: 'a long password for tests' })).status,
    ).toBe(404);
  });

  test('does not give a new password to somebody who can sign in already', async () => {
    await server.ctx.db.$transaction((tx) =>
      createUser(tx, server.ctx, sue, { email: 'bob@example.com', name: 'Bob', password: 'a long password for tests' }),
    );
    const { url } = await invite('bob@example.com');
    const holder = server.visitor();
    expect((await holder.get(pathOf(url))).text).toContain('already an account');
    expect((await holder.post(pathOf(url), { name: 'Eve', password: 'another long password' })).status).toBe(409);
    const bob = server.visitor();
    await bob.signIn('bob@example.com', 'a long password for tests');
    expect((await bob.get(pathOf(url))).text).toContain('Join the team');
    expect((await bob.post(pathOf(url))).location).toBe('/admin');
    expect(JSON.parse((await bob.get('/admin')).text).currentAdmin.memberships).toEqual([{ teamId, role: 'approver' }]);
  });

  test('is not for whoever else is signed in', async () => {
    const { url } = await invite('carl@example.com');
    const other = server.visitor();
    await other.signIn('sue@example.com', FORM.password);
    expect((await other.post(pathOf(url))).status).toBe(403);
    expect(await server.ctx.db.user.count({ where: { email: 'carl@example.com' } })).toBe(0);
  });

  test('of a person made in the panel lets him choose his password', async () => {
    const { invitationUrl } = await server.ctx.db.$transaction((tx) =>
      createUser(tx, server.ctx, sue, { email: 'dora@example.com', name: 'Dora' }),
    );
    const visitor = server.visitor();
    expect(
      (await visitor.post(pathOf(invitationUrl), { name: 'Dora D.', password: 'a long password for tests' })).location,
    ).toBe('/admin');
    const dora = await server.ctx.db.user.findUniqueOrThrow({ where: { email: 'dora@example.com' } });
    const events = await server.ctx.db.auditEvent.findMany({ where: { entityId: dora.id, action: 'user.updated' } });
    expect(events).toMatchObject([{ actorId: dora.id, metadata: { changed: ['name', 'password'], by: 'invitation' } }]);
  });

  test('can only be made by a superuser', async () => {
    const manager: Actor = { ...sue, isSuperuser: false };
    await expect(
      server.ctx.db.$transaction((tx) => createUser(tx, server.ctx, manager, { email: 'x@example.com', name: 'X' })),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await expect(
      server.ctx.db.$transaction((tx) =>
        inviteToTeam(tx, server.ctx, manager, { email: 'x@example.com', teamId, role: 'author' }),
      ),
    ).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('from the console makes a superuser, and helps one who forgot his password', async () => {
    const { url } = await inviteSuperuser(server.ctx, 'sue@example.com');
    const visitor = server.visitor();
    expect((await visitor.post(pathOf(url), { name: 'Sue', password: 'a brand new password' })).location).toBe(
      '/admin',
    );
    expect((await server.visitor().signIn('sue@example.com', FORM.password)).status).toBe(401);
    const { url: second } = await inviteSuperuser(server.ctx, 'second@example.com');
    await server.visitor().post(pathOf(second), { name: 'Second', password: 'a brand new password' });
    expect(await server.ctx.db.user.findUnique({ where: { email: 'second@example.com' } })).toMatchObject({
      isSuperuser: true,
    });
    await expect(inviteSuperuser(server.ctx, 'nonsense')).rejects.toMatchObject({ code: 'invalid' });
  });
});
