/** The pre-flight asks the platforms, once per account: against all three sandboxes, over HTTP. */
import { createHash, randomBytes } from 'node:crypto';
import type { ConnectedAccount } from '@prisma/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectAccount } from '../accounts/connect-account.ts';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { HttpClient } from '../platforms/http-client.ts';
import { createHttpClient } from '../platforms/http-client.ts';
import type { Reach } from '../platforms/platform.ts';
import { createPlatforms } from '../platforms/registry.ts';
import { type Bench, openBench } from '../testing/publishing-bench.ts';
import { askAccounts } from './ask-accounts.ts';
import { createPost } from './posts.ts';
import { preflight } from './preflight.ts';
import { schedulePost } from './schedule-post.ts';

let bench: Bench;
let ctx: AppContext;
let manager: Actor;
let origin: string;
/** Every request to a platform, as method and path. */
let asked: string[] = [];
/** Paths that are answered by nobody. */
let silent: RegExp | null = null;

beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
  origin = new URL(bench.environment.LINKEDIN_API_URL ?? '').origin;
  const client = createHttpClient();
  const http: HttpClient = {
    send: (request, ...rest) => {
      const { pathname } = new URL(request.url);
      asked.push(`${request.method} ${pathname}`);
      if (silent?.test(pathname)) return new Promise(() => undefined);
      return client.send(request, ...rest);
    },
    close: () => client.close(),
  };
  const app = { clientId: 'sandbox-client', clientSecret: 'sandbox-secret', version: null };
  const { platforms } = bench.ctx.config;
  const settings = {
    linkedin: {
      ...platforms.linkedin,
      ...app,
      authorizeUrl: `${origin}/linkedin/oauth/v2`,
      apiUrl: `${origin}/linkedin`,
    },
    facebook: { ...platforms.facebook, ...app, authorizeUrl: `${origin}/facebook`, apiUrl: `${origin}/facebook` },
    x: { ...platforms.x, ...app, authorizeUrl: `${origin}/x/i/oauth2/authorize`, apiUrl: `${origin}/x` },
  };
  ctx = {
    ...bench.ctx,
    platforms: createPlatforms(settings, {
      sandboxed: ['linkedin', 'facebook', 'x'],
      clock: bench.ctx.clock,
      http,
    }),
  };
});
afterAll(() => bench.close());
afterEach(async () => {
  silent = null;
  await fetch(`${origin}/sandbox/reset`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: '{}',
  });
  await ctx.db.preflightCheck.deleteMany();
  await ctx.db.publication.updateMany({ data: { status: 'cancelled' } });
  await ctx.db.post.updateMany({ data: { status: 'cancelled' } });
});

const MEMBER: Record<Platform, string> = {
  linkedin: 'amara.okafor@example.com',
  facebook: 'amara.okafor@example.com',
  x: 'amara_okafor',
};

/** Connected a while ago: what was connected just now is not asked about. */
async function connect(platform: Platform, reach: Reach = 'own'): Promise<ConnectedAccount> {
  const adapter = ctx.platforms[platform];
  if (adapter === undefined) throw new Error(`the sandbox serves ${platform}`);
  const redirectUri = `http://localhost:3000/connect/${platform}/callback`;
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const consent = new URL(adapter.connector.authorizeUrl({ redirectUri, state: 's', codeChallenge, reach }));
  consent.searchParams.set(platform === 'x' ? 'sandbox_user' : 'sandbox_member', MEMBER[platform]);
  const answer = await fetch(consent, { redirect: 'manual' });
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const now = ctx.clock.now();
  const grant = await adapter.connector.exchangeCode({ code, redirectUri, codeVerifier }, now);
  const candidates = await adapter.connector.candidates(grant, now, reach);
  const candidate = candidates.at(-1);
  if (candidate === undefined) throw new Error('there is an account');
  const connection = { actor: manager, teamId: bench.teamId, personal: false, platform, candidate };
  const account = await ctx.db.$transaction((tx) =>
    connectAccount(tx, ctx, { ...connection, grant: candidate.grant ?? grant }),
  );
  asked = [];
  return ctx.db.connectedAccount.update({
    where: { id: account.id },
    data: { connectedAt: new Date(Date.now() - 3_600_000), askedAt: null },
  });
}

