import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectedAccount } from '@prisma/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { type AccountCandidate, ConnectError, type PlatformAdapter, type TokenGrant } from '../platforms/platform.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { markReconnectRequired, ReauthorizationRequiredError, usableAccessToken } from './access-token.ts';
import { type Connection, connectAccount } from './connect-account.ts';
import { disconnectAccount } from './disconnect-account.ts';
import { rotateTokenKeys } from './rotate-token-keys.ts';
import { createTokenCipher, TokenUnreadableError } from './token-cipher.ts';

const k1 = { id: 'k1', key: Buffer.alloc(32, 1) };
const k2 = { id: 'k2', key: Buffer.alloc(32, 2) };
const start = new Date('2026-11-21T12:00:00Z');
const days = (count: number) => new Date(start.getTime() + count * 86_400_000);

let fresh: FreshDatabase;
let teamId: string;
let manager: Actor;
let author: Actor;
let colleague: Actor;
let now: Date;
/** What the platform does when it is asked for a new token. */
let onRefresh: (refreshToken: string) => Promise<TokenGrant>;
let refreshesAsked: string[];

beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(async () => {
  await fresh.close();
});
beforeEach(async () => {
  now = start;
  refreshesAsked = [];
  onRefresh = async () => expect.unreachable('nothing should be refreshed here');
  const id = crypto.randomUUID();
  teamId = (await fresh.db.team.create({ data: { name: `Team ${id}` } })).id;
  manager = await person('manager');
  author = await person('author');
  colleague = await person('author');
});

