/**
 * Builds the context that everything else is handed: secrets, database, migrations, queues, platforms. Shared by the
 * server (app.ts) and by the commands in scripts/, which work beside a running server or without one.
 */
import { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import { createTokenCipher } from './accounts/token-cipher.ts';
import { systemClock } from './clock.ts';
import { type Config, sandboxedPlatforms } from './config.ts';
import { type AppContext, PRODUCTION_TIMINGS } from './context.ts';
import { makeDataDir } from './data-directory.ts';
import { connectDatabase } from './database/client.ts';
import { ANSWER_WITHIN_MS } from './database/connection.ts';
import { startEmbeddedPostgres } from './database/embedded-postgres.ts';
import { migrate } from './database/migrate.ts';
import { MigrationError } from './database/migration-error.ts';
import type { Platform } from './domain/platform-name.ts';
import { createHttpClient } from './platforms/http-client.ts';
import { AVAILABLE_PLATFORMS, createPlatforms } from './platforms/registry.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import { createQueues } from './worker/worker.ts';

/** What a test, or a command, may put in the place of the real thing. */
export interface Overrides extends Partial<Pick<AppContext, 'clock' | 'timings' | 'onStep'>> {
  /** False: a platform that the sandbox serves is left out. For what ends before the servers that would share the sandbox. */
  sandbox?: boolean;
}

export interface OpenContext {
  ctx: AppContext;
  secrets: Secrets;
  databaseUrl: string;
  /** The sandbox's feed page, when a platform is the sandbox. */
  sandboxUrl: string | null;
}

/** The app that the sandbox knows, on every platform. */
const SANDBOX_APP = { clientId: 'sandbox-client', clientSecret: 'sandbox-secret' };

/** Connections per process: pipelines wait for platforms most of the time, not for the database. */
const DATABASE_POOL = 20;
const QUEUE_POOL = 4;
const QUEUE_STOP_MS = 5_000;

/**
 * @param closing whatever is opened here is closed with it, in reverse
 * @param report told in plain words what is being done
 * @throws an error whose message says what to do
 */
export async function openContext(
  config: Config,
  log: Logger,
  closing: AsyncDisposableStack,
  report: (line: string) => void,
  overrides: Overrides = {},
): Promise<OpenContext> {
  const clock = overrides.clock ?? systemClock;
  const sandboxed =
    overrides.sandbox === false
      ? []
      : sandboxedPlatforms(config).filter((platform) => AVAILABLE_PLATFORMS.includes(platform));
  const keepsFiles =
    config.databaseUrl === null || config.sessionSecrets === null || config.tokenKeys === null || sandboxed.length > 0;
  if (keepsFiles) makeDataDir(config.dataDir);
  const secrets = loadSecrets(config, log);
  const databaseUrl = await openDatabase(config, log, closing, report);
  report('Applying migrations');
  await migrate(databaseUrl, log);
  const db = await connectDatabase(databaseUrl, { poolSize: DATABASE_POOL });
  closing.defer(() => db.$disconnect());
  const boss = await startQueues(config, log, closing, databaseUrl);
  const { settings, sandboxUrl } = await openPlatforms(config, log, closing, report, sandboxed);
  const timings = overrides.timings ?? PRODUCTION_TIMINGS;
  const http = createHttpClient({ deadlineMs: timings.createDeadlineMs });
  closing.defer(() => http.close());
  const ctx: AppContext = {
    // Where a platform is the sandbox, everybody who asks is told the sandbox's addresses.
    config: { ...config, platforms: settings },
    db,
    boss,
    platforms: createPlatforms(settings, { sandboxed, clock, http }),
    tokenCipher: createTokenCipher(secrets.tokenKeys),
    clock,
    log,
    timings,
    wake: () => undefined,
    onStep: overrides.onStep ?? (() => undefined),
  };
  return { ctx, secrets, databaseUrl, sandboxUrl };
}

async function openDatabase(
  config: Config,
  log: Logger,
  closing: AsyncDisposableStack,
  report: (line: string) => void,
): Promise<string> {
  if (config.databaseUrl !== null) {
    report('Using the database of DATABASE_URL');
    return config.databaseUrl;
  }
  report('Starting the embedded database');
  const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  closing.defer(() => embedded.stop());
  return embedded.url;
}

async function startQueues(
  config: Config,
  log: Logger,
  closing: AsyncDisposableStack,
  connectionString: string,
): Promise<PgBoss> {
  // Times of posts are ours: pg-boss's own cron is not used. Its housekeeping is the workers' affair.
  const boss = new PgBoss({
    // Handed on to pg: its queries do not wait for ever on a connection that is dead.
    ...{ query_timeout: ANSWER_WITHIN_MS, keepAlive: true },
    connectionString,
    max: QUEUE_POOL,
    application_name: 'social-share-scheduler queues',
    schedule: false,
    supervise: config.role !== 'web',
  });
  boss.on('error', (error) => log.error({ err: error }, 'the queues had an error; alarms are covered by the sweep'));
  boss.on('warning', (warning) => log.warn({ warning }, 'the queues warn'));
  closing.defer(() => boss.stop({ graceful: true, timeout: QUEUE_STOP_MS }));
  try {
    await boss.start();
    await createQueues({ boss });
  } catch (error) {
    throw mayNotCreate(error);
  }
  return boss;
}

/** The queues live in a schema of their own: more than the product's tables need, so a careful administrator may not have granted it. */
function mayNotCreate(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === '42501')) return error;
  return new MigrationError(
    'not-allowed',
    `The database user may not create the queues' schema "pgboss" (${error.message}). Make it the owner of the database, or grant it CREATE on the database.`,
    error,
  );
}

async function openPlatforms(
  config: Config,
  log: Logger,
  closing: AsyncDisposableStack,
  report: (line: string) => void,
  sandboxed: readonly Platform[],
): Promise<{ settings: Config['platforms']; sandboxUrl: string | null }> {
  if (sandboxed.length === 0) return { settings: config.platforms, sandboxUrl: null };
  report('Starting the sandbox');
  // Loaded only where it plays: a worker in production starts sooner without it.
  const { startSandbox } = await import('./sandbox/sandbox.ts');
  const sandbox = await startSandbox({ port: config.sandboxPort, dataDir: config.dataDir, log });
  closing.defer(() => sandbox.close());
  const served = {
    linkedin: { authorizeUrl: sandbox.linkedin.oauthUrl, apiUrl: sandbox.linkedin.apiUrl },
    facebook: { authorizeUrl: sandbox.facebook.dialogUrl, apiUrl: sandbox.facebook.graphUrl },
    x: { authorizeUrl: sandbox.x.authorizeUrl, apiUrl: sandbox.x.apiUrl },
  };
  const settings = { ...config.platforms };
  for (const platform of sandboxed)
    settings[platform] = { ...config.platforms[platform], ...SANDBOX_APP, ...served[platform] };
  return { settings, sandboxUrl: sandbox.feedUrl };
}