async function scheduled(account: ConnectedAccount): Promise<string> {
  const scheduledAt = new Date(Date.now() + 3 * 3_600_000).toISOString();
  const text = `Text ${crypto.randomUUID()}`;
  const post = await createPost(ctx, manager, { text, accounts: [account.id], scheduledAt });
  await schedulePost(ctx, manager, post.id);
  return post.id;
}

async function fault(account: ConnectedAccount, name: string, times?: number): Promise<void> {
  const urn = { member: 'urn:li:person:', organization: 'urn:li:organization:', page: '' }[account.kind];
  const id = account.platform === 'linkedin' ? urn + account.externalId : account.externalId;
  const body = JSON.stringify({ platform: account.platform, account: id, fault: name, times });
  const headers = { 'content-type': 'application/json', origin };
  const answer = await fetch(`${origin}/sandbox/faults`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`the sandbox refused the fault: ${await answer.text()}`);
}

const look = () => preflight(ctx, new AbortController().signal);
const stored = ({ id }: ConnectedAccount) => ctx.db.connectedAccount.findUniqueOrThrow({ where: { id } });
const publicationOf = (postId: string) => ctx.db.publication.findFirstOrThrow({ where: { postId } });
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
    expect(asked).toEqual(question);
    await ctx.db.preflightCheck.deleteMany();
    expect(await look()).toBe(3);
    expect(asked).toEqual(question);
    for (const post of posts) expect(await findings(post)).toEqual([]);
    expect((await stored(account)).status).toBe('active');
  });

  it('that was revoked there has to be connected again, and its posts are held, hours before they are due', async () => {
    const account = await connect(platform, reach);
    const post = await scheduled(account);
    await fault(account, 'revoked');
    await look();
    expect(await stored(account)).toMatchObject({ status: 'reconnect_required' });
    expect(await publicationOf(post)).toMatchObject({ status: 'held', errorCode: 'account-not-connected' });
    const told = { action: 'account.reconnect_required', entityId: account.id };
    expect(await ctx.db.auditEvent.count({ where: told })).toBeGreaterThan(0);
  });

  it('is left alone while the platform gives no answer, and nothing waits longer than a moment for that', async () => {
    const account = await connect(platform, reach);
    const post = await scheduled(account);
    silent = /./;
    const started = performance.now();
    const { id } = await publicationOf(post);
    await askAccounts(ctx, [id], () => 'a problem', new AbortController().signal, 200);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(asked).toHaveLength(1);
    expect(await stored(account)).toMatchObject({ status: 'active', rightProblem: null });
    expect(await publicationOf(post)).toMatchObject({ status: 'scheduled' });
  });
});

describe('a token that can be renewed', () => {
  it('is renewed once when it is refused, and the question asked again', async () => {
    const account = await connect('x');
    const post = await scheduled(account);
    await fault(account, 'expired token');
    await look();
    expect(asked).toEqual(['GET /x/2/users/me', 'POST /x/2/oauth2/token', 'GET /x/2/users/me']);
    expect((await stored(account)).status).toBe('active');
    expect((await publicationOf(post)).status).toBe('scheduled');
  });

  it('and is refused all the same after that, ends the connection', async () => {
    const account = await connect('x');
    const post = await scheduled(account);
    await fault(account, '401 blip', 2);
    await look();
    expect((await stored(account)).status).toBe('reconnect_required');
    expect((await publicationOf(post)).status).toBe('held');
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
      await fault(account, name);
      await look();
      expect(await findings(post)).toEqual([expect.stringContaining(words)]);
      expect(await findings(post)).toEqual([expect.stringMatching(/^right: /)]);
      expect([(await stored(account)).status, (await publicationOf(post)).status]).toEqual(['active', 'scheduled']);

      await fault(account, 'ok');
      await ctx.db.connectedAccount.update({
        where: { id: account.id },
        data: { askedAt: new Date(Date.now() - 310_000) },
      });
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
  expect(asked).toEqual([]);
});

it('two processes that look at the same moment ask once', async () => {
  const account = await connect('linkedin');
  for (let n = 0; n < 4; n++) await scheduled(account);
  const ids = (await ctx.db.publication.findMany({ where: { status: 'scheduled' } })).map(({ id }) => id);
  await Promise.all([1, 2, 3].map(() => askAccounts(ctx, ids, () => null, new AbortController().signal)));
  expect(asked).toEqual(['GET /linkedin/v2/userinfo']);
});
