import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';

let bench: PanelBench;
let author: Actor;
let superuser: Actor;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  const root = await bench.ctx.db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
  superuser = { ...author, id: root.id, isSuperuser: true, memberships: [] };
}, 60_000);

afterAll(() => bench.close());

const newPost = (values: Record<string, unknown>) => bench.ask(author, '/api/resources/Post/actions/new', values);
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

describe('a post', () => {
  it('is saved as a draft and answered as AdminJS does it', async () => {
    const scheduledAt = inAnHour();
    const { status, body } = await newPost({
      text: 'Hello',
      linkUrl: 'https://example.com/a',
      accounts: [bench.account.id],
      scheduledAt,
      timeZone: 'Europe/Warsaw',
    });
    expect(status).toBe(200);
    expect(body.notice.type).toBe('success');
    expect(body.record.params).toMatchObject({
      text: 'Hello',
      linkUrl: 'https://example.com/a',
      status: 'draft',
      author: author.id,
      team: bench.teamId,
      timeZone: 'Europe/Warsaw',
      scheduledAt,
      'accounts.0': bench.account.id,
    });
    expect(body.redirectUrl).toBe(`/admin/resources/Post/records/${body.record.params.id}/show`);
    expect(body.record.populated.author.params).toMatchObject({ name: author.name });
  });

  it.each([
    ['a JSON array', (id: string) => ({ accounts: [id] })],
    ['AdminJS’s flat keys', (id: string) => ({ 'accounts.0': id })],
    ['indexed keys', (id: string) => ({ 'accounts[0]': id })],
    ['a text with commas', (id: string) => ({ accounts: `${id},${id}` })],
    ['a JSON array as text', (id: string) => ({ accounts: JSON.stringify([id]) })],
  ])('takes its accounts as %s', async (_form, values) => {
    const { body } = await newPost({ text: 'With an account', ...values(bench.account.id) });
    expect(body.record.params['accounts.0']).toBe(bench.account.id);
    expect(body.record.params['accounts.1']).toBeUndefined();
  });

  it('takes a form with repeated keys', async () => {
    const body = new URLSearchParams([
      ['text', 'From a form'],
      ['accounts', bench.account.id],
      ['accounts', bench.account.id],
    ]);
    const answer = await bench.send(author, '/api/resources/Post/actions/new', { method: 'POST', body });
    expect(answer.body.record.params['accounts.0']).toBe(bench.account.id);
  });

  it('ignores what nobody may set', async () => {
    const id = '01900000-0000-7000-8000-00000000abcd';
    const { body } = await newPost({
      id,
      text: 'Mine',
      status: 'published',
      author: superuser.id,
      createdAt: '2001-01-01T00:00:00Z',
    });
    expect(body.record.params.id).not.toBe(id);
    expect(body.record.params).toMatchObject({ status: 'draft', author: author.id });
    expect(Date.parse(body.record.params.createdAt)).toBeGreaterThan(Date.parse('2020-01-01'));
  });

  it.each([
    ['text', { text: '  ' }],
    ['text', { text: 'x'.repeat(3001), needsAccount: true }],
    ['linkUrl', { text: 'x', linkUrl: 'no link' }],
    ['accounts', { text: 'x', accounts: ['01900000-0000-7000-8000-000000000000'] }],
    ['accounts', { text: 'x', accounts: 'not-an-id' }],
    ['scheduledAt', { text: 'x', scheduledAt: '2001-01-01T10:00', timeZone: 'UTC' }],
    ['scheduledAt', { text: 'x', scheduledAt: '2027-03-28T02:30', timeZone: 'Europe/Warsaw' }],
    ['scheduledAt', { text: 'x', scheduledAt: 'tomorrow', timeZone: 'UTC' }],
    ['timeZone', { text: 'x', scheduledAt: '2027-03-28T12:30', timeZone: 'Mars/Olympus' }],
    ['team', { text: 'x', team: '01900000-0000-7000-8000-000000000000' }],
  ])(
    'with a bad %s gets a message there, and nothing is saved or lost',
    async (field, { needsAccount, ...values }: Record<string, unknown>) => {
      const before = await bench.ctx.db.post.count();
      const { status, body } = await newPost({
        ...values,
        ...(needsAccount === true ? { accounts: [bench.account.id] } : {}),
      });
      expect(status).toBe(200);
      expect(body.notice.type).toBe('error');
      expect(body.record.errors[field].message).toMatch(/^[A-Z"0-9].+\.$/);
      expect(body.record.params.text).toBe(values.text);
      expect(await bench.ctx.db.post.count()).toBe(before);
    },
  );

  it('is scheduled, cancelled and duplicated by its actions', async () => {
    const { body } = await newPost({ text: 'On its way', accounts: [bench.account.id], scheduledAt: inAnHour() });
    const at = `/api/resources/Post/records/${body.record.params.id}`;
    expect((await bench.ask(author, `${at}/schedule`, {})).body.record.params.status).toBe('scheduled');
    expect((await bench.ask(author, `${at}/cancel`, {})).body.record.params.status).toBe('cancelled');
    const copy = await bench.ask(author, `${at}/duplicate`, {});
    expect(copy.body.record.params).toMatchObject({ text: 'On its way', status: 'draft' });
    expect(copy.body.record.params.id).not.toBe(body.record.params.id);
  });

  it('without a time is not scheduled, and the person is told why', async () => {
    const { body } = await newPost({ text: 'No time', accounts: [bench.account.id] });
    const answer = await bench.ask(author, `/api/resources/Post/records/${body.record.params.id}/schedule`, {});
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ notice: { type: 'error' }, fields: { scheduledAt: expect.any(String) } });
    expect(answer.body.error).toMatch(/date and time/);
  });

  it('that was published is read-only and cannot be deleted', async () => {
    const { body } = await newPost({ text: 'Published', accounts: [bench.account.id] });
    const { id } = body.record.params;
    await bench.ctx.db.publication.updateMany({
      where: { postId: id },
      data: { status: 'published', acceptedAt: new Date(), externalId: 'urn:li:share:9' },
    });
    await bench.ctx.db.post.update({ where: { id }, data: { status: 'published' } });
    const edit = await bench.ask(author, `/api/resources/Post/records/${id}/edit`, { text: 'Rewritten' });
    const remove = await bench.ask(superuser, `/api/resources/Post/records/${id}/delete`, {});
    expect([edit.status, remove.status]).toEqual([409, 409]);
    expect(edit.body.error).toMatch(/read-only/);
    expect((await bench.ctx.db.post.findUniqueOrThrow({ where: { id } })).text).toBe('Published');
    const shown = await bench.ask(author, `/api/resources/Post/records/${id}/show`);
    expect(shown.body.record.recordActions.map((action: { name: string }) => action.name)).not.toContain('edit');
  });

  it('that somebody changed meanwhile is not overwritten', async () => {
    const { body } = await newPost({ text: 'First' });
    const { id, updatedAt } = body.record.params;
    const edit = (text: string, version: string) =>
      bench.ask(author, `/api/resources/Post/records/${id}/edit`, { text, updatedAt: version });
    expect((await edit('Second', updatedAt)).status).toBe(200);
    const late = await edit('Third', updatedAt);
    expect(late.status).toBe(409);
    expect((await bench.ctx.db.post.findUniqueOrThrow({ where: { id } })).text).toBe('Second');
  });
});

