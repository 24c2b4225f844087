/**
 * A real Postgres without installing one: programs from npm, data under DATA_DIR, supervised here.
 *
 * Any number of our processes may use one DATA_DIR at the same time. Each holds a shared advisory lock in the database while it
 * does. Whoever stops gives its lock back and tries to take it exclusively: that succeeds only for the last one,
 * and the last one stops the server. So a `npm run` command beside a running product never stops the product's database, and
 * a database whose owner was killed is stopped by whoever leaves it last. There is no lock file: Postgres drops the
 * lock of a process that dies, at once and whatever becomes of its pid; and two servers on one cluster are
 * prevented by Postgres itself (postmaster.pid and shared memory).
 *
 * A server found alive is adopted; one that dies under us is started again on the same port.
 *
 * Limits: all processes must be on one machine (not two containers sharing a volume); Linux and macOS.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type ClusterOptions, prepareCluster, removeUnfinished } from './cluster.ts';
import {
  type ClusterAccess,
  type ClusterShare,
  clusterUrl,
  giveBack,
  isGoingAway,
  takeShare,
} from './cluster-share.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { type Cluster, findPostmaster, startPostmaster, stopPostmaster } from './postmaster.ts';

export interface EmbeddedPostgres {
  /** With its password; also in DATA_DIR/database-url. It stays the same while this process uses the database. */
  url: string;
  /** True for exactly one of the processes that use it: the one that started it, or found it alive without an owner. */
  owner: boolean;
  /** Gives the database up; the last process to do so stops the server. Close your own connections first. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  dataDir: string;
  log: Logger;
  /** False only for tests: a crash of the machine may lose data, and nothing waits for the disk. */
  durable?: boolean;
  maxConnections?: number;
  /** Only for tests: where the programs come from and are copied to. */
  binaries?: ClusterOptions['binaries'];
}

/** How long the remains of a killed server may keep a new one from starting. */
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 50;
/** Commits still reach the operating system, so only a crash of the machine loses them, not one of Postgres. */
const NOT_DURABLE = { fsync: 'off', full_page_writes: 'off' };

/**
 * Starts the embedded database, or joins it when it runs already.
 * @throws {EmbeddedPostgresError} with a sentence that says what to do.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log, durable = true, maxConnections = 100, binaries = {} } = options;
  const settings = {
    shared_buffers: '128MB',
    max_connections: String(maxConnections),
    ...(durable ? {} : NOT_DURABLE),
  };
  const cluster = await prepareCluster({ dataDir, log, durable, settings, binaries });
  const home = dirname(cluster.logFile);
  const urlFile = join(home, 'database-url');

  const stopping = new AbortController();
  const preferredPort = await freePort(await recordedPort(urlFile));
  let { share, port, started } = await enter(cluster, { port: preferredPort, mayMove: true, signal: stopping.signal });
  const url = clusterUrl(cluster, port);
  await record(urlFile, url);
  await removeUnfinished(home, log);
  const { owner } = share;
  const how = started ? 'started' : owner ? 'adopted: it was still running' : 'joined: another process owns it';
  log.info({ port, directory: cluster.directory }, `embedded database ${how}`);

  let returning: Promise<void> = Promise.resolve();
  const supervision = supervise();
  return { url, owner, stop };

  /** Everything in this process connects to the URL, so the server has to come back on the same port. */
  async function supervise(): Promise<void> {
    for (;;) {
      await share.ended;
      if (stopping.signal.aborted) return;
      log.error({ logFile: cluster.logFile }, 'the embedded database went away; starting it again');
      returning = comeBack();
      await returning;
    }
  }

  async function comeBack(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        ({ share } = await enter(cluster, { port, mayMove: false, signal: stopping.signal }));
        log.info({ port }, 'the embedded database is back');
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.error({ err: error }, 'the embedded database does not start; trying again');
        await sleep(1_000);
      }
    }
  }

  async function stop(): Promise<void> {
    if (stopping.signal.aborted) return;
    stopping.abort();
    await returning; // It may have got a new share just now.
    await leave(cluster, share, log);
    await supervision;
  }
}

interface EnterOptions {
  port: number;
  /** Whether another port will do when that one is taken. */
  mayMove: boolean;
  signal: AbortSignal;
}

/** Until there is a server and we hold a share in it: look, start one if there is none, connect. */
async function enter(
  cluster: Cluster & ClusterAccess,
  { mayMove, signal, ...options }: EnterOptions,
): Promise<{ share: ClusterShare; port: number; started: boolean }> {
  let started = false;
  let port = options.port;
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
    signal.throwIfAborted();
    const running = await findPostmaster(cluster);
    if (running?.status === 'ready') {
      const share = await takeShare(cluster, running.port);
      if (share) return { share, port: running.port, started };
    } else if (running?.status === 'starting') {
      waited = 0; // Recovery takes as long as it takes.
    } else if (!running) {
      const result = await startPostmaster(cluster, port);
      started = result === 'ready';
      if (started) continue;
      if (result === 'port-taken' && mayMove) port = await freePort();
    }
    await sleep(LOOK_AGAIN_MS);
  }
  throw new EmbeddedPostgresError(
    'start-failed',
    `The embedded database in ${cluster.directory} does not start: the remains of an earlier one do not go away, or port ${port} is taken. See ${cluster.logFile}. Ending its processes, or a restart of the machine, helps.`,
  );
}

async function leave(cluster: Cluster & ClusterAccess, held: ClusterShare, log: Logger): Promise<void> {
  let share: ClusterShare | null = held;
  try {
    const last = await giveBack(share).catch(async (error: unknown) => {
      if (!isGoingAway(error)) throw error;
      // Our share went with a server that crashed; another process may have started it again.
      const running = await findPostmaster(cluster);
      share = running && (await takeShare(cluster, running.port));
      return share !== null && giveBack(share);
    });
    if (!last) return;
    await stopPostmaster(cluster, log);
    log.info('embedded database stopped');
  } finally {
    await share?.session.end();
  }
}

async function recordedPort(urlFile: string): Promise<number | undefined> {
  const url = URL.parse((await readFile(urlFile, 'utf8').catch(() => '')).trim()); // The first start has none.
  return url?.port ? Number(url.port) : undefined;
}

async function record(urlFile: string, url: string): Promise<void> {
  if ((await readFile(urlFile, 'utf8').catch(() => '')).trim() === url) return;
  const unfinished = `${urlFile}.${process.pid}`;
  await rm(unfinished, { force: true });
  const file = await open(unfinished, 'wx', 0o600);
  await file.writeFile(`${url}\n`);
  await file.close();
  await rename(unfinished, urlFile);
}

/** The preferred port of 127.0.0.1 if nothing listens on it, else one that the system chooses. */
async function freePort(preferred = 0): Promise<number> {
  const server = createServer();
  try {
    return await new Promise<number>((found, failed) => {
      server.once('error', failed);
      server.listen(preferred, '127.0.0.1', () => {
        const address = server.address();
        if (address && typeof address === 'object') found(address.port);
      });
    });
  } catch (error) {
    if (preferred === 0) throw error;
    return freePort();
  } finally {
    server.close();
  }
}
