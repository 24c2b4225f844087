/**
 * The Postgres server process of one cluster: find it, start it, stop it.
 *
 * It is detached, in a process group of its own: Ctrl-C in a terminal does not reach it, and it outlives us when we are
 * killed, to be adopted by the next start. What makes a process *ours* is never its pid alone, which may belong to something
 * else by now, but its command line: we start it with a setting that names the cluster. For root, `-D` cannot say it, because
 * there the directory is `/proc/self/cwd`: Postgres then reaches its working directory without having to pass through
 * directories that only root may enter (DATA_DIR is one).
 */
import { execFile, spawn } from 'node:child_process';
import { constants, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import type { DatabaseUser } from './database-user.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

export interface Cluster {
  /** Absolute, links resolved. */
  directory: string;
  /** Who runs it; null for ourselves. */
  user: DatabaseUser | null;
  binaries: PostgresBinaries;
  logFile: string;
  /** Server settings besides ours. */
  settings: Readonly<Record<string, string>>;
}

export interface Postmaster {
  pid: number;
  port: number;
  status: 'starting' | 'ready' | 'stopping';
}

/** The setting that names the cluster, on the command line and for `SHOW`. */
export const CLUSTER_SETTING = 'scheduler.cluster';

const FAST_SHUTDOWN_MS = 30_000;
const IMMEDIATE_SHUTDOWN_MS = 10_000;
/** Crash recovery reads the log of everything since the last checkpoint. */
const START_MS = 300_000;

/** Postgres' programs need nothing of ours, and what is set for other servers (PGPORT, LC_*, …) would mislead them. */
export const PROGRAM_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** How the programs are told where the cluster is, while it is their working directory. */
export function dataDirectoryArgument({ directory, user }: Pick<Cluster, 'directory' | 'user'>): string {
  return user ? '/proc/self/cwd' : directory;
}

/** The live server of this cluster, whoever started it. */
export async function findPostmaster(cluster: Pick<Cluster, 'directory'>): Promise<Postmaster | null> {
  const found = await readPidFile(cluster);
  if (!found || !(await isServerOf(cluster, found.pid))) return null;
  return found;
}

/**
 * Starts the server and waits until it accepts connections. Answers `busy` when another process was faster, or the remains of
 * a killed one are not gone yet, and `port-taken`: the caller looks again.
 * @throws {EmbeddedPostgresError} with the end of the server's own log.
 */
export async function startPostmaster(cluster: Cluster, port: number): Promise<'ready' | 'busy' | 'port-taken'> {
  await disarmStalePidFile(cluster);
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    ...cluster.settings,
    [CLUSTER_SETTING]: cluster.directory,
  };
  const output = await open(cluster.logFile, 'a', 0o600);
  try {
    const { size: offset } = await output.stat();
    const server = spawn(
      cluster.binaries.postgres,
      [
        '-D',
        dataDirectoryArgument(cluster),
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ],
      {
        cwd: cluster.directory,
        env: PROGRAM_ENVIRONMENT,
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
        ...cluster.user, // Node clears the supplementary groups when it changes the user.
      },
    );
    let failure: Error | null = null;
    server.on('error', (error) => {
      failure = error;
    });
    server.unref();

    for (let waited = 0; waited < START_MS; waited += 10) {
      if (failure || server.exitCode !== null || server.signalCode !== null) {
        return whyNot(cluster, failure, await textFrom(cluster.logFile, offset));
      }
      const running = await readPidFile(cluster);
      if (running?.pid === server.pid && running?.status === 'ready') return 'ready';
      await sleep(10);
    }
    throw new EmbeddedPostgresError(
      'start-failed',
      `The embedded database is still recovering after ${START_MS / 60_000} minutes. See ${cluster.logFile}, and start again when it is ready.`,
    );
  } finally {
    await output.close();
  }
}

