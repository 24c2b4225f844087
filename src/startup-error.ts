import { ConfigError } from './config.ts';
import { DatabaseUnavailableError } from './database/database-unavailable-error.ts';
import { EmbeddedPostgresError } from './database/embedded-postgres-error.ts';
import { MigrationError } from './database/migration-error.ts';
import { explainResourceFailure } from './database/resource-failures.ts';
import { Refusal } from './domain/refusal.ts';
import { isDatabaseOutage } from './http/database-outage.ts';
import { ListenError } from './http/listener.ts';
import { JournalError } from './sandbox/journal.ts';
import { SandboxError } from './sandbox/sandbox.ts';

/** Errors whose message already says what to do: a stack would only hide it. */
const PLAIN = [
  ConfigError,
  DatabaseUnavailableError,
  EmbeddedPostgresError,
  JournalError,
  ListenError,
  MigrationError,
  Refusal,
  SandboxError,
];

/** What is printed when a start, a stop or a command fails: a sentence where we know one, everything otherwise. */
export function explain(error: unknown): string {
  if (error instanceof SuppressedError) return `${explain(error.suppressed)}\n${explain(error.error)}`;
  if (PLAIN.some((known) => error instanceof known) && error instanceof Error) return error.message;
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isUnusableFile(error)) {
    return `${error.path} cannot be used (${error.code}). See that there is space, and that the user who runs this may write there; DATA_DIR chooses the place.`;
  }
  const shortage = explainResourceFailure(error);
  if (shortage !== null) return shortage;
  if (isDatabaseOutage(error)) return `The database went away meanwhile. See that it runs, and try again.\n${details}`;
  return `An unexpected error:\n${details}`;
}

function isUnusableFile(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error && 'path' in error && 'code' in error && typeof error.code === 'string')) return false;
  return ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC', 'EDQUOT'].includes(error.code);
}