describe('connecting an account', () => {
  test('stores it as the team’s, with its tokens encrypted, and records who did it', async () => {
    const account = await connect();
    expect(account).toMatchObject({
      teamId,
      platform: 'linkedin',
      externalId: 'ada',
      displayName: 'Ada',
      status: 'active',
      ownerId: null,
      connectedById: manager.id,
      tokenExpiresAt: days(60),
      permissionEndsAt: days(60),
    });
    const credential = await credentialOf(account);
    expect(JSON.stringify([account, credential, await eventsOf(account)])).not.toMatch(/access-1|refresh-1/);
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-1', tokenVersion: 1 });
    expect(await eventsOf(account)).toMatchObject([
      {
        action: 'account.connected',
        actorId: manager.id,
        teamId,
        metadata: { renewed: false, personal: false, platform: 'linkedin' },
      },
    ]);
  });

  test('again renews the same row: same id, newer token, active again', async () => {
    const first = await connect();
    await fresh.db.$transaction((tx) => markReconnectRequired(tx, context(), first.id, 'It was revoked.'));
    const again = await connect({
      grant: grant({ accessToken: 'access-2' }),
      candidate: { ...ada, displayName: 'Ada King' },
    });
    expect(again).toMatchObject({ id: first.id, status: 'active', statusReason: null, displayName: 'Ada King' });
    expect(await usableAccessToken(context(), first.id)).toMatchObject({ accessToken: 'access-2', tokenVersion: 2 });
    expect((await eventsOf(first)).at(-1)).toMatchObject({ action: 'account.connected', metadata: { renewed: true } });
  });

  test('without a refresh token keeps the one it has', async () => {
    const account = await connect({ grant: grant({ refreshToken: 'refresh-1', refreshTokenExpiresAt: days(365) }) });
    await connect({ grant: grant({ accessToken: 'access-2', accessTokenExpiresAt: days(0), refreshToken: null }) });
    onRefresh = async () => grant({ accessToken: 'access-3' });
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-3' });
    expect(refreshesAsked).toEqual(['refresh-1']);
    expect(await reload(account)).toMatchObject({ refreshTokenExpiresAt: days(365) });
  });

  test('twice at the same moment makes one account', async () => {
    let second: Promise<ConnectedAccount> | null = null;
    const first = await fresh.db.$transaction(async (tx) => {
      const account = await connectAccount(tx, context(), connection({}));
      second = connect({ grant: grant({ accessToken: 'access-2' }) });
      await expect.poll(waitingForALock).toBe(true);
      return account;
    });
    expect(await second).toMatchObject({ id: first.id });
    expect(await usableAccessToken(context(), first.id)).toMatchObject({ accessToken: 'access-2', tokenVersion: 2 });
  });

  test('by an author is personal, and only for himself', async () => {
    expect(await connect({ actor: author, personal: true })).toMatchObject({ ownerId: author.id });
    await expect(connect({ actor: author, personal: false })).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('manager'),
    });
  });

  test('in a team one does not belong to is refused as if it were not there', async () => {
    const stranger = { ...author, memberships: [] };
    await expect(connect({ actor: stranger, personal: true })).rejects.toMatchObject({ code: 'not-found' });
    const superuser = { ...stranger, isSuperuser: true };
    expect(await connect({ actor: superuser })).toMatchObject({ ownerId: null });
    await expect(connect({ actor: superuser, teamId: crypto.randomUUID() })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('of the team by its member for himself leaves it the team’s', async () => {
    const team = await connect();
    expect(await connect({ actor: author, personal: true })).toMatchObject({ id: team.id, ownerId: null });
  });

  test('that is personal becomes the team’s when a manager connects it for the team', async () => {
    const personal = await connect({ actor: author, personal: true });
    expect(await connect()).toMatchObject({ id: personal.id, ownerId: null });
  });

  test('that is somebody else’s personal one is refused, until that person has disconnected it', async () => {
    const personal = await connect({ actor: author, personal: true });
    await expect(
      connect({ actor: colleague, personal: true, grant: grant({ accessToken: 'access-9' }) }),
    ).rejects.toMatchObject({ code: 'conflict' });
    expect(await usableAccessToken(context(), personal.id)).toMatchObject({ accessToken: 'access-1' });
    await disconnectAccount(context(), author, personal.id);
    expect(await connect({ actor: colleague, personal: true })).toMatchObject({
      id: personal.id,
      ownerId: colleague.id,
      status: 'active',
    });
  });
});

describe('disconnecting an account', () => {
  test('deletes its tokens, keeps the account, and is recorded once however often it is done', async () => {
    const account = await connect();
    expect(await disconnectAccount(context(), manager, account.id)).toMatchObject({
      id: account.id,
      status: 'disconnected',
      tokenExpiresAt: null,
      permissionEndsAt: null,
    });
    await disconnectAccount(context(), manager, account.id);
    expect(await fresh.db.accountCredential.count({ where: { accountId: account.id } })).toBe(0);
    expect((await eventsOf(account)).map(({ action }) => action)).toEqual([
      'account.connected',
      'account.disconnected',
    ]);
    await expect(usableAccessToken(context(), account.id)).rejects.toThrow(/was disconnected/);
  });

  test('and connecting it again never gives a token the version of one before it', async () => {
    const versions = [];
    for (let n = 0; n < 3; n++) {
      const account = await connect();
      versions.push((await credentialOf(account)).tokenVersion);
      await connect({ grant: grant({ accessToken: 'access-2' }) });
      versions.push((await credentialOf(account)).tokenVersion);
      await disconnectAccount(context(), manager, account.id);
    }
    expect(versions).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('of the team is not for authors; of oneself it is; of another team it does not exist', async () => {
    const team = await connect();
    await expect(disconnectAccount(context(), author, team.id)).rejects.toMatchObject({ code: 'forbidden' });
    const own = await connect({ actor: author, personal: true, candidate: { ...ada, externalId: 'own' } });
    expect(await disconnectAccount(context(), author, own.id)).toMatchObject({ status: 'disconnected' });
    await expect(disconnectAccount(context(), { ...manager, memberships: [] }, team.id)).rejects.toMatchObject({
      code: 'not-found',
    });
    for (const id of ['nonsense', crypto.randomUUID()])
      await expect(disconnectAccount(context(), manager, id)).rejects.toBeInstanceOf(Refusal);
  });
});

describe('a token that has to be renewed', () => {
  const partner = () =>
    connect({
      grant: grant({ accessTokenExpiresAt: days(1), refreshToken: 'refresh-1', refreshTokenExpiresAt: days(365) }),
    });

  test('is not while it is good for more than a minute', async () => {
    const account = await partner();
    now = new Date(days(1).getTime() - 61_000);
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-1' });
  });

  test('is renewed shortly before its end, and the new one is stored before it is used', async () => {
    const account = await partner();
    now = new Date(days(1).getTime() - 30_000);
    onRefresh = async () =>
      grant({ accessToken: 'access-2', refreshToken: 'refresh-2', accessTokenExpiresAt: days(2) });
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-2', tokenVersion: 2 });
    expect(await credentialOf(account)).toMatchObject({ refreshLeaseUntil: null, refreshStartedAt: null });
    expect(await reload(account)).toMatchObject({ tokenExpiresAt: days(2), status: 'active' });
    expect((await eventsOf(account)).at(-1)).toMatchObject({ action: 'account.refreshed', actorId: null });

    now = days(2);
    onRefresh = async () => grant({ accessToken: 'access-3', accessTokenExpiresAt: days(3) });
    await usableAccessToken(context(), account.id);
    expect(refreshesAsked).toEqual(['refresh-1', 'refresh-2']);
  });

  test('is renewed once when many need it at the same moment', async () => {
    const account = await partner();
    now = days(1);
    onRefresh = async () => {
      await delay(300);
      return grant({ accessToken: 'access-2', refreshToken: 'refresh-2', accessTokenExpiresAt: days(2) });
    };
    const tokens = await Promise.all(Array.from({ length: 8 }, () => usableAccessToken(context(), account.id)));
    expect(new Set(tokens.map(({ accessToken }) => accessToken))).toEqual(new Set(['access-2']));
    expect(refreshesAsked).toEqual(['refresh-1']);
  });

  test('does not make others wait while the old one still lives', async () => {
    const account = await partner();
    now = new Date(days(1).getTime() - 30_000);
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<TokenGrant>();
    onRefresh = async () => {
      asked.resolve();
      return answered.promise;
    };
    const renewing = usableAccessToken(context(), account.id);
    await asked.promise;
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-1' });
    answered.resolve(grant({ accessToken: 'access-2', accessTokenExpiresAt: days(2) }));
    expect(await renewing).toMatchObject({ accessToken: 'access-2' });
  });

  test('is renewed by somebody else after a process died while renewing', async () => {
    const account = await partner();
    await fresh.db.accountCredential.update({
      where: { accountId: account.id },
      data: { refreshStartedAt: days(-1), refreshLeaseUntil: days(-1) },
    });
    now = days(1);
    onRefresh = async () => grant({ accessToken: 'access-2', accessTokenExpiresAt: days(2) });
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-2' });
  });

  test('stays usable to its end when the platform cannot be reached, and is tried again later after that', async () => {
    const account = await partner();
    onRefresh = async () => {
      throw new ConnectError('unreachable', 'LinkedIn could not be asked.', { dead: false });
    };
    now = new Date(days(1).getTime() - 30_000);
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-1' });
    now = days(1);
    await expect(usableAccessToken(context(), account.id)).rejects.toMatchObject({ name: 'ConnectError', dead: false });
    expect(await reload(account)).toMatchObject({ status: 'active' });
    expect(refreshesAsked).toHaveLength(2);
  });

  test('that the platform refuses for good asks for a person, once', async () => {
    const account = await partner();
    now = days(1);
    onRefresh = async () => {
      throw new ConnectError(
        'refresh-refused',
        'LinkedIn no longer accepts the stored permission. Connect the account again.',
        { dead: true },
      );
    };
    for (let n = 0; n < 2; n++)
      await expect(usableAccessToken(context(), account.id)).rejects.toThrow(ReauthorizationRequiredError);
    expect(refreshesAsked).toHaveLength(1);
    expect(await reload(account)).toMatchObject({
      status: 'reconnect_required',
      statusReason: 'LinkedIn no longer accepts the stored permission. Connect the account again.',
    });
    expect((await eventsOf(account)).map(({ action }) => action)).toEqual([
      'account.connected',
      'account.reconnect_required',
    ]);
  });

  test('that was connected again while the platform refused it is not declared dead', async () => {
    const account = await partner();
    now = days(1);
    onRefresh = async () => {
      await connect({ grant: grant({ accessToken: 'access-2', accessTokenExpiresAt: days(60) }) });
      throw new ConnectError('refresh-refused', 'Refused.', { dead: true });
    };
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-2' });
    expect(await reload(account)).toMatchObject({ status: 'active' });
  });

  test('that was connected again while it was renewed keeps what the person consented to last', async () => {
    const account = await partner();
    now = days(1);
    onRefresh = async () => {
      await connect({ grant: grant({ accessToken: 'consented', accessTokenExpiresAt: days(60) }) });
      return grant({ accessToken: 'renewed', accessTokenExpiresAt: days(2) });
    };
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'consented' });
  });

  test('that was disconnected and connected again while it was renewed keeps what the person consented to last', async () => {
    const account = await partner();
    now = days(1);
    onRefresh = async () => {
      await disconnectAccount(context(), manager, account.id);
      await connect({ grant: grant({ accessToken: 'consented', accessTokenExpiresAt: days(60) }) });
      return grant({ accessToken: 'renewed', accessTokenExpiresAt: days(2) });
    };
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'consented' });
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'consented' });
  });

  test('that was disconnected while it was renewed stays disconnected', async () => {
    const account = await partner();
    now = days(1);
    onRefresh = async () => {
      await disconnectAccount(context(), manager, account.id);
      return grant({ accessToken: 'renewed' });
    };
    await expect(usableAccessToken(context(), account.id)).rejects.toThrow(/was disconnected/);
    expect(await fresh.db.accountCredential.count({ where: { accountId: account.id } })).toBe(0);
  });

  test('whose successor hardly lives is not renewed over and over', async () => {
    const account = await partner();
    now = days(1);
    onRefresh = async () => grant({ accessToken: 'access-2', accessTokenExpiresAt: new Date(now.getTime() + 10_000) });
    expect(await usableAccessToken(context(), account.id)).toMatchObject({ accessToken: 'access-2' });
    expect(refreshesAsked).toHaveLength(1);
  });

  test('because the platform refused it is renewed once, however many saw the refusal', async () => {
    const account = await partner();
    onRefresh = async () => grant({ accessToken: 'access-2', accessTokenExpiresAt: days(2) });
    const tokens = await Promise.all(
      [1, 2, 3].map(() => usableAccessToken(context(), account.id, { rejectedVersion: 1 })),
    );
    expect(tokens).toMatchObject(Array(3).fill({ accessToken: 'access-2', tokenVersion: 2 }));
    expect(refreshesAsked).toHaveLength(1);
  });
});

