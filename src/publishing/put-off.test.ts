/** What is tried again without using up attempts must come to an end all the same, and somebody must be told. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppContext } from '../context.ts';
import { ConnectError } from '../platforms/platform.ts';
import type { Fault } from '../testing/ledger-platform.ts';
import { type ModelBench, openModelBench, type World } from '../testing/model-world.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { publishPostNow } from './schedule-post.ts';

let bench: ModelBench;
let world: World;
beforeAll(async () => {
  bench = await openModelBench();
});
afterAll(() => bench.close());
const signal = new AbortController().signal;

async function due(account: { id: string }) {
  const post = await createPost(world.ctx, world.manager, { text: `Post ${Math.random()}`, accounts: [account.id] });
  await publishPostNow(world.ctx, world.manager, post.id);
  return world.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}
const row = ({ id }: { id: string }) => world.ctx.db.publication.findUniqueOrThrow({ where: { id } });
async function work(fault: Fault) {
  for (const claim of await claimDue(world.ctx, 10)) await world.run(1, claim, { fault, pause: null, stopping: false });
}

const told = ({ id }: { id: string }) =>
  world.ctx.db.auditEvent.findMany({
    where: {
      entityId: id,
      action: { in: ['publication.failed', 'publication.missed', 'publication.held', 'publication.unconfirmed'] },
    },
  });

describe('a write-ahead record that always takes more than two seconds', () => {
  beforeEach(async () => {
    world = await bench.world({ latePolicy: 'drop', resendWhenAbsent: false });
  });

  /** The pipeline of a machine whose commits take long, `rounds` times. */
  async function workSlowly(publication: { id: string }, rounds: number) {
    const slowCommit = new Proxy(world.ctx.db, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (key !== '$queryRaw' || typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const result: unknown = await Reflect.apply(value, target, args);
          if (Array.isArray(args[0]) && args[0].join('?').includes("'publication.sent'"))
            await new Promise((resolve) => setTimeout(resolve, 2_050));
          return result;
        };
      },
    });
    const platforms = world.platform.sender(publication.id, 'ok', () => Promise.resolve());
    for (let round = 0; round < rounds; round++)
      for (const claim of await claimDue(world.ctx, 1))
        await publishPublication({ ...world.ctx, db: slowCommit, platforms }, claim, signal);
  }

  it('uses up no attempt three times, and counts from then on', { timeout: 60_000 }, async () => {
    const publication = await due(world.accounts.blind);
    await workSlowly(publication, 3);
    expect(await row(publication)).toMatchObject({ attemptCount: 0, errorCode: 'process-paused' });
    await workSlowly(publication, 1);
    const counted = await row(publication);
    expect(counted).toMatchObject({ status: 'retrying', attemptCount: 1 });
    expect(counted.errorMessage).toContain('the database takes seconds to save');
    expect(counted.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now() + 60_000);
  });

  it('makes nothing less late', { timeout: 60_000 }, async () => {
    const publication = await due(world.accounts.blind);
    await workSlowly(publication, 1);
    await world.ctx.db.$executeRaw`
      UPDATE publications SET due_at = due_at - interval '3 hours' WHERE id = ${publication.id}::uuid`;
    await work('ok');
    expect((await row(publication)).status).toBe('missed');
  });
});

describe('a platform that asks to slow down for ever', () => {
  it.each(['drop', 'hold'] as const)(
    'is told to somebody after a day (%s)',
    { timeout: 60_000 },
    async (latePolicy) => {
      world = await bench.world({ latePolicy, resendWhenAbsent: false });
      const publication = await due(world.accounts.blind);
      for (let hours = 0; hours < 24; hours += 1) {
        await work('429');
        expect(await row(publication)).toMatchObject({ status: 'retrying', attemptCount: 0 });
        await world.pass(3_601);
      }
      for (let hours = 0; hours < 4; hours += 1) {
        await work('429');
        await world.pass(3_601);
      }
      expect((await row(publication)).status).toBe(latePolicy === 'drop' ? 'missed' : 'held');
      expect(await told(publication)).toHaveLength(1);
    },
  );
});

it('what waits for the operator is tried again every five minutes, also by a machine whose clock is behind', async () => {
  world = await bench.world({ latePolicy: 'send', resendWhenAbsent: false });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 301_000 });
  try {
    const platforms = world.platform.sender('', 'ok', () => Promise.resolve());
    const adapter = platforms.linkedin;
    if (adapter === undefined) throw new Error('it is there');
    const refused = new ConnectError('app-refused', 'The platform does not know this app.', { dead: false });
    const publisher = { ...adapter.publisher, prepare: () => Promise.reject(refused) };
    const ctx: AppContext = { ...world.ctx, platforms: { linkedin: { ...adapter, publisher } } };
    const publication = await due(world.accounts.blind);
    const [claim] = await claimDue(ctx, 1);
    if (claim === undefined) throw new Error('it is due');
    await publishPublication(ctx, claim, signal);
    expect(await row(publication)).toMatchObject({ status: 'held', errorCode: 'app-refused' });
    expect(await releaseGroundlessHolds(ctx)).toBe(0);
    await world.ctx.db.$executeRaw`
      UPDATE publications SET updated_at = updated_at - interval '301 seconds' WHERE id = ${publication.id}::uuid`;
    expect(await releaseGroundlessHolds(ctx)).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});
