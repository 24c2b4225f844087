/**
 * The files of the embedded database: `DATA_DIR/postgres/` with the cluster and its password.
 *
 * They appear at once, by a rename, when they are complete. So a start that is killed half way leaves nothing that looks like
 * a database, and of several first starts one wins and the others use what it made.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  constants,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { type DatabaseUser, databaseUser } from './database-user.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.ts';
import { type Cluster, dataDirectoryArgument, PROGRAM_ENVIRONMENT } from './postmaster.ts';

/** The only role of the cluster, and its database. */
export const ROLE = 'scheduler';

const UNFINISHED = 'postgres.unfinished-';
/** What the product keeps in DATA_DIR. */
const OURS = /^(session-secret|token-keys|database-url|sandbox|adminjs|postgres(\.log|\.unfinished-.*)?)$/;

export interface ClusterOptions {
  dataDir: string;
  log: Logger;
  /** False only for tests: nothing waits for the disk. */
  durable: boolean;
  settings: Readonly<Record<string, string>>;
  /** Only for tests: see postgres-binaries.ts. */
  binaries: { packageDirectory?: string; sharedDirectory?: string };
}

/**
 * The cluster under `dataDir`, made if there is none.
 * @throws {EmbeddedPostgresError} when the directory cannot be used, the cluster is another major version's, or making it fails.
 */
export async function prepareCluster(options: ClusterOptions): Promise<Cluster & { password: string }> {
  const { log, durable, settings } = options;
  const dataDir = await prepareDataDirectory(options.dataDir);
  const home = join(dataDir, 'postgres');
  const directory = join(home, 'cluster');
  const user = await databaseUser(directory);
  const binaries = await postgresBinaries(user, log, options.binaries);

  if (!(await exists(home))) {
    log.info({ directory: home }, 'making a database');
    await makeCluster({ dataDir, home, user, binaries, durable });
  }
  await refuseOtherVersion(home, binaries.major);
  try {
    const logFile = join(dataDir, 'postgres.log');
    await (await open(logFile, 'a', 0o600)).close();
    const password = (await readFile(join(home, 'password'), 'utf8')).trim();
    return { directory, user, binaries, settings, logFile, password };
  } catch (cause) {
    throw unusable(dataDir, cause); // Files of another user, after a start with sudo.
  }
}

/**
 * Removes what killed first starts left behind. Only when the cluster is there: nobody needs them any more then. Another
 * process that was too late with its own may still be writing there; what cannot be removed for that is left to it, or to the
 * next start.
 */
export async function removeUnfinished(dataDir: string, log: Logger): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(UNFINISHED));
  await Promise.all(
    names.map((name) =>
      rm(join(dataDir, name), { recursive: true, force: true }).catch((error: unknown) => {
        log.debug({ err: error }, 'an unfinished database is left where it is');
      }),
    ),
  );
}

async function prepareDataDirectory(path: string): Promise<string> {
  const dataDir = resolve(path);
  try {
    const made = await mkdir(dataDir, { recursive: true, mode: 0o700 });
    if (!made) await closeToOthers(dataDir);
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return await realpath(dataDir);
  } catch (cause) {
    throw unusable(dataDir, cause);
  }
}

/** A directory that somebody else made is ours to close only when it holds nothing but our own things. */
async function closeToOthers(dataDir: string): Promise<void> {
  const { mode, uid } = await stat(dataDir);
  if ((mode & 0o077) === 0 || uid !== process.getuid?.()) return;
  if ((await readdir(dataDir)).every((name) => OURS.test(name))) await chmod(dataDir, 0o700);
}

interface NewCluster {
  dataDir: string;
  home: string;
  user: DatabaseUser | null;
  binaries: PostgresBinaries;
  durable: boolean;
}

