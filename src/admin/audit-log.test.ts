import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHAIN_START, type ChainedFields, chainHash } from '../audit/chain-hash.ts';
import { recordEvent } from '../audit/record-event.ts';
import { sealAuditChain } from '../audit/seal-chain.ts';
import type { Actor } from '../domain/access.ts';
import type { AuditRecord } from '../domain/audit-event.ts';
import { createPost, editPost } from '../publishing/posts.ts';
import { openPanelBench, type PanelAnswer, type PanelBench } from '../testing/panel-bench.ts';

let bench: PanelBench;
let author: Actor;
let manager: Actor;
let superuser: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  manager = await bench.person('manager');
  const root = await bench.ctx.db.user.create({
    data: { email: 'root@example.com', name: '=HYPERLINK("https://evil.example")', isSuperuser: true },
  });
  superuser = { ...author, id: root.id, isSuperuser: true, memberships: [] };
}, 60_000);
afterAll(() => bench.close());

interface Exported extends Omit<ChainedFields, 'actorId' | 'teamId' | 'occurredAt'> {
  actor: { id: string } | null;
  team: { id: string } | null;
  occurredAt: string;
  previousHash: string | null;
  hash: string | null;
}

const record = (over: Partial<AuditRecord>, at = new Date()) =>
  bench.ctx.db.$transaction((tx) =>
    recordEvent(
      tx,
      {
        actorId: null,
        action: 'post.created',
        entity: 'Post',
        entityId: null,
        teamId: bench.teamId,
        metadata: {},
        ...over,
      },
      at,
    ),
  );
const list = (person: Actor, query: Record<string, string>) =>
  bench.ask(person, `/api/resources/AuditEvent/actions/list?${new URLSearchParams(query)}`);
const about = (answer: PanelAnswer): unknown[] =>
  answer.body.records.map((one: { params: { about: unknown } }) => one.params.about);
const actions = (answer: PanelAnswer): string[] =>
  answer.body.records.map((one: { params: { action: string } }) => one.params.action);
const exported = (person: Actor, fields: Record<string, string>) =>
  bench.send(person, '/api/resources/AuditEvent/actions/export', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });
const verify = (person: Actor) => bench.ask(person, '/api/resources/AuditEvent/actions/verify', {});

describe('the audit log', () => {
  beforeAll(async () => {
    await record({ action: 'hold.created', entity: 'Hold', metadata: { reason: 'Pineapple on the logo' } });
    await record({ action: 'hold.released', entity: 'Hold', actorId: author.id }, new Date('2020-05-05T12:00:00Z'));
    await record({ action: 'account.shared', entity: 'ConnectedAccount', entityId: bench.account.id });
  });

  it('is found by any word that is on record, in whatever case', async () => {
    const found = await list(superuser, { 'filters.q': 'pineapple ON' });
    expect(found.body.records).toHaveLength(1);
    expect(found.body.records[0].params).toMatchObject({ action: 'hold.created' });
    expect((await list(superuser, { 'filters.q': 'banana' })).body.records).toEqual([]);
  });

  it('is narrowed down by action, person, kind of record, record, team and time, also by several at once', async () => {
    expect(actions(await list(superuser, { 'filters.action': 'hold.created' }))).toEqual(['hold.created']);
    expect(new Set(actions(await list(superuser, { 'filters.action': 'hold.created,hold.released' })))).toEqual(
      new Set(['hold.created', 'hold.released']),
    );
    expect(actions(await list(superuser, { 'filters.actor': author.id }))).toEqual([
      'account.connected',
      'hold.released',
    ]);
    expect(actions(await list(superuser, { 'filters.entity': 'Hold' }))).toEqual(['hold.created', 'hold.released']);
    expect(actions(await list(superuser, { 'filters.entityId': bench.account.id }))).toContain('account.shared');
    const range = {
      'filters.occurredAt~~from': '2020-05-05T00:00:00Z',
      'filters.occurredAt~~to': '2020-05-06T00:00:00Z',
    };
    expect(actions(await list(superuser, { ...range, 'filters.team': bench.teamId }))).toEqual(['hold.released']);
    expect(actions(await list(superuser, { ...range, 'filters.action': 'hold.created' }))).toEqual([]);
  });

  it('is closed where it is not one’s own: an author finds only what he did himself, also by its words', async () => {
    expect(actions(await list(author, { 'filters.q': 'pineapple' }))).toEqual([]);
    expect(actions(await list(author, { 'filters.entity': 'Hold' }))).toEqual(['hold.released']);
    expect(actions(await list(manager, { 'filters.q': 'pineapple' }))).toEqual(['hold.created']);
  });

  it.each(['filters.searchText', 'filters.metadata', 'filters.hash', 'sortBy'])(
    'cannot be asked about by %s',
    async (key) => {
      const answer = await list(superuser, { [key]: 'searchText' });
      expect(answer.status).toBe(400);
      expect(answer.text).not.toContain('Pineapple');
    },
  );

  it('names the account of a publication, and none of another team', async () => {
    const post = await createPost(bench.ctx, author, { text: 'For one account', accounts: [bench.account.id] });
    const { id: entityId } = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
    await record({ action: 'publication.sent', entity: 'Publication', entityId });
    await record({ action: 'publication.sent', entity: 'Publication', entityId, teamId: null });
    const answer = await list(superuser, { 'filters.entityId': entityId });
    expect(about(answer)).toEqual([null, `${bench.account.displayName} (LinkedIn)`]);
  });
});