describe('an account without a refresh token', () => {
  test('asks for a person when its time is over', async () => {
    const account = await connect();
    now = days(60);
    await expect(usableAccessToken(context(), account.id)).rejects.toThrow(
      /LinkedIn gave permission for a limited time, which is over\. Connect the account again\./,
    );
    expect(await reload(account)).toMatchObject({ status: 'reconnect_required' });
  });

  test('asks for a person when the platform refused its token', async () => {
    const account = await connect();
    await expect(usableAccessToken(context(), account.id, { rejectedVersion: 1 })).rejects.toThrow(
      /LinkedIn no longer accepts/,
    );
    expect((await eventsOf(account)).at(-1)).toMatchObject({
      action: 'account.reconnect_required',
      actorId: null,
      teamId,
    });
  });

  test('whose refresh token has ended too is not refreshed any more', async () => {
    const account = await connect({ grant: grant({ refreshToken: 'refresh-1', refreshTokenExpiresAt: days(60) }) });
    now = days(61);
    await expect(usableAccessToken(context(), account.id)).rejects.toThrow(ReauthorizationRequiredError);
    expect(refreshesAsked).toEqual([]);
  });

  test('is not marked because of a token it no longer has', async () => {
    const account = await connect();
    await connect({ grant: grant({ accessToken: 'access-2' }) });
    expect(await fresh.db.$transaction((tx) => markReconnectRequired(tx, context(), account.id, 'Old news.', 1))).toBe(
      false,
    );
    expect(await reload(account)).toMatchObject({ status: 'active' });
  });
});

