/**
 * Who may do what, asked of the running server over HTTP: every registered resource × every registered action × every
 * kind of person × everything a record can be to somebody × every shape of address. What is expected stands in
 * testing/access-expectations.ts.
 *
 * A resource or an action that is added without an expectation, or without a row in the policy, fails the first test.
 * Beside what is asked for, every answer to anybody is searched for words that this person may not know (`world.ask`).
 */
import type { ResourceWithOptions } from 'adminjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POLICY, type ResourceName } from '../domain/access.ts';
import {
  EXPECTED,
  mayDo,
  mayEver,
  newForms,
  OF_THE_RESOURCE,
  PLACEMENTS,
  payloadOf,
  placementsFor,
  READING,
  RESOURCES,
  statusOfRefusal,
} from '../testing/access-expectations.ts';
import type { PlacedRow } from '../testing/access-rows.ts';
import { type AccessWorld, openAccessWorld, type Person } from '../testing/access-world.ts';
import { forgedColumns } from '../testing/forged-columns.ts';
import { AT_ONCE, inParallel } from '../testing/in-parallel.ts';
import { readDatamodel } from './model-metadata.ts';
import { resourceDefinitions } from './panel.ts';

/** Actions whose event is about another record (the new one, the invitation), or that change nothing themselves. */
const AUDITED_ELSEWHERE: readonly string[] = [
  'Post.duplicate',
  'Team.invite',
  'Team.revokeInvitation',
  'User.revokeInvitation',
  'ConnectedAccount.reconnect',
];

const NOWHERE = '01900000-0000-7000-8000-000000000000';

let world: AccessWorld;
/** Rows that nobody touches, for lists and searches. `self`: who is meant by their owner. */
const standing: { row: PlacedRow; self: Person }[] = [];

beforeAll(async () => {
  world = await openAccessWorld();
  const superuser = world.person('superuser');
  const wanted = RESOURCES.flatMap((resource) => [
    ...PLACEMENTS[resource].filter(({ owner }) => owner !== 'self').map((one) => ({ resource, one, self: superuser })),
    ...world.people.flatMap((self) =>
      placementsFor(resource, self)
        .filter(({ owner }) => owner === 'self')
        .map((one) => ({ resource, one, self })),
    ),
  ]);
  await inParallel(wanted, async ({ resource, one, self }) => {
    standing.push({ self, row: await world.place(resource, one, self, 'show') });
  });
}, 60_000);
afterAll(() => world?.close());

const of = (resource: ResourceName) => standing.filter(({ row }) => row.resource === resource);

describe('the running panel', () => {
  it('has exactly the resources and actions that are expected and that the policy has, and no pages', () => {
    const offered: Record<string, string[]> = {};
    for (const entry of world.admin.options.resources ?? []) {
      const { options, resource } = entry as ResourceWithOptions;
      const actions: Record<string, { isAccessible?: unknown } | undefined> = { ...options.actions };
      const known = world.admin.findResource(resource.id()).decorate().actions;
      // What AdminJS itself brings along is switched off by name, so none of it is left to its defaults.
      expect(Object.keys(known).filter((name) => actions[name] === undefined)).toEqual([]);
      offered[resource.id()] = Object.keys(actions).filter((name) => actions[name]?.isAccessible !== false);
    }
    const sorted = (table: Record<string, readonly string[]>) =>
      Object.fromEntries(Object.entries(table).map(([name, actions]) => [name, [...actions].sort()]));
    const rowsOf = (table: Record<string, object>) =>
      Object.fromEntries(Object.entries(table).map(([name, actions]) => [name, Object.keys(actions)]));
    expect(sorted(offered)).toEqual(sorted(rowsOf(EXPECTED)));
    expect(sorted(rowsOf(POLICY))).toEqual(sorted(rowsOf(EXPECTED)));
    expect(Object.keys(world.admin.options.pages ?? {})).toEqual([]);
  });
});

