/** X's refresh tokens are good once: whoever uses one a second time may lose the account. Real processes, real HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ConnectedAccount } from '@prisma/client';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { createX } from '../platforms/x.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { eventually } from '../testing/publishing-bench.ts';
import { type RotatingTokenServer, startRotatingTokenServer } from '../testing/rotating-token-server.ts';
import { usableAccessToken } from './access-token.ts';
import { connectAccount } from './connect-account.ts';
import { createTokenCipher } from './token-cipher.ts';

const KEY = Buffer.alloc(32, 1);

let fresh: FreshDatabase;
let server: RotatingTokenServer;
let account: ConnectedAccount;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  fresh = await freshDatabase();
  server = await startRotatingTokenServer();
});
afterAll(async () => {
  await server.close();
  await fresh.close();
});
beforeEach(async () => {
  account = await connect();
});
afterEach(async () => {
  const running = processes.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => once(child, 'exit')));
});

describe('two processes that need a new token at the same moment', () => {
  test('use each refresh token once, however often they meet', async () => {
    const crew = await Promise.all([start(), start()]);
    for (let round = 1; round <= 5; round++) {
      await expireToken();
      const tokens = (await Promise.all(crew.map((one) => one.ask(4)))).flat();
      expect(new Set(tokens)).toEqual(new Set([await token()]));
      expect({ refreshes: server.refreshes, reuses: server.reuses }).toEqual({ refreshes: round, reuses: 0 });
    }
  });

  test('use it once also when one of them was stopped between taking its turn and asking', async () => {
    const [stopped, other] = await Promise.all([start(), start()]);
    await expireToken();
    // Its turn is written while it does not run: it waits for the row, is stopped, and then gets the row.
    const asked = await fresh.db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT 1 FROM account_credentials WHERE account_id = ${account.id}::uuid FOR UPDATE`;
      const asking = stopped.ask(1);
      await eventually(async () => ((await waitingForALock()) ? true : undefined), 'it to wait for its turn');
      stopped.signal('SIGSTOP');
      return { asking };
    });
    await eventually(async () => (await leaseUntil()) ?? undefined, 'its turn to be written');
    // Longer than it may be away.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await endLease();
    const tokens = await other.ask(1);
    stopped.signal('SIGCONT');
    expect(await asked.asking).toEqual(tokens);
    expect({ refreshes: server.refreshes, reuses: server.reuses }).toEqual({ refreshes: 1, reuses: 0 });
  });
});

describe('a process that dies after X has replaced the token and before it has written it down', () => {
  test('leaves the old token in use while it lives, and then an account that says what happened', async () => {
    const [doomed, other] = await Promise.all([start(), start()]);
    await setExpiry(30_000);
    const answer = server.holdAnswers();
    void doomed.ask(1);
    await eventually(() => (server.refreshes === 1 ? true : undefined), 'the rotation');
    doomed.signal('SIGKILL');
    answer();
    await endLease();

    expect(await other.ask(2)).toEqual(['access-0', 'access-0']);
    expect(server.reuses).toBe(0);

    await expireToken();
    expect(await other.ask(1)).toEqual([expect.stringContaining('ReauthorizationRequiredError')]);
    expect(await reload()).toMatchObject({
      status: 'reconnect_required',
      statusReason: expect.stringMatching(/interrupted.*Connect the account again/),
    });
  });
});

describe('an answer that is lost', () => {
  test.each(['rotate-then-503', 'rotate-then-drop'] as const)(
    '(%s) is not asked for again while the old token lives, then it is told that it was lost',
    async (fault) => {
      await setExpiry(30_000);
      server.fault(fault);
      for (let n = 0; n < 3; n++) expect(await token()).toBe('access-0');
      expect({ refreshes: server.refreshes, reuses: server.reuses }).toEqual({ refreshes: 1, reuses: 0 });
      expect(await reload()).toMatchObject({ status: 'active' });

      await expireToken();
      await expect(token()).rejects.toThrow(/interrupted.*Connect the account again/);
    },
  );

  test('of a server that did nothing costs nothing: the token is renewed when the old one has ended', async () => {
    await setExpiry(30_000);
    server.fault('only-503');
    expect(await token()).toBe('access-0');
    await expireToken();
    expect(await token()).toMatch(/^access-\d+-1$/);
    expect(await credential()).toMatchObject({ refreshStartedAt: null, refreshLeaseUntil: null });
    expect(server.reuses).toBe(0);
  });
});

test('a new pair that cannot be written down at first is written down all the same', async () => {
  await expireToken();
  const answer = server.holdAnswers();
  const asking = token();
  await eventually(() => (server.refreshes === 1 ? true : undefined), 'the rotation');
  await fresh.db.$executeRaw`ALTER TABLE account_credentials RENAME TO hidden`;
  answer();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await fresh.db.$executeRaw`ALTER TABLE hidden RENAME TO account_credentials`;
  expect(await asking).toMatch(/^access-\d+-1$/);
  await expireToken();
  expect(await token()).toMatch(/^access-\d+-2$/);
  expect(server.reuses).toBe(0);
});

interface Asking {
  /** Asks for the token so many times at once. */
  ask(times: number): Promise<string[]>;
  signal(name: NodeJS.Signals): void;
}

