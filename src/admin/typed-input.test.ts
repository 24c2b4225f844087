/** What somebody can type, by hand or on purpose, that is not what a form would send. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';

let bench: PanelBench;
let author: Actor;
let manager: Actor;
let superuser: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  manager = await bench.person('manager');
  const root = await bench.ctx.db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...author, id: root.id, isSuperuser: true, memberships: [] };
}, 60_000);
afterAll(() => bench.close());

describe('an invisible control character', () => {
  it.each([
    ['Team', 'name', { timeZone: 'UTC' }],
    ['Team', 'timeZone', { name: 'Press' }],
    ['User', 'name', { email: 'nia@example.com', timeZone: 'UTC' }],
    ['User', 'email', { name: 'Nia', timeZone: 'UTC' }],
    ['Membership', 'role', {}],
    ['Hold', 'reason', { scope: 'everything' }],
    ['Hold', 'scope', { reason: 'Wrong logo' }],
    ['Post', 'text', {}],
    ['Post', 'linkUrl', { text: 'Hello' }],
    ['Post', 'scheduledAt', { text: 'Hello' }],
  ])('in a new %s’s %s is named at its field', async (resource, field, values) => {
    for (const text of ['a\u0000b', 'a\u001bb']) {
      const typed = { ...values, [field]: text };
      const answer = await bench.ask(superuser, `/api/resources/${resource}/actions/new`, typed);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body.record.errors[field].message).toMatch(
        / has an invisible control character\. Type it again\.$/,
      );
    }
  });

  it('in the answer about an unconfirmed publication is a 400 that names the field', async () => {
    const post = await bench.ask(author, '/api/resources/Post/actions/new', {
      text: 'Where is it',
      accounts: [bench.account.id],
    });
    const where = { postId: post.body.record.params.id };
    await bench.ctx.db.publication.updateMany({ where, data: { status: 'unconfirmed' } });
    const { id } = await bench.ctx.db.publication.findFirstOrThrow({ where });
    const at = `/api/resources/Publication/records/${id}/resolve`;
    const reason = await bench.ask(author, at, { resolution: 'absent', reason: 'seen\u0000' });
    expect(reason.status).toBe(400);
    expect(reason.body.fields.reason).toBe('Reason has an invisible control character. Type it again.');
    const link = await bench.ask(author, at, {
      resolution: 'live',
      reason: 'seen',
      permalink: 'https://a.example/\u0000',
    });
    expect(link.status).toBe(400);
    expect(link.body.fields.permalink).toMatch(/control character/);
  });

  it('is not a tab or a line break, which a reason may have', async () => {
    const answer = await bench.ask(manager, '/api/resources/Hold/actions/new', {
      scope: 'account',
      account: bench.account.id,
      reason: 'First\tline\r\nsecond line',
    });
    expect(answer.body.notice.type, answer.text).toBe('success');
    await bench.ask(manager, `/api/resources/Hold/records/${answer.body.record.params.id}/release`, {});
  });

  it('has a companion: half an emoji is refused as well', async () => {
    const { body } = await bench.ask(superuser, '/api/resources/Hold/actions/new', {
      scope: 'everything',
      reason: 'broken \ud83d',
    });
    expect(body.record.errors.reason.message).toMatch(/broken character/);
  });
});

describe('a reason of which nothing is seen', () => {
  it('is none, for a hold', async () => {
    const values = { scope: 'account', account: bench.account.id, reason: '\u200b' };
    const { body } = await bench.ask(manager, '/api/resources/Hold/actions/new', values);
    expect(body.record.errors.reason.message).toBe('Say why. It is shown to everybody who waits.');
  });
});

describe('a reason of more than 500 characters', () => {
  const long = 'y'.repeat(501);
  const sentence = 'Say it in at most 500 characters; this has 501.';
  const newPost = async (values: Record<string, unknown> = {}) => {
    const answer = await bench.ask(author, '/api/resources/Post/actions/new', {
      text: 'Why',
      accounts: [bench.account.id],
      ...values,
    });
    return answer.body.record.params.id as string;
  };

  it('for a hold, and for releasing one, is refused with a sentence; 500 emoji are not', async () => {
    const hold = (reason: string) =>
      bench.ask(manager, '/api/resources/Hold/actions/new', { scope: 'account', account: bench.account.id, reason });
    expect((await hold(long)).body.record.errors.reason.message).toBe(sentence);
    const { id } = (await hold('🙂'.repeat(500))).body.record.params;
    const release = (reason: string) => bench.ask(manager, `/api/resources/Hold/records/${id}/release`, { reason });
    const refused = await release(long);
    expect([refused.status, refused.body.fields?.reason]).toEqual([400, sentence]);
    expect((await release('')).body.notice.type).toBe('success');
  });

  it('for sending a post back is refused with a sentence', async () => {
    const id = await newPost({ scheduledAt: new Date(Date.now() + 3_600_000).toISOString(), timeZone: 'UTC' });
    await bench.ctx.db.publication.updateMany({ where: { postId: id }, data: { status: 'awaiting_approval' } });
    const refused = await bench.ask(manager, `/api/resources/Post/records/${id}/sendBack`, { reason: long });
    expect([refused.status, refused.body.fields?.reason]).toEqual([400, sentence]);
  });

  it('for what is unconfirmed is refused with a sentence, one by one and many at once', async () => {
    const where = { postId: await newPost() };
    await bench.ctx.db.publication.updateMany({ where, data: { status: 'unconfirmed' } });
    const { id } = await bench.ctx.db.publication.findFirstOrThrow({ where });
    const values = { resolution: 'absent', reason: long };
    for (const [path, more] of [
      [`records/${id}/resolve`, {}],
      ['actions/resolveMany', { ids: [id] }],
    ] as const) {
      const refused = await bench.ask(author, `/api/resources/Publication/${path}`, { ...values, ...more });
      expect([refused.status, refused.body.fields?.reason]).toEqual([400, sentence]);
    }
  });
});

describe('an address of a list', () => {
  it.each([
    'filters.constructor=1',
    'filters.__proto__=1',
    'filters.toString=1',
    'filters.constructor~~from=1',
    'filters[text]=a',
    'filters[constructor]=a',
    'filters=a',
    'filters.=a',
    'filters.scheduledAt~~from[]=a',
    'filters.scheduledAt~~since=2026-01-01',
    'filters.text=a&filters.text=b',
    'sortBy[]=a',
    'sortBy.constructor=a',
    'sortBy=constructor',
    'sortBy=__proto__',
    'direction[]=asc',
    'page[]=1',
    'perPage[constructor]=1',
  ])('with %s is refused with a sentence', async (query) => {
    const answer = await bench.ask(author, `/api/resources/Post/actions/list?${query}`);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.error).toMatch(/^[A-Za-z"].+\.$/);
  });

  it('with a filter that is left empty shows everything', async () => {
    expect((await bench.ask(author, '/api/resources/Post/actions/list?filters.status=')).status).toBe(200);
    const since = 'filters.scheduledAt~~from=2026-01-01T00:00:00Z&filters.scheduledAt~~to=';
    expect((await bench.ask(author, `/api/resources/Post/actions/list?${since}`)).status).toBe(200);
  });
});

describe('a hold of something of another team', () => {
  it('is answered as if that did not exist', async () => {
    const { db } = bench.ctx;
    const other = await db.team.create({ data: { name: 'Other team' } });
    const { id: _id, ...account } = await db.connectedAccount.findUniqueOrThrow({ where: { id: bench.account.id } });
    const foreign = await db.connectedAccount.create({ data: { ...account, teamId: other.id, ownerId: null } });
    const unknown = '01900000-0000-7000-8000-000000000000';
    const hold = (values: Record<string, string>) =>
      bench.ask(manager, '/api/resources/Hold/actions/new', { reason: 'Probing', ...values });
    for (const [scope, known] of [
      ['team', other.id],
      ['account', foreign.id],
    ] as const) {
      const [theirs, nobodys] = [await hold({ scope, [scope]: known }), await hold({ scope, [scope]: unknown })];
      expect(theirs.status).toBe(nobodys.status);
      expect(theirs.text.replaceAll(known, '')).toBe(nobodys.text.replaceAll(unknown, ''));
    }
  });
});

describe('a number of minutes', () => {
  it.each([' ', '', '1e3', '0x10', '1.0', '-1', '+5', '1 0', '10081', '٣'])(
    'of a team’s late limit is not read into "%s"',
    async (lateLimitMinutes) => {
      const team = await bench.ctx.db.team.findUniqueOrThrow({ where: { id: bench.account.teamId } });
      const answer = await bench.ask(superuser, `/api/resources/Team/records/${team.id}/edit`, { lateLimitMinutes });
      expect(answer.body.record.errors.lateLimitMinutes.message).toBe('Give whole minutes, 0 to 10080.');
      expect(await bench.ctx.db.team.findUniqueOrThrow({ where: { id: team.id } })).toEqual(team);
    },
  );

  it('of a team’s late limit may have blanks around it, as a post’s own', async () => {
    const at = `/api/resources/Team/records/${bench.account.teamId}/edit`;
    const answer = await bench.ask(superuser, at, { lateLimitMinutes: ' 90 ' });
    expect(answer.body.record.params.lateLimitMinutes).toBe(90);
  });
});
