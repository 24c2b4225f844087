/** Transactions that take several locks, stopped halfway while another one wants the same: they wait, and none is ended. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { saveAccounts } from '../http/connect-finish.ts';
import type { Connecting } from '../http/connect-journey.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { handOver } from './hand-over.ts';
import { disconnectAndHold } from './hold-account.ts';
import { createHold } from './holds.ts';
import { createPost, editPost } from './posts.ts';
import { publishPostNow, schedulePost } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
beforeEach(async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
});
afterAll(() => bench.close());

/** Postgres looks for a deadlock when somebody has waited for a second: whoever begins to wait after that is the one it ends. */
const NOT_THE_ONE_ENDED_MS = 1_300;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function somebodyWaits(): Promise<void> {
  for (let waiting = 0; waiting === 0; ) {
    const [row] = await bench.db.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()
        AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`;
    waiting = row?.count ?? 0;
  }
}

interface Watched {
  ctx: AppContext;
  /** Settles once a transaction stands at the place. */
  standing: Promise<void>;
  open(): void;
  /** What ended a transaction that was not allowed to go on. */
  ended: unknown[];
}

type Place = (path: string, args: readonly unknown[]) => boolean;

/** The same context; the first of its transactions that comes to a place stands still there, before or after that call. */
function watched(when: 'before' | 'after' = 'before', isPlace: Place = () => false): Watched {
  const standing = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const ended: unknown[] = [];
  let used = false;
  const stand = async () => {
    standing.resolve();
    await opened.promise;
  };
  const wrap = (target: object, path: string): object =>
    new Proxy(target, {
      get(inner, key) {
        const value: unknown = Reflect.get(inner, key);
        const name = `${path}${String(key)}`;
        if (typeof value !== 'function')
          return typeof value === 'object' && value !== null && !name.startsWith('_') ? wrap(value, `${name}.`) : value;
        return async (...args: unknown[]) => {
          const here = !used && isPlace(name, args);
          if (here) used = true;
          if (here && when === 'before') await stand();
          const result: unknown = await Reflect.apply(value, inner, args);
          if (here && when === 'after') await stand();
          return result;
        };
      },
    });
  const db = new Proxy(bench.db, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key !== '$transaction') return value;
      return async (work: (tx: Tx) => Promise<unknown>, options: object) => {
        try {
          return await target.$transaction((tx) => work(wrap(tx, '') as Tx), options);
        } catch (error) {
          ended.push(error);
          throw error;
        }
      };
    },
  });
  return { ctx: { ...world.ctx, db }, standing: standing.promise, open: opened.resolve, ended };
}

const locksPosts: Place = (path, [sql]) =>
  path === '$queryRaw' && Array.isArray(sql) && /FROM posts .*FOR UPDATE/s.test(sql.join('?'));

async function dueNow(accounts: string[], actor: Actor = world.manager) {
  const post = await createPost(world.ctx, actor, { text: `Due ${Math.random()}`, accounts });
  return publishPostNow(world.ctx, actor, post.id);
}

async function scheduled(minutes: number, accounts: string[]) {
  const scheduledAt = new Date(Date.now() + minutes * 60_000).toISOString();
  const post = await createPost(world.ctx, world.manager, { text: `In ${minutes} minutes`, accounts, scheduledAt });
  return schedulePost(world.ctx, world.manager, post.id);
}

/** Somebody comes back from Facebook and has chosen these Pages. */
async function connectPages(ctx: AppContext, ...pages: string[]): Promise<void> {
  const team = await bench.db.team.findUniqueOrThrow({ where: { id: world.teamId } });
  const adapter = world.ctx.platforms.facebook;
  if (adapter === undefined) throw new Error('Facebook is there');
  const connecting: Connecting = { actor: world.manager, team, adapter, renew: true, reach: 'own', account: null };
  const candidates = pages.map(
    (page) =>
      ({
        externalId: page,
        kind: 'page',
        displayName: page,
        profileUrl: null,
        email: null,
        grant: null,
        grantedBy: null,
      }) as const,
  );
  const token = { accessToken: 'new', accessTokenExpiresAt: null, refreshToken: null, refreshTokenExpiresAt: null };
  await saveAccounts(ctx, connecting, candidates, { ...token, scopes: [] });
}

async function person(name: string): Promise<Actor> {
  const membership = { teamId: world.teamId, role: 'manager' } as const;
  const email = `${name}-${Math.random()}@example.com`;
  const user = await bench.db.user.create({ data: { email, name, memberships: { create: membership } } });
  return { ...world.manager, id: user.id, email, name, memberships: [membership] };
}

describe('connecting several accounts again', { timeout: 30_000 }, () => {
  it('waits for the sweep that lets a post of two of them go on, and both are connected', async () => {
    const [one, two, three] = [
      await world.connect('facebook', 'one'),
      await world.connect('facebook', 'two'),
      await world.connect('facebook', 'three'),
    ];
    await dueNow([one.id]);
    const shared = await dueNow([two.id, three.id]);
    for (const { id } of [one, two]) await disconnectAndHold(world.ctx, world.manager, id);
    // A hold that was released while it was being written down: the sweep finds it.
    await bench.db.publication.updateMany({
      where: { postId: shared.id, accountId: three.id },
      data: { status: 'held', errorCode: 'hold', nextAttemptAt: null },
    });

    let connected = 0;
    const slow = watched('before', (path) => path === 'connectedAccount.update' && ++connected === 2);
    const connecting = connectPages(slow.ctx, 'one', 'two');
    await slow.standing;
    const sweeping = releaseGroundlessHolds(world.ctx);
    await somebodyWaits();
    await sleep(NOT_THE_ONE_ENDED_MS);
    slow.open();
    await connecting;
    expect(await sweeping).toBe(1);
    expect(slow.ended).toEqual([]);
    const accounts = await bench.db.connectedAccount.findMany({ where: { id: { in: [one.id, two.id] } } });
    expect(accounts.map(({ status }) => status)).toEqual(['active', 'active']);
  });

  it('waits for somebody else who connects the same ones in another order', async () => {
    for (const page of ['one', 'two']) await world.connect('facebook', page);
    const slow = watched('after', (path) => path === 'connectedAccount.update');
    const quick = watched();
    const connecting = connectPages(slow.ctx, 'one', 'two');
    await slow.standing;
    const other = connectPages(quick.ctx, 'two', 'one');
    await somebodyWaits();
    slow.open();
    await Promise.all([connecting, other]);
    expect([...slow.ended, ...quick.ended]).toEqual([]);
  });
});

it('handing over waits for an answer that is being saved, and everything changes hands', {
  timeout: 30_000,
}, async () => {
  const [leaver, heir] = [await person('leaver'), await person('heir')];
  const { blind } = world.accounts;
  await bench.db.connectedAccount.update({ where: { id: blind.id }, data: { ownerId: leaver.id, lastUsedAt: null } });
  const post = await dueNow([blind.id], leaver);
  const [claim] = await claimDue(world.ctx, 1);
  if (claim === undefined) throw new Error('it is due');
  await world.run(1, claim, { fault: 'ok', pause: 'answered', stopping: false });

  const slow = watched('after', (path) => path === 'connectedAccount.updateMany');
  const superuser = { ...world.manager, isSuperuser: true };
  const handing = handOver(slow.ctx, superuser, leaver.id, { to: heir.id, team: null });
  await slow.standing;
  const answering = world.paused[0]?.resume();
  await somebodyWaits();
  await sleep(NOT_THE_ONE_ENDED_MS);
  slow.open();
  expect(await handing).toMatchObject({ accounts: 1, posts: 1 });
  await answering;
  expect(slow.ended).toEqual([]);
  expect(await bench.db.post.findUniqueOrThrow({ where: { id: post.id } })).toMatchObject({
    status: 'published',
    authorId: heir.id,
  });
});

describe('an emergency stop', { timeout: 30_000 }, () => {
  it('waits for an account that is being connected again, and then holds everything', async () => {
    const page = await world.connect('facebook', 'page of two posts');
    const accounts = [page.id, world.accounts.blind.id];
    // By id the first is the first; by its time the second is.
    for (const minutes of [20, 10]) await scheduled(minutes, accounts);
    await disconnectAndHold(world.ctx, world.manager, page.id);

    const slow = watched('after', locksPosts);
    const stopper = watched();
    const connecting = connectPages(slow.ctx, page.externalId);
    await slow.standing;
    const stopping = createHold(stopper.ctx, world.manager, { scope: 'team', team: world.teamId, reason: 'Stop' });
    await somebodyWaits();
    slow.open();
    await Promise.all([connecting, stopping]);
    expect([...slow.ended, ...stopper.ended]).toEqual([]);
    const blind = await bench.db.publication.findMany({
      where: { accountId: world.accounts.blind.id, teamId: world.teamId },
    });
    expect(blind.map(({ status }) => status)).toEqual(['held', 'held']);
  });
});

it('somebody who changes the images of a post waits for another who changes them the other way round', async () => {
  const image = async (sha256: string) => {
    const facts = { sha256, contentType: 'image/png', byteSize: 3, width: 1, height: 1, bytes: Buffer.from(sha256) };
    return bench.db.media.create({ data: { teamId: world.teamId, ...facts } });
  };
  const [one, two] = [await image('one'), await image('two')];
  const withImage = ({ id }: { id: string }) =>
    createPost(world.ctx, world.manager, { text: 'With an image', accounts: [], media: [{ id }] });
  const [first, second] = [await withImage(one), await withImage(two)];

  const slow = watched('after', (path, [sql]) => path === '$executeRaw' && String(sql).includes('UPDATE media'));
  const quick = watched();
  const changing = editPost(slow.ctx, world.manager, first.id, { media: [{ id: two.id }] });
  await slow.standing;
  const other = editPost(quick.ctx, world.manager, second.id, { media: [{ id: one.id }] });
  await somebodyWaits();
  slow.open();
  await Promise.all([changing, other]);
  expect([...slow.ended, ...quick.ended]).toEqual([]);
});
