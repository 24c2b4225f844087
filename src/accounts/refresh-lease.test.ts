import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { endRefreshLease, isStale, type RefreshLease, takeRefreshLease } from './refresh-lease.ts';

let fresh: FreshDatabase;
let accountId: string;

beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(async () => {
  await fresh.close();
});
afterEach(() => void vi.useRealTimers());
beforeEach(async () => {
  const team = await fresh.db.team.create({ data: { name: `Team ${crypto.randomUUID()}` } });
  const user = await fresh.db.user.create({ data: { email: `${crypto.randomUUID()}@example.com`, name: 'Ada' } });
  const account = await fresh.db.connectedAccount.create({
    data: {
      teamId: team.id,
      platform: 'x',
      externalId: '7',
      displayName: 'Ada',
      connectedById: user.id,
      tokenExpiresAt: expiresAt,
      credential: { create: { accessToken: 'sealed' } },
    },
  });
  accountId = account.id;
});

const expiresAt = new Date('2026-11-21T12:00:00.123Z');
const take = (tokenVersion = 1, tokenExpiresAt: Date | null = expiresAt) =>
  takeRefreshLease(fresh, { accountId, tokenVersion, tokenExpiresAt });
async function taken(): Promise<RefreshLease> {
  return (await take()) ?? expect.unreachable('the turn is free');
}
const credential = () => fresh.db.accountCredential.findUniqueOrThrow({ where: { accountId } });
/** As if a minute had passed. */
async function runOut(): Promise<void> {
  await fresh.db
    .$executeRaw`UPDATE account_credentials SET refresh_lease_until = clock_timestamp() WHERE account_id = ${accountId}::uuid`;
}

describe('the turn to renew a token', () => {
  test('is one’s own for a minute, by the database’s clock', async () => {
    const lease = await taken();
    const [{ left } = { left: 0 }] = await fresh.db.$queryRaw<
      { left: number }[]
    >`SELECT extract(epoch FROM ${lease.until} - clock_timestamp())::float AS left`;
    expect(left).toBeGreaterThan(50);
    expect(left).toBeLessThanOrEqual(60);
    expect(lease.interrupted).toBe(false);
    expect(isStale(lease)).toBe(false);
    expect(await take()).toBeNull();
  });

  test('is one’s own no longer when the machine was suspended since, though one of its clocks stood still', async () => {
    const lease = await taken();
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 600_000);
    expect(isStale(lease)).toBe(true);
  });

  test('is one’s alone, however many want it at once', async () => {
    const leases = await Promise.all(Array.from({ length: 10 }, () => take()));
    expect(leases.filter((lease) => lease !== null)).toHaveLength(1);
  });

  test('is nobody’s for a token that has been renewed', async () => {
    expect(await take(0)).toBeNull();
    expect(await take(2)).toBeNull();
    // Read before, with a version that was read after.
    expect(await take(1, new Date('2026-11-21T10:00:00Z'))).toBeNull();
    expect(await take(1, null)).toBeNull();
  });

  test('is there for a token without a known end', async () => {
    await fresh.db.connectedAccount.update({ where: { id: accountId }, data: { tokenExpiresAt: null } });
    expect(await take(1, null)).not.toBeNull();
  });

  test('is free again when it is given back, as if nothing had been', async () => {
    await endRefreshLease(fresh, await taken(), 'nothing-done');
    expect(await credential()).toMatchObject({ refreshLeaseUntil: null, refreshStartedAt: null });
    expect(await taken()).toMatchObject({ interrupted: false });
  });

  test('leaves a trace when nobody knows how it ended, until somebody knows', async () => {
    await endRefreshLease(fresh, await taken(), 'unknown');
    expect(await credential()).toMatchObject({ refreshLeaseUntil: null, refreshStartedAt: expect.any(Date) });
    const second = await taken();
    expect(second.interrupted).toBe(true);
    // That this one did nothing says nothing about the first.
    await endRefreshLease(fresh, second, 'nothing-done');
    expect(await taken()).toMatchObject({ interrupted: true });
  });

  test('of one who died falls to the next, who is told', async () => {
    await taken();
    await runOut();
    expect(await taken()).toMatchObject({ interrupted: true });
  });

  test('is not given back by one whose time was over and whom another has followed', async () => {
    const slow = await taken();
    await runOut();
    const next = await taken();
    await endRefreshLease(fresh, slow, 'nothing-done');
    expect(await take()).toBeNull();
    expect((await credential()).refreshLeaseUntil).toEqual(next.until);
  });
});
