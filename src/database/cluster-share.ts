/**
 * The share that each process holds in the embedded database while it uses it: a session with a shared advisory lock.
 * Postgres takes it back the moment the process dies, so it never has to be called stale.
 */
import pg from 'pg';
import { ROLE } from './cluster.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { CLUSTER_SETTING, type Cluster } from './postmaster.ts';

/** Pairs of numbers for pg_advisory_lock, ours alone. */
const SHARE = [6_647_138, 1] as const;
const OWNER = [6_647_138, 2] as const;

export interface ClusterAccess extends Pick<Cluster, 'directory' | 'logFile'> {
  password: string;
}

export interface ClusterShare {
  session: pg.Client;
  /** Whether this is the one share among all that owns the server. */
  owner: boolean;
  /** Resolves when the session is over, whoever ended it. */
  ended: Promise<void>;
}

/** Includes the password. */
export function clusterUrl({ password }: Pick<ClusterAccess, 'password'>, port: number, database = ROLE): string {
  return `postgresql://${ROLE}:${password}@127.0.0.1:${port}/${database}`;
}

/**
 * Connects to the server on `port` and takes a share; null when the server is going away, so that the caller looks again.
 * @throws {EmbeddedPostgresError} when it cannot be entered, or is not the one of this cluster.
 */
export async function takeShare(cluster: ClusterAccess, port: number): Promise<ClusterShare | null> {
  const connected = await connect(cluster, port);
  if (!connected) return null;
  const { session, ended } = connected;
  try {
    const { rows } = await session.query<{ cluster: string | null }>(
      `SELECT current_setting('${CLUSTER_SETTING}', true) AS cluster`,
    );
    if (rows[0]?.cluster !== cluster.directory) throw cannotEnter(cluster, `port ${port} is another database's`);
    // Waits while the last one out stops the server, and fails with it.
    await session.query('SELECT pg_advisory_lock_shared($1, $2)', [...SHARE]);
    return { session, ended, owner: await becomeOwner(session) };
  } catch (error) {
    await session.end();
    if (isGoingAway(error)) return null;
    throw error;
  }
}

/** Whether we were the last. The exclusive lock is kept: nobody can come in between this answer and the server's end. */
export async function giveBack({ session }: ClusterShare): Promise<boolean> {
  await session.query('SELECT pg_advisory_unlock_shared($1, $2)', [...SHARE]);
  const { rows } = await session.query<{ last: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS last', [...SHARE]);
  return rows[0]?.last === true;
}

/** The server is shutting down, has crashed, or is not there any more. */
export function isGoingAway(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  if (['57P01', '57P02', '57P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code)) return true;
  return error instanceof Error && /^Connection terminated|not queryable$/.test(error.message);
}

async function connect(
  cluster: ClusterAccess,
  port: number,
  database = ROLE,
): Promise<Pick<ClusterShare, 'session' | 'ended'> | null> {
  const session = new pg.Client({
    connectionString: clusterUrl(cluster, port, database),
    application_name: 'social-share-scheduler, supervisor',
    keepAlive: true,
  });
  const ended = new Promise<void>((done) => {
    session.once('end', done);
  });
  // Only what its end means is of interest; but without a listener an error would end the process.
  session.on('error', () => undefined);
  try {
    await session.connect();
    return { session, ended };
  } catch (error) {
    await session.end();
    if (errorCode(error) === '3D000' && database === ROLE) {
      await createDatabase(cluster, port);
      return connect(cluster, port);
    }
    if (isGoingAway(error)) return null;
    throw cannotEnter(cluster, error instanceof Error ? error.message : String(error), error);
  }
}

async function createDatabase(cluster: ClusterAccess, port: number): Promise<void> {
  const connected = await connect(cluster, port, 'postgres');
  if (!connected) return;
  try {
    await connected.session.query(`CREATE DATABASE ${ROLE}`);
  } catch (error) {
    // 42P04, 23505: another process that started at the same time was faster.
    if (!['42P04', '23505'].includes(errorCode(error) ?? '') && !isGoingAway(error)) throw error;
  } finally {
    await connected.session.end();
  }
}

/** Kept until the session ends. */
async function becomeOwner(session: pg.Client): Promise<boolean> {
  const { rows } = await session.query<{ owner: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS owner', [...OWNER]);
  return rows[0]?.owner === true;
}

function cannotEnter(cluster: ClusterAccess, reason: string, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'start-failed',
    `The embedded database in ${cluster.directory} runs but cannot be entered: ${reason}. See ${cluster.logFile}; if its password file was replaced, restore it.`,
    cause,
  );
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
