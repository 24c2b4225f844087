/**
 * Brings a database to this version's structure when the product starts.
 *
 * The files are Prisma's and so is the record (`_prisma_migrations`), so `prisma migrate status` and `deploy` agree
 * with what happened here; only Prisma's engine, a download, is not needed. Each migration and its record are one
 * transaction: it is there completely or not at all, so we never leave one half applied. Whoever applies one holds
 * Prisma's own advisory lock until commit, and looks at the record again under it; so any number of processes may start
 * at once, and a Prisma beside them waits too. The lock belongs to the transaction, not to the session, so that it also
 * works behind a connection pooler.
 *
 * Limit: a statement that cannot run in a transaction (CREATE INDEX CONCURRENTLY) cannot be in a migration.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Database } from './client.ts';
import { openConnection } from './connection.ts';
import { MigrationError } from './migration-error.ts';
import {
  MIGRATIONS_DIRECTORY,
  type MigrationFile,
  matchesChecksum,
  migrationNames,
  readMigrations,
} from './migration-files.ts';

/** The key of the schema engine's `pg_advisory_lock`. */
const PRISMA_MIGRATION_LOCK = 72_707_369;

/** As the schema engine creates it. */
const CREATE_RECORD = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                      VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum                VARCHAR(64) NOT NULL,
  finished_at             TIMESTAMPTZ,
  migration_name          VARCHAR(255) NOT NULL,
  logs                    TEXT,
  rolled_back_at          TIMESTAMPTZ,
  started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

interface AppliedMigration {
  migration_name: string;
  checksum: string;
  finished: boolean;
}

/**
 * Applies the migrations that the database does not have yet, and answers their names.
 * @throws {DatabaseUnavailableError} when the database cannot be used.
 * @throws {MigrationError} when its history is not one this version can continue, or a migration fails (nothing of it stays).
 */
export async function migrate(url: string, log: Logger, directory = MIGRATIONS_DIRECTORY): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const client = await openConnection(url);
  try {
    const applied: string[] = [];
    for (;;) {
      const name = await applyNext(client, migrations, log);
      if (name === undefined) return applied;
      applied.push(name);
      log.info({ migration: name }, 'migration applied');
    }
  } finally {
    await client.end();
  }
}

/** Names of this version's migrations that the database does not have; empty when it is up to date. */
export async function pendingMigrations(db: Database, directory = MIGRATIONS_DIRECTORY): Promise<string[]> {
  const names = await migrationNames(directory);
  const [record] = await db.$queryRaw<{ exists: boolean }[]>`
    SELECT to_regclass('_prisma_migrations') IS NOT NULL AS "exists"`;
  if (!record?.exists) return names;
  const finished = await db.$queryRaw<{ migration_name: string }[]>`
    SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`;
  const known = new Set(finished.map((row) => row.migration_name));
  return names.filter((name) => !known.has(name));
}

/** One transaction: under the lock, find the oldest missing migration, apply and record it. */
async function applyNext(client: pg.Client, migrations: MigrationFile[], log: Logger): Promise<string | undefined> {
  await client.query('BEGIN');
  try {
    // A migration of a large table and the wait for another process may take longer than the server's usual limits.
    await client.query('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
    await takeLock(client, log);
    const next = firstMissing(migrations, await readRecord(client));
    if (next) await apply(client, next);
    await client.query('COMMIT');
    return next?.name;
  } catch (error) {
    // The connection may be what broke; then there is nothing left to roll back, and the first error says why.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error instanceof MigrationError ? error : notAllowed(error);
  }
}

async function takeLock(client: pg.Client, log: Logger): Promise<void> {
  const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_xact_lock($1::bigint) AS free', [
    PRISMA_MIGRATION_LOCK,
  ]);
  if (rows[0]?.free) return;
  log.info('another process is migrating the database; waiting for it');
  await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [PRISMA_MIGRATION_LOCK]);
}

async function readRecord(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows: existing } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists`,
  );
  if (!existing[0]?.exists) {
    await client.query(CREATE_RECORD);
    return [];
  }
  const { rows } = await client.query<AppliedMigration>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  return rows;
}

function firstMissing(migrations: MigrationFile[], record: AppliedMigration[]): MigrationFile | undefined {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { migration_name: name, checksum, finished } of record) {
    const migration = byName.get(name);
    if (!migration) {
      throw new MigrationError(
        'unknown',
        `The database has the migration ${name}, which this version does not know: a newer version has used it. Start that version, or restore a backup from before it.`,
      );
    }
    if (!finished) {
      throw new MigrationError(
        'unfinished',
        `The migration ${name} was begun by Prisma and did not finish. Repair the database, then tell Prisma: npx prisma migrate resolve --rolled-back ${name} (or --applied).`,
      );
    }
    if (!matchesChecksum(migration, checksum)) {
      throw new MigrationError(
        'changed',
        `The migration ${name} was changed after this database had applied it. Restore prisma/migrations/${name}/migration.sql as it was, and put the change into a new migration.`,
      );
    }
  }
  const applied = new Set(record.map((row) => row.migration_name));
  return migrations.find(({ name }) => !applied.has(name));
}

async function apply(client: pg.Client, { name, sql, checksum }: MigrationFile): Promise<void> {
  const id = randomUUID();
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())',
    [id, checksum, name],
  );
  try {
    await client.query(sql);
  } catch (cause) {
    if (isPermissionDenied(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationError(
      'failed',
      `The migration ${name} failed and was undone: ${reason}. Nothing has changed; correct the cause and start again.`,
      cause,
    );
  }
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1',
    [id],
  );
}

function notAllowed(error: unknown): unknown {
  if (!isPermissionDenied(error)) return error;
  return new MigrationError(
    'not-allowed',
    `The database user may not change the database's structure (${error.message}). Make it the owner of the database, or grant it CREATE on the schema "public".`,
    error,
  );
}

function isPermissionDenied(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && (error.code === '42501' || error.code === '3F000');
}