describe('reading', () => {
  it.each(RESOURCES)('%s: lists and searches have what is expected and nothing else', async (resource) => {
    const wrong: string[] = [];
    await inParallel(world.people, async (person) => {
      for (const [action, path] of [
        ['list', 'list?perPage=500'],
        ['list', 'list?perPage=500&sortBy=id&direction=asc'],
        ['search', 'search?perPage=100'],
      ] as const) {
        const { status, body } = await world.ask(person, `/api/resources/${resource}/actions/${path}`);
        const expected = of(resource).filter(({ row, self }) => mayDo(person, action, row, self));
        if (!mayEver(person, resource, action)) {
          if (status !== statusOfRefusal(person)) wrong.push(`${person.name} ${path}: ${status}`);
          continue;
        }
        const shown = (body.records as { id: string }[]).map(({ id }) => id);
        const known = of(resource).filter(({ row }) => shown.includes(row.id));
        if (status !== 200 || names(known) !== names(expected))
          wrong.push(`${person.name} ${path}: ${status}, has\n${names(known)}\ninstead of\n${names(expected)}`);
      }
    });
    expect(wrong).toEqual([]);
  });

  it.each(RESOURCES)('%s: no filter and no search text finds a row that is out of sight', async (resource) => {
    const wrong: string[] = [];
    const rows = of(resource).filter(({ self }) => ['author', 'elsewhere', 'superuser'].includes(self.name));
    await inParallel(rows, async ({ row, self }) => {
      for (const person of world.people.filter(({ name }) => name !== 'signed out')) {
        if (mayDo(person, 'list', row, self)) continue;
        for (const path of [`list?filters.id=${row.id}`, `list?filters.q=${row.id}`, `search/${row.id}`]) {
          const { status, body } = await world.ask(person, `/api/resources/${resource}/actions/${path}`);
          if (status === 200 && body.records.length > 0) wrong.push(`${person.name} ${path}`);
        }
      }
    });
    expect(wrong).toEqual([]);
  });

  it.each(RESOURCES)('%s: hidden columns can be neither filtered nor sorted by, by anybody', async (resource) => {
    const shown = definitionOf(resource)?.spec.columns ?? [];
    const columns = readDatamodel().models.find(({ name }) => name === resource)?.fields ?? [];
    const hidden = columns.map(({ name }) => name).filter((name) => !shown.includes(name));
    const wrong: string[] = [];
    await inParallel([...hidden, 'nope', 'constructor', 'credential.accessToken', 'post.text'], async (name) => {
      for (const query of [`filters.${name}=a`, `filters.${name}~~from=2020-01-01`, `sortBy=${name}`]) {
        const path = `/api/resources/${resource}/actions/list?${query}`;
        const { status } = await world.ask(world.person('superuser'), path);
        if (status !== 400) wrong.push(`${query}: ${status}`);
      }
    });
    expect(wrong).toEqual([]);
  });

  it('the dashboard, the standing orders and the pages tell nobody what he may not know', async () => {
    const paths = ['/api/dashboard', '/api/standing-orders', '', '/resources/Post', '/resources/AuditEvent'];
    for (const person of world.people) {
      const answers = await Promise.all(paths.map((path) => world.ask(person, path)));
      const expected = person.name === 'signed out' ? 401 : 200;
      expect(
        answers.map(({ status }) => status),
        person.name,
      ).toEqual(paths.map(() => expected));
    }
  });

  it('histories and evidence are there for whoever may see the record, and as if it did not exist for others', async () => {
    const wrong: string[] = [];
    const rows = standing.filter(({ self }) => ['author', 'elsewhere', 'superuser'].includes(self.name));
    await inParallel(rows, async ({ row, self }) => {
      for (const person of world.people) {
        const may = mayDo(person, 'show', row, self);
        const hasHistory = row.resource !== 'AuditEvent' && row.resource !== 'PublishAttempt';
        const expected = person.name === 'signed out' ? 401 : may && hasHistory ? 200 : 404;
        const { status } = await world.ask(person, `/api/history/${row.resource}/${row.id}`);
        if (status !== expected) wrong.push(`${person.name}, history of ${nameOf(row)}: ${status}`);
        if (row.resource !== 'Publication') continue;
        // No platform has accepted it, and only who may see it is told so.
        const evidence = await world.ask(person, `/api/evidence/${row.id}`);
        if (evidence.text.includes('no platform has accepted') !== may)
          wrong.push(`${person.name}, evidence of ${nameOf(row)}: ${evidence.text}`);
      }
    });
    expect(wrong).toEqual([]);
  });
});

const recordActions = RESOURCES.flatMap((resource) =>
  Object.keys(EXPECTED[resource])
    .filter((action) => !OF_THE_RESOURCE.includes(action))
    .map((action) => ({ resource, action })),
);

