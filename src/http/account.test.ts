import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { loadActor } from '../identity/actor.ts';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { endSessionsOf } from '../identity/sessions.ts';
import { updateUser } from '../identity/update-user.ts';
import { createUser } from '../identity/users.ts';
import { consentAs, type Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';
import { browserName } from './pages/browser-name.ts';

const SUPERUSER = { email: 'sue@example.com', password: 'correct horse battery' };
const PASSWORD = 'a long password for tests';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';

let server: TestServer;
let sue: Actor;
let people = 0;

beforeAll(async () => {
  server = await startTestServer({
    environment: { SUPERUSER_EMAIL: SUPERUSER.email, SUPERUSER_PASSWORD: SUPERUSER.password, TRUST_PROXY: '1' },
    withSandbox: true,
  });
  await ensureFirstSuperuser(server.ctx);
  const actor = await loadActor(server.ctx.db, (await server.ctx.db.user.findFirstOrThrow()).id);
  if (actor === null) throw new Error('no superuser');
  sue = actor;
});
afterAll(() => server.close());

async function person(): Promise<{ id: string; email: string }> {
  people += 1;
  const email = `person${people}@example.com`;
  const { user } = await server.ctx.db.$transaction((tx) =>
    createUser(tx, server.ctx, sue, { email, name: `Person ${people}`, password: PASSWORD }),
  );
  return user;
}

async function signedIn(email: string, userAgent = FIREFOX, address = '203.0.113.7'): Promise<Visitor> {
  const visitor = server.visitor(address);
  await visitor.post('/login', { email, password: PASSWORD }, { 'user-agent': userAgent });
  return visitor;
}

const isIn = async (visitor: Visitor) => (await visitor.get('/admin')).status === 200;
const rows = (text: string) => [...text.matchAll(/<li><div>(.*?)<\/li>/gs)].map((match) => match[1] ?? '');
const handleIn = (row: string) => /name="session" value="([^"]+)"/.exec(row)?.[1] ?? '';
const expiryOf = async (userId: string) => {
  const found = await server.ctx.db.$queryRaw<{ expire: Date }[]>`
    SELECT expire FROM session WHERE sess->>'userId' = ${userId}`;
  return found[0]?.expire.getTime() ?? 0;
};
const setBack = (userId: string, hours: number) =>
  server.ctx.db
    .$executeRaw`UPDATE session SET expire = expire - make_interval(hours => ${hours}::int) WHERE sess->>'userId' = ${userId}`;

