/**
 * One sandbox per directory, over all processes of the machine.
 *
 * The claim is an open SQLite transaction on an empty file: the operating system drops it the moment the process ends,
 * SIGKILL included, so there is no stale lock to recognise, and two processes that start at once cannot both get it.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface DirectoryClaim {
  release(): void;
}

/** @returns null when another sandbox, in this or another process, holds the directory */
export function claimDirectory(directory: string): DirectoryClaim | null {
  const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === 5) return null; // SQLITE_BUSY
    throw error;
  }
  return { release: () => database.close() };
}