describe('an unconfirmed publication', () => {
  it('is resolved with a link and a reason, and not without', async () => {
    const { body } = await newPost({ text: 'Where is it', accounts: [bench.account.id] });
    const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: body.record.params.id } });
    await bench.ctx.db.publication.update({ where: { id: publication.id }, data: { status: 'unconfirmed' } });
    const resolve = (values: Record<string, string>) =>
      bench.ask(author, `/api/resources/Publication/records/${publication.id}/resolve`, values);
    const bare = await resolve({ resolution: 'live' });
    expect(bare.status).toBe(400);
    expect(Object.keys(bare.body.fields).sort()).toEqual(['permalink', 'reason']);
    const done = await resolve({
      resolution: 'live',
      permalink: 'https://www.linkedin.com/feed/update/urn:li:share:1/',
      reason: 'I see it',
    });
    expect(done.body.record.params).toMatchObject({
      status: 'published',
      permalink: 'https://www.linkedin.com/feed/update/urn:li:share:1/',
    });
  });
});

describe('a publication that is held because of a restore', () => {
  it('is answered like an unconfirmed one, and offers neither Send again nor Cancel', async () => {
    const { body } = await newPost({ text: 'Is it out', accounts: [bench.account.id] });
    const { id } = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: body.record.params.id } });
    await bench.ctx.db.publication.update({ where: { id }, data: { status: 'held', errorCode: 'restored' } });
    const at = `/api/resources/Publication/records/${id}`;
    const actions = async () =>
      (await bench.ask(author, `${at}/show`)).body.record.recordActions.map(({ name }: { name: string }) => name);
    expect(await actions()).toContain('resolve');
    expect(await actions()).not.toContain('retry');
    expect(await actions()).not.toContain('cancel');
    const listed = await bench.ask(author, '/api/resources/Publication/actions/list');
    const row = listed.body.records.find((record: { params: { id: string } }) => record.params.id === id);
    expect(row.recordActions.map(({ name }: { name: string }) => name)).toContain('resolve');
    const again = await bench.ask(author, `${at}/retry`, {});
    expect(again.status).toBe(409);
    expect(again.body.error).toMatch(/may already be live.*Resolve it/);
    const permalink = 'https://www.linkedin.com/feed/update/urn:li:share:88/';
    const done = await bench.ask(author, `${at}/resolve`, { resolution: 'live', permalink, reason: 'I see it' });
    expect(done.body.record.params).toMatchObject({ status: 'published', permalink });
    expect((await bench.ask(author, `${at}/show`)).status).toBe(200);
  });
});

