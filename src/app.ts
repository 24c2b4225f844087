/**
 * The composition root: the only place that builds long-lived things, in this order, and takes them down in reverse.
 *
 *   port → (open-context.ts: secrets → database → migrations → queues → sandbox, platforms) → panel → worker → ready
 */
import type { Logger } from 'pino';
import { unreadableAccounts } from './accounts/readable-tokens.ts';
import type { Config } from './config.ts';
import { type AppContext, PRODUCTION_TIMINGS } from './context.ts';
import { isDatabaseOutage } from './http/database-outage.ts';
import { createHealthServer } from './http/health-server.ts';
import { listen } from './http/listener.ts';
import { createReadiness } from './http/readiness.ts';
import { ensureFirstSuperuser } from './identity/first-superuser.ts';
import { type Overrides, openContext } from './open-context.ts';
import { startWorker, type Worker } from './worker/worker.ts';

export interface App {
  ctx: AppContext;
  /** How a browser reaches it. */
  url: string;
  /** Where this process listens, for whoever watches it. */
  address: string;
  /** Where the first superuser is set up; null once there is one. */
  setupUrl: string | null;
  /** The sandbox's feed page, when a platform is the sandbox. */
  sandboxUrl: string | null;
  /** Finishes what is in flight and closes everything, the database last. */
  stop(): Promise<void>;
}

/**
 * Starts everything this process's role needs.
 * @param report told in plain words what is being done
 * @param signal ends the start at the next step; it then rejects with the signal's reason
 * @throws an error whose message says what to do; what was started by then has been stopped
 */
export async function startApp(
  config: Config,
  log: Logger,
  report: (line: string) => void = () => undefined,
  overrides: Overrides = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<App> {
  const closing = new AsyncDisposableStack();
  const step = (line: string) => {
    signal.throwIfAborted();
    report(line);
  };
  try {
    return await start(config, log, step, overrides, closing);
  } catch (error) {
    await closing
      .disposeAsync()
      .catch((second: unknown) => log.error({ err: second }, 'closing what had been started failed'));
    throw error;
  }
}

async function start(
  config: Config,
  log: Logger,
  report: (line: string) => void,
  overrides: Overrides,
  closing: AsyncDisposableStack,
): Promise<App> {
  const drainMs = (overrides.timings ?? PRODUCTION_TIMINGS).drainMs;
  // The port first: if it is taken, nothing has been started yet.
  const listener = await listen(config.port, config.host);
  closing.defer(() => listener.close(drainMs));
  const publicUrl = config.publicUrl.replace(/:0$/, `:${listener.port}`);
  const opened = await openContext({ ...config, publicUrl }, log, closing, report, overrides);

  await tellOfClosedTokens(opened.ctx);

  let worker: Worker | null = null;
  const ctx: AppContext = { ...opened.ctx, wake: () => worker?.wake() };
  const readiness = createReadiness(ctx, () => (worker === null ? 'the worker is starting' : worker.problem()));
  let setupUrl: string | null = null;
  if (config.role === 'worker') {
    listener.serve(createHealthServer(ctx, { readiness }));
  } else {
    report('Building the panel');
    // Loaded only here: AdminJS takes a second and much memory, which neither a worker nor a start that fails needs.
    const [{ createPanel }, { createServer }] = await Promise.all([
      import('./admin/panel.ts'),
      import('./http/server.ts'),
    ]);
    ({ setupUrl } = await ensureFirstSuperuser(ctx));
    const panel = await createPanel(ctx);
    const server = createServer(ctx, {
      admin: panel.router,
      sessionSecrets: opened.secrets.sessionSecrets,
      databaseUrl: opened.databaseUrl,
      readiness,
    });
    closing.defer(() => server.close());
    listener.serve(server.app);
  }
  if (config.role !== 'web') {
    report('Starting the worker');
    const started = await startWorker(ctx);
    worker = started;
    closing.defer(() => started.stop());
  }
  return {
    ctx,
    url: publicUrl,
    address: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${listener.port}`,
    setupUrl,
    sandboxUrl: opened.sandboxUrl,
    stop: async () => {
      // Requests in flight and publications in flight end side by side, before anything they need is closed.
      // A failure here is met again by the stack, which goes on closing the rest and then reports it.
      await Promise.allSettled([listener.close(drainMs), worker?.stop()]);
      try {
        await closing.disposeAsync();
      } catch (error) {
        if (!failuresOf(error).every((failure) => isDatabaseOutage(failure))) throw error;
        log.warn({ err: error }, 'stopped while the database is away; whoever starts next finds everything as it was');
      }
    },
  };
}

/** The panel starts all the same: it is where accounts are connected again when a key is lost. */
async function tellOfClosedTokens(ctx: AppContext): Promise<void> {
  const closed = await unreadableAccounts(ctx);
  if (closed.length === 0) return;
  ctx.log.error(
    { accounts: closed.slice(0, 20), count: closed.length },
    'stored tokens cannot be opened: a key is missing from TOKEN_KEYS (or DATA_DIR/token-keys), or is another one. Their posts are held. Restore the key, or connect these accounts again',
  );
}

/** A disposal goes on after a failure, and in the end throws them all, one within the other. */
function failuresOf(error: unknown): unknown[] {
  return error instanceof SuppressedError ? [...failuresOf(error.error), ...failuresOf(error.suppressed)] : [error];
}