describe('a record', () => {
  it.each(recordActions)(
    '$resource, $action: for those who may, on record, and for nobody else',
    async ({ resource, action }) => {
      const wrong: string[] = [];
      const cases = world.people.flatMap((person) =>
        placementsFor(resource, person).map((placement) => ({ person, placement })),
      );
      const atOnce = hasSharedRows(resource) ? 1 : AT_ONCE;
      await inParallel(
        cases,
        async ({ person, placement }) => {
          const row = await world.place(resource, placement, person, action);
          const name = `${person.name}, ${nameOf(row)}`;
          const before = await trace(row, person);
          const address = (id: string) => `/api/resources/${resource}/records/${id}/${action}`;
          const payload = action === 'show' ? undefined : { ...payloadOf(resource, action), ...row.payload };
          const answers = [await world.ask(person, address(row.id), payload)];
          // The form of an edit is read first.
          if (action === 'edit') answers.unshift(await world.ask(person, address(row.id)));
          if (mayDo(person, action, row, person)) {
            for (const { status, body } of answers)
              if (status !== 200 || body.notice?.type === 'error')
                wrong.push(`${name} has to be let through: ${status} ${body.error ?? body.notice?.message ?? ''}`);
            const isAudited = action !== 'show' && !AUDITED_ELSEWHERE.includes(`${resource}.${action}`);
            if (isAudited && (await eventsAbout(row, person)) === 0) wrong.push(`${name} did it without a trace`);
            return;
          }
          for (const { status } of answers)
            if (![401, 403, 404].includes(status)) wrong.push(`${name} has to be refused: ${status}`);
          if ((await trace(row, person)) !== before) wrong.push(`${name} was refused and left a trace`);
          if (person.name === 'signed out' || mayDo(person, 'list', row, person)) return;
          const unknown = await world.ask(person, address(NOWHERE), payload);
          if (answers.at(-1)?.text !== unknown.text) wrong.push(`${name} can be told from what does not exist`);
        },
        atOnce,
      );
      expect(wrong).toEqual([]);
    },
  );

  it.each(recordActions.filter(({ action }) => action !== 'show'))(
    '$resource, $action: is the one of the address, whatever other ids are sent along',
    async ({ resource, action }) => {
      const person = [world.person('author'), world.person('approver'), world.person('superuser')].find((one) =>
        mayEver(one, resource, action),
      );
      const placement = PLACEMENTS[resource].find(
        (one) => person !== undefined && mayDo(person, action, { resource, placement: one }, person),
      );
      const elsewhere = PLACEMENTS[resource].find(({ team, owner }) => team === 'B' && owner !== 'self');
      if (person === undefined || placement === undefined || elsewhere === undefined) throw new Error('no case');
      const row = await world.place(resource, placement, person, action);
      const other = await world.place(resource, elsewhere, person, action);
      const before = await trace(other, person);
      const { id } = other;
      const answer = await world.ask(person, `/api/resources/${resource}/records/${row.id}/${action}?recordIds=${id}`, {
        ...{ id, _id: id, recordId: id, recordIds: [id], 'record.id': id, postId: id },
        ...payloadOf(resource, action),
        ...row.payload,
      });
      expect(answer.status).toBe(200);
      // A duplicate is a new record.
      if (action !== 'duplicate') expect(answer.body.record.id).toBe(row.id);
      expect(await trace(other, person)).toBe(before);
    },
  );
});

