/**
 * People of every kind, signed in at the real server, and rows that stand to them in every way there is: for the access
 * matrix. Rows are made directly, each for one question, so that an answer never depends on an earlier one.
 */
import { randomUUID } from 'node:crypto';
import type AdminJS from 'adminjs';
import { createPanel } from '../admin/panel.ts';
import type { AppContext } from '../context.ts';
import type { Database } from '../database/client.ts';
import type { ResourceName, TeamRole } from '../domain/access.ts';
import { hashPassword } from '../identity/password.ts';
import { createQueues } from '../worker/worker.ts';
import { CANARY, type PlacedRow, type Placement, rowMaker, type TeamName } from './access-rows.ts';
import type { Visitor } from './visitor.ts';
import { startTestServer, type TestServer } from './web-server.ts';

export type PersonName =
  | 'author'
  | 'approver'
  | 'manager'
  | 'elsewhere'
  | 'between'
  | 'superuser'
  | 'teamless'
  | 'signed out';

export interface Person {
  name: PersonName;
  id: string;
  isSuperuser: boolean;
  roles: Partial<Record<TeamName, TeamRole>>;
  visitor: Visitor;
}

export interface Answer {
  status: number;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of many shapes.
  body: any;
}

export interface AccessWorld {
  server: TestServer;
  admin: AdminJS;
  people: readonly Person[];
  teams: Record<TeamName, string>;
  person(name: PersonName): Person;
  /** @param action the row is in a state in which somebody who may do this can */
  place(resource: ResourceName, placement: Placement, self: Person, action: string): Promise<PlacedRow>;
  /** Asks the panel as a browser would. A body makes it a POST. @throws Error when the answer holds what this person may not know */
  ask(person: Person, path: string, body?: Record<string, unknown>): Promise<Answer>;
  /** What is stored of a record, column by column. */
  columns(resource: ResourceName, id: string): Promise<Record<string, unknown>>;
  /** How many there are of everything that could come into being or go away. */
  counted(): Promise<string>;
  close(): Promise<void>;
}

const PASSWORD = 'a password for everybody here';
const ROLES: Record<PersonName, Person['roles']> = {
  author: { A: 'author' },
  approver: { A: 'approver' },
  manager: { A: 'manager' },
  elsewhere: { B: 'manager' },
  // What he may do in one team must not follow him into the other.
  between: { A: 'author', B: 'manager' },
  superuser: {},
  // Left the team; what he wrote is still there.
  teamless: {},
  'signed out': {},
};

export async function openAccessWorld(): Promise<AccessWorld> {
  let admin: AdminJS | undefined;
  const server = await startTestServer({
    admin: async (ctx: AppContext) => {
      const panel = await createPanel(ctx);
      admin = panel.admin;
      return panel.router;
    },
  });
  if (admin === undefined) throw new Error('the panel was built');
  const { ctx } = server;
  await ctx.boss.start();
  await createQueues(ctx);
  const { db } = ctx;

  const [a, b] = await Promise.all(
    ['Team A', `Team B ${CANARY.otherTeam}`].map((name) =>
      db.team.create({ data: { name, requiresApproval: false }, select: { id: true } }),
    ),
  );
  const teams: Record<TeamName, string> = { A: a?.id ?? '', B: b?.id ?? '' };
  const passwordHash = await hashPassword(PASSWORD);

  async function user(label: string, roles: Person['roles'], isSuperuser = false): Promise<string> {
    const inTeams = Object.entries(roles).map(([team, role]) => ({ teamId: teams[team as TeamName], role }));
    // A name stands beside what somebody wrote, also after he left; more of him is his team's.
    const secret = roles.A === undefined && roles.B !== undefined ? CANARY.otherTeam : '';
    const { id } = await db.user.create({
      data: {
        email: `${label.replace(' ', '-')}-${randomUUID().slice(0, 8)}${secret}@example.com`,
        name: label,
        isSuperuser,
        memberships: { create: inTeams },
        credential: { create: { passwordHash } },
      },
    });
    return id;
  }

  const people: Person[] = [];
  for (const name of Object.keys(ROLES) as PersonName[]) {
    const isSuperuser = name === 'superuser';
    const id = await user(name, ROLES[name], isSuperuser);
    const visitor = server.visitor();
    people.push({ name, id, isSuperuser, roles: ROLES[name], visitor });
    if (name === 'signed out') continue;
    const { email } = await db.user.findUniqueOrThrow({ where: { id } });
    const { status } = await visitor.signIn(email, PASSWORD);
    if (status !== 303) throw new Error(`${name} could not sign in: ${status}`);
  }
  const colleagues: Record<TeamName, string> = {
    A: await user('colleague', { A: 'author' }),
    B: await user('colleague', { B: 'author' }),
  };

  const place = await rowMaker({ db, teams, colleagues, newMember: (team) => user('somebody', { [team]: 'author' }) });

  return {
    server,
    admin,
    people,
    teams,
    person(name) {
      const found = people.find((person) => person.name === name);
      if (found === undefined) throw new Error(`nobody is called ${name}`);
      return found;
    },
    place: (resource, placement, self, action) => place(resource, placement, self.id, action),
    async ask(person, path, body) {
      const response = await person.visitor.send(`/admin${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          accept: 'application/json',
          'sec-fetch-site': 'same-origin',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      });
      const leak = forbiddenTo(person).find((word) => response.text.includes(word));
      if (leak !== undefined) throw new Error(`${person.name} was told "${leak}" at ${path}:\n${response.text}`);
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      return { status: response.status, text: response.text, body: isJson ? JSON.parse(response.text) : {} };
    },
    async columns(resource, id) {
      const model = resource.charAt(0).toLowerCase() + resource.slice(1);
      const [row] = await reading(db, model).findMany({ where: { id } });
      if (row === undefined) throw new Error(`no ${resource} ${id}`);
      return JSON.parse(JSON.stringify(row)) as Record<string, unknown>;
    },
    async counted() {
      const models = ['post', 'publication', 'connectedAccount', 'team', 'membership', 'user', 'hold', 'auditEvent'];
      const counts = await Promise.all(models.map((model) => reading(db, model).count()));
      return counts.join();
    },
    async close() {
      await ctx.boss.stop({ graceful: false });
      await server.close();
    },
  };
}

/** What is used of any of Prisma's models. */
interface Readable {
  findMany(query: unknown): Promise<Record<string, unknown>[]>;
  count(): Promise<number>;
}

function reading(db: Database, model: string): Readable {
  return Reflect.get(db, model) as Readable;
}

function forbiddenTo({ isSuperuser, roles }: Person): string[] {
  const looksAfterA = isSuperuser || roles.A === 'approver' || roles.A === 'manager';
  return [
    CANARY.secret,
    '$argon2',
    ...(isSuperuser || roles.B !== undefined ? [] : [CANARY.otherTeam]),
    ...(looksAfterA ? [] : [CANARY.colleague]),
  ];
}
