import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadActor } from '../identity/actor.ts';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { createUser, setPassword } from '../identity/users.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const SUPERUSER = { email: 'sue@example.com', password: 'correct horse battery' };
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    environment: { SUPERUSER_EMAIL: SUPERUSER.email, SUPERUSER_PASSWORD: SUPERUSER.password, TRUST_PROXY: '1' },
  });
  await ensureFirstSuperuser(server.ctx);
});
afterAll(() => server.close());

/** Each test comes from its own address, so that one's failures do not count against another. */
let nextAddress = 1;
const newcomer = () => server.visitor(`203.0.113.${nextAddress++}`);

async function makePerson(email: string, password = 'a long password for tests') {
  const sue = await server.ctx.db.user.findUniqueOrThrow({ where: { email: SUPERUSER.email } });
  const actor = await loadActor(server.ctx.db, sue.id);
  if (actor === null) throw new Error('no superuser');
  const { user } = await server.ctx.db.$transaction((tx) =>
    createUser(tx, server.ctx, actor, { email, name: 'Ann Example', password }),
  );
  return { user, password, sue: actor };
}

describe('signing in', () => {
  test('the first page leads to the panel, and the panel to the sign-in page', async () => {
    const visitor = newcomer();
    expect((await visitor.get('/')).location).toBe('/admin');
    const panel = await visitor.get('/admin');
    expect([panel.status, panel.location]).toEqual([302, '/login']);
    const page = await visitor.get('/login');
    expect(page.status).toBe(200);
    expect(page.text).toContain('name="email"');
    expect(page.text).toContain('name="password"');
    expect(page.text).not.toContain('LinkedIn');
  });

  test('the right password opens the panel, and AdminJS is told who it is', async () => {
    const visitor = newcomer();
    const answer = await visitor.signIn('  Sue@Example.com ', SUPERUSER.password);
    expect([answer.status, answer.location]).toEqual([303, '/admin']);
    const panel = JSON.parse((await visitor.get('/admin')).text);
    expect(panel.currentAdmin).toMatchObject({
      email: SUPERUSER.email,
      title: 'sue',
      isSuperuser: true,
      timeZone: 'UTC',
      memberships: [{ role: 'manager' }],
    });
    expect((await visitor.get('/login')).location).toBe('/admin');
  });

  test('brings the visitor to the page he wanted, and never to another host', async () => {
    const visitor = newcomer();
    await visitor.get('/admin/resources/Post?page=2');
    expect((await visitor.signIn(SUPERUSER.email, SUPERUSER.password)).location).toBe('/admin/resources/Post?page=2');

    const lured = newcomer();
    lured.cookies.set('return_to', encodeURIComponent('//evil.example/admin'));
    expect((await lured.signIn(SUPERUSER.email, SUPERUSER.password)).location).toBe('/admin');
  });

  test('an unknown address and a wrong password get the same answer, the typed address stays, and both are audited', async () => {
    const wrong = await newcomer().signIn(SUPERUSER.email, 'not the password');
    const unknown = await newcomer().signIn('nobody@example.com', 'not the password');
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.text.replaceAll(SUPERUSER.email, '')).toBe(unknown.text.replaceAll('nobody@example.com', ''));
    expect(wrong.text).toContain(`value="${SUPERUSER.email}"`);
    expect(wrong.text).not.toContain('not the password');

    const events = await server.ctx.db.auditEvent.findMany({ where: { action: 'user.sign_in_failed' } });
    expect(events.map(({ metadata }) => metadata)).toContainEqual({
      method: 'password',
      email: 'nobody@example.com',
      address: expect.any(String),
    });
    expect(JSON.stringify(events)).not.toContain('not the password');
  });

  test('an unknown address takes as much work as a known one: one password hash each', async () => {
    // The processor's time, not the clock's: other programs on this machine do not count then.
    const work = async (email: string) => {
      const before = process.cpuUsage();
      await newcomer().signIn(email, 'not the password');
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const [known, unknown]: [number[], number[]] = [[], []];
    await work('nobody@example.com');
    for (let round = 0; round < 8; round += 1) {
      known.push(await work(SUPERUSER.email));
      unknown.push(await work('nobody@example.com'));
    }
    const ratio = Math.min(...unknown) / Math.min(...known);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  test('empty fields are marked, nothing is counted', async () => {
    const answer = await newcomer().signIn('', '');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Enter your e-mail address.');
    expect(answer.text).toContain('Enter your password.');
    expect(answer.text).toContain('aria-invalid="true"');
  });

  test.each([
    ['control characters', 'a\u0000b@example.com', 'x'],
    ['markup', '"><script>alert(1)</script>', 'x'],
    ['a very long text', `${'a'.repeat(5000)}@example.com`, 'y'.repeat(9000)],
  ])('%s typed into the form is only a wrong sign-in', async (_what, email, password) => {
    const answer = await newcomer().signIn(email, password);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain('<script>');
  });

  test('a form with files is refused unread, also where no form is wanted', async () => {
    const visitor = newcomer();
    await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    const form = new FormData();
    form.set('email', SUPERUSER.email);
    form.set('file', new Blob(['x'.repeat(100_000)]), 'x.txt');
    for (const path of ['/login', '/logout', '/login/second-factor', '/account/sessions/end', '/auth/linkedin/link']) {
      const answer = await visitor.send(path, {
        method: 'POST',
        body: form,
        headers: { 'sec-fetch-site': 'same-origin' },
      });
      expect([path, answer.status]).toEqual([path, 415]);
    }
    expect((await visitor.get('/admin')).status).toBe(200);
  });

  test('a form that is too large is refused', async () => {
    expect((await newcomer().signIn('a@example.com', 'y'.repeat(20_000))).status).toBe(413);
  });
});

describe('the session', () => {
  test('gets a new id at sign-in, so that an id planted before is worth nothing', async () => {
    const visitor = newcomer();
    await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    const before = visitor.cookies.get('session');
    const again = newcomer();
    again.cookies.set('session', before ?? '');
    await again.signIn(SUPERUSER.email, SUPERUSER.password);
    expect(again.cookies.get('session')).not.toBe(before);
    // The old id was replaced, not doubled.
    expect((await visitor.get('/admin')).location).toBe('/login');
    expect((await again.get('/admin')).status).toBe(200);
  });

  test('cannot be chosen by the browser', async () => {
    const visitor = newcomer();
    visitor.cookies.set('session', 's%3Achosen.AAAA');
    expect((await visitor.get('/admin')).location).toBe('/login');
    await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    expect(visitor.cookies.get('session')).not.toContain('chosen');
  });

  test('its cookie cannot be read by scripts nor be sent by other sites', async () => {
    const answer = await newcomer().signIn(SUPERUSER.email, SUPERUSER.password);
    const cookie = answer.cookies.find((text) => text.startsWith('session='));
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    expect(cookie).not.toMatch(/Secure/);
  });

  test('a visitor who does not sign in leaves no row behind', async () => {
    const before = await server.ctx.db.session.count();
    const visitor = newcomer();
    await visitor.get('/login');
    await visitor.get('/admin/resources/Post');
    expect(await server.ctx.db.session.count()).toBe(before);
  });

  test('ends on the server at sign-out', async () => {
    const visitor = newcomer();
    await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    const stolen = newcomer();
    stolen.cookies.set('session', visitor.cookies.get('session') ?? '');
    expect((await stolen.get('/admin')).status).toBe(200);
    expect((await visitor.get('/logout')).text).toContain('Sign out?');
    expect((await stolen.get('/admin')).status).toBe(200);
    const out = await visitor.post('/logout');
    expect([out.status, out.location]).toEqual([303, '/login']);
    expect(visitor.cookies.has('session')).toBe(false);
    expect((await stolen.get('/admin')).location).toBe('/login');
  });

  test('ends seven days after signing in, however busy', async () => {
    const visitor = newcomer();
    await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    server.clock.advance(6.9 * 86_400_000);
    expect((await visitor.get('/admin')).status).toBe(200);
    server.clock.advance(0.2 * 86_400_000);
    expect((await visitor.get('/admin')).location).toBe('/login');
  });

  test('ends twelve hours after the last request', async () => {
    const visitor = newcomer();
    const answer = await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    const [{ hours }] = await server.ctx.db.$queryRaw<
      [{ hours: number }]
    >`SELECT extract(epoch FROM max(expire) - now() AT TIME ZONE 'UTC')::float / 3600 AS hours FROM session`;
    expect(hours).toBeCloseTo(12, 1);
    expect(answer.cookies.join()).toMatch(/Expires=/);
    await server.ctx.db.session.updateMany({ data: { expire: new Date(Date.now() - 1000) } });
    expect((await visitor.get('/admin')).location).toBe('/login');
  });

  test('of a deactivated person ends at once, and he cannot sign in', async () => {
    const { user, password } = await makePerson('leaver@example.com');
    const visitor = newcomer();
    await visitor.signIn(user.email, password);
    expect((await visitor.get('/admin')).status).toBe(200);
    await server.ctx.db.user.update({ where: { id: user.id }, data: { isActive: false } });
    expect((await visitor.get('/admin')).location).toBe('/login');
    expect((await visitor.get('/admin/api/resources/Post/actions/list')).status).toBe(401);
    expect((await visitor.signIn(user.email, password)).status).toBe(401);
  });

  test('shows a changed role in the next request', async () => {
    const { user, password } = await makePerson('riser@example.com');
    const visitor = newcomer();
    await visitor.signIn(user.email, password);
    expect(JSON.parse((await visitor.get('/admin')).text).currentAdmin.isSuperuser).toBe(false);
    await server.ctx.db.user.update({ where: { id: user.id }, data: { isSuperuser: true } });
    expect(JSON.parse((await visitor.get('/admin')).text).currentAdmin.isSuperuser).toBe(true);
  });

  test('a new password ends every session of that person', async () => {
    const { user, password, sue } = await makePerson('changer@example.com');
    const visitor = newcomer();
    await visitor.signIn(user.email, password);
    await server.ctx.db.$transaction((tx) => setPassword(tx, server.ctx, sue, user.id, 'another long password'));
    expect((await visitor.get('/admin')).location).toBe('/login');
    expect((await visitor.signIn(user.email, password)).status).toBe(401);
    expect((await visitor.signIn(user.email, 'another long password')).status).toBe(303);
  });
});

describe('the limit on guessing', () => {
  test('stops the eleventh wrong password for one account, and says how long to wait', async () => {
    const { user, password } = await makePerson('guessed@example.com');
    const attacker = newcomer();
    for (let guess = 0; guess < 10; guess += 1)
      expect((await attacker.signIn(user.email, `guess number ${guess}`)).status).toBe(401);
    const stopped = await attacker.signIn(user.email, password);
    expect(stopped.status).toBe(429);
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(stopped.text).toMatch(/Too many failed attempts. Wait \d+ minutes/);
    // The person himself, at his own desk, is not locked out.
    expect((await newcomer().signIn(user.email, password)).status).toBe(303);
  });

  test('counts guesses that come all at once', async () => {
    const { user } = await makePerson('rushed@example.com');
    const attacker = newcomer();
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, guess) => attacker.signIn(user.email, `guess number ${guess}`)),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
  });

  test('stops an address that tries one password on many accounts', async () => {
    const attacker = newcomer();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => attacker.signIn(`person${index}@example.com`, 'password1234')),
    );
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
  });

  test('is on record when it begins, for whom and how often: not a line for every knock', async () => {
    const { user } = await makePerson('knocked@example.com');
    const attacker = newcomer();
    await Promise.all(Array.from({ length: 25 }, (_, guess) => attacker.signIn(user.email, `guess number ${guess}`)));
    const blocks = await server.ctx.db.auditEvent.findMany({
      where: { action: 'user.sign_in_blocked', entityId: user.id },
    });
    const refused = (event: (typeof blocks)[number]) => (event.metadata as { refused: number }).refused;
    blocks.sort((one, other) => refused(one) - refused(other));
    // 15 were refused: told at the first and at the tenth.
    expect(blocks.map(({ actorId, metadata }) => [actorId, metadata])).toEqual(
      [1, 10].map((count) => [
        null,
        {
          method: 'password',
          email: user.email,
          address: expect.stringMatching(/^203\.0\.113\.\d+$/),
          reason: 'too many failures for this account from this address',
          refused: count,
          waitSeconds: expect.any(Number),
        },
      ]),
    );
    expect(JSON.stringify(blocks)).not.toContain('guess number');
  });

  test('cannot be used to fill the audit: an address that is closed adds nothing for the accounts it tries', async () => {
    const attacker = newcomer();
    const before = await server.ctx.db.auditEvent.count();
    for (let account = 0; account < 8; account += 1)
      await Promise.all(
        Array.from({ length: 15 }, (_, guess) => attacker.signIn(`flood${account}@example.com`, `guess ${guess}`)),
      );
    // 120 requests: 40 at most are looked at, and blocks are told at 1, 10, 100 refused ones.
    const failed = await server.ctx.db.auditEvent.count({
      where: { action: 'user.sign_in_failed', metadata: { path: ['email'], string_starts_with: 'flood' } },
    });
    expect(failed).toBeLessThanOrEqual(40);
    expect((await server.ctx.db.auditEvent.count()) - before - failed).toBeLessThanOrEqual(12);
    expect(
      await server.ctx.db.auditEvent.count({
        where: {
          action: 'user.sign_in_blocked',
          metadata: { path: ['reason'], equals: 'too many failures from this address' },
        },
      }),
    ).toBeGreaterThanOrEqual(1);
  });

  test('does not count successes', async () => {
    const { user, password } = await makePerson('busy@example.com');
    const visitor = newcomer();
    for (let round = 0; round < 60; round += 1) expect((await visitor.signIn(user.email, password)).status).toBe(303);
  }, 60_000);
});
