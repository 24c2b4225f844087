/** When a post is tried again, if the clock of the worker that was told so is wrong. */
import type { Post, Publication } from '@prisma/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectAccount } from '../accounts/connect-account.ts';
import type { AppContext } from '../context.ts';
import { createHttpClient, type HttpClient } from '../platforms/http-client.ts';
import { createLinkedIn } from '../platforms/linkedin.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { type RecordedServer, startRecordedServer } from '../testing/recorded-server.ts';
import { claimDue } from './claim.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { publishPostNow } from './schedule-post.ts';

const SHIFTS = [-300_000, 0, 300_000];
const CREATE = 'POST /rest/posts';

let bench: ModelBench;
let world: World;
let server: RecordedServer;
let http: HttpClient;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  server = await startRecordedServer();
  http = createHttpClient();
});
afterEach(async () => {
  await http.close();
  await server.close();
});
afterAll(() => bench.close());

const of = (post: Post): Promise<Publication> =>
  world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });

async function due(text: string): Promise<Post> {
  const { id } = await createPost(world.ctx, world.manager, { text, accounts: [world.accounts.blind.id] });
  return publishPostNow(world.ctx, world.manager, id);
}

/** A worker whose clock is `shift` milliseconds ahead, and LinkedIn as our adapter sees it. */
function worker(shift: number): AppContext {
  const clock = { now: () => new Date(Date.now() + shift) };
  const settings = {
    clientId: 'id',
    clientSecret: 'secret',
    authorizeUrl: server.url,
    apiUrl: server.url,
    version: '202610',
  };
  return { ...world.ctx, clock, platforms: { linkedin: createLinkedIn(settings, { sandboxed: false, clock, http }) } };
}

async function work(ctx: AppContext): Promise<number> {
  const claims = await claimDue(ctx, 10);
  for (const claim of claims) await publishPublication(ctx, claim, new AbortController().signal);
  return claims.length;
}

/** Seconds from now, by the database's clock, which is this machine's. */
const waits = async (post: Post) => ((await of(post)).nextAttemptAt?.getTime() ?? 0) / 1000 - Date.now() / 1000;

describe.each(SHIFTS)('a worker whose clock is %i ms ahead', (shift) => {
  it('waits as long as the platform says', async () => {
    server.answer(CREATE, { status: 429, headers: { 'retry-after': '90' }, body: {} });
    const post = await due('Slow down');
    await work(worker(shift));
    expect(await waits(post)).toBeGreaterThan(80);
    expect(await waits(post)).toBeLessThan(95);
  });

  it('waits as long as our rules say when nothing could be sent', async () => {
    await server.close();
    const post = await due('Nobody there');
    await work(worker(shift));
    expect(await of(post)).toMatchObject({ status: 'retrying', attemptCount: 1 });
    expect(await waits(post)).toBeGreaterThan(290);
    expect(await waits(post)).toBeLessThan(305);
    server = await startRecordedServer();
  });
});

it('a new token that is not accepted yet is not tried again without end by a worker whose clock is behind', async () => {
  server.answer(CREATE, ...Array(20).fill({ status: 401, body: { serviceErrorCode: 65601, message: 'Revoked' } }));
  const post = await due('New token');
  for (let round = 0; round < 20; round++) await work(worker(-300_000));
  expect(server.requests).toHaveLength(1);
  expect(await waits(post)).toBeGreaterThan(10);
});

describe.each(SHIFTS)('a token that was given to a process whose clock is %i ms ahead', (shift) => {
  it.each(SHIFTS)('and that LinkedIn does not know yet is not called dead by a worker %i ms ahead', async (own) => {
    server.answer(CREATE, { status: 401, body: { serviceErrorCode: 65601, message: 'Revoked' } });
    const { id, externalId } = world.accounts.blind;
    const candidate = {
      externalId,
      kind: 'member',
      displayName: 'Ann',
      profileUrl: null,
      email: null,
      grant: null,
    } as const;
    const grant = {
      accessToken: 'new',
      accessTokenExpiresAt: null,
      refreshToken: null,
      refreshTokenExpiresAt: null,
      scopes: [],
    };
    const connection = { teamId: world.teamId, personal: false, platform: 'linkedin', candidate, grant } as const;
    await bench.db.$transaction((tx) => connectAccount(tx, worker(shift), { actor: world.manager, ...connection }));
    const post = await due('New token, other clocks');
    await work(worker(own));
    expect(await of(post)).toMatchObject({ status: 'retrying', attemptCount: 0 });
    expect(await waits(post)).toBeLessThan(20);
    expect(await bench.db.connectedAccount.findUniqueOrThrow({ where: { id } })).toMatchObject({ status: 'active' });
  });
});
