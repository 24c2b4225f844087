/** What the panel says about things that have not happened yet: connections that end, posts that would not go out, posts that wait. */
import type { ConnectedAccount } from '@prisma/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { createPost } from '../publishing/posts.ts';
import { preflight } from '../publishing/preflight.ts';
import { schedulePost } from '../publishing/schedule-post.ts';
import { openPanelBench, type PanelBench } from '../testing/panel-bench.ts';
import { MEMBERS } from '../testing/publishing-bench.ts';

let bench: PanelBench;
let author: Actor;
let colleague: Actor;
let manager: Actor;
let outsider: Actor;
let account: ConnectedAccount;

beforeAll(async () => {
  bench = await openPanelBench();
  author = bench.author;
  colleague = await bench.person('author');
  manager = await bench.person('manager');
  account = await bench.connect(manager, MEMBERS[1], false);
  const other = await bench.ctx.db.team.create({ data: { name: 'Other team' } });
  const stranger = await bench.ctx.db.user.create({
    data: { email: 'o@example.com', name: 'Outsider', memberships: { create: { teamId: other.id, role: 'manager' } } },
  });
  outsider = { ...author, id: stranger.id };
}, 60_000);
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.ctx.db.preflightCheck.deleteMany();
  await bench.ctx.db.publication.deleteMany();
  await bench.ctx.db.connectedAccount.updateMany({
    data: { status: 'active', statusReason: null, permissionEndsAt: null },
  });
});

const days = (count: number) => new Date(Date.now() + count * 86_400_000);
const dashboard = async (person: Actor) => (await bench.ask(person, '/api/dashboard')).body;
const accountPage = async (person: Actor) =>
  (await bench.ask(person, `/api/resources/ConnectedAccount/records/${account.id}/show`)).body.record.details;
const accountList = async (person: Actor) =>
  (await bench.ask(person, '/api/resources/ConnectedAccount/actions/list')).body.endingConnections;
const endsIn = (count: number) =>
  bench.ctx.db.connectedAccount.update({ where: { id: account.id }, data: { permissionEndsAt: days(count) } });
async function scheduled(person: Actor, dueAt: Date, text = 'Hello') {
  const post = await createPost(bench.ctx, person, { text, accounts: [account.id], scheduledAt: dueAt.toISOString() });
  await schedulePost(bench.ctx, person, post.id);
  return post;
}

describe('a connection that only a person can renew', () => {
  it('was given its end when it was connected: LinkedIn’s sixty days', async () => {
    const connected = await bench.connect(manager, MEMBERS[2], false);
    const { permissionEndsAt } = connected;
    expect(permissionEndsAt).toEqual(connected.tokenExpiresAt);
    const inDays = ((permissionEndsAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(inDays).toBeGreaterThan(59);
    expect(inDays).toBeLessThan(61);
    const page = await bench.ask(manager, `/api/resources/ConnectedAccount/records/${connected.id}/show`);
    expect(page.body.record.params.permissionEndsAt).toBe(permissionEndsAt?.toISOString());
  });

  it('is told on dashboard, list and page from fourteen days before, with the way to renew it', async () => {
    await endsIn(15);
    expect((await dashboard(manager)).endingConnections).toEqual([]);
    await endsIn(13);
    const told = [{ id: account.id, postsAfter: 0, mayReconnect: true }];
    expect((await dashboard(manager)).endingConnections).toMatchObject(told);
    expect(await accountList(manager)).toMatchObject(told);
    expect((await accountPage(manager)).endingConnections).toMatchObject(told);
    const [{ reconnectUrl }] = await accountList(manager);
    expect(reconnectUrl).toBe(`/connect/linkedin?team=${bench.teamId}&renew=1&account=${account.id}`);
    expect((await dashboard(author)).endingConnections).toMatchObject([{ id: account.id, mayReconnect: false }]);
    expect((await dashboard(outsider)).endingConnections).toEqual([]);
  });

  it('is told at once when posts are scheduled after it, counting those one may see', async () => {
    await endsIn(40);
    await scheduled(author, days(41));
    await scheduled(author, days(39));
    await scheduled(colleague, days(50));
    expect((await dashboard(manager)).endingConnections).toMatchObject([{ id: account.id, postsAfter: 2 }]);
    expect((await dashboard(author)).endingConnections).toMatchObject([{ id: account.id, postsAfter: 1 }]);
    expect((await accountPage(manager)).endingConnections).toMatchObject([{ postsAfter: 2 }]);
  });

  it('counts posts that wait for approval', async () => {
    await endsIn(40);
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: true } });
    await scheduled(author, days(41));
    await bench.ctx.db.team.update({ where: { id: bench.teamId }, data: { requiresApproval: false } });
    expect((await dashboard(manager)).endingConnections).toMatchObject([{ postsAfter: 1 }]);
  });

  it('does not keep anybody from scheduling after it, but it is said', async () => {
    await bench.ctx.db.connectedAccount.update({
      where: { id: account.id },
      data: { permissionEndsAt: new Date('2028-03-01T12:00:00Z') },
    });
    const schedule = async (scheduledAt: string) => {
      const post = await createPost(bench.ctx, author, { text: 'Hello', accounts: [account.id], scheduledAt });
      return (await bench.ask(author, `/api/resources/Post/records/${post.id}/schedule`, {})).body;
    };
    const before = await schedule('2028-03-01T11:00:00Z');
    expect(before.notice.message).toBe('Scheduled. It will be published on time, without you.');
    const after = await schedule('2028-03-01T13:00:00Z');
    expect(after.notice).toEqual({
      type: 'success',
      message: `Scheduled. It will be published on time, without you. But the connection to ${account.displayName} ends on 1 March 2028, before this is due: connect it again until then.`,
    });
    expect(after.record.params.status).toBe('scheduled');
  });
});

