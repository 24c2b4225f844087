/** One process publishes to all platforms: one that answers slowly, or one account of it, must not make the others late. */
import type { ConnectedAccount, Publication } from '@prisma/client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { PlatformAdapter } from '../platforms/platform.ts';
import { createPost } from '../publishing/posts.ts';
import { publishPostNow, schedulePost } from '../publishing/schedule-post.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { eventually } from '../testing/publishing-bench.ts';
import { type Dispatcher, startDispatcher } from './dispatcher.ts';

const PLACES = 50;
/** More than there are places. */
const MANY = 70;
let bench: ModelBench;
let world: World;
let dispatcher: Dispatcher;
/** Requests that are at the slow account, without an answer. */
let waiting: (() => void)[];
let slowAccounts: string[];
let serial = 0;

beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  waiting = [];
  slowAccounts = [world.accounts.readable.externalId];
  dispatcher = startDispatcher({ ...world.ctx, platforms: platforms(world.ctx) }, PLACES, async () => []);
});
afterEach(async () => {
  slowAccounts = [];
  for (const answer of waiting.splice(0)) answer();
  await dispatcher.stop(5_000);
});

/** Answers at once, except for the slow accounts. */
function platforms({ platforms: { linkedin, facebook } }: AppContext): AppContext['platforms'] {
  const answering = (adapter: PlatformAdapter | undefined): PlatformAdapter => {
    if (adapter === undefined) throw new Error('the world has both');
    return {
      ...adapter,
      publisher: {
        ...adapter.publisher,
        async send(request, _signal, onProgress): Promise<Outcome> {
          onProgress?.('flushed');
          const { account } = JSON.parse(request.body.toString()) as { account: string };
          if (slowAccounts.includes(account)) await new Promise<void>((answer) => waiting.push(answer));
          const externalId = `post-${++serial}`;
          return { kind: 'accepted', httpStatus: 201, externalId, permalink: `https://platform.example.com/${serial}` };
        },
      },
    };
  };
  return { linkedin: answering(linkedin), facebook: answering(facebook) };
}

async function drafts(count: number, account: ConnectedAccount): Promise<string[]> {
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const input = { text: `Busy ${++serial}`, accounts: [account.id], scheduledAt };
    const { id } = await createPost(world.ctx, world.manager, input);
    await schedulePost(world.ctx, world.manager, id);
    ids.push(id);
  }
  return ids;
}

async function dueIn(seconds: number, postIds: string[]): Promise<void> {
  await world.ctx.db.$executeRaw`
    UPDATE publications SET due_at = clock_timestamp() + ${seconds} * interval '1 second',
      next_attempt_at = clock_timestamp() + ${seconds} * interval '1 second'
    WHERE post_id = ANY (${postIds}::uuid[])`;
}

const publication = (postId: string) => world.ctx.db.publication.findFirstOrThrow({ where: { postId } });

/** Milliseconds between promised and sent. */
async function lateness(postId: string, patienceMs = 5_000): Promise<number> {
  const { dueAt, sentAt }: Publication = await eventually(
    async () => {
      const row = await publication(postId);
      return row.sentAt === null ? undefined : row;
    },
    'it to be sent',
    patienceMs,
  );
  return (sentAt?.getTime() ?? Number.POSITIVE_INFINITY) - (dueAt?.getTime() ?? 0);
}

const claimed = (account: ConnectedAccount) =>
  world.ctx.db.publication.count({ where: { accountId: account.id, status: 'publishing' } });

async function standsStill(): Promise<void> {
  let seen = -1;
  await eventually(async () => {
    if (waiting.length > 0 && waiting.length === seen) return true;
    seen = waiting.length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    return undefined;
  }, 'the slow account to take what it may');
}

it('while a platform does not answer, a post of another leaves at once, the long way', async () => {
  await dueIn(-5, await drafts(MANY, world.accounts.readable));
  dispatcher.wake();
  await standsStill();
  const [linkedin] = await drafts(1, world.accounts.blind);
  if (linkedin === undefined) throw new Error('one was made');
  await publishPostNow(world.ctx, world.manager, linkedin);
  dispatcher.wake();
  expect(await lateness(linkedin)).toBeLessThan(1_000);
});

it('while a platform does not answer, a post of another leaves at its instant, the short way', async () => {
  const slow = await drafts(MANY, world.accounts.readable);
  const [linkedin] = await drafts(1, world.accounts.blind);
  if (linkedin === undefined) throw new Error('one was made');
  await dueIn(3, slow);
  await dueIn(6, [linkedin]);
  dispatcher.wake();
  await eventually(() => (waiting.length > 0 ? true : undefined), 'the first to leave');
  await standsStill();
  expect(await lateness(linkedin, 8_000)).toBeLessThan(1_000);
});

it('what waits for a place of its platform is not claimed, and goes as soon as there is one', async () => {
  await dueIn(-5, await drafts(MANY, world.accounts.readable));
  dispatcher.wake();
  await standsStill();
  const inFlight = waiting.length;
  expect(inFlight).toBeLessThan(PLACES);
  expect(await claimed(world.accounts.readable)).toBe(inFlight);
  for (const answer of waiting.splice(0, 3)) answer();
  await eventually(() => (waiting.length === inFlight ? true : undefined), 'the next to take their places');
  expect(await claimed(world.accounts.readable)).toBe(inFlight);
  slowAccounts = [];
  for (const answer of waiting.splice(0)) answer();
  await eventually(
    async () =>
      (await world.ctx.db.publication.count({
        where: { accountId: world.accounts.readable.id, status: 'published' },
      })) === MANY
        ? true
        : undefined,
    'all to be published',
  );
});

it('while one account does not answer, a post of another account of that platform leaves at once', async () => {
  const page = world.accounts.readable;
  const other = await world.connect('facebook', 'another page');
  await dueIn(-5, await drafts(MANY, page));
  dispatcher.wake();
  await standsStill();
  const [second] = await drafts(1, other);
  if (second === undefined) throw new Error('one was made');
  await publishPostNow(world.ctx, world.manager, second);
  dispatcher.wake();
  expect(await lateness(second)).toBeLessThan(1_000);
});

it('a platform that alone is busy uses most of the places', async () => {
  const pages = [world.accounts.readable];
  for (let n = 0; n < 4; n++) pages.push(await world.connect('facebook', `page ${n}`));
  slowAccounts = pages.map(({ externalId }) => externalId);
  for (const page of pages) await dueIn(-5, await drafts(MANY / 5, page));
  dispatcher.wake();
  await standsStill();
  expect(waiting.length).toBeGreaterThan(PLACES / 2);
  expect(waiting.length).toBeLessThan(PLACES);
});
