/**
 * Somebody signs in while what his sign-in stands on is taken from him. Every sign-in here is held, by the database,
 * between the proof and the session; meanwhile the change is made, through the panel; then the sign-in goes on.
 */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPanel } from '../admin/panel.ts';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { loadActor } from '../identity/actor.ts';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { inviteToTeam } from '../identity/invitations.ts';
import { createUser } from '../identity/users.ts';
import { authenticatorCode } from '../testing/authenticator.ts';
import { type Answer, consentAs, type Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const ROOT = { email: 'root@example.com', password: 'correct horse battery' };
const OLD = 'the password everybody knows';
const NEW = 'the password nobody knows yet';
const AMARA = { sub: 'aMr4OkF0r1', email: 'amara.okafor@example.com' };
const GATE = 4711;

let server: TestServer;
let gatekeeper: pg.Client;
let root: Actor;
let rootsBrowser: Visitor;
let people = 0;

beforeAll(async () => {
  server = await startTestServer({
    withSandbox: true,
    environment: { SUPERUSER_EMAIL: ROOT.email, SUPERUSER_PASSWORD: ROOT.password, TRUST_PROXY: '1' },
    admin: async (ctx: AppContext) => (await createPanel(ctx)).router,
  });
  await ensureFirstSuperuser(server.ctx);
  const actor = await loadActor(server.ctx.db, (await server.ctx.db.user.findFirstOrThrow()).id);
  if (actor === null) throw new Error('no superuser');
  root = actor;
  rootsBrowser = server.visitor();
  await rootsBrowser.signIn(ROOT.email, ROOT.password);
  gatekeeper = new pg.Client({ connectionString: server.database.url });
  await gatekeeper.connect();
  await gatekeeper.query(`
    CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${GATE}); RETURN NEW; END $$;
    CREATE TRIGGER gate BEFORE INSERT ON audit_events FOR EACH ROW
      WHEN (NEW.action = 'user.signed_in') EXECUTE FUNCTION wait_at_the_gate();
    CREATE TRIGGER gate BEFORE INSERT ON session FOR EACH ROW
      WHEN (NEW.sess -> 'pendingSignIn' IS NOT NULL) EXECUTE FUNCTION wait_at_the_gate();`);
}, 60_000);
afterAll(async () => {
  await gatekeeper?.end();
  await server?.close();
});
// A code of the authenticator app is good once.
beforeEach(() => server.clock.advance(5 * 60_000));

/** Starts a sign-in, makes the change once it is held, and lets it go on. */
async function meanwhile(signIn: Promise<Answer>, change: () => Promise<unknown>): Promise<Answer> {
  for (;;) {
    const { rows } = await gatekeeper.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${GATE} AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    if (rows.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await change();
  await gatekeeper.query(`SELECT pg_advisory_unlock(${GATE})`);
  return signIn;
}
const closeGate = () => gatekeeper.query(`SELECT pg_advisory_lock(${GATE})`);

const newcomer = () => server.visitor(`203.0.113.${1 + (people % 250)}`);
const isIn = async (visitor: Visitor) => (await visitor.get('/admin/api/dashboard')).status === 200;
const code = (secret: string) => authenticatorCode(secret, server.clock.now());

async function edit(visitor: Visitor, id: string, values: object, action = 'edit'): Promise<void> {
  const { status, text } = await visitor.send(`/admin/api/resources/User/records/${id}/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify(values),
  });
  if (status !== 200 || JSON.parse(text).notice.type !== 'success') throw new Error(`not changed: ${status} ${text}`);
}

interface Somebody {
  id: string;
  email: string;
  /** Signed in before. */
  visitor: Visitor;
}

async function somebody(): Promise<Somebody> {
  people += 1;
  const email = `person${people}@example.com`;
  const { user } = await server.ctx.db.$transaction((tx) =>
    createUser(tx, server.ctx, root, { email, name: `Person ${people}`, password: OLD }),
  );
  await server.ctx.db.membership.create({
    data: { userId: user.id, teamId: root.memberships[0]?.teamId ?? '', role: 'author' },
  });
  const visitor = newcomer();
  await visitor.signIn(email, OLD);
  return { id: user.id, email, visitor };
}

async function prepareSecondFactor(visitor: Visitor): Promise<string> {
  await visitor.post('/account/second-factor/start', { password: OLD });
  const page = await visitor.get('/account/second-factor');
  return (/<code class="key">([^<]+)</.exec(page.text)?.[1] ?? '').replaceAll(' ', '');
}

async function enrolled(): Promise<Somebody & { secret: string }> {
  const person = await somebody();
  const secret = await prepareSecondFactor(person.visitor);
  expect((await person.visitor.post('/account/second-factor', { code: code(secret) })).status).toBe(200);
  server.clock.advance(60_000);
  return { ...person, secret };
}

const newPasswordBySuperuser = ({ id }: Somebody) => edit(rootsBrowser, id, { password: NEW });

describe('a sign-in with the old password is worth nothing when meanwhile', () => {
  const changes: Record<string, (person: Somebody, secret: string) => Promise<unknown>> = {
    'the person chose a new one': ({ visitor, id }) => edit(visitor, id, { currentPassword: OLD, newPassword: NEW }),
    'a superuser set a new one': newPasswordBySuperuser,
    'the person switched the second factor on': ({ visitor }, secret) =>
      visitor.post('/account/second-factor', { code: code(secret) }),
    'the person was deactivated, and activated again': async ({ id }) => {
      await edit(rootsBrowser, id, { isActive: false });
      await edit(rootsBrowser, id, { isActive: true });
    },
    'the person signed out everywhere else': ({ visitor }) => visitor.post('/account/sessions/end-others'),
  };
  test.each(Object.keys(changes))('%s', async (name) => {
    const person = await somebody();
    const secret = name.includes('second factor') ? await prepareSecondFactor(person.visitor) : '';
    await closeGate();
    const late = newcomer();
    await meanwhile(late.signIn(person.email, OLD), async () => changes[name]?.(person, secret));
    expect(await isIn(late)).toBe(false);
    // Whoever made the change himself goes on where he is.
    expect(await isIn(person.visitor)).toBe(/^the person (?!was)/.test(name));
  });

  test('but whoever signs in afterwards is in', async () => {
    const person = await somebody();
    await edit(person.visitor, person.id, { currentPassword: OLD, newPassword: NEW });
    const again = newcomer();
    await again.signIn(person.email, NEW);
    expect([await isIn(again), await isIn(person.visitor)]).toEqual([true, true]);
    await person.visitor.post('/account/sessions/end-others');
    expect([await isIn(again), await isIn(person.visitor)]).toEqual([false, true]);
  });
});

describe('what was proved in another way does not outlive a new password either:', () => {
  test('a link', async () => {
    people += 1;
    const email = `person${people}@example.com`;
    const { user, invitationUrl } = await server.ctx.db.$transaction((tx) =>
      createUser(tx, server.ctx, root, { email, name: 'Invited' }),
    );
    await closeGate();
    const late = newcomer();
    await meanwhile(late.post(new URL(invitationUrl).pathname, { name: 'Invited', password: OLD }), () =>
      edit(rootsBrowser, user.id, { password: NEW }),
    );
    expect(await isIn(late)).toBe(false);
  });

  test('LinkedIn’s word', async () => {
    const teamId = root.memberships[0]?.teamId ?? '';
    await server.ctx.db.$transaction((tx) =>
      inviteToTeam(tx, server.ctx, root, { email: AMARA.email, teamId, role: 'author' }),
    );
    const signIn = async (visitor: Visitor) => {
      const start = await visitor.get('/auth/linkedin');
      return consentAs(start.location ?? '', AMARA.sub);
    };
    const first = newcomer();
    await first.get(await signIn(first));
    expect(await isIn(first)).toBe(true);
    const { id } = await server.ctx.db.user.findUniqueOrThrow({ where: { email: AMARA.email } });
    const late = newcomer();
    const back = await signIn(late);
    await closeGate();
    await meanwhile(late.get(back), () => edit(rootsBrowser, id, { password: NEW }));
    expect([await isIn(late), await isIn(first)]).toEqual([false, false]);
  });

  test('the first of two steps', async () => {
    const person = await enrolled();
    await closeGate();
    const late = newcomer();
    const half = await meanwhile(late.signIn(person.email, OLD), () => newPasswordBySuperuser(person));
    expect(half.location).toBe('/login/second-factor');
    const answer = await late.post('/login/second-factor', { code: code(person.secret) });
    expect([answer.status, await isIn(late)]).toEqual([400, false]);
    expect(answer.text).toContain('Start again');
  });

  test('both steps', async () => {
    const person = await enrolled();
    const late = newcomer();
    await late.signIn(person.email, OLD);
    await closeGate();
    await meanwhile(late.post('/login/second-factor', { code: code(person.secret) }), () =>
      newPasswordBySuperuser(person),
    );
    expect(await isIn(late)).toBe(false);
  });
});

test('no session begins without its sign-in on record', async () => {
  const person = await enrolled();
  const late = newcomer();
  await late.signIn(person.email, OLD);
  await gatekeeper.query(
    `CREATE FUNCTION refuse_record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the audit is full'; END $$;
     CREATE TRIGGER refused BEFORE INSERT ON audit_events FOR EACH ROW
       WHEN (NEW.action = 'user.signed_in') EXECUTE FUNCTION refuse_record()`,
  );
  const answer = await late.post('/login/second-factor', { code: code(person.secret) });
  await gatekeeper.query('DROP TRIGGER refused ON audit_events');
  expect([answer.status, await isIn(late)]).toEqual([500, false]);
});
