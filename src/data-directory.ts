import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from './config.ts';

/**
 * Makes DATA_DIR and what is missing above it, one directory at a time. Node's own recursive mkdir never returns below
 * /proc, where a directory that exists answers "no such directory" to whoever wants to make another in it.
 *
 * Other failures are left for whoever uses the directory, who knows what it was for.
 * @throws ConfigError where no directory can ever be made
 */
export function makeDataDir(dataDir: string): void {
  const missing: string[] = [];
  for (let path = dataDir; !existsSync(path) && dirname(path) !== path; path = dirname(path)) missing.unshift(path);
  for (const path of missing) {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      if (error.code === 'ENOENT') {
        throw new ConfigError([
          `DATA_DIR (${dataDir}) cannot be made: ${dirname(path)} takes no directories. Choose a directory on a disk, such as ./data.`,
        ]);
      }
      return;
    }
  }
}
