/**
 * The world of the model-based test: real Postgres, real pg-boss, the engine as it is, a platform with its own ledger, and
 * time that passes by moving the rows back, because due is decided by the database. Workers are pipelines that can be
 * stopped for ever, or for a while, at any point where they wait for the database or the platform.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { ConnectedAccount } from '@prisma/client';
import { PgBoss } from 'pg-boss';
import { pino } from 'pino';
import { createTokenCipher } from '../accounts/token-cipher.ts';
import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { type AppContext, PRODUCTION_TIMINGS } from '../context.ts';
import type { Database } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import type { Claim } from '../publishing/claim.ts';
import { claimReady, type Ready } from '../publishing/claim-ready.ts';
import { createReadyBook, type ReadyBook } from '../publishing/prepare-ahead.ts';
import { publishPublication } from '../publishing/publish-publication.ts';
import { sendRecorded } from '../publishing/send-recorded.ts';
import { takeConsent } from '../publishing/take-consent.ts';
import { createQueues } from '../worker/worker.ts';
import { freshDatabase } from './fresh-database.ts';
import { createLedgerPlatform, type Fault, type LedgerPlatform } from './ledger-platform.ts';

/** Where a pipeline can be stopped: each is a wait for the database or the platform. */
export const PAUSES = ['claimed', 'prepared', 'recorded', 'answered', 'saving', 'saved'] as const;
export type Pause = (typeof PAUSES)[number];

/** Everything that is scheduled is prepared, so that much can change until it is due. */
const FAR_AHEAD_MS = 24 * 3_600_000;

export interface Rules {
  latePolicy: 'send' | 'hold' | 'drop';
  resendWhenAbsent: boolean;
}

/** A pipeline that stands still. Nothing tells it to give up: it just does not go on, like a process under SIGSTOP. */
export interface PausedPipeline {
  worker: number;
  publicationId: string;
  /** Lets it go on, to its end. */
  resume(): Promise<void>;
}

export interface World {
  ctx: AppContext;
  platform: LedgerPlatform;
  teamId: string;
  manager: Actor;
  accounts: { blind: ConnectedAccount; readable: ConnectedAccount };
  paused: PausedPipeline[];
  /** What a worker has prepared before its time; it may be long out of date. Gone with the worker. */
  readyBook(worker: number): ReadyBook;
  forget(worker: number): void;
  /** Time passes, for the rows and for this process. */
  pass(seconds: number): Promise<void>;
  /** Runs the pipeline of a claim, or of what was ready, until its end, or until it stands at `pause`. */
  run(
    worker: number,
    work: Claim | Ready,
    plan: { fault: Fault; pause: Pause | null; stopping: boolean },
  ): Promise<void>;
  reconnect(account: ConnectedAccount): Promise<void>;
  /** One more account. */
  connect(platform: 'linkedin' | 'facebook', externalId: string): Promise<ConnectedAccount>;
}

export interface ModelBench {
  db: Database;
  /** A new team with new accounts; what an earlier world left is put out of the way. */
  world(rules: Rules): Promise<World>;
  close(): Promise<void>;
}