describe('a whole resource', () => {
  it('takes a decision about several records for each as if it were asked alone', async () => {
    const wrong: string[] = [];
    for (const one of ['retry', 'cancel', 'resolve'])
      for (const person of world.people) {
        const rows = await Promise.all(
          placementsFor('Publication', person).map((placement) => world.place('Publication', placement, person, one)),
        );
        const before = await Promise.all(rows.map((row) => row.stored()));
        await world.ask(person, `/api/resources/Publication/actions/${one}Many`, {
          ids: rows.map(({ id }) => id),
          ...payloadOf('Publication', `${one}Many`),
        });
        for (const [index, row] of rows.entries())
          if (((await row.stored()) !== before[index]) !== mayDo(person, one, row, person))
            wrong.push(`${person.name}, ${one}Many, ${nameOf(row)}`);
      }
    expect(wrong).toEqual([]);
  });

  it.each(['verify', 'export'])('lets superusers alone %s the audit', async (action) => {
    for (const person of world.people) {
      const path = `/api/resources/AuditEvent/actions/${action}`;
      const { status } = await world.ask(person, path, payloadOf('AuditEvent', action));
      expect(status, person.name).toBe(mayEver(person, 'AuditEvent', action) ? 200 : statusOfRefusal(person));
    }
  });

  it('takes new records only where somebody may make them, and no column but those of the form', async () => {
    const wrong: string[] = [];
    for (const person of world.people)
      for (const team of ['A', 'B'] as const)
        for (const [resource, form] of newForms(person, team, world)) {
          const fields = definitionOf(resource)?.options.editProperties ?? [];
          const forged = forgedColumns(resource, fields, forgedIds());
          const path = `/api/resources/${resource}/actions/new`;
          const { status, body } = await world.ask(person, path, { ...forged, ...form });
          const made = status === 200 && body.notice?.type !== 'error' ? String(body.record.id) : null;
          const placement = { team, owner: resource === 'Post' ? 'self' : 'nobody' } as const;
          if ((made !== null) !== mayDo(person, 'new', { resource, placement }, person))
            wrong.push(`${person.name}, new ${resource} in ${team}: ${status} ${body.notice?.message ?? ''}`);
          if (made === null) continue;
          const row = await world.columns(resource, made);
          for (const [column, value] of Object.entries(forged))
            if (JSON.stringify(row[column]) === JSON.stringify(value)) wrong.push(`new ${resource} took ${column}`);
        }
    expect(wrong).toEqual([]);
  });
});

