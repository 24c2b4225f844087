import pg from 'pg';
import {
  type DatabaseAddress,
  DatabaseUnavailableError,
  explainConnectionError,
} from './database-unavailable-error.ts';

const OLDEST_MAJOR = 14;
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * A query of a pool that is not answered by then never will be: the other end is gone without a word, and TCP would take a
 * quarter of an hour to notice. Longer than a wait for a lock, shorter than a claim's lease. Migrations have no such limit.
 */
export const ANSWER_WITHIN_MS = 45_000;
/** An idle connection is asked for signs of life. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * Settings of every connection pool to the product's database (Prisma's, the sessions', the worker's).
 *
 * The time zone is fixed because neither Prisma's adapter nor `timestamp` columns carry one: @prisma/adapter-pg writes
 * instants without an offset and throws away the offset it reads, so any other zone would shift every time silently.
 */
export function poolConfig(url: string, size: number, answerWithinMs = ANSWER_WITHIN_MS): pg.PoolConfig {
  return {
    connectionString: url,
    max: size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    application_name: 'social-share-scheduler',
    onConnect: (client) => {
      giveUpWhenSilent(client, answerWithinMs);
      return prepareSession(client);
    },
  };
}

/**
 * Opens one connection to a database that this version can work with; the caller ends it.
 * @throws {DatabaseUnavailableError} when it cannot be reached or entered, or is older than Postgres 14, not UTF-8 or read-only.
 */
export async function openConnection(url: string): Promise<pg.Client> {
  const client = newClient(url);
  const address = addressOf(client);
  try {
    await client.connect();
    await useUtc(client);
    await refuseUnsuitable(client, address);
  } catch (error) {
    await client.end().catch(() => undefined); // It may never have been open; the first error is the one to report.
    throw error instanceof DatabaseUnavailableError ? error : explainConnectionError(address, error);
  }
  return client;
}

function newClient(url: string): pg.Client {
  try {
    if (!/^postgres(ql)?:\/\//.test(url)) throw new TypeError('not a Postgres URL');
    return new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'social-share-scheduler',
    });
  } catch {
    // The cause is left out on purpose: Node puts the whole URL, password included, into it.
    throw new DatabaseUnavailableError(
      'invalid-url',
      'DATABASE_URL is not a Postgres address. It looks like postgresql://user:password@host:5432/database, with special characters of the password percent-encoded.',
    );
  }
}

function addressOf(client: pg.Client): DatabaseAddress {
  return {
    host: client.host,
    port: client.port,
    database: client.database ?? '',
    user: client.user ?? '',
  };
}

/** A process that is frozen inside a transaction gives its row locks up: half of a claim's lease. */
const LONGEST_IDLE_IN_TRANSACTION = '30s';
/** Whoever waits for longer is told; the worker tries again, and says so at /readyz. */
const LONGEST_WAIT_FOR_A_LOCK = '20s';

/** Ends a connection whose query is not answered in time: it fails, and so does whatever waits behind it. */
function giveUpWhenSilent(client: pg.ClientBase, answerWithinMs: number): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  Reflect.set(client, 'query', (...args: unknown[]) => {
    // With a query in progress this destroys the socket instead of saying good-bye.
    const timer = setTimeout(() => void (client as pg.Client).end().catch(() => undefined), answerWithinMs).unref();
    const done = args.at(-1);
    if (typeof done === 'function')
      return query(...args.slice(0, -1), (...answer: unknown[]) => {
        clearTimeout(timer);
        return Reflect.apply(done, undefined, answer);
      });
    const asked = query(...args);
    if (!(asked instanceof Promise)) {
      clearTimeout(timer);
      return asked;
    }
    return asked.finally(() => clearTimeout(timer));
  });
}

async function prepareSession(client: pg.ClientBase): Promise<void> {
  await client.query(
    `SET TIME ZONE 'UTC'; SET idle_in_transaction_session_timeout = '${LONGEST_IDLE_IN_TRANSACTION}'; SET lock_timeout = '${LONGEST_WAIT_FOR_A_LOCK}'`,
  );
}

async function useUtc(client: pg.ClientBase): Promise<void> {
  await client.query(`SET TIME ZONE 'UTC'`);
}

async function refuseUnsuitable(client: pg.Client, { host, port, database }: DatabaseAddress): Promise<void> {
  const { rows } = await client.query<{ version: string; number: string; encoding: string; read_only: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
            current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') AS read_only`,
  );
  const [server] = rows;
  if (!server) throw new Error('the server did not say its version');
  if (Math.floor(Number(server.number) / 10_000) < OLDEST_MAJOR) {
    throw new DatabaseUnavailableError(
      'unsupported-version',
      `Postgres at ${host}:${port} (database "${database}") is version ${server.version}, but ${OLDEST_MAJOR} or newer is needed. Upgrade it, or point DATABASE_URL at a newer server.`,
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new DatabaseUnavailableError(
      'unsupported-encoding',
      `The database "${database}" at ${host}:${port} stores text as ${server.encoding}, which cannot hold every post. Create it with ENCODING 'UTF8' TEMPLATE template0.`,
    );
  }
  if (server.read_only === 'on') {
    throw new DatabaseUnavailableError(
      'read-only',
      `The database "${database}" at ${host}:${port} is read-only (a standby?). Point DATABASE_URL at the primary.`,
    );
  }
}
