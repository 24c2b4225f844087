import type { Hold, Publication } from '@prisma/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { type Bench, openBench } from '../testing/publishing-bench.ts';
import { claimDue } from './claim.ts';
import { releaseGroundlessHolds } from './groundless-holds.ts';
import { createHold, forecastRelease, releaseHold } from './holds.ts';
import { createPost } from './posts.ts';
import { publishPublication } from './publish-publication.ts';
import { schedulePost } from './schedule-post.ts';

let bench: Bench;
let manager: Actor;
beforeAll(async () => {
  bench = await openBench();
  manager = await bench.person('manager');
});
afterAll(() => bench.close());

async function scheduled() {
  const post = await createPost(bench.ctx, bench.author, {
    text: 'Waits',
    accounts: [bench.account.id],
    scheduledAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  await schedulePost(bench.ctx, bench.author, post.id);
  return bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}
const statusOf = async ({ id }: Publication) =>
  (await bench.ctx.db.publication.findUniqueOrThrow({ where: { id } })).status;
const hold = (scope: string, reason: string): Promise<Hold> =>
  createHold(bench.ctx, manager, { scope, team: bench.teamId, account: bench.account.id, reason });

it('says before it is released how many publications go on, and that many do', async () => {
  await scheduled();
  const waiting = await scheduled();
  // One that a restore stopped: it may be out already, so no release sends it.
  const restored = await scheduled();
  const team = await hold('team', 'the team stops');
  await bench.ctx.db.publication.update({ where: { id: restored.id }, data: { errorCode: 'restored' } });
  expect(await forecastRelease(bench.ctx.db, team)).toEqual({ goOn: 2, stay: 1 });

  const account = await hold('account', 'the account stops too');
  expect(await forecastRelease(bench.ctx.db, team)).toEqual({ goOn: 0, stay: 1 });
  expect(await releaseHold(bench.ctx, manager, team.id)).toMatchObject({ goingOn: 0 });
  // It waits for the other one now, and says so.
  expect(await bench.ctx.db.publication.findUniqueOrThrow({ where: { id: waiting.id } })).toMatchObject({
    status: 'held',
    errorMessage: 'On hold: the account stops too',
  });

  expect(await forecastRelease(bench.ctx.db, account)).toEqual({ goOn: 2, stay: 1 });
  expect(await releaseHold(bench.ctx, manager, account.id, ' checked with legal ')).toMatchObject({ goingOn: 2 });
  const after = await bench.ctx.db.publication.findMany({ where: { id: { in: [waiting.id, restored.id] } } });
  expect(after.find(({ id }) => id === waiting.id)).toMatchObject({ status: 'scheduled', dueAt: waiting.dueAt });
  expect(after.find(({ id }) => id === restored.id)).toMatchObject({ status: 'held' });
  const event = await bench.ctx.db.auditEvent.findFirstOrThrow({
    where: { action: 'hold.released', entityId: account.id },
  });
  expect(event.metadata).toMatchObject({ reason: 'checked with legal' });
  // Each publication's own history says so, too: only those that go on, once, and because of the last hold.
  const released = await bench.ctx.db.auditEvent.findMany({ where: { action: 'publication.released' } });
  expect(released).toHaveLength(2);
  expect(released.find(({ entityId }) => entityId === waiting.id)).toMatchObject({
    entity: 'Publication',
    actorId: manager.id,
    teamId: bench.teamId,
    metadata: { hold: account.id },
  });
});

it('on everything lets nothing go on while another one is released', async () => {
  await scheduled();
  const team = await hold('team', 'one');
  const everything = await bench.ctx.db.hold.create({ data: { scope: 'everything', reason: 'all' } });
  expect(await forecastRelease(bench.ctx.db, team)).toMatchObject({ goOn: 0 });
  await bench.ctx.db.hold.update({ where: { id: everything.id }, data: { releasedAt: new Date() } });
  expect((await forecastRelease(bench.ctx.db, team)).goOn).toBeGreaterThan(0);
  await releaseHold(bench.ctx, manager, team.id);
});

it('is in force, and whoever ordered it is told so, also when what it covers cannot be marked', async () => {
  const publication = await scheduled();
  const due = new Date(Date.now() - 1_000);
  await bench.ctx.db.publication.update({ where: { id: publication.id }, data: { dueAt: due, nextAttemptAt: due } });
  const ordered = await createHold(cutOffAfter(1), manager, { scope: 'team', team: bench.teamId, reason: 'Stop' });
  expect(await statusOf(publication)).toBe('scheduled');
  for (const claim of await claimDue(bench.ctx, 10))
    await publishPublication(bench.ctx, claim, new AbortController().signal);
  expect(await statusOf(publication)).toBe('held');

  await releaseHold(cutOffAfter(1), manager, ordered.id);
  expect(await statusOf(publication)).toBe('held');
  await releaseGroundlessHolds(bench.ctx);
  expect(await statusOf(publication)).toBe('scheduled');
});

/** The database answers so many transactions, and then none. */
function cutOffAfter(transactions: number): AppContext {
  let left = transactions;
  const db = new Proxy(bench.ctx.db, {
    get(target, key) {
      if (key === '$transaction' && left-- <= 0) return () => Promise.reject(new Error('the connection was lost'));
      return Reflect.get(target, key);
    },
  });
  return { ...bench.ctx, db };
}