describe('a post that would not go out tomorrow', () => {
  it('is on the dashboard, its own page and that of its publication, for those who may see it', async () => {
    const post = await scheduled(author, days(0.5), 'Tomorrow’s news');
    await scheduled(author, days(0.6), 'Fine');
    await bench.ctx.db.post.update({ where: { id: post.id }, data: { text: 'x'.repeat(3001) } });
    await preflight(bench.ctx, new AbortController().signal);
    const message = expect.stringContaining('3,000 characters');
    for (const person of [author, manager])
      expect((await dashboard(person)).problemsAhead).toMatchObject({
        total: 1,
        first: [{ account: { displayName: account.displayName }, messages: [message] }],
      });
    for (const person of [colleague, outsider])
      expect((await dashboard(person)).problemsAhead).toEqual({ total: 0, first: [] });
    const publication = await bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
    const page = async (resource: string, id: string) =>
      (await bench.ask(author, `/api/resources/${resource}/records/${id}/show`)).body.record.details;
    expect((await page('Post', post.id)).publications).toMatchObject([{ findings: [{ kind: 'content', message }] }]);
    expect((await page('Publication', publication.id)).findings).toEqual([{ kind: 'content', message }]);

    await bench.ctx.db.publication.update({ where: { id: publication.id }, data: { status: 'held' } });
    expect((await page('Publication', publication.id)).findings).toEqual([]);
    expect((await dashboard(author)).problemsAhead.total).toBe(0);
  });

  it('is counted once, however many of its accounts have a problem', async () => {
    const post = await createPost(bench.ctx, manager, {
      text: 'For two',
      accounts: [account.id, (await bench.connect(manager, MEMBERS[2], false)).id],
      scheduledAt: days(0.5).toISOString(),
    });
    await schedulePost(bench.ctx, manager, post.id);
    await bench.ctx.db.post.update({ where: { id: post.id }, data: { text: ' ' } });
    await preflight(bench.ctx, new AbortController().signal);
    const { total, first } = (await dashboard(manager)).problemsAhead;
    expect([total, first.length]).toEqual([1, 2]);
  });
});

it('a broken connection is told with the posts that wait for it, first those that are due first', async () => {
  for (const [index, text] of ['Fourth', 'Second', 'First', 'Third'].entries())
    await scheduled(author, days([4, 2, 1, 3][index] ?? 0), text);
  await bench.ctx.db.connectedAccount.update({
    where: { id: account.id },
    data: { status: 'reconnect_required', statusReason: 'LinkedIn no longer accepts it.' },
  });
  const told = (await dashboard(manager)).accountsToReconnect;
  expect(told).toMatchObject([
    { id: account.id, statusReason: 'LinkedIn no longer accepts it.', mayReconnect: true, waiting: { total: 4 } },
  ]);
  expect(told[0].waiting.first.map(({ text }: { text: string }) => text)).toEqual(['First', 'Second', 'Third']);
  expect((await dashboard(colleague)).accountsToReconnect).toMatchObject([{ waiting: { total: 0, first: [] } }]);
  // What is broken already does not end any more.
  await endsIn(3);
  expect((await dashboard(manager)).endingConnections).toEqual([]);
});

describe('an account that another team has connected too', () => {
  const list = async (person: Actor) =>
    (await bench.ask(person, '/api/resources/ConnectedAccount/actions/list')).body.sharedAccounts;
  const page = async (person: Actor) => (await accountPage(person)).sharedAccounts;

  it('is told to whoever connects it, and on its page, with the other team’s name only for those who may see it', async () => {
    const { db } = bench.ctx;
    await db.connectedAccount.update({ where: { id: account.id }, data: { connectedAt: new Date() } });
    expect([await list(manager), await page(manager)]).toEqual([[], []]);
    const twin = await db.team.create({ data: { name: 'Press office' } });
    const { id: _, teamId: __, ...same } = account;
    const other = await db.connectedAccount.create({ data: { ...same, teamId: twin.id, connectedById: outsider.id } });
    try {
      const told = (whom: string) => [
        {
          id: account.id,
          sentence: `${account.displayName} is also connected to ${whom}. At LinkedIn it is one account, so the posts of both teams share its limits.`,
        },
      ];
      expect([await list(manager), await page(manager)]).toEqual([told('another team'), told('another team')]);
      const root = await db.user.create({ data: { email: 'root@example.com', name: 'Root', isSuperuser: true } });
      const superuser = { ...author, id: root.id, isSuperuser: true, memberships: [] };
      expect(await page(superuser)).toEqual(told('the team Press office'));
      // Whoever did not connect it finds it on its page, not above every list.
      expect([await list(colleague), await page(colleague)]).toEqual([[], told('another team')]);

      await db.connectedAccount.update({ where: { id: other.id }, data: { status: 'disconnected' } });
      expect([await list(manager), await page(manager)]).toEqual([[], []]);
    } finally {
      await db.connectedAccount.delete({ where: { id: other.id } });
      await db.team.delete({ where: { id: twin.id } });
    }
  });

  it('is not told for longer than an hour above the list', async () => {
    const { db } = bench.ctx;
    const other = await db.team.create({ data: { name: 'Second office' } });
    const { id: _, teamId: __, ...same } = account;
    await db.connectedAccount.create({ data: { ...same, teamId: other.id, connectedById: outsider.id } });
    await db.connectedAccount.update({ where: { id: account.id }, data: { connectedAt: days(-0.1) } });
    expect(await list(manager)).toEqual([]);
    expect(await page(manager)).toHaveLength(1);
  });
});
