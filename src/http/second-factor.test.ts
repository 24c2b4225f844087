import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { loadActor } from '../identity/actor.ts';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { inviteSuperuser, inviteToTeam } from '../identity/invitations.ts';
import { removeSecondFactor, removeSecondFactorByOperator } from '../identity/second-factor.ts';
import { createUser } from '../identity/users.ts';
import { authenticatorCode } from '../testing/authenticator.ts';
import { consentAs, type Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const SUPERUSER = { email: 'sue@example.com', password: 'correct horse battery' };
const PASSWORD = 'a long password for tests';
const AMARA = { sub: 'aMr4OkF0r1', email: 'amara.okafor@example.com' };
const environment = { SUPERUSER_EMAIL: SUPERUSER.email, SUPERUSER_PASSWORD: SUPERUSER.password, TRUST_PROXY: '1' };

let server: TestServer;
let sue: Actor;
let people = 0;

beforeAll(async () => {
  server = await startTestServer({ environment, withSandbox: true });
  await ensureFirstSuperuser(server.ctx);
  sue = await actorOf(SUPERUSER.email);
});
afterAll(() => server.close());
// Every test has minutes of its own: a code is good once.
beforeEach(() => server.clock.advance(5 * 60_000));

async function actorOf(email: string): Promise<Actor> {
  const { id } = await server.ctx.db.user.findUniqueOrThrow({ where: { email } });
  const actor = await loadActor(server.ctx.db, id);
  if (actor === null) throw new Error(`${email} is nobody`);
  return actor;
}

const newcomer = () => server.visitor(`203.0.113.${1 + (people % 250)}`);
const code = (secret: string, steps = 0) =>
  authenticatorCode(secret, new Date(server.clock.now().getTime() + steps * 30_000));
const secretIn = (text: string) => (/<code class="key">([^<]+)</.exec(text)?.[1] ?? '').replaceAll(' ', '');
const recoveryCodesIn = (text: string) => [...text.matchAll(/<li><code>([^<]+)</g)].map((match) => match[1] ?? '');
const isIn = async (visitor: Visitor) => (await visitor.get('/admin')).status === 200;

/** A new person, signed in with a password. */
async function person(): Promise<{ email: string; visitor: Visitor }> {
  people += 1;
  const email = `person${people}@example.com`;
  await server.ctx.db.$transaction((tx) =>
    createUser(tx, server.ctx, sue, { email, name: `Person ${people}`, password: PASSWORD }),
  );
  const visitor = newcomer();
  await visitor.signIn(email, PASSWORD);
  return { email, visitor };
}

/** Sets the second factor up as a person would, and lets a minute pass. */
async function enrol(visitor: Visitor, password = PASSWORD): Promise<{ secret: string; recoveryCodes: string[] }> {
  await visitor.post('/account/second-factor/start', { password });
  const secret = secretIn((await visitor.get('/account/second-factor')).text);
  const done = await visitor.post('/account/second-factor', { code: code(secret) });
  expect(done.status).toBe(200);
  server.clock.advance(60_000);
  return { secret, recoveryCodes: recoveryCodesIn(done.text) };
}

async function enrolled() {
  const { email, visitor } = await person();
  return { email, visitor, ...(await enrol(visitor)) };
}

const atSecondStep = async (email: string): Promise<Visitor> => {
  const visitor = newcomer();
  const answer = await visitor.signIn(email, PASSWORD);
  expect([answer.status, answer.location]).toEqual([303, '/login/second-factor']);
  return visitor;
};

describe('setting up two-step sign-in', () => {
  test('asks for the password, shows a picture and a key, and is on once the app computes the right code', async () => {
    const { email, visitor } = await person();
    expect((await visitor.get('/account')).text).toContain('Set it up');
    const wrong = await visitor.post('/account/second-factor/start', { password: 'not this one' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('This is not your current password.');

    expect((await visitor.post('/account/second-factor/start', { password: PASSWORD })).location).toBe(
      '/account/second-factor',
    );
    const page = await visitor.get('/account/second-factor');
    expect(page.text).toContain('<svg class="qr"');
    expect(page.text).not.toMatch(/<script|(?:src|href)="(?:https?:)?\/\//);
    const secret = secretIn(page.text);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);

    expect((await visitor.post('/account/second-factor', { code: '000000' })).status).toBe(400);
    const done = await visitor.post('/account/second-factor', { code: ` ${code(secret).replace(/^.../, '$& ')} ` });
    expect(done.status).toBe(200);
    expect(done.headers.get('cache-control')).toBe('no-store');
    expect(new Set(recoveryCodesIn(done.text)).size).toBe(8);
    expect((await visitor.get('/account')).text).toContain('8 recovery codes are left');

    const { id } = await server.ctx.db.user.findUniqueOrThrow({ where: { email } });
    const events = await server.ctx.db.auditEvent.findMany({ where: { entityId: id, action: { contains: 'factor' } } });
    expect(events.map(({ action, actorId }) => [action, actorId])).toEqual([['user.second_factor_added', id]]);
  });

  test('signs out everywhere else', async () => {
    const { email, visitor } = await person();
    const elsewhere = newcomer();
    await elsewhere.signIn(email, PASSWORD);
    await enrol(visitor);
    expect([await isIn(visitor), await isIn(elsewhere)]).toEqual([true, false]);
  });

  test('keeps the secret encrypted and the recovery codes hashed, also while it is under way', async () => {
    const { visitor } = await person();
    await visitor.post('/account/second-factor/start', { password: PASSWORD });
    const secret = secretIn((await visitor.get('/account/second-factor')).text);
    expect(JSON.stringify(await server.ctx.db.session.findMany())).not.toContain(secret);
    const { recoveryCodes } = await enrol(visitor);
    const stored = JSON.stringify([
      await server.ctx.db.secondFactor.findMany(),
      await server.ctx.db.recoveryCode.findMany(),
    ]);
    expect(stored).toContain('v1.A256GCM.');
    for (const plain of [secret, ...recoveryCodes]) expect(stored).not.toContain(plain);
  });

  test('cannot be begun in one session and ended in another, nor after ten minutes', async () => {
    const { email, visitor } = await person();
    await visitor.post('/account/second-factor/start', { password: PASSWORD });
    const secret = secretIn((await visitor.get('/account/second-factor')).text);
    const other = newcomer();
    await other.signIn(email, PASSWORD);
    expect((await other.post('/account/second-factor', { code: code(secret) })).status).toBe(400);
    server.clock.advance(11 * 60_000);
    expect((await visitor.post('/account/second-factor', { code: code(secret) })).text).toContain(
      'longer than ten minutes',
    );
    expect(await server.ctx.db.secondFactor.count({ where: { user: { email } } })).toBe(0);
  });
});

describe('signing in with a second factor', () => {
  test('needs the code after the password: until then nobody is signed in', async () => {
    const { email, secret } = await enrolled();
    const visitor = await atSecondStep(email);
    expect((await visitor.get('/admin')).location).toBe('/login');
    expect((await visitor.get('/admin/api/dashboard')).status).toBe(401);
    expect((await visitor.get('/account')).location).toBe('/login');
    const half = visitor.cookies.get('session');
    const done = await visitor.post('/login/second-factor', { code: code(secret) });
    expect([done.status, done.location]).toEqual([303, '/account']);
    expect(visitor.cookies.get('session')).not.toBe(half);
    expect(await isIn(visitor)).toBe(true);
    const event = await server.ctx.db.auditEvent.findFirstOrThrow({
      where: { action: 'user.signed_in' },
      orderBy: { id: 'desc' },
    });
    expect(event.metadata).toMatchObject({ method: 'password', secondFactor: 'totp' });
  });

  test('leads to the page that was wanted', async () => {
    const { email, secret } = await enrolled();
    const visitor = newcomer();
    await visitor.get('/admin/resources/Post?page=2');
    await visitor.signIn(email, PASSWORD);
    expect((await visitor.post('/login/second-factor', { code: code(secret) })).location).toBe(
      '/admin/resources/Post?page=2',
    );
  });

  test('takes a code once, also when it comes twice at the same time, and none that is older', async () => {
    const { email, secret } = await enrolled();
    const now = code(secret);
    const doors = await Promise.all([atSecondStep(email), atSecondStep(email), atSecondStep(email)]);
    const answers = await Promise.all(doors.map((visitor) => visitor.post('/login/second-factor', { code: now })));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 401, 401]);
    const late = await atSecondStep(email);
    expect((await late.post('/login/second-factor', { code: now })).text).toContain('was used already');
    expect((await late.post('/login/second-factor', { code: code(secret, -1) })).status).toBe(401);
    expect((await late.post('/login/second-factor', { code: code(secret, 1) })).status).toBe(303);
  });

  test('allows for a clock that is half a minute off, not for more', async () => {
    const { email, secret } = await enrolled();
    for (const steps of [-3, -2, 2, 3])
      expect(
        (await (await atSecondStep(email)).post('/login/second-factor', { code: code(secret, steps) })).status,
      ).toBe(401);
    expect((await (await atSecondStep(email)).post('/login/second-factor', { code: code(secret, -1) })).status).toBe(
      303,
    );
  });

  test('takes each recovery code once, however it is typed, and says how many are left', async () => {
    const { email, recoveryCodes } = await enrolled();
    const [first = '', second = ''] = recoveryCodes;
    const visitor = await atSecondStep(email);
    const done = await visitor.post('/login/second-factor', { code: ` ${first.toUpperCase().replaceAll('-', ' ')}` });
    expect([done.status, done.location]).toEqual([303, '/account']);
    expect((await visitor.get('/account')).text).toContain('7 recovery codes are left');
    const again = await atSecondStep(email);
    expect((await again.post('/login/second-factor', { code: first })).status).toBe(401);
    expect((await again.post('/login/second-factor', { code: second })).status).toBe(303);
  });

  test('of somebody else does not help', async () => {
    const [ann, bob] = [await enrolled(), await enrolled()];
    const visitor = await atSecondStep(ann.email);
    expect((await visitor.post('/login/second-factor', { code: code(bob.secret) })).status).toBe(401);
    expect((await visitor.post('/login/second-factor', { code: bob.recoveryCodes[0] ?? '' })).status).toBe(401);
    // A ciphertext that was moved to another person's row cannot be read there.
    const [one, other] = await Promise.all([actorOf(ann.email), actorOf(bob.email)]);
    const stolen = await server.ctx.db.secondFactor.findUniqueOrThrow({ where: { userId: other.id } });
    await server.ctx.db.secondFactor.update({ where: { userId: one.id }, data: { secret: stolen.secret } });
    expect((await visitor.post('/login/second-factor', { code: code(bob.secret) })).status).toBe(401);
  });

  test('is stopped after ten wrong codes, wherever they come from, and each is audited', async () => {
    const { email, secret } = await enrolled();
    const doors: Visitor[] = [];
    for (let door = 0; door < 13; door += 1) {
      people += 1;
      doors.push(await atSecondStep(email));
    }
    const answers = await Promise.all(
      doors.map((visitor, guess) => visitor.post('/login/second-factor', { code: String(100_000 + guess) })),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(3);
    const right = await (await atSecondStep(email)).post('/login/second-factor', { code: code(secret) });
    expect(right.status).toBe(429);
    expect(right.text).toMatch(/Too many wrong tries. Wait \d+ minutes/);
    const { id } = await actorOf(email);
    expect(
      await server.ctx.db.auditEvent.count({
        where: { action: 'user.sign_in_failed', entityId: id, metadata: { path: ['method'], equals: 'second factor' } },
      }),
    ).toBe(10);
    const blocks = await server.ctx.db.auditEvent.findMany({ where: { action: 'user.sign_in_blocked', entityId: id } });
    expect(blocks.map(({ metadata }) => metadata)).toMatchObject([{ method: 'second factor', refused: 1 }]);
  });

  test('has to be finished within ten minutes, in the browser it began in, by an active person', async () => {
    const { email, secret } = await enrolled();
    const visitor = await atSecondStep(email);
    server.clock.advance(11 * 60_000);
    expect((await visitor.post('/login/second-factor', { code: code(secret) })).text).toContain('expired');
    expect((await newcomer().post('/login/second-factor', { code: code(secret) })).status).toBe(400);
    expect((await newcomer().get('/login/second-factor')).location).toBe('/login');
    const late = await atSecondStep(email);
    await server.ctx.db.user.update({ where: { email }, data: { isActive: false } });
    expect((await late.post('/login/second-factor', { code: code(secret) })).status).toBe(400);
  });

  test.each([
    ['nothing', '', 400],
    ['something long', 'x'.repeat(9_000), 401],
    ['control characters', 'a\u0000b', 401],
  ])('%s typed as the code is only a wrong code', async (_what, typed, status) => {
    const { email } = await enrolled();
    expect((await (await atSecondStep(email)).post('/login/second-factor', { code: typed })).status).toBe(status);
  });

  test('is asked for after LinkedIn as well, and the account is connected only then', async () => {
    const teamId = sue.memberships[0]?.teamId ?? '';
    await server.ctx.db.$transaction((tx) =>
      inviteToTeam(tx, server.ctx, sue, { email: AMARA.email, teamId, role: 'author' }),
    );
    const through = async (visitor: Visitor) =>
      visitor.get(await consentAs((await visitor.get('/auth/linkedin')).location ?? '', AMARA.sub));
    const visitor = newcomer();
    expect((await through(visitor)).location).toBe('/admin');
    // Who has no password proves that it is he by having signed in just now.
    const { secret } = await enrol(visitor, '');
    await server.ctx.db.connectedAccount.updateMany({ data: { displayName: 'Before' } });

    const again = newcomer();
    expect((await through(again)).location).toBe('/login/second-factor');
    expect(await isIn(again)).toBe(false);
    expect(await server.ctx.db.connectedAccount.findFirst()).toMatchObject({ displayName: 'Before' });
    expect((await again.post('/login/second-factor', { code: code(secret) })).status).toBe(303);
    expect(await isIn(again)).toBe(true);
    expect(await server.ctx.db.connectedAccount.findFirst()).toMatchObject({ displayName: 'Amara Okafor' });
  });

  test('is not got around with a link from the console', async () => {
    const { url } = await inviteSuperuser(server.ctx, 'root@example.com');
    const visitor = newcomer();
    await visitor.post(new URL(url).pathname, { name: 'Root', password: PASSWORD });
    const { secret } = await enrol(visitor);
    const { url: again } = await inviteSuperuser(server.ctx, 'root@example.com');
    const holder = newcomer();
    const answer = await holder.post(new URL(again).pathname, { name: 'Root', password: 'another long password' });
    expect(answer.location).toBe('/login/second-factor');
    expect(await isIn(holder)).toBe(false);
    expect((await holder.post('/login/second-factor', { code: code(secret) })).status).toBe(303);
  });
});

describe('changing it', () => {
  test('new recovery codes make the old ones worthless', async () => {
    const { email, visitor, recoveryCodes } = await enrolled();
    expect((await visitor.post('/account/second-factor/change', { change: 'codes', password: 'wrong' })).status).toBe(
      400,
    );
    const page = await visitor.post('/account/second-factor/change', { change: 'codes', password: PASSWORD });
    const [fresh = ''] = recoveryCodesIn(page.text);
    const door = await atSecondStep(email);
    expect((await door.post('/login/second-factor', { code: recoveryCodes[0] ?? '' })).status).toBe(401);
    expect((await door.post('/login/second-factor', { code: fresh })).status).toBe(303);
  });

  test('it can be switched off by who knows the password, and then the password is enough', async () => {
    const { email, visitor } = await enrolled();
    expect((await visitor.post('/account/second-factor/change', { change: 'off', password: 'wrong' })).status).toBe(
      400,
    );
    expect((await visitor.post('/account/second-factor/change', { change: 'off', password: PASSWORD })).location).toBe(
      '/account',
    );
    expect((await newcomer().signIn(email, PASSWORD)).location).toBe('/admin');
    expect(await server.ctx.db.recoveryCode.count({ where: { user: { email } } })).toBe(0);
  });

  test('a superuser removes it for somebody who lost the phone, the operator for a superuser; others do not', async () => {
    const [ann, bob] = [await enrolled(), await enrolled()];
    const [annActor, bobActor] = [await actorOf(ann.email), await actorOf(bob.email)];
    await expect(removeSecondFactor(server.ctx, bobActor, annActor.id)).rejects.toMatchObject({ code: 'forbidden' });
    await removeSecondFactor(server.ctx, sue, annActor.id);
    await removeSecondFactorByOperator(server.ctx, bob.email);
    // Whoever has the phone may be signed in.
    for (const { visitor } of [ann, bob]) expect(await isIn(visitor)).toBe(false);
    for (const { email } of [ann, bob]) expect((await newcomer().signIn(email, PASSWORD)).location).toBe('/admin');
    const events = await server.ctx.db.auditEvent.findMany({
      where: { action: 'user.second_factor_removed', entityId: { in: [annActor.id, bobActor.id] } },
      orderBy: { id: 'asc' },
    });
    expect(events.map(({ actorId, metadata }) => [actorId, metadata])).toEqual([
      [sue.id, {}],
      [null, { by: 'operator' }],
    ]);
    await expect(removeSecondFactor(server.ctx, sue, annActor.id)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('where superusers need a second factor', () => {
  test('one without can do nothing but set it up; others are not bothered', async () => {
    const strict = await startTestServer({
      environment: { ...environment, REQUIRE_SUPERUSER_TOTP: 'on' },
      withSandbox: true,
    });
    await ensureFirstSuperuser(strict.ctx);
    const visitor = strict.visitor();
    await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    expect((await visitor.get('/admin')).location).toBe('/account/second-factor');
    expect((await visitor.get('/account')).location).toBe('/account/second-factor');
    expect((await visitor.get('/connect/linkedin')).location).toBe('/account/second-factor');
    for (const path of ['/auth/linkedin', '/auth/linkedin/callback?code=x&state=x'])
      expect((await visitor.get(path)).location).toBe('/account/second-factor');
    const refused = await visitor.get('/admin/api/dashboard');
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.text).error.message).toContain('two-step sign-in');
    expect((await visitor.get('/account/second-factor')).text).toContain('Superusers need two-step sign-in here');

    const strictSue = await loadActor(strict.ctx.db, (await strict.ctx.db.user.findFirstOrThrow()).id);
    const team = await strict.ctx.db.team.create({ data: { name: 'Another team' } });
    const { url } = await strict.ctx.db.$transaction((tx) =>
      inviteToTeam(tx, strict.ctx, strictSue ?? sue, { email: SUPERUSER.email, teamId: team.id, role: 'author' }),
    );
    expect((await visitor.post(new URL(url).pathname)).location).toBe('/account/second-factor');
    expect(await strict.ctx.db.membership.count({ where: { teamId: team.id } })).toBe(0);

    await visitor.post('/account/second-factor/start', { password: SUPERUSER.password });
    const secret = secretIn((await visitor.get('/account/second-factor')).text);
    await visitor.post('/account/second-factor', { code: authenticatorCode(secret, strict.clock.now()) });
    expect((await visitor.get('/admin')).status).toBe(200);
    const off = await visitor.post('/account/second-factor/change', { change: 'off', password: SUPERUSER.password });
    expect(off.status).toBe(403);

    const root = await loadActor(strict.ctx.db, (await strict.ctx.db.user.findFirstOrThrow()).id);
    if (root === null) throw new Error('no superuser');
    const { user } = await strict.ctx.db.$transaction((tx) =>
      createUser(tx, strict.ctx, root, { email: 'ann@example.com', name: 'Ann', password: PASSWORD }),
    );
    const ann = strict.visitor();
    await ann.signIn('ann@example.com', PASSWORD);
    expect((await ann.get('/admin')).status).toBe(200);
    // From the next request on.
    await strict.ctx.db.user.update({ where: { id: user.id }, data: { isSuperuser: true } });
    expect((await ann.get('/admin')).location).toBe('/account/second-factor');
    await strict.close();
  });
});