describe('an edit', () => {
  it.each([
    ['Post', 'author', ['text', 'linkUrl', 'scheduledAt', 'timeZone']],
    ['User', 'author', ['name', 'timeZone']],
    ['Team', 'manager', ['name', 'timeZone', 'requiresApproval', 'latePolicy', 'lateLimitMinutes', 'resendWhenAbsent']],
    ['Membership', 'superuser', ['role']],
  ] as const)('of a %s by a %s changes no column but those of its form', async (resource, by, fields) => {
    const person = world.person(by);
    const placement = placementsFor(resource, person).find((one) =>
      mayDo(person, 'edit', { resource, placement: one }, person),
    );
    if (placement === undefined) throw new Error('no case');
    const wrong: string[] = [];
    for (const [column, value] of Object.entries(forgedColumns(resource, fields, forgedIds()))) {
      const row = await world.place(resource, placement, person, 'edit');
      const before = await world.columns(resource, row.id);
      const address = `/api/resources/${resource}/records/${row.id}/edit`;
      for (const key of [column, column.replace(/Id$/, ''), `params.${column}`])
        await world.ask(person, address, { ...payloadOf(resource, 'edit'), [key]: value });
      const after = await world.columns(resource, row.id);
      const expected = ['updatedAt', ...Object.keys(payloadOf(resource, 'edit'))];
      for (const name of Object.keys(before))
        if (!expected.includes(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]))
          wrong.push(`${column} changed ${name} to ${after[name]}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('a body', () => {
  it.each([
    ['lists', '['.repeat(3000) + ']'.repeat(3000)],
    ['lists, as many as fit', '['.repeat(400_000) + ']'.repeat(400_000)],
    ['objects', `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`],
  ])('nested too deeply (%s) is refused with a sentence, and nothing is done', async (_of, nested) => {
    const before = await world.counted();
    const deepKey = JSON.stringify({ [`text${'.a'.repeat(3000)}`]: 'x' });
    for (const body of [`{"text":${nested}}`, deepKey]) {
      const answer = await world.person('author').visitor.send('/admin/api/resources/Post/actions/new', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('too deeply')]);
    }
    for (const name of ['filters.text', 'filters', 'anything']) {
      const path = `/api/resources/Post/actions/list?${name}${'.a'.repeat(3000)}=x`;
      expect((await world.ask(world.person('author'), path)).status).toBe(400);
    }
    expect(await world.counted()).toBe(before);
  });
});

describe('an address of another shape', () => {
  it.each(RESOURCES)('%s: reaches no action, by whatever method', async (resource) => {
    const known = world.admin.findResource(resource).decorate().actions;
    const names = [...new Set([...Object.keys(known), 'bulkDelete', 'delete', 'edit', 'new', 'nope'])];
    const [placement] = PLACEMENTS[resource];
    if (placement === undefined) throw new Error('no case');
    const row = await world.place(resource, placement, world.person('author'), 'delete');
    const before = [await row.stored(), await world.counted()].join();
    const wrong: string[] = [];
    await inParallel(names, async (action) => {
      const isOffered = EXPECTED[resource][action] !== undefined;
      const isOfTheResource = OF_THE_RESOURCE.includes(action);
      const right = isOfTheResource
        ? `/api/resources/${resource}/actions/${action}`
        : `/api/resources/${resource}/records/${row.id}/${action}`;
      const addresses = [
        `/api/resources/${resource}/actions/${action}`,
        `/api/resources/${resource}/records/${row.id}/${action}`,
        `/api/resources/${resource}/bulk/${action}?recordIds=${row.id}`,
        `/api/resources/${resource}/records/${row.id}/${action}/${row.id}`,
        // The old address of a search.
        ...(action === 'search' ? [] : [`/api/resources/${resource}/${action}`]),
      ];
      for (const path of addresses)
        for (const body of [undefined, { ...payloadOf(resource, action), ids: [row.id], recordIds: row.id }]) {
          const isReading = body === undefined;
          const isRightMethod = action === 'edit' || READING.includes(action) === isReading;
          // That is asked in the tests above.
          if (isOffered && path === right && isRightMethod) continue;
          for (const name of ['superuser', 'author'] as const) {
            const { status } = await world.ask(world.person(name), path, body);
            if (![403, 404, 405].includes(status))
              wrong.push(`${name} ${isReading ? 'GET' : 'POST'} ${path}: ${status}`);
          }
        }
    });
    expect(wrong).toEqual([]);
    expect([await row.stored(), await world.counted()].join()).toBe(before);
  });
});

describe('an address in other letters', () => {
  // Express finds a route in whatever letters; the gate must not be passed by in them.
  it.each(RESOURCES)('%s: is not there, for anybody, by whatever method', async (resource) => {
    const [placement] = PLACEMENTS[resource];
    if (placement === undefined) throw new Error('no case');
    const row = await world.place(resource, placement, world.person('author'), 'delete');
    const before = [await row.stored(), await world.counted()].join();
    const wrong: string[] = [];
    await inParallel(Object.keys(EXPECTED[resource]), async (action) => {
      const [section, kind] = ['resources', OF_THE_RESOURCE.includes(action) ? 'actions' : 'records'];
      const rest = kind === 'actions' ? action : `${row.id}/${action}`;
      const addresses = [
        [titled(section), resource, kind, rest],
        [section.toUpperCase(), resource, kind, rest],
        [section, resource, titled(kind), rest],
        [section, resource, kind.toUpperCase(), rest],
        [section, resource.toLowerCase(), kind, rest],
        [titled(section), resource, 'Bulk', action],
        [section, resource, 'Bulk', action],
        [section, resource, 'Search', 'x'],
        ['Pages', action],
      ].map((parts) => `/api/${parts.join('/')}?page=-1&perPage=x&filters.nope=1`);
      for (const path of addresses)
        for (const body of [undefined, { ...payloadOf(resource, action), ids: [row.id] }])
          for (const person of world.people) {
            const { status } = await world.ask(person, path, body);
            if (status !== (person.name === 'signed out' ? 401 : 404))
              wrong.push(`${person.name} ${body === undefined ? 'GET' : 'POST'} ${path}: ${status}`);
          }
    });
    expect(wrong).toEqual([]);
    expect([await row.stored(), await world.counted()].join()).toBe(before);
  });
});

const titled = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

function definitionOf(resource: ResourceName) {
  return resourceDefinitions(world.server.ctx).find(({ spec }) => spec.name === resource);
}

function nameOf({ resource, placement: { team, owner } }: PlacedRow): string {
  return `${resource} in ${team ?? 'no team'} of ${owner}`;
}

function names(rows: readonly { row: PlacedRow; self: Person }[]): string {
  return rows
    .map(({ row, self }) => nameOf(row).replace('self', self.name))
    .sort()
    .join('\n');
}

/** Teams, people and memberships of one's own are there once, so cases about them must not meet. */
function hasSharedRows(resource: ResourceName): boolean {
  return ['Team', 'User', 'Membership'].includes(resource);
}

/** What is stored of the row, and how much this person has on record about it. */
async function trace(row: PlacedRow, person: Person): Promise<string> {
  return `${await row.stored()} ${await eventsAbout(row, person)}`;
}

/** Beside having looked at it. */
function eventsAbout({ id }: PlacedRow, person: Person): Promise<number> {
  return world.server.ctx.db.auditEvent.count({
    where: { entityId: id, actorId: person.id, action: { not: 'post.viewed' } },
  });
}

function forgedIds() {
  return { id: NOWHERE, Team: world.teams.B, User: world.person('teamless').id };
}