describe('keys', () => {
  test('a token whose row was copied over another account’s cannot be read', async () => {
    const [one, other] = [
      await connect(),
      await connect({ candidate: { ...ada, externalId: 'grace' }, grant: grant({ accessToken: 'graces' }) }),
    ];
    await fresh.db.accountCredential.update({
      where: { accountId: one.id },
      data: { accessToken: (await credentialOf(other)).accessToken },
    });
    await expect(usableAccessToken(context(), one.id)).rejects.toThrow(TokenUnreadableError);
    // The operator can repair this; the account is not thrown away.
    expect(await reload(one)).toMatchObject({ status: 'active' });
  });

  test('are rotated in batches; what another key wrote is left alone and named; a second run finds nothing to do', async () => {
    await fresh.db.accountCredential.deleteMany();
    const accounts: ConnectedAccount[] = [];
    for (let n = 0; n < 7; n++)
      accounts.push(
        await connect({
          candidate: { ...ada, externalId: `m${n}` },
          grant: grant({ accessToken: `access-${n}`, refreshToken: n % 2 ? `refresh-${n}` : null }),
        }),
      );
    const [lost] = accounts.splice(3, 1);
    const foreign = createTokenCipher([{ id: 'lost', key: Buffer.alloc(32, 9) }]);
    await fresh.db.accountCredential.update({
      where: { accountId: lost?.id ?? '' },
      data: { accessToken: foreign.encrypt('x', { table: 't', column: 'c', rowId: 'r', account: 'a' }) },
    });

    const rotated = context({ tokenCipher: createTokenCipher([k2, k1]) });
    expect(await rotateTokenKeys(rotated, { batchSize: 2 })).toEqual({
      reencrypted: 6,
      alreadyCurrent: 0,
      unreadable: [lost?.id],
    });
    expect(await rotateTokenKeys(rotated, { batchSize: 100 })).toEqual({
      reencrypted: 0,
      alreadyCurrent: 6,
      unreadable: [lost?.id],
    });

    const withoutOldKey = context({ tokenCipher: createTokenCipher([k2]) });
    for (const account of accounts) {
      const n = account.externalId.slice(1);
      expect(await usableAccessToken(withoutOldKey, account.id)).toMatchObject({
        accessToken: `access-${n}`,
        tokenVersion: 1,
      });
    }
  });

  test('are rotated while accounts are being connected again, and no newer token is lost', async () => {
    await fresh.db.accountCredential.deleteMany();
    const accounts = await Promise.all(
      Array.from({ length: 10 }, (_, n) => connect({ candidate: { ...ada, externalId: `m${n}` } })),
    );
    const rotated = context({ tokenCipher: createTokenCipher([k2, k1]) });
    await Promise.all([
      rotateTokenKeys(rotated, { batchSize: 3 }),
      // These servers still write with the old key.
      ...accounts.map((account) =>
        connect({
          candidate: { ...ada, externalId: account.externalId },
          grant: grant({ accessToken: `newer-${account.externalId}` }),
        }),
      ),
    ]);
    await rotateTokenKeys(rotated, { batchSize: 3 });
    const withoutOldKey = context({ tokenCipher: createTokenCipher([k2]) });
    for (const account of accounts) {
      expect(await usableAccessToken(withoutOldKey, account.id)).toMatchObject({
        accessToken: `newer-${account.externalId}`,
        tokenVersion: 2,
      });
    }
  });
});

