import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from './migration-error.ts';

export interface MigrationFile {
  /** The folder's name, as Prisma records it. */
  name: string;
  sql: string;
  /** sha256 of the file's bytes in hex, as Prisma records it. */
  checksum: string;
}

export const MIGRATIONS_DIRECTORY = join(import.meta.dirname, '..', '..', 'prisma', 'migrations');

/** Names of the migrations in `directory`, oldest first: Prisma's folders begin with a time stamp. */
export async function migrationNames(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new MigrationError('missing-files', `The migrations are missing: ${directory}. Install again.`, cause);
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** The migrations in `directory` with their content, oldest first. */
export async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = await migrationNames(directory);
  return Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(directory, name, 'migration.sql'));
      return { name, sql: bytes.toString('utf8'), checksum: sha256(bytes) };
    }),
  );
}

/** Whether `checksum` was taken of this migration; a checkout that only changed line ends still counts, as in Prisma. */
export function matchesChecksum(migration: MigrationFile, checksum: string): boolean {
  const unix = migration.sql.replaceAll('\r\n', '\n');
  return [migration.checksum, sha256(unix), sha256(unix.replaceAll('\n', '\r\n'))].includes(checksum);
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
