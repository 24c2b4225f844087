/** Several people do the same at the very same moment, over HTTP: one gets it, the others a sentence, nobody a 500. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPanel } from '../admin/panel.ts';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { loadActor } from '../identity/actor.ts';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { inviteToTeam } from '../identity/invitations.ts';
import { createUser } from '../identity/users.ts';
import { consentAs, type Visitor } from '../testing/visitor.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';

const PASSWORD = 'correct horse battery';
const AMARA = { sub: 'aMr4OkF0r1', email: 'amara.okafor@example.com' };
const ROUNDS = 6;

let server: TestServer;
let root: Actor;
let rootsBrowser: Visitor;
let teamId: string;
let people = 0;

beforeAll(async () => {
  server = await startTestServer({
    withSandbox: true,
    environment: { SUPERUSER_EMAIL: 'root@example.com', SUPERUSER_PASSWORD: PASSWORD, TRUST_PROXY: '1' },
    admin: async (ctx: AppContext) => (await createPanel(ctx)).router,
  });
  await ensureFirstSuperuser(server.ctx);
  const actor = await loadActor(server.ctx.db, (await server.ctx.db.user.findFirstOrThrow()).id);
  if (actor === null) throw new Error('no superuser');
  root = actor;
  teamId = actor.memberships[0]?.teamId ?? '';
  rootsBrowser = server.visitor();
  await rootsBrowser.signIn('root@example.com', PASSWORD);
}, 60_000);
afterAll(() => server?.close());

const newAddress = () => {
  people += 1;
  return `person${people}@example.com`;
};
const newcomer = () => server.visitor(`203.0.113.${1 + (people % 250)}`);

interface PanelAnswer {
  status: number;
  /** The sentence he is shown. */
  said: string;
  type: string;
}