async function start(): Promise<Asking> {
  const program = join(import.meta.dirname, '../testing/refreshing-process.ts');
  const child = spawn(process.execPath, [program, account.id], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      DATABASE_URL: fresh.url,
      SESSION_SECRET: 'a secret for tests of at least 32 characters',
      TOKEN_KEYS: `k1:${KEY.toString('base64')}`,
      SANDBOX: 'off',
      X_CLIENT_ID: 'id',
      X_API_URL: server.url,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  processes.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  return {
    async ask(times) {
      child.stdin.write(`${times}\n`);
      const { value } = await lines.next();
      // Killed while it was asking: it got nothing.
      return value === undefined ? [] : (JSON.parse(value) as string[]);
    },
    signal: (name) => void child.kill(name),
  };
}

function context() {
  const settings = {
    clientId: 'id',
    clientSecret: null,
    authorizeUrl: 'https://x.com/i/oauth2/authorize',
    apiUrl: server.url,
    version: null,
  };
  return {
    db: fresh.db,
    tokenCipher: createTokenCipher([{ id: 'k1', key: KEY }]),
    platforms: { x: createX(settings, { sandboxed: false, clock: systemClock }) },
    clock: systemClock,
    log: pino({ level: 'silent' }),
  };
}

async function connect(): Promise<ConnectedAccount> {
  const team = await fresh.db.team.create({ data: { name: `Team ${crypto.randomUUID()}` } });
  const email = `${crypto.randomUUID()}@example.com`;
  const user = await fresh.db.user.create({ data: { email, name: 'Ada' } });
  const actor = { id: user.id, email, name: user.name, timeZone: 'UTC', isSuperuser: true, memberships: [] };
  return fresh.db.$transaction((tx) =>
    connectAccount(tx, context(), {
      actor,
      teamId: team.id,
      personal: false,
      platform: 'x',
      candidate: {
        externalId: '7',
        kind: 'member',
        displayName: 'Ada (@ada)',
        profileUrl: null,
        email: null,
        grant: null,
      },
      grant: {
        accessToken: 'access-0',
        accessTokenExpiresAt: new Date(Date.now() + 7_200_000),
        refreshToken: server.consent(),
        refreshTokenExpiresAt: null,
        scopes: ['tweet.write'],
      },
    }),
  );
}

const token = async () => (await usableAccessToken(context(), account.id)).accessToken;
const expireToken = () => setExpiry(-1_000);
async function setExpiry(inMs: number): Promise<void> {
  const tokenExpiresAt = new Date(Date.now() + inMs);
  await fresh.db.connectedAccount.update({ where: { id: account.id }, data: { tokenExpiresAt } });
}
/** As if the time of whoever was renewing were over. */
async function endLease(): Promise<void> {
  await fresh.db
    .$executeRaw`UPDATE account_credentials SET refresh_lease_until = clock_timestamp() WHERE account_id = ${account.id}::uuid`;
}
const credential = () => fresh.db.accountCredential.findUniqueOrThrow({ where: { accountId: account.id } });
const leaseUntil = async () => (await credential()).refreshLeaseUntil;
const reload = () => fresh.db.connectedAccount.findUniqueOrThrow({ where: { id: account.id } });
async function waitingForALock(): Promise<boolean> {
  const rows = await fresh.db.$queryRaw<
    unknown[]
  >`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return rows.length > 0;
}
