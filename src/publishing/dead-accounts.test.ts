/** Accounts that nobody can publish to any more are noticed, and what waits for them is held, before anything falls due. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disconnectAccount } from '../accounts/disconnect-account.ts';
import { type Bench, eventually, MEMBERS, openBench } from '../testing/publishing-bench.ts';
import { startWorker } from '../worker/worker.ts';
import { holdForDeadAccounts } from './dead-accounts.ts';
import { createPost } from './posts.ts';
import { heldForAccounts, releaseHeld } from './release-account.ts';
import { schedulePost } from './schedule-post.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
async function scheduled(accountId: string, dueAt = hours(30)) {
  const input = { text: `Text ${crypto.randomUUID()}`, accounts: [accountId], scheduledAt: dueAt.toISOString() };
  const post = await createPost(bench.ctx, bench.author, input);
  await schedulePost(bench.ctx, bench.author, post.id);
  return bench.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
}
const reload = (id: string) => bench.ctx.db.publication.findUniqueOrThrow({ where: { id } });
const account = (id: string) => bench.ctx.db.connectedAccount.findUniqueOrThrow({ where: { id } });

describe('an account whose permission has lapsed', () => {
  it('without anything to renew it is marked, and its posts of tomorrow are held today', async () => {
    const mine = await bench.connect(bench.author, MEMBERS[1]);
    const publication = await scheduled(mine.id);
    expect(await holdForDeadAccounts(bench.ctx)).toBe(0);
    await bench.ctx.db.connectedAccount.update({ where: { id: mine.id }, data: { tokenExpiresAt: hours(-1) } });
    expect(await holdForDeadAccounts(bench.ctx)).toBe(1);
    expect(await account(mine.id)).toMatchObject({
      status: 'reconnect_required',
      statusReason: expect.stringContaining('for a limited time, which is over'),
    });
    expect(await reload(publication.id)).toMatchObject({
      status: 'held',
      errorCode: 'account-not-connected',
      nextAttemptAt: null,
    });
    // Connecting it again gives it a new token, and lets go what it held.
    await bench.connect(bench.author, MEMBERS[1]);
    await bench.ctx.db.$transaction(async (tx) => releaseHeld(tx, bench.ctx, await heldForAccounts(tx, [mine.id])));
    expect(await reload(publication.id)).toMatchObject({ status: 'scheduled', errorCode: null });
    const events = await bench.ctx.db.auditEvent.findMany({
      where: { entityId: publication.id, action: { in: ['publication.held', 'publication.released'] } },
      orderBy: { id: 'asc' },
    });
    expect(events).toMatchObject([
      { action: 'publication.held' },
      {
        action: 'publication.released',
        actorId: null,
        teamId: bench.teamId,
        metadata: { by: 'the account, connected again' },
      },
    ]);
    expect(await holdForDeadAccounts(bench.ctx)).toBe(0);
  });

  it('is left alone while there is a refresh token that is still good', async () => {
    const mine = await bench.connect(bench.author, MEMBERS[2]);
    const publication = await scheduled(mine.id);
    const over = { tokenExpiresAt: hours(-1), refreshTokenExpiresAt: hours(1) };
    await bench.ctx.db.connectedAccount.update({ where: { id: mine.id }, data: over });
    await bench.ctx.db.accountCredential.update({ where: { accountId: mine.id }, data: { refreshToken: 'sealed' } });
    expect(await holdForDeadAccounts(bench.ctx)).toBe(0);
    expect([(await account(mine.id)).status, (await reload(publication.id)).status]).toEqual(['active', 'scheduled']);
    // Until that one has ended as well.
    await bench.ctx.db.connectedAccount.update({
      where: { id: mine.id },
      data: { refreshTokenExpiresAt: hours(-0.5) },
    });
    expect(await holdForDeadAccounts(bench.ctx)).toBe(1);
  });
});

it('a worker holds within seconds what waits for an account that somebody else found dead', async () => {
  const publication = await scheduled(bench.account.id);
  const worker = await startWorker(bench.ctx);
  try {
    // Only the account, as another process leaves it that dies before it holds anything.
    await disconnectAccount(bench.ctx, bench.author, bench.account.id);
    await eventually(async () => ((await reload(publication.id)).status === 'held' ? true : undefined), 'a hold');
  } finally {
    await worker.stop();
  }
});

describe('a token that can be renewed', () => {
  let partner: Bench;
  beforeAll(async () => {
    partner = await openBench({ partner: true });
  });
  afterAll(() => partner.close());

  /** As if half to three quarters of its life were over: the old one still works. */
  const isDue = (accountId: string) =>
    partner.ctx.db.accountCredential.update({ where: { accountId }, data: { renewAt: hours(-1) } });
  const stored = (id: string) =>
    partner.ctx.db.connectedAccount.findUniqueOrThrow({ where: { id }, include: { credential: true } });

  it('is given a time for that between half and three quarters of its life', async () => {
    const { tokenExpiresAt, credential, permissionEndsAt } = await stored(partner.account.id);
    const share =
      ((credential?.renewAt?.getTime() ?? 0) - Date.now()) / ((tokenExpiresAt?.getTime() ?? 0) - Date.now());
    expect(share).toBeGreaterThan(0.49);
    expect(share).toBeLessThan(0.76);
    // LinkedIn's refresh tokens live a year, and only then a person is needed.
    expect(((permissionEndsAt?.getTime() ?? 0) - Date.now()) / 86_400_000).toBeGreaterThan(360);
  });

  it('is renewed by the workers, once, long before it ends', async () => {
    await isDue(partner.account.id);
    const workers = await Promise.all([startWorker(partner.ctx), startWorker(partner.ctx)]);
    try {
      await eventually(async () => {
        const { credential } = await stored(partner.account.id);
        return credential?.tokenVersion === 2 ? true : undefined;
      }, 'a renewed token');
      // Two more sweeps of each.
      await new Promise((resolve) => setTimeout(resolve, 2 * partner.ctx.timings.sweepMs));
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
    }
    expect((await stored(partner.account.id)).credential?.tokenVersion).toBe(2);
    const events = { action: 'account.refreshed', entityId: partner.account.id };
    expect(await partner.ctx.db.auditEvent.count({ where: events })).toBe(1);
  });

  it('and is refused for good marks the account, and what is due in weeks is held now', async () => {
    const post = await createPost(partner.ctx, partner.author, {
      text: 'In weeks',
      accounts: [partner.account.id],
      scheduledAt: hours(500).toISOString(),
    });
    await schedulePost(partner.ctx, partner.author, post.id);
    const refreshToken = partner.ctx.tokenCipher.encrypt('not one of LinkedIn’s', {
      table: 'account_credentials',
      column: 'refresh_token',
      rowId: partner.account.id,
      account: `linkedin:${partner.account.externalId}`,
    });
    await partner.ctx.db.accountCredential.update({ where: { accountId: partner.account.id }, data: { refreshToken } });
    await isDue(partner.account.id);
    const worker = await startWorker(partner.ctx);
    try {
      await eventually(async () => {
        const { status } = await partner.ctx.db.publication.findFirstOrThrow({ where: { postId: post.id } });
        return status === 'held' ? true : undefined;
      }, 'the post to be held');
    } finally {
      await worker.stop();
    }
    expect(await stored(partner.account.id)).toMatchObject({
      status: 'reconnect_required',
      statusReason: expect.stringContaining('Connect the account again'),
    });
  });
});