const ada: AccountCandidate = {
  externalId: 'ada',
  kind: 'member',
  displayName: 'Ada',
  profileUrl: null,
  email: null,
  grant: null,
};

function grant(part: Partial<TokenGrant> = {}): TokenGrant {
  return {
    accessToken: 'access-1',
    accessTokenExpiresAt: days(60),
    refreshToken: null,
    refreshTokenExpiresAt: null,
    scopes: ['openid', 'w_member_social'],
    ...part,
  };
}

function connection(part: Partial<Connection>): Connection {
  return { actor: manager, teamId, personal: false, platform: 'linkedin', candidate: ada, grant: grant(), ...part };
}

async function connect(part: Partial<Connection> = {}): Promise<ConnectedAccount> {
  return fresh.db.$transaction((tx) => connectAccount(tx, context(), connection(part)));
}

/** Whether a connection to this database waits for another one. */
async function waitingForALock(): Promise<boolean> {
  const rows = await fresh.db.$queryRaw<
    unknown[]
  >`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return rows.length > 0;
}

/** The platform is the one thing that is played here: what it says when asked for a new token is the point of each test. */
function context(part: { tokenCipher?: ReturnType<typeof createTokenCipher> } = {}) {
  const linkedin: PlatformAdapter = {
    platform: 'linkedin',
    sandboxed: true,
    requiredScopes: [],
    publisher: { prepare: () => expect.unreachable(), send: () => expect.unreachable() },
    connector: {
      authorizeUrl: () => expect.unreachable(),
      exchangeCode: () => expect.unreachable(),
      candidates: () => expect.unreachable(),
      refresh: async (refreshToken) => {
        refreshesAsked.push(refreshToken);
        return onRefresh(refreshToken);
      },
    },
  };
  return {
    db: fresh.db,
    tokenCipher: createTokenCipher([k1]),
    platforms: { linkedin },
    clock: { now: () => now },
    log: pino({ level: 'silent' }),
    ...part,
  };
}

async function person(role: 'author' | 'manager'): Promise<Actor> {
  const user = await fresh.db.user.create({
    data: { email: `${crypto.randomUUID()}@example.com`, name: 'Somebody', memberships: { create: { teamId, role } } },
  });
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    timeZone: 'UTC',
    isSuperuser: false,
    memberships: [{ teamId, role }],
  };
}

const credentialOf = (account: ConnectedAccount) =>
  fresh.db.accountCredential.findUniqueOrThrow({ where: { accountId: account.id } });
const reload = (account: ConnectedAccount) =>
  fresh.db.connectedAccount.findUniqueOrThrow({ where: { id: account.id } });
const eventsOf = (account: ConnectedAccount) =>
  fresh.db.auditEvent.findMany({ where: { entityId: account.id }, orderBy: { id: 'asc' } });
