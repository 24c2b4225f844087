/** The pre-flight asks the platforms, once per account: against all three sandboxes, over HTTP. */
import type { ConnectedAccount } from '@prisma/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { Reach } from '../platforms/platform.ts';
import { type AllPlatforms, allPlatforms } from '../testing/all-platforms.ts';
import { type Bench, openBench } from '../testing/publishing-bench.ts';
import { askAccounts } from './ask-accounts.ts';
import { createPost } from './posts.ts';
import { preflight } from './preflight.ts';
import { schedulePost } from './schedule-post.ts';

let bench: Bench;
let all: AllPlatforms;
let ctx: AppContext;
let manager: Actor;

beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
  all = allPlatforms(bench);
  ctx = all.ctx;
});
afterAll(() => bench.close());
afterEach(async () => {
  all.silent = null;
  all.instead = null;
  await all.reset();
  await ctx.db.preflightCheck.deleteMany();
  await ctx.db.publication.updateMany({ data: { status: 'cancelled' } });
  await ctx.db.post.updateMany({ data: { status: 'cancelled' } });
});

async function scheduled(account: ConnectedAccount): Promise<string> {
  const scheduledAt = new Date(Date.now() + 3 * 3_600_000).toISOString();
  const text = `Text ${crypto.randomUUID()}`;
  const post = await createPost(ctx, manager, { text, accounts: [account.id], scheduledAt });
  await schedulePost(ctx, manager, post.id);
  return post.id;
}

const connect = (platform: Platform, reach?: Reach) => all.connect(manager, platform, reach);
const look = () => preflight(ctx, new AbortController().signal);
const stored = ({ id }: ConnectedAccount) => ctx.db.connectedAccount.findUniqueOrThrow({ where: { id } });
const publicationOf = (postId: string) => ctx.db.publication.findFirstOrThrow({ where: { postId } });
const askedLongAgo = ({ id }: ConnectedAccount) =>
  ctx.db.connectedAccount.update({ where: { id }, data: { askedAt: new Date(Date.now() - 310_000) } });
const problemsSaid = ({ id: entityId }: ConnectedAccount) =>
  ctx.db.auditEvent.count({ where: { action: 'account.reconnect_required', entityId } });
async function findings(postId: string): Promise<string[]> {
  const rows = await ctx.db.preflightFinding.findMany({ where: { check: { publication: { postId } } } });
  return rows.map(({ kind, message }) => `${kind}: ${message}`);
}

describe.each<[string, Platform, Reach, readonly string[]]>([
  ['a LinkedIn member', 'linkedin', 'own', ['GET /linkedin/v2/userinfo']],
  ['a LinkedIn Page', 'linkedin', 'organizations', ['GET /linkedin/rest/organizationAcls']],
  ['a Facebook Page', 'facebook', 'own', ['GET /facebook/v26.0/102000000000101/published_posts']],
  ['an X account', 'x', 'own', ['GET /x/2/users/me']],
])('%s', (_name, platform, reach, question) => {
  it('is asked about once, however many posts wait for it and however often they are looked at', async () => {
    const account = await connect(platform, reach);
    const posts = [await scheduled(account), await scheduled(account), await scheduled(account)];
    expect(await look()).toBe(3);
    expect(all.asked).toEqual(question);
    await ctx.db.preflightCheck.deleteMany();
    expect(await look()).toBe(3);
    expect(all.asked).toEqual(question);
    for (const post of posts) expect(await findings(post)).toEqual([]);
    expect((await stored(account)).status).toBe('active');
  });

  it('that was revoked there has to be connected again, and its posts are held, hours before they are due', async () => {
    const account = await connect(platform, reach);
    const post = await scheduled(account);
    await all.fault(account, 'revoked');
    await look();
    expect(await stored(account)).toMatchObject({ status: 'reconnect_required' });
    expect(await publicationOf(post)).toMatchObject({ status: 'held', errorCode: 'account-not-connected' });
    const told = { action: 'account.reconnect_required', entityId: account.id };
    expect(await ctx.db.auditEvent.count({ where: told })).toBeGreaterThan(0);
  });

  it('is left alone while the platform gives no answer, and nothing waits longer than a moment for that', async () => {
    const account = await connect(platform, reach);
    const post = await scheduled(account);
    all.silent = /./;
    const started = performance.now();
    const { id } = await publicationOf(post);
    await askAccounts(ctx, [id], () => 'a problem', new AbortController().signal, 200);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(all.asked).toHaveLength(1);
    expect(await stored(account)).toMatchObject({ status: 'active', rightProblem: null });
    expect(await publicationOf(post)).toMatchObject({ status: 'scheduled' });
  });
});