/** Ends the server: connections are cut, transactions rolled back, everything written; harder when it takes too long. */
export async function stopPostmaster(cluster: Pick<Cluster, 'directory'>, log: Logger): Promise<void> {
  const running = await findPostmaster(cluster);
  if (!running) return;
  const gone = async (withinMs: number) => {
    for (let waited = 0; waited < withinMs; waited += 10) {
      if (!(await isServerOf(cluster, running.pid))) return true;
      await sleep(10);
    }
    return false;
  };
  // Postgres' manual, "Shutting Down the Server": SIGINT is fast, SIGQUIT immediate (recovers at the next start).
  signal(running.pid, 'SIGINT');
  if (await gone(FAST_SHUTDOWN_MS)) return;
  log.warn('the embedded database does not stop; stopping it at once, it will recover at the next start');
  signal(running.pid, 'SIGQUIT');
  if (await gone(IMMEDIATE_SHUTDOWN_MS)) return;
  signal(running.pid, 'SIGKILL');
  await gone(IMMEDIATE_SHUTDOWN_MS);
}

/** Lines: pid, directory, start, port, socket directory, address, shared memory key, status. */
async function readPidFile({ directory }: Pick<Cluster, 'directory'>): Promise<Postmaster | null> {
  const text = await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => ''); // Not running.
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1) return null;
  const state = lines[7]?.trim();
  const status = state === 'ready' || state === 'stopping' ? state : 'starting';
  return { pid, port: Number(lines[3] ?? 0), status };
}

async function isServerOf({ directory }: Pick<Cluster, 'directory'>, pid: number): Promise<boolean> {
  const command = await commandLine(pid);
  // A dead process that nobody has reaped (a container without init) has no command line left.
  return command.includes('/bin/postgres ') && command.trimEnd().endsWith(` ${CLUSTER_SETTING}=${directory}`);
}

async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''); // No such process.
    return text.replaceAll('\0', ' ');
  }
  const listed = promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
  return (await listed.catch(() => ({ stdout: '' }))).stdout; // ps fails when there is no such process.
}

/**
 * Postgres takes a postmaster.pid whose pid lives for a running server, and would refuse to start for ever when that pid is
 * something else's by now. The file must not be deleted, because it also names the shared memory by which Postgres
 * notices that backends of a killed server are still writing. So only the pid is replaced, by ours: Postgres knows that its
 * own parent is no server and goes on to that second check (CreateLockFile in src/backend/utils/init/miscinit.c).
 */
async function disarmStalePidFile(cluster: Cluster): Promise<void> {
  const stale = await readPidFile(cluster);
  if (!stale || !isAlive(stale.pid) || (await isServerOf(cluster, stale.pid))) return;
  // The directory belongs to the database user: root must not be led to another file by a link put there.
  const file = await open(join(cluster.directory, 'postmaster.pid'), constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    if (cluster.user && (await file.stat()).uid !== cluster.user.uid) return;
    const text = await file.readFile('utf8');
    if (Number(text.split('\n')[0]) !== stale.pid) return; // A new server wrote its own meanwhile.
    await file.truncate();
    await file.write(text.replace(/^.*/, String(process.pid)), 0);
  } finally {
    await file.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

function whyNot(cluster: Cluster, failure: Error | null, output: string): 'busy' | 'port-taken' {
  if (/lock file .* already exists|is still in use|lock file .* is empty/.test(output)) return 'busy';
  if (/Address already in use/.test(output)) return 'port-taken';
  const reason = failure?.message ?? output.trim().split('\n').slice(-4).join(' / ');
  throw new EmbeddedPostgresError(
    'start-failed',
    `The embedded database does not start: ${reason}. Its log is ${cluster.logFile}.`,
    failure ?? undefined,
  );
}

async function textFrom(file: string, offset: number): Promise<string> {
  const { size } = await stat(file);
  return (await readFile(file)).subarray(offset, size).toString('utf8');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error; // Gone already.
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