export async function openModelBench(): Promise<ModelBench> {
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const database = await freshDatabase();
  const { db } = database;
  const boss = new PgBoss({ connectionString: database.url, max: 2, schedule: false, supervise: false });
  boss.on('error', (error) => log.error({ err: error }, 'queue'));
  await boss.start();
  await createQueues({ boss });
  const user = await db.user.create({ data: { email: 'model@example.com', name: 'A manager' } });
  const shared = {
    config: readConfig({ NODE_ENV: 'test' }),
    db,
    boss,
    tokenCipher: createTokenCipher([{ id: 'k1', key: randomBytes(32) }]),
    clock: systemClock,
    log,
    timings: PRODUCTION_TIMINGS,
    wake: () => undefined,
    onStep: () => undefined,
  };
  const machine = performance.now.bind(performance);

  async function world(rules: Rules): Promise<World> {
    await clearAway(db);
    let elapsedMs = 0;
    // What the engine measures with its own monotonic clock passes as well.
    performance.now = () => machine() + elapsedMs;
    const platform = createLedgerPlatform(() => elapsedMs);
    const ctx: AppContext = { ...shared, platforms: platform.reader('true') };
    const team = await db.team.create({ data: { name: `Team ${randomUUID()}`, ...rules } });
    const manager: Actor = {
      id: user.id,
      email: user.email,
      name: user.name,
      timeZone: 'UTC',
      isSuperuser: false,
      memberships: [{ teamId: team.id, role: 'manager' }],
    };
    const paused: PausedPipeline[] = [];
    const books = new Map<number, ReadyBook>();

    async function connect(platformName: 'linkedin' | 'facebook', externalId: string): Promise<ConnectedAccount> {
      const adapter = ctx.platforms[platformName];
      if (adapter === undefined) throw new Error('both platforms are there');
      const grant = {
        accessToken: 'token',
        accessTokenExpiresAt: null,
        refreshToken: null,
        refreshTokenExpiresAt: null,
        scopes: [],
      };
      const candidate = {
        externalId,
        kind: platformName === 'linkedin' ? ('member' as const) : ('page' as const),
        displayName: externalId,
        profileUrl: null,
        email: null,
        grant: null,
      };
      const connection = { actor: manager, teamId: team.id, personal: false, platform: platformName, candidate, grant };
      const consent = { actor: manager, adapter, grantedBy: null, grant };
      await db.$transaction((tx) => takeConsent(tx, ctx, consent, [connection]));
      const key = { teamId: team.id, platform: platformName, externalId };
      return db.connectedAccount.findUniqueOrThrow({ where: { teamId_platform_externalId: key } });
    }

    return {
      ctx,
      connect,
      platform,
      teamId: team.id,
      manager,
      accounts: { blind: await connect('linkedin', 'member'), readable: await connect('facebook', '1027') },
      paused,
      async pass(seconds) {
        elapsedMs += seconds * 1000;
        await moveBack(db, team.id, seconds);
      },
      readyBook(worker) {
        const book = books.get(worker) ?? createReadyBook(ctx, FAR_AHEAD_MS);
        books.set(worker, book);
        return book;
      },
      forget(worker) {
        books.delete(worker);
      },
      async run(worker, work, { fault, pause, stopping }) {
        const { publicationId } = work;
        const gate = createGate(pause);
        const pipelineCtx: AppContext = {
          ...ctx,
          db: gatedDatabase(db, gate.reached),
          platforms: platform.sender(publicationId, fault, () => gate.reached('answered')),
        };
        const signal = stopping ? AbortSignal.abort() : new AbortController().signal;
        const pipeline = gate
          .reached('claimed')
          .then(() =>
            'attemptId' in work
              ? publishPublication(pipelineCtx, work, signal)
              : publishReady(pipelineCtx, work, signal),
          );
        if ((await Promise.race([pipeline.then(() => 'ended'), gate.standing])) === 'ended') return;
        paused.push({
          worker,
          publicationId,
          async resume() {
            gate.open();
            await pipeline;
          },
        });
      },
      async reconnect(account) {
        await connect(account.platform === 'linkedin' ? 'linkedin' : 'facebook', account.externalId);
      },
    };
  }

  return {
    db,
    world,
    async close() {
      performance.now = machine;
      await boss.stop({ graceful: false });
      await database.close();
    },
  };
}

/** As the dispatcher does it, one at a time. What was prepared long ago is sent by the platform as it is now. */
async function publishReady(ctx: AppContext, ready: Ready, signal: AbortSignal): Promise<void> {
  const platform = ctx.platforms[ready.preparation.frozen.platform === 'facebook' ? 'facebook' : 'linkedin'];
  if (platform === undefined) throw new Error('both platforms are there');
  for (const recorded of await claimReady(ctx, [ready])) {
    const preparation = { ...recorded.preparation, publisher: platform.publisher };
    await sendRecorded(ctx, { ...recorded, preparation }, signal);
  }
}

