/** The real web server for tests: its own database, platforms played by the sandbox, a stub where AdminJS would be. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Router } from 'express';
import { PgBoss } from 'pg-boss';
import { pino } from 'pino';
import { createTokenCipher } from '../accounts/token-cipher.ts';
import type { Clock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { type AppContext, PRODUCTION_TIMINGS } from '../context.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { Readiness } from '../http/health-routes.ts';
import { listen } from '../http/listener.ts';
import { createServer } from '../http/server.ts';
import { createPlatforms, type PlatformRegistry } from '../platforms/registry.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';
import { Visitor } from './visitor.ts';

/** A clock that a test moves on. */
export interface MovableClock extends Clock {
  advance(ms: number): void;
}

export interface TestServer {
  ctx: AppContext;
  /** Where it really listens; PUBLIC_URL may say something else. */
  url: string;
  database: FreshDatabase;
  sandbox: Sandbox | null;
  clock: MovableClock;
  /** Every line that was logged so far. */
  logged(): string;
  /** A browser that knows nothing yet. @param address it seems to come from, when the server trusts a proxy */
  visitor(address?: string): Visitor;
  close(): Promise<void>;
}

interface TestServerOptions {
  environment?: Record<string, string>;
  withSandbox?: boolean;
  /** Which platforms the sandbox plays. */
  sandboxed?: readonly Platform[];
  readiness?: Readiness;
  /** A stub when absent; a function where it needs the context. */
  admin?: Router | ((ctx: AppContext) => Promise<Router>);
  /** Beside those of the sandbox. */
  platforms?: PlatformRegistry;
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const {
    environment = {},
    withSandbox = false,
    sandboxed = ['linkedin'],
    readiness = async () => ({ database: { ok: true } }),
    admin = stubPanel(),
  } = options;
  const database = await freshDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'scheduler-http-'));
  const listener = await listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${listener.port}`;
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const sandbox = withSandbox ? await startSandbox({ port: 0, dataDir, log: pino({ level: 'silent' }) }) : null;
  const clock = movableClock();
  const config = readConfig({
    NODE_ENV: 'test',
    PUBLIC_URL: url,
    DATA_DIR: dataDir,
    ...(sandbox === null ? {} : Object.assign({}, ...sandboxed.map((platform) => sandboxSettings(sandbox)[platform]))),
    ...environment,
  });
  const ctx: AppContext = {
    config,
    db: database.db,
    // Never started: signing in and connecting queue nothing.
    boss: new PgBoss(database.url),
    platforms: {
      ...createPlatforms(config.platforms, { sandboxed: sandbox === null ? [] : sandboxed, clock }),
      ...options.platforms,
    },
    tokenCipher: createTokenCipher([{ id: 'test', key: randomBytes(32) }]),
    clock,
    log,
    timings: PRODUCTION_TIMINGS,
    wake: () => undefined,
    onStep: () => undefined,
  };
  const server = createServer(ctx, {
    admin: isRouter(admin) ? admin : await admin(ctx),
    sessionSecrets: ['a secret for tests of at least 32 characters'],
    databaseUrl: database.url,
    readiness,
  });
  listener.serve(server.app);
  return {
    ctx,
    url,
    database,
    sandbox,
    clock,
    logged: () => lines.join(''),
    visitor: (address) => new Visitor(url, config.publicUrl, address),
    async close() {
      await listener.close(0);
      await server.close();
      await sandbox?.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function sandboxSettings({ linkedin, facebook, x }: Sandbox): Record<Platform, Record<string, string>> {
  const [id, secret] = ['sandbox-client', 'sandbox-secret'];
  return {
    linkedin: {
      LINKEDIN_CLIENT_ID: id,
      LINKEDIN_CLIENT_SECRET: secret,
      LINKEDIN_OAUTH_URL: linkedin.oauthUrl,
      LINKEDIN_API_URL: linkedin.apiUrl,
    },
    facebook: {
      FACEBOOK_APP_ID: id,
      FACEBOOK_APP_SECRET: secret,
      FACEBOOK_DIALOG_URL: facebook.dialogUrl,
      FACEBOOK_GRAPH_URL: facebook.graphUrl,
    },
    x: { X_CLIENT_ID: id, X_CLIENT_SECRET: secret, X_AUTHORIZE_URL: x.authorizeUrl, X_API_URL: x.apiUrl },
  };
}

/** A router is a function too, of a request. */
function isRouter(admin: NonNullable<TestServerOptions['admin']>): admin is Router {
  return 'stack' in admin;
}

/** Shows who AdminJS would take the visitor for, and what it would be given to read. */
function stubPanel(): Router {
  const router = Router();
  router.get('/broken', () => {
    throw new Error('secret internals of the panel');
  });
  router.post('/api/echo', (req, res) => void res.json({ fields: req.fields }));
  router.get('/', (req, res) => void res.json({ currentAdmin: req.session.adminUser }));
  return router;
}

function movableClock(): MovableClock {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    advance: (ms) => {
      ahead += ms;
    },
  };
}