async function makeCluster({ dataDir, home, user, binaries, durable }: NewCluster): Promise<void> {
  const unfinished = await mkdtemp(join(dataDir, UNFINISHED)).catch((cause: unknown) => {
    throw unusable(dataDir, cause);
  });
  try {
    const directory = join(unfinished, 'cluster');
    const passwordFile = join(unfinished, 'password');
    await mkdir(directory, { mode: 0o700 });
    await writeFile(passwordFile, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: durable });
    if (user) {
      await chown(directory, user.uid, user.gid);
      await chown(passwordFile, user.uid, user.gid); // initdb reads it; nobody but root gets through to it later.
    }
    await runInitdb({ directory, user, binaries, durable, passwordFile });
    await rename(unfinished, home);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    if (await exists(home)) return; // Another process that started at the same time was faster.
    throw cause instanceof EmbeddedPostgresError ? cause : unusable(dataDir, cause);
  }
}

async function runInitdb(
  cluster: Omit<NewCluster, 'dataDir' | 'home'> & { directory: string; passwordFile: string },
): Promise<void> {
  const password = await open(cluster.passwordFile, 'r');
  try {
    const initdb = spawn(
      cluster.binaries.initdb,
      [
        `--pgdata=${dataDirectoryArgument(cluster)}`,
        `--username=${ROLE}`,
        // Handed over as an open file, because the database user may not be able to enter the directory it is in.
        `--pwfile=${process.platform === 'linux' ? '/proc/self/fd/3' : '/dev/fd/3'}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Postgres' own Unicode rules: no system locale is needed, and a system upgrade cannot corrupt an index.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--data-checksums',
        '--no-instructions',
        ...(cluster.durable ? [] : ['--no-sync']),
      ],
      {
        cwd: cluster.directory,
        env: PROGRAM_ENVIRONMENT,
        // Not our process group: Ctrl-C during the first start must not reach it either.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', password.fd],
        ...cluster.user,
      },
    );
    let output = '';
    for (const stream of [initdb.stdout, initdb.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8');
      });
    }
    const code = await new Promise<number | string | null>((done, failed) => {
      initdb.on('error', failed);
      initdb.on('close', (status, signal) => done(status ?? signal));
    });
    if (code !== 0) throw initFailed(code, output);
  } finally {
    await password.close();
  }
}

function initFailed(code: number | string | null, output: string): EmbeddedPostgresError {
  if (output.includes('could not look up effective user ID')) {
    return new EmbeddedPostgresError(
      'no-user',
      `Postgres needs a user with a name, and /etc/passwd has none for uid ${process.getuid?.()}. Start this as a user who is listed there, or set DATABASE_URL.`,
    );
  }
  const lines = output.trim().split('\n');
  const reason = lines.filter((line) => /error|fatal|could not/i.test(line)).join(' / ') || lines.slice(-3).join(' / ');
  return new EmbeddedPostgresError(
    'init-failed',
    `The embedded database cannot be made (initdb ended with ${code}): ${reason}. Correct that, or set DATABASE_URL.`,
  );
}

async function refuseOtherVersion(home: string, major: number): Promise<void> {
  const version = await readFile(join(home, 'cluster', 'PG_VERSION'), 'utf8').catch(() => null); // Reported below.
  if (version === null || !(await exists(join(home, 'password')))) {
    throw new EmbeddedPostgresError(
      'damaged',
      `The database in ${home} is incomplete. Restore it from a backup, or move it away to begin with an empty one.`,
    );
  }
  if (Number(version) === major) return;
  throw new EmbeddedPostgresError(
    'wrong-version',
    `The database in ${home} was made by Postgres ${version.trim()}, but this version of the product brings Postgres ${major}. Start the previous version, copy its data with pg_dump (the address is in ${join(home, '..', 'database-url')}), move ${home} away, start this version and restore; or set DATABASE_URL to a Postgres ${version.trim()} server with that data.`,
  );
}

function unusable(dataDir: string, cause: unknown): EmbeddedPostgresError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new EmbeddedPostgresError(
    'data-dir',
    `DATA_DIR (${dataDir}) cannot be used: ${reason}. Make it a directory that this user may read and write, or set DATA_DIR to another one.`,
    cause,
  );
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