interface Gate {
  /** Waits here if this is the place. */
  reached(place: Pause): Promise<void>;
  /** Settles once somebody waits. */
  standing: Promise<'standing'>;
  open(): void;
}

function createGate(pause: Pause | null): Gate {
  const standing = Promise.withResolvers<'standing'>();
  const opened = Promise.withResolvers<void>();
  let used = false;
  return {
    standing: standing.promise,
    open: () => opened.resolve(),
    async reached(place) {
      if (place !== pause || used) return;
      used = true;
      standing.resolve('standing');
      await opened.promise;
    },
  };
}

/**
 * The same database, with a gate around the write-ahead record and around the transactions that save. `recorded` is after
 * the commit and before this process has heard of it: the place where a pause cannot be noticed by looking at the answer.
 */
function gatedDatabase(db: Database, reached: Gate['reached']): Database {
  return new Proxy(db, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      if (key === '$transaction') {
        return async (...args: unknown[]) => {
          await reached('saving');
          const result: unknown = await Reflect.apply(value, target, args);
          await reached('saved');
          return result;
        };
      }
      if (key !== '$queryRaw') return value;
      return async (...args: unknown[]) => {
        const writeAhead = Array.isArray(args[0]) && args[0].join('?').includes("'publication.sent'");
        if (writeAhead) await reached('prepared');
        const result: unknown = await Reflect.apply(value, target, args);
        if (writeAhead) await reached('recorded');
        return result;
      };
    },
  });
}

/** For the database, `seconds` pass: everything it compares with its clock lies that much further back. */
async function moveBack(db: Database, teamId: string, seconds: number): Promise<void> {
  await db.$executeRaw`
    UPDATE publications SET next_attempt_at = next_attempt_at - ${seconds} * interval '1 second', due_at = due_at - ${seconds} * interval '1 second',
      put_off_until = put_off_until - ${seconds} * interval '1 second',
      lease_until = lease_until - ${seconds} * interval '1 second', sent_at = sent_at - ${seconds} * interval '1 second'
    WHERE team_id = ${teamId}::uuid AND status <> 'published'`;
  await db.$executeRaw`
    UPDATE publish_attempts SET sent_at = publish_attempts.sent_at - ${seconds} * interval '1 second',
      next_look_up_at = next_look_up_at - ${seconds} * interval '1 second', first_absent_at = first_absent_at - ${seconds} * interval '1 second'
    FROM publications WHERE publications.id = publication_id AND team_id = ${teamId}::uuid AND state IN ('sent', 'unknown', 'absent')`;
  await db.$executeRaw`
    UPDATE account_rests SET until = until - ${seconds} * interval '1 second'
    WHERE (platform, external_id) IN (SELECT platform, external_id FROM connected_accounts WHERE team_id = ${teamId}::uuid)`;
  await db.$executeRaw`
    UPDATE posts SET scheduled_at = scheduled_at - ${seconds} * interval '1 second', wall_clock = NULL WHERE team_id = ${teamId}::uuid`;
}

/** A run that failed stops anywhere; what it left must not be claimed by the next one. */
async function clearAway(db: Database): Promise<void> {
  await db.$executeRaw`UPDATE publish_attempts SET state = 'absent', next_look_up_at = NULL WHERE state IN ('prepared', 'sent', 'unknown')`;
  await db.$executeRaw`UPDATE publications SET status = 'cancelled', next_attempt_at = NULL, lease_until = NULL WHERE status NOT IN ('published', 'cancelled')`;
  await db.accountRest.deleteMany();
  await db.$executeRaw`UPDATE holds SET released_at = now() WHERE released_at IS NULL`;
}