describe('people and teams', () => {
  it('are made by a superuser; a name or an address taken already is told at the field', async () => {
    const team = await bench.ask(superuser, '/api/resources/Team/actions/new', {
      name: 'Press',
      timeZone: 'Europe/Paris',
    });
    expect(team.body.record.params).toMatchObject({ name: 'Press', timeZone: 'Europe/Paris' });
    const again = await bench.ask(superuser, '/api/resources/Team/actions/new', { name: ' press ' });
    expect(again.body.record.errors.name.message).toMatch(/already/);

    const person = {
      email: 'Nia@Example.com',
      name: 'Nia',
      password: 'a long enough password',
      timeZone: 'Europe/Paris',
    };
    const added = await bench.ask(superuser, '/api/resources/User/actions/new', person);
    expect(added.body.record.params).toMatchObject({ email: 'nia@example.com', name: 'Nia', isSuperuser: false });
    expect(added.text).not.toContain(person.password);
    const twice = await bench.ask(superuser, '/api/resources/User/actions/new', person);
    expect(twice.body.record.errors.email.message).toMatch(/already/);
    const weak = await bench.ask(superuser, '/api/resources/User/actions/new', {
      ...person,
      email: 'x@example.com',
      password: 'short',
    });
    expect(weak.body.record.errors.password.message).toContain('at least 8');

    const membership = await bench.ask(superuser, '/api/resources/Membership/actions/new', {
      user: added.body.record.params.id,
      team: team.body.record.params.id,
      role: 'manager',
    });
    expect(membership.body.record.params).toMatchObject({ role: 'manager' });
    const events = await bench.ctx.db.auditEvent.findMany({
      where: { action: { in: ['team.created', 'user.created', 'membership.created'] }, actorId: superuser.id },
    });
    expect(events.map((event) => event.action).sort()).toEqual(['membership.created', 'team.created', 'user.created']);
  });

  it('change their own name and zone, and are told what they may not change', async () => {
    const edit = (values: Record<string, unknown>) =>
      bench.ask(author, `/api/resources/User/records/${author.id}/edit`, values);
    const saved = await edit({ name: 'New name', timeZone: 'Asia/Tokyo', email: author.email, isActive: true });
    expect(saved.body.notice).toMatchObject({ type: 'success', message: 'Saved.' });
    for (const [field, value] of [
      ['email', 'other@example.com'],
      ['isSuperuser', true],
      ['isActive', false],
      ['password', 'a long enough password'],
    ] as const) {
      const refused = await edit({ name: 'Another name', [field]: value });
      expect(refused.body.notice.type, field).toBe('error');
      expect(refused.body.record.errors[field].message).toMatch(/^[A-Z].+\.$/);
      expect(refused.text).not.toContain('a long enough password');
      expect(refused.body.record.params).toMatchObject({ isSuperuser: false, isActive: true });
    }
    const user = await bench.ctx.db.user.findUniqueOrThrow({ where: { id: author.id }, include: { credential: true } });
    expect(user).toMatchObject({
      name: 'New name',
      timeZone: 'Asia/Tokyo',
      isSuperuser: false,
      isActive: true,
      email: author.email,
      credential: null,
    });
  });

  it('cannot lock themselves out', async () => {
    const answer = await bench.ask(superuser, `/api/resources/User/records/${superuser.id}/edit`, {
      isSuperuser: false,
    });
    expect(answer.body.record.errors.isSuperuser.message).toMatch(/another superuser/);
  });
});

describe('holds and accounts', () => {
  it('are ordered and released, disconnected and reconnected', async () => {
    const made = await bench.ask(superuser, '/api/resources/Hold/actions/new', {
      scope: 'account',
      account: bench.account.id,
      reason: 'Wrong logo',
    });
    expect(made.body.record.params).toMatchObject({
      scope: 'account',
      account: bench.account.id,
      reason: 'Wrong logo',
    });
    const released = await bench.ask(
      superuser,
      `/api/resources/Hold/records/${made.body.record.params.id}/release`,
      {},
    );
    expect(released.body.record.params.releasedAt).toEqual(expect.any(String));
    const at = `/api/resources/ConnectedAccount/records/${bench.account.id}`;
    expect((await bench.ask(author, `${at}/reconnect`, {})).body.redirectUrl).toBe(
      `/connect/linkedin?team=${bench.teamId}&renew=1&account=${bench.account.id}`,
    );
    expect((await bench.ask(author, `${at}/disconnect`, {})).body.record.params.status).toBe('disconnected');
  });
});