describe('one’s own sessions', () => {
  test('are listed with browser, address and times, the current one marked', async () => {
    const { email } = await person();
    const here = await signedIn(email, FIREFOX, '203.0.113.7');
    await signedIn(email, SAFARI, '198.51.100.20');
    const page = await here.get('/account');
    expect(page.status).toBe(200);
    const [current = '', other = ''] = rows(page.text);
    expect(current).toMatch(/Firefox on Linux.*this browser.*203\.0\.113\.7.*signed in/s);
    expect(current).not.toContain('Sign out');
    expect(other).toMatch(/Safari on iOS.*198\.51\.100\.20.*last used.*Sign out/s);
    expect(other).not.toContain('this browser');
    expect(page.text).not.toMatch(/<script/);
  });

  test('can be ended one by one: that browser is signed out, the others go on', async () => {
    const { email } = await person();
    const [here, there, elsewhere] = [await signedIn(email), await signedIn(email, SAFARI), await signedIn(email)];
    const row = rows((await here.get('/account')).text).find((text) => text.includes('Safari')) ?? '';
    expect((await here.post('/account/sessions/end', { session: handleIn(row) })).location).toBe('/account');
    expect([await isIn(here), await isIn(there), await isIn(elsewhere)]).toEqual([true, false, true]);
    expect((await there.get('/admin/api/dashboard')).status).toBe(401);
    expect((await here.post('/account/sessions/end', { session: handleIn(row) })).status).toBe(404);
  });

  test('can be ended all at once but the one that asks, which is put on record', async () => {
    const { email, id } = await person();
    const [here, there, elsewhere] = [await signedIn(email), await signedIn(email), await signedIn(email)];
    expect((await here.post('/account/sessions/end-others')).location).toBe('/account');
    expect([await isIn(here), await isIn(there), await isIn(elsewhere)]).toEqual([true, false, false]);
    expect(rows((await here.get('/account')).text)).toHaveLength(1);
    expect(
      await server.ctx.db.auditEvent.findMany({ where: { actorId: id, action: 'user.sessions_ended' } }),
    ).toMatchObject([{ entityId: id, metadata: { count: 2 } }]);
  });

  test('are nobody else’s: neither seen nor ended, and not told from the cookie', async () => {
    const [ann, bob] = [await person(), await person()];
    const [annHere, bobHere, bobThere] = [
      await signedIn(ann.email),
      await signedIn(bob.email),
      await signedIn(bob.email),
    ];
    const handle = handleIn(rows((await bobHere.get('/account')).text)[1] ?? '');
    expect(handle).toMatch(/^[\w-]{22}$/);
    expect(decodeURIComponent(bobThere.cookies.get('session') ?? '')).not.toContain(handle);
    expect((await annHere.post('/account/sessions/end', { session: handle })).status).toBe(404);
    expect(await isIn(bobThere)).toBe(true);
    expect((await annHere.get('/account')).text).not.toContain(handle);
  });

  test('are ended by POST from our own pages only, by who is signed in', async () => {
    const { email } = await person();
    const [here, there] = [await signedIn(email), await signedIn(email)];
    expect((await here.get('/account/sessions/end-others')).status).toBe(404);
    expect((await here.post('/account/sessions/end-others', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(await isIn(there)).toBe(true);
    expect((await server.visitor().get('/account')).location).toBe('/login');
    expect((await server.visitor().post('/account/sessions/end-others')).location).toBe('/login');
  });
});

describe('a session that nobody uses', () => {
  test('is not kept alive by a tab that refreshes itself', async () => {
    const { email, id } = await person();
    const visitor = await signedIn(email);
    await setBack(id, 6);
    const before = await expiryOf(id);
    for (let round = 0; round < 3; round += 1) {
      expect((await visitor.get('/admin/api/standing-orders')).status).toBe(404); // the stub has no panel behind the guard
      await visitor.get('/admin/api/dashboard', { 'x-background': '1' });
    }
    expect(await expiryOf(id)).toBe(before);
    await visitor.get('/admin/api/dashboard');
    expect(await expiryOf(id)).toBeGreaterThan(before + 5.9 * 3_600_000);
  });

  test('ends although its tab asks every ten seconds', async () => {
    const { email, id } = await person();
    const visitor = await signedIn(email);
    await visitor.get('/admin/api/standing-orders');
    await setBack(id, 13);
    expect((await visitor.get('/admin/api/standing-orders')).status).toBe(401);
    expect((await visitor.get('/admin')).location).toBe('/login');
  });
});

describe('a session that was ended', () => {
  test('is not brought back by a request of it that was under way', async () => {
    const { email, id } = await person();
    const visitor = await signedIn(email);
    const back = await consentAs((await visitor.get('/auth/linkedin')).location ?? '', 'aMr4OkF0r1');
    // Coming back from LinkedIn reads the session first and writes into it last. In between it is made to wait.
    const answer = await server.ctx.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE identities IN ACCESS EXCLUSIVE MODE`;
      const underWay = visitor.get(back);
      await waitFor(async () => (await blocked()) > 0);
      await endSessionsOf(tx, id, null);
      return { underWay };
    });
    expect((await answer.underWay).text).toContain('Link LinkedIn?');
    expect(await isIn(visitor)).toBe(false);
    expect(await expiryOf(id)).toBe(0);
  });

  test('by deactivating its person stays ended when he is active again', async () => {
    const { email, id } = await person();
    // The second one asks for nothing while its person is away.
    const [visitor, silent] = [await signedIn(email), await signedIn(email)];
    const set = (isActive: boolean) =>
      server.ctx.db.$transaction((tx) => updateUser(tx, server.ctx, sue, id, { isActive }));
    await set(false);
    expect(await isIn(visitor)).toBe(false);
    await set(true);
    expect([await isIn(visitor), await isIn(silent)]).toEqual([false, false]);
    expect(await isIn(await signedIn(email))).toBe(true);
  });
});

const blocked = async () => {
  const [row] = await server.ctx.db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return row?.count ?? 0;
};

async function waitFor(ready: () => Promise<boolean>): Promise<void> {
  while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, 10));
}

test.each([
  [FIREFOX, 'Firefox on Linux'],
  [SAFARI, 'Safari on iOS'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
    'Chrome on Android',
  ],
  ['curl/8.5.0', 'A program'],
  [null, 'A program'],
])('a browser that says %s is called %s … by its owner too', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name);
});