describe('a token that can be renewed', () => {
  it('is renewed once when it is refused, and the question asked again', async () => {
    const account = await connect('x');
    const post = await scheduled(account);
    await all.fault(account, 'expired token');
    await look();
    expect(all.asked).toEqual(['GET /x/2/users/me', 'POST /x/2/oauth2/token', 'GET /x/2/users/me']);
    expect((await stored(account)).status).toBe('active');
    expect((await publicationOf(post)).status).toBe('scheduled');
  });

  it('and is refused all the same after that, is only spoken of: the next post decides', async () => {
    const account = await connect('x');
    const post = await scheduled(account);
    const said = await problemsSaid(account);
    await all.fault(account, '401 blip', 2);
    await look();
    expect(all.asked).toEqual(['GET /x/2/users/me', 'POST /x/2/oauth2/token', 'GET /x/2/users/me']);
    expect([(await stored(account)).status, (await publicationOf(post)).status]).toEqual(['active', 'scheduled']);
    expect(await findings(post)).toEqual([
      expect.stringMatching(/^right: X refuses to say .* the next post will show/),
    ]);
    expect(await problemsSaid(account)).toBe(said);
  });

  it('is not renewed for every question that is refused', async () => {
    const account = await connect('x');
    await scheduled(account);
    await all.fault(account, '401 blip', 9);
    for (let n = 0; n < 3; n++) {
      await look();
      await askedLongAgo(account);
      await ctx.db.preflightCheck.deleteMany();
    }
    expect(all.asked.filter((line) => line === 'POST /x/2/oauth2/token')).toHaveLength(1);
    expect((await stored(account)).status).toBe('active');
  });
});

describe('a question that is refused without saying that the permission has ended', () => {
  const page = { status: 401, headers: { 'content-type': 'text/html' }, body: '<h1>Unauthorized</h1>' };
  const problem = (status: number, detail: string) => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'No', detail, type: 'about:blank', status }),
  });
  it.each<[string, Platform, Reach, { status: number; headers: Record<string, string>; body: string }]>([
    ['X’s gateway', 'x', 'own', page],
    ['X, for a missing scope,', 'x', 'own', problem(403, 'Forbidden')],
    ['X, for a suspended account,', 'x', 'own', problem(403, 'This user is suspended')],
    ['LinkedIn’s gateway', 'linkedin', 'own', page],
    ['LinkedIn’s gateway, for a Page,', 'linkedin', 'organizations', page],
    ['Facebook’s gateway', 'facebook', 'own', page],
  ])('by %s leaves the account and its posts alone', async (_name, platform, reach, { status, headers, body }) => {
    const account = await connect(platform, reach);
    const post = await scheduled(account);
    all.instead = {
      path: /users\/me|userinfo|organizationAcls|published_posts/,
      answer: { kind: 'answer', status, headers, body, bodyComplete: true },
    };
    await look();
    expect([(await stored(account)).status, (await publicationOf(post)).status]).toEqual(['active', 'scheduled']);
  });

  it('a LinkedIn token that was renewed a moment ago may be called revoked', async () => {
    const account = await connect('linkedin');
    const post = await scheduled(account);
    await ctx.db.accountCredential.update({ where: { accountId: account.id }, data: { issuedAt: new Date() } });
    await all.fault(account, 'revoked');
    await look();
    expect([(await stored(account)).status, (await publicationOf(post)).status]).toEqual(['active', 'scheduled']);
  });
});

describe('a right that was lost', () => {
  it.each<[string, Platform, Reach, string, string]>([
    ['the task on a Facebook Page', 'facebook', 'own', 'task lost', 'CREATE_CONTENT'],
    ['the role at a LinkedIn Page', 'linkedin', 'organizations', 'role lost', 'does not administer that Page'],
  ])(
    '%s is told while somebody can act, and goes when it is given back',
    async (_name, platform, reach, name, words) => {
      const account = await connect(platform, reach);
      const post = await scheduled(account);
      await all.fault(account, name);
      await look();
      expect(await findings(post)).toEqual([expect.stringContaining(words)]);
      expect(await findings(post)).toEqual([expect.stringMatching(/^right: /)]);
      expect([(await stored(account)).status, (await publicationOf(post)).status]).toEqual(['active', 'scheduled']);

      await all.fault(account, 'ok');
      await askedLongAgo(account);
      await ctx.db.preflightCheck.deleteMany();
      await look();
      expect(await findings(post)).toEqual([]);
    },
  );
});

it('what was connected a moment ago is not asked about', async () => {
  const account = await connect('linkedin');
  await ctx.db.connectedAccount.update({ where: { id: account.id }, data: { connectedAt: new Date() } });
  await scheduled(account);
  expect(await look()).toBe(1);
  expect(all.asked).toEqual([]);
});

it('two processes that look at the same moment ask once', async () => {
  const account = await connect('linkedin');
  for (let n = 0; n < 4; n++) await scheduled(account);
  const ids = (await ctx.db.publication.findMany({ where: { status: 'scheduled' } })).map(({ id }) => id);
  await Promise.all([1, 2, 3].map(() => askAccounts(ctx, ids, () => null, new AbortController().signal)));
  expect(all.asked).toEqual(['GET /linkedin/v2/userinfo']);
});