async function ask(visitor: Visitor, path: string, values: object = {}): Promise<PanelAnswer> {
  const { status, text } = await visitor.send(`/admin/api/resources/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify(values),
  });
  const { notice } = JSON.parse(text) as { notice: { message: string; type: string } };
  return { status, said: notice.message, type: notice.type };
}

async function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

function outcomes(answers: readonly PanelAnswer[]) {
  const done = answers.filter(({ status, type }) => status === 200 && type === 'success').length;
  return { done, broken: answers.filter(({ status }) => status >= 500), said: answers.map(({ said }) => said) };
}

async function person(isSuperuser = false): Promise<{ id: string; email: string }> {
  const email = newAddress();
  const { user } = await server.ctx.db.$transaction((tx) =>
    createUser(tx, server.ctx, root, { email, name: email, password: PASSWORD, isSuperuser }),
  );
  return { id: user.id, email };
}

async function inviteTo(team: string, email: string): Promise<string> {
  const { url } = await server.ctx.db.$transaction((tx) =>
    inviteToTeam(tx, server.ctx, root, { email, teamId: team, role: 'author' }),
  );
  return new URL(url).pathname;
}

describe('at the same moment', () => {
  test('one invitation link lets one in', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const path = await inviteTo(teamId, newAddress());
      const answers = await times(6, () => newcomer().post(path, { name: 'Ann', password: PASSWORD }));
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 404, 404, 404, 404, 404]);
    }
  });

  test('two links for one new address make one person', async () => {
    const other = await server.ctx.db.team.create({ data: { name: 'Another team' } });
    for (let round = 0; round < ROUNDS; round += 1) {
      const email = newAddress();
      const paths = [await inviteTo(teamId, email), await inviteTo(other.id, email)];
      const answers = await Promise.all(
        paths.map((path) => newcomer().post(path, { name: 'Ann', password: PASSWORD })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
      expect(answers.find(({ status }) => status === 409)?.text).toContain('Sign in as you always do');
    }
  });

  test('one member who comes from LinkedIn twice is one person', async () => {
    await inviteTo(teamId, AMARA.email);
    const back = await times(4, async () => {
      const visitor = newcomer();
      const start = await visitor.get('/auth/linkedin');
      return { visitor, url: await consentAs(start.location ?? '', AMARA.sub) };
    });
    const answers = await Promise.all(back.map(({ visitor, url }) => visitor.get(url)));
    expect(answers.map(({ status }) => status)).toEqual([302, 302, 302, 302]);
    expect(await server.ctx.db.identity.count()).toBe(1);
  });

  test('several invitations of one address leave one link that works', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const email = newAddress();
      const answers = await times(4, () =>
        ask(rootsBrowser, `Team/records/${teamId}/invite`, { email, role: 'author' }),
      );
      expect(outcomes(answers).broken).toEqual([]);
      expect(await server.ctx.db.invitation.count({ where: { email, revokedAt: null } })).toBe(1);
    }
  });

  test('one address is given to one new person', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const email = newAddress();
      const { done, broken, said } = outcomes(
        await times(4, () => ask(rootsBrowser, 'User/actions/new', { email, name: 'Ann' })),
      );
      expect([done, broken]).toEqual([1, []]);
      expect(said).toContain('There is already a person with this e-mail address.');
    }
  });

  test('one address is given to one of two who are there', async () => {
    const two = [await person(), await person()];
    for (let round = 0; round < ROUNDS; round += 1) {
      const email = newAddress();
      const { done, broken, said } = outcomes(
        await Promise.all(two.map(({ id }) => ask(rootsBrowser, `User/records/${id}/edit`, { email }))),
      );
      expect([done, broken]).toEqual([1, []]);
      expect(said).toContain('There is already a person with this e-mail address.');
    }
  });

  test('one person joins a team once, by whatever way', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id, email } = await person();
      const visitor = newcomer();
      await visitor.signIn(email, PASSWORD);
      const path = await inviteTo(teamId, email);
      const [joined, ...answers] = await Promise.all([
        visitor.post(path),
        ...Array.from({ length: 3 }, () =>
          ask(rootsBrowser, 'Membership/actions/new', { user: id, team: teamId, role: 'author' }),
        ),
      ]);
      expect([joined?.status, outcomes(answers).broken]).toEqual([303, []]);
      expect(outcomes(answers).said).toContain(
        'This person is already in this team. Change the role of the membership instead.',
      );
      expect(await server.ctx.db.membership.count({ where: { userId: id } })).toBe(1);
    }
  });

  test('one membership is removed once, and nobody changes what is gone', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id: userId } = await person();
      const { id } = await server.ctx.db.membership.create({ data: { userId, teamId, role: 'author' } });
      const removals = await times(3, () => ask(rootsBrowser, `Membership/records/${id}/delete`));
      expect(removals.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
      const second = await server.ctx.db.membership.create({ data: { userId, teamId, role: 'author' } });
      const both = await Promise.all([
        ask(rootsBrowser, `Membership/records/${second.id}/edit`, { role: 'manager' }),
        ask(rootsBrowser, `Membership/records/${second.id}/delete`),
      ]);
      expect(both.filter(({ status }) => ![200, 404].includes(status))).toEqual([]);
    }
  });
});

describe('two superusers', () => {
  async function superuser() {
    const made = await person(true);
    const visitor = newcomer();
    await visitor.signIn(made.email, PASSWORD);
    return { ...made, visitor };
  }

  test('change each other without getting in each other’s way', async () => {
    const [a, b] = [await superuser(), await superuser()];
    for (let round = 0; round < ROUNDS; round += 1) {
      const answers = await Promise.all([
        ask(a.visitor, `User/records/${b.id}/edit`, { name: `B ${round}`, isSuperuser: true }),
        ask(b.visitor, `User/records/${a.id}/edit`, { name: `A ${round}`, isSuperuser: true }),
      ]);
      expect(outcomes(answers)).toMatchObject({ done: 2, broken: [] });
    }
  });

  test.each(['isSuperuser', 'isActive'])('cannot take %s from each other: one of them is left', async (power) => {
    const [a, b] = [await superuser(), await superuser()];
    for (let round = 0; round < ROUNDS; round += 1) {
      await server.ctx.db.user.updateMany({
        where: { id: { in: [a.id, b.id] } },
        data: { isSuperuser: true, isActive: true },
      });
      if (power === 'isActive') for (const { visitor, email } of [a, b]) await visitor.signIn(email, PASSWORD);
      const answers = await Promise.all([
        ask(a.visitor, `User/records/${b.id}/edit`, { [power]: false }),
        ask(b.visitor, `User/records/${a.id}/edit`, { [power]: false }),
      ]);
      expect(outcomes(answers)).toMatchObject({ done: 1, broken: [] });
      const left = await server.ctx.db.user.count({
        where: { id: { in: [a.id, b.id] }, isSuperuser: true, isActive: true },
      });
      expect(left).toBe(1);
    }
  });
});
