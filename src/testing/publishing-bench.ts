/**
 * Everything publishing needs, for real: a database of one's own, pg-boss, the LinkedIn sandbox over HTTP, a connected
 * account with a token that the sandbox issued. Only the timings are shorter than in production.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectedAccount } from '@prisma/client';
import { PgBoss } from 'pg-boss';
import { pino } from 'pino';
import { connectAccount } from '../accounts/connect-account.ts';
import { createTokenCipher } from '../accounts/token-cipher.ts';
import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import type { AppContext } from '../context.ts';
import type { Actor, TeamRole } from '../domain/access.ts';
import { createPlatforms } from '../platforms/registry.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { createQueues } from '../worker/worker.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';
import { QUICK } from './quick-timings.ts';

export interface LedgerEntry {
  id: string;
  account: string;
  text: string;
  receivedAt: string;
}

export interface Bench {
  ctx: AppContext;
  teamId: string;
  author: Actor;
  account: ConnectedAccount;
  /** The environment with which another process works on the same database, keys and sandbox. */
  environment: Readonly<Record<string, string>>;
  /** Adds a person with a role to the team. */
  person(role: TeamRole, over?: Partial<Actor>): Promise<Actor>;
  /** Connects one of the sandbox's members for somebody: personal, or the team's. */
  connect(actor: Actor, member: string, personal?: boolean): Promise<ConnectedAccount>;
  /** What the platform says is there: the only judge of "twice" and "lost". */
  ledger(): Promise<LedgerEntry[]>;
  /** @param delayMs of a fault that takes its time */
  fault(fault: string, times?: number, account?: ConnectedAccount, delayMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** Sample members of the sandbox. */
export const MEMBERS = [
  'amara.okafor@example.com',
  'jonas.lindqvist@example.com',
  'mei.tanaka@example.com',
  'rafael.duarte@example.com',
] as const;

export async function openBench(
  over: Partial<Pick<AppContext, 'timings' | 'onStep' | 'clock'>> & {
    database?: FreshDatabase;
    /** LINKEDIN_POSTS_API */
    postsApi?: 'posts' | 'ugcPosts';
    /** Whether LinkedIn gives refresh tokens, as to approved partners. */
    partner?: boolean;
  } = {},
): Promise<Bench> {
  const dataDir = await mkdtemp(join(tmpdir(), 'scheduler-bench-'));
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const database = over.database ?? (await freshDatabase());
  const sandbox = await startSandbox({ port: 0, dataDir, log, linkedin: { partner: over.partner ?? false } });
  const settings = readConfig({ NODE_ENV: 'test', DATA_DIR: dataDir });
  const clock = over.clock ?? systemClock;
  const linkedin = {
    ...settings.platforms.linkedin,
    clientId: 'sandbox-client',
    clientSecret: 'sandbox-secret',
    authorizeUrl: sandbox.linkedin.oauthUrl,
    apiUrl: sandbox.linkedin.apiUrl,
    postsApi: over.postsApi ?? 'posts',
  };
  const config = { ...settings, platforms: { ...settings.platforms, linkedin } };
  const tokenKey = randomBytes(32);
  const boss = new PgBoss({ connectionString: database.url, max: 3, schedule: false });
  boss.on('error', (error) => log.error({ err: error }, 'queue'));
  await boss.start();
  await createQueues({ boss });
  const ctx: AppContext = {
    config,
    db: database.db,
    boss,
    platforms: createPlatforms(config.platforms, { sandboxed: ['linkedin'], clock }),
    tokenCipher: createTokenCipher([{ id: 'k1', key: tokenKey }]),
    clock,
    log,
    timings: over.timings ?? QUICK,
    wake: () => undefined,
    onStep: over.onStep ?? (() => undefined),
  };
  const team = await ctx.db.team.create({ data: { name: `Team ${randomBytes(3).toString('hex')}` } });

  async function person(role: TeamRole, details: Partial<Actor> = {}): Promise<Actor> {
    const email = `${role}-${randomBytes(4).toString('hex')}@example.com`;
    const user = await ctx.db.user.create({
      data: { email, name: `Some ${role}`, memberships: { create: { teamId: team.id, role } } },
    });
    return {
      id: user.id,
      email,
      name: user.name,
      timeZone: 'UTC',
      isSuperuser: false,
      memberships: [{ teamId: team.id, role }],
      ...details,
    };
  }

  async function connect(actor: Actor, member: string, personal = true): Promise<ConnectedAccount> {
    const adapter = ctx.platforms.linkedin;
    if (adapter === undefined) throw new Error('the sandbox serves LinkedIn');
    const redirectUri = 'http://localhost:3000/connect/linkedin/callback';
    const consent = new URL(adapter.connector.authorizeUrl({ redirectUri, state: 'bench', codeChallenge: '' }));
    consent.searchParams.set('sandbox_member', member);
    const answer = await fetch(consent, { redirect: 'manual' });
    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const now = clock.now();
    const grant = await adapter.connector.exchangeCode({ code, redirectUri, codeVerifier: '' }, now);
    const [candidate] = await adapter.connector.candidates(grant, now);
    if (candidate === undefined) throw new Error('the member himself is a candidate');
    return ctx.db.$transaction((tx) =>
      connectAccount(tx, ctx, { actor, teamId: team.id, personal, platform: 'linkedin', candidate, grant }),
    );
  }

  const author = await person('author');
  const account = await connect(author, MEMBERS[0]);
  return {
    ctx,
    teamId: team.id,
    author,
    account,
    environment: {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'test',
      PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      TOKEN_KEYS: `k1:${tokenKey.toString('base64')}`,
      SANDBOX: 'off',
      LINKEDIN_CLIENT_ID: linkedin.clientId,
      LINKEDIN_CLIENT_SECRET: linkedin.clientSecret,
      LINKEDIN_OAUTH_URL: linkedin.authorizeUrl,
      LINKEDIN_API_URL: linkedin.apiUrl,
    },
    person,
    connect,
    async ledger() {
      const answer = await fetch(`${sandbox.url}/sandbox/ledger?platform=linkedin`);
      return ((await answer.json()) as { entries: LedgerEntry[] }).entries;
    },
    async fault(fault, times, target = account, delayMs) {
      const body = JSON.stringify({
        platform: 'linkedin',
        account: `urn:li:person:${target.externalId}`,
        fault,
        times,
        delayMs,
      });
      const answer = await fetch(`${sandbox.url}/sandbox/faults`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Origin: sandbox.url },
        body,
      });
      if (!answer.ok) throw new Error(`the sandbox refused the fault: ${answer.status} ${await answer.text()}`);
    },
    async close() {
      await boss.stop({ graceful: false });
      await sandbox.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Waits until `look` gives something other than undefined. @throws after `patienceMs`, naming what was waited for */
export async function eventually<T>(
  look: () => Promise<T | undefined> | T | undefined,
  what: string,
  patienceMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
