import type { ConnectedAccount } from '@prisma/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createX } from '../platforms/x.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { type RotatingTokenServer, startRotatingTokenServer } from '../testing/rotating-token-server.ts';
import { usableAccessToken } from './access-token.ts';
import { connectAccount } from './connect-account.ts';
import { renewDueTokens } from './renew-due-tokens.ts';
import { renewalTime } from './renewal-time.ts';
import { createTokenCipher } from './token-cipher.ts';

const start = new Date('2026-11-21T12:00:00Z');
const minutes = (count: number) => new Date(start.getTime() + count * 60_000);

let fresh: FreshDatabase;
let server: RotatingTokenServer;
let now: Date;
let account: ConnectedAccount;

beforeAll(async () => {
  fresh = await freshDatabase();
  server = await startRotatingTokenServer();
});
afterAll(async () => {
  await server.close();
  await fresh.close();
});
beforeEach(async () => {
  now = start;
  await fresh.db.accountCredential.deleteMany();
  account = await connect();
});

describe('a token that lives two hours', () => {
  test('is renewed when half to three quarters of that are over, without being asked for', async () => {
    now = minutes(59);
    expect(await renewDueTokens(context())).toBe(0);
    now = minutes(91);
    expect(await renewDueTokens(context())).toBe(1);
    expect(server.refreshes).toBe(1);
    expect(await reload()).toMatchObject({ tokenExpiresAt: minutes(91 + 120), status: 'active' });
    // And again, after as long.
    expect(await renewDueTokens(context())).toBe(0);
    now = minutes(91 + 91);
    expect(await renewDueTokens(context())).toBe(1);
    expect({ refreshes: server.refreshes, reuses: server.reuses }).toEqual({ refreshes: 2, reuses: 0 });
  });

  test('is renewed once by however many look at the same moment', async () => {
    now = minutes(91);
    await Promise.all(Array.from({ length: 5 }, () => renewDueTokens(context())));
    expect({ refreshes: server.refreshes, reuses: server.reuses }).toEqual({ refreshes: 1, reuses: 0 });
  });

  test('is tried again some minutes later when X did nothing or was away', async () => {
    now = minutes(91);
    const away = context('http://127.0.0.1:1');
    expect(await renewDueTokens(away)).toBe(1);
    expect(await renewDueTokens(away)).toBe(0);
    now = minutes(96);
    expect(await renewDueTokens(context())).toBe(1);
    expect(server.refreshes).toBe(1);
  });

  test('is not tried again after a lost answer before its end, and then it is told what happened', async () => {
    now = minutes(91);
    server.fault('rotate-then-drop');
    expect(await renewDueTokens(context())).toBe(1);
    now = minutes(110);
    expect(await renewDueTokens(context())).toBe(0);
    expect((await usableAccessToken(context(), account.id)).accessToken).toBe('access-0');
    expect(server.reuses).toBe(0);

    now = minutes(121);
    expect(await renewDueTokens(context())).toBe(1);
    expect(await reload()).toMatchObject({
      status: 'reconnect_required',
      statusReason: expect.stringContaining('interrupted'),
    });
    expect(await renewDueTokens(context())).toBe(0);
  });

  test('is tried again after a lost answer once the old token is refused, for nothing is left to spare then', async () => {
    now = minutes(91);
    server.fault('rotate-then-drop');
    expect(await renewDueTokens(context())).toBe(1);
    now = minutes(110);
    await fresh.db
      .$executeRaw`UPDATE account_credentials SET refused_version = token_version WHERE account_id = ${account.id}::uuid`;
    expect(await renewDueTokens(context())).toBe(1);
    expect(await reload()).toMatchObject({ status: 'reconnect_required' });
  });

  test('is left alone when there is nothing to renew it with or the account is not active', async () => {
    now = minutes(91);
    await fresh.db.connectedAccount.update({ where: { id: account.id }, data: { status: 'reconnect_required' } });
    expect(await renewDueTokens(context())).toBe(0);
    await fresh.db.connectedAccount.update({ where: { id: account.id }, data: { status: 'active' } });
    await fresh.db.accountCredential.updateMany({ data: { refreshToken: null } });
    expect(await renewDueTokens(context())).toBe(0);
    expect(server.refreshes).toBe(0);
  });

  test('whose key is missing does not keep others from being renewed', async () => {
    const other = await connect('8');
    const foreign = createTokenCipher([{ id: 'lost', key: Buffer.alloc(32, 9) }]);
    const sealed = foreign.encrypt('x', { table: 't', column: 'c', rowId: 'r', account: 'a' });
    await fresh.db.accountCredential.update({ where: { accountId: account.id }, data: { refreshToken: sealed } });
    now = minutes(91);
    expect(await renewDueTokens(context())).toBe(1);
    expect(await fresh.db.connectedAccount.findUniqueOrThrow({ where: { id: other.id } })).toMatchObject({
      tokenExpiresAt: minutes(91 + 120),
    });
  });
});

test('the time of renewal lies between half and three quarters of the life, not always at the same point', () => {
  const times = Array.from({ length: 200 }, () => renewalTime(minutes(120), start)?.getTime() ?? 0);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(minutes(60).getTime());
  expect(Math.max(...times)).toBeLessThanOrEqual(minutes(90).getTime());
  expect(new Set(times).size).toBeGreaterThan(100);
  expect(renewalTime(null, start)).toBeNull();
  expect(renewalTime(minutes(-5), start)).toEqual(start);
});

function context(apiUrl = server.url) {
  const clock = { now: () => now };
  const settings = {
    clientId: 'id',
    clientSecret: null,
    authorizeUrl: 'https://x.com/i/oauth2/authorize',
    apiUrl,
    version: null,
  };
  return {
    db: fresh.db,
    tokenCipher: createTokenCipher([{ id: 'k1', key: Buffer.alloc(32, 1) }]),
    platforms: { x: createX(settings, { sandboxed: false, clock }) },
    clock,
    log: pino({ level: 'silent' }),
  };
}

async function connect(externalId = '7'): Promise<ConnectedAccount> {
  const team = await fresh.db.team.create({ data: { name: `Team ${crypto.randomUUID()}` } });
  const email = `${crypto.randomUUID()}@example.com`;
  const user = await fresh.db.user.create({ data: { email, name: 'Ada' } });
  const actor = { id: user.id, email, name: user.name, timeZone: 'UTC', isSuperuser: true, memberships: [] };
  const candidate = {
    externalId,
    kind: 'member',
    displayName: 'Ada',
    profileUrl: null,
    email: null,
    grant: null,
  } as const;
  const grant = {
    accessToken: 'access-0',
    accessTokenExpiresAt: minutes(120),
    refreshToken: server.consent(),
    refreshTokenExpiresAt: null,
    scopes: ['tweet.write'],
  };
  return fresh.db.$transaction((tx) =>
    connectAccount(tx, context(), { actor, teamId: team.id, personal: false, platform: 'x', candidate, grant }),
  );
}

const reload = () => fresh.db.connectedAccount.findUniqueOrThrow({ where: { id: account.id } });