describe('the export', () => {
  it('as JSON has every event that the list has, with all that its hash is over', async () => {
    while ((await sealAuditChain(bench.ctx.db)) > 0);
    const expected = await bench.ctx.db.auditEvent.findMany({ orderBy: { id: 'asc' } });
    const answer = await exported(superuser, { format: 'json' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-\d{4}-\d\d-\d\d\.json"$/);
    const events = answer.body as Exported[];
    expect(events.slice(0, expected.length).map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    expect(events[0]).toMatchObject({
      action: expected[0]?.action,
      entity: expected[0]?.entity,
      metadata: expected[0]?.metadata,
      position: 1,
      hash: expected[0]?.hash,
    });
    expect(events.at(-1)).toMatchObject({ action: 'audit.exported', actor: { id: superuser.id } });
    // The chain can be checked from the file alone.
    let previous = CHAIN_START;
    for (const { actor, team, occurredAt, ...event } of events.filter(({ hash }) => hash !== null)) {
      const chained = {
        ...event,
        actorId: actor?.id ?? null,
        teamId: team?.id ?? null,
        occurredAt: new Date(occurredAt),
      };
      expect(event.previousHash).toBe(previous);
      expect(event.hash).toBe(chainHash(previous, chained));
      previous = event.hash ?? '';
    }
    expect(previous).not.toBe(CHAIN_START);
  });

  it('as CSV opens in a spreadsheet without running anything', async () => {
    await record({ actorId: superuser.id, action: 'post.edited', metadata: { text: '=1+1, "quoted"\nline' } });
    const answer = await exported(superuser, { format: 'csv', 'filters.action': 'post.edited' });
    expect(answer.status).toBe(200);
    const lines = answer.text.replace('\uFEFF', '').split('\r\n');
    expect(lines[0]).toMatch(/^id,occurredAt,action,actorId,actorName,actorEmail,entity,/);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(`"'=HYPERLINK(""https://evil.example"")"`);
    expect(lines[1]).toContain(`"{""text"":""=1+1, \\""quoted\\""\\nline""}"`);
  });

  it('as CSV has no cell that begins with a bar, which some spreadsheets take for a command', async () => {
    await record({ action: 'user.updated', entityId: '|calc' });
    await record({ action: 'user.updated', entityId: 'a|b' });
    const { text } = await exported(superuser, { format: 'csv', 'filters.action': 'user.updated' });
    expect(text).toContain(",'|calc,");
    expect(text).toContain(',a|b,');
  });

  it('has what the list shows with the same filters, and is on record with them and with how many left', async () => {
    const answer = await exported(superuser, { format: 'json', 'filters.entity': 'Hold', 'filters.q': 'pineapple' });
    expect(answer.body).toHaveLength(1);
    const last = await bench.ctx.db.auditEvent.findFirstOrThrow({
      where: { action: 'audit.exported' },
      orderBy: { id: 'desc' },
    });
    expect(last).toMatchObject({
      actorId: superuser.id,
      metadata: { what: 'audit events', format: 'json', events: 1, filters: ['entity=Hold', 'q=pineapple'] },
    });
  });

  it('goes through more events than one page of the database, each of them once', async () => {
    const many = Array.from({ length: 2_500 }, (_, n) => ({
      action: 'post.viewed',
      entity: 'Post',
      metadata: { n },
      teamId: bench.teamId,
    }));
    await bench.ctx.db.auditEvent.createMany({ data: many });
    const answer = await exported(superuser, { format: 'json', 'filters.action': 'post.viewed' });
    const numbers = (answer.body as { metadata: { n: number } }[]).map(({ metadata }) => metadata.n);
    expect(numbers.sort((one, other) => one - other)).toEqual(many.map(({ metadata }) => metadata.n));
  });

  it('is for superusers, by POST, of what is known; everything else is refused and not on record', async () => {
    const count = () => bench.ctx.db.auditEvent.count({ where: { action: 'audit.exported' } });
    const before = await count();
    expect((await exported(author, { format: 'csv' })).status).toBe(403);
    expect((await exported(manager, { format: 'csv' })).status).toBe(403);
    expect((await bench.ask(null, '/api/resources/AuditEvent/actions/export', { format: 'csv' })).status).toBe(401);
    expect((await bench.ask(superuser, '/api/resources/AuditEvent/actions/export')).status).toBe(405);
    expect((await exported(superuser, {})).status).toBe(400);
    expect((await exported(superuser, { format: 'xml' })).status).toBe(400);
    expect((await exported(superuser, { format: 'csv', 'filters.hash': 'a' })).status).toBe(400);
    expect((await exported(superuser, { format: 'csv', 'filters.occurredAt~~from': 'yesterday' })).status).toBe(400);
    expect(await count()).toBe(before);
  });
});

describe('the history of a record', () => {
  const history = (person: Actor, path: string) => bench.ask(person, `/api/history/${path}`);

  it.each(['ConnectedAccount', 'Team', 'User', 'Membership', 'Hold'] as const)(
    'is on the page of a %s',
    async (name) => {
      const { db } = bench.ctx;
      const id = {
        ConnectedAccount: bench.account.id,
        Team: bench.teamId,
        User: author.id,
        Membership: (await db.membership.findFirstOrThrow({ where: { userId: author.id } })).id,
        Hold: (await db.hold.create({ data: { scope: 'team', teamId: bench.teamId, reason: 'x' } })).id,
      }[name];
      await record({ action: 'post.deleted', entity: name, entityId: id, metadata: { reason: `about a ${name}` } });
      const answer = await bench.ask(superuser, `/api/resources/${name}/records/${id}/show`);
      expect(answer.body.record.details.history.events[0]).toMatchObject({
        action: 'post.deleted',
        metadata: { reason: `about a ${name}` },
      });
    },
  );

  it('goes back as far as there is something, page by page, without a gap', async () => {
    const post = await createPost(bench.ctx, author, { text: 'Edited often' });
    for (let n = 0; n < 60; n++) await editPost(bench.ctx, author, post.id, { text: `Version ${n}` });
    const first = (await bench.ask(author, `/api/resources/Post/records/${post.id}/show`)).body.record.details.history;
    expect(first.events).toHaveLength(50);
    const second = (await history(author, `Post/${post.id}?before=${first.olderThan}`)).body;
    expect(second).toMatchObject({ olderThan: null });
    expect(second.events.at(-1)).toMatchObject({ action: 'post.created', actor: author.name });
    const ids = [...first.events, ...second.events].map((event: { id: string }) => event.id);
    expect(new Set(ids).size).toBe(61);
  });

  it('is not there for who may not see the record, and shows nothing of other records', async () => {
    const colleague = await bench.person('author');
    const post = await createPost(bench.ctx, author, { text: 'Not for colleagues' });
    const foreign = await history(colleague, `Post/${post.id}`);
    const unknown = await history(colleague, 'Post/01900000-0000-7000-8000-000000000000');
    expect(foreign.status).toBe(404);
    expect(foreign.body).toEqual(unknown.body);
    expect((await history(colleague, 'AuditEvent/x')).status).toBe(404);
    expect((await history(colleague, `constructor/${post.id}`)).status).toBe(404);
    const other = await bench.ctx.db.auditEvent.findFirstOrThrow({ where: { entity: 'Hold' } });
    expect((await history(author, `Post/${post.id}?before=${other.id}`)).status).toBe(404);
  });

  it('keeps to himself what somebody does with his own access; superusers see it', async () => {
    await record({ action: 'user.signed_in', entity: 'User', entityId: author.id, actorId: author.id, teamId: null });
    const shown = async (person: Actor) =>
      (await bench.ask(person, `/api/resources/User/records/${author.id}/show`)).body.record.details.history.events.map(
        (event: { action: string }) => event.action,
      );
    expect(await shown(author)).toContain('user.signed_in');
    expect(await shown(superuser)).toContain('user.signed_in');
    expect(await shown(manager)).not.toContain('user.signed_in');
  });
});

describe('a filter with too many values', () => {
  it.each(['action', 'entityId'])(
    'is refused with a sentence: %s, also where no address limits its length',
    async (path) => {
      const values = { format: 'json', [`filters.${path}`]: 'a,'.repeat(40_000) };
      const exported = await bench.ask(superuser, '/api/resources/AuditEvent/actions/export', values);
      expect(exported.status).toBe(400);
      expect(exported.body.error).toBe(`At most 100 values can be looked for at once in ${path}; these are 40,000.`);
    },
  );

  it('has its limit in lists too, and a hundred are enough', async () => {
    const some = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`).join(',');
    expect((await list(superuser, { 'filters.entityId': some(101) })).status).toBe(400);
    expect((await list(superuser, { 'filters.entityId': some(100) })).status).toBe(200);
    const statuses = 'draft,'.repeat(101);
    const posts = await bench.ask(superuser, `/api/resources/Post/actions/list?filters.status=${statuses}`);
    expect(posts.status).toBe(400);
  });
});

// Last, because it breaks the chain.
describe('verifying by a button', () => {
  it('is for superusers, by POST', async () => {
    expect((await verify(manager)).status).toBe(403);
    expect((await bench.ask(superuser, '/api/resources/AuditEvent/actions/verify')).status).toBe(405);
  });

  it('says that all is well, and what the head is; who asked is on record', async () => {
    while ((await sealAuditChain(bench.ctx.db)) > 0);
    const last = await bench.ctx.db.auditEvent.findFirstOrThrow({
      where: { position: { not: null } },
      orderBy: { position: 'desc' },
    });
    const { body } = await verify(superuser);
    expect(body).toMatchObject({
      notice: { type: 'success' },
      verdict: { intact: true, events: last.position, unsealed: 0, head: last.hash },
    });
    const event = await bench.ctx.db.auditEvent.findFirstOrThrow({ where: { action: 'audit.verified' } });
    expect(event).toMatchObject({ actorId: superuser.id, metadata: { intact: true, head: last.hash } });
  });

  it('names the first event that somebody changed with the database in hand', async () => {
    const { db } = bench.ctx;
    const third = await db.auditEvent.findFirstOrThrow({ where: { position: 3 } });
    await db.$executeRawUnsafe('ALTER TABLE audit_events DISABLE TRIGGER USER');
    await db.$executeRaw`UPDATE audit_events SET occurred_at = occurred_at - interval '1 hour' WHERE position IN (3, 5)`;
    await db.$executeRawUnsafe('ALTER TABLE audit_events ENABLE TRIGGER USER');
    const { status, body } = await verify(superuser);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      notice: { type: 'error', message: expect.stringContaining('position 3') },
      verdict: { intact: false, position: 3, eventId: third.id },
    });
  });
});
