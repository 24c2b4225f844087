/**
 * The two secrets of an installation: what signs session cookies and what encrypts tokens. They come from the environment,
 * or else are generated once into files under DATA_DIR that only the owner may read.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, ConfigError } from './config.ts';
import { tokenKeys } from './config-values.ts';

export interface Secrets {
  /** First one signs; all are accepted. */
  sessionSecrets: readonly string[];
  /** First one encrypts; all can decrypt. 32 bytes each. */
  tokenKeys: readonly { id: string; key: Buffer }[];
}

/**
 * @throws ConfigError when a secret file is damaged or DATA_DIR cannot be written, with what to do
 */
export function loadSecrets(config: Pick<Config, 'dataDir' | 'sessionSecrets' | 'tokenKeys'>, log: Logger): Secrets {
  return {
    sessionSecrets: config.sessionSecrets ?? [sessionSecretFile(config.dataDir)],
    tokenKeys: config.tokenKeys ?? tokenKeyFile(config.dataDir, log),
  };
}

function sessionSecretFile(dataDir: string): string {
  const file = join(dataDir, 'session-secret');
  const secret = readOrCreate(file, () => randomBytes(48).toString('base64')).text;
  if (secret.length < 32) {
    throw new ConfigError([`${file} is damaged (too short). Delete it: a new one is made, and people sign in again.`]);
  }
  return secret;
}

function tokenKeyFile(dataDir: string, log: Logger): readonly { id: string; key: Buffer }[] {
  const file = join(dataDir, 'token-keys');
  const { text, created } = readOrCreate(file, () => `k1:${randomBytes(32).toString('base64')}`);
  const problems: string[] = [];
  const keys = tokenKeys(text, { addIssue: (message) => problems.push(message) });
  if (problems.length > 0) {
    throw new ConfigError([
      `${file} is damaged. Restore it from your backup. Without it the stored tokens cannot be read: if it is lost, delete it and connect every account again.`,
    ]);
  }
  if (created)
    log.warn(
      { file },
      'made a key that encrypts the tokens of connected accounts: back this file up, without it every account has to be connected again',
    );
  return keys;
}

function readOrCreate(file: string, make: () => string): { text: string; created: boolean } {
  const existing = read(file);
  if (existing !== null) return { text: existing, created: false };
  const created = create(file, `${make()}\n`);
  return { text: read(file) ?? '', created };
}

/** Null when there is no such file. */
function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (isErrno(error) && error.code === 'ENOENT') return null;
    if (isErrno(error) && error.code === 'ENOTDIR') throw unusable(file, 'written', error);
    throw unusable(file, 'read', error);
  }
}

/**
 * The file appears at once and complete, and never in the place of another: of several processes that start together one
 * is the first, and the others read what it wrote.
 * @returns whether we were the first
 */
function create(file: string, text: string): boolean {
  const unfinished = `${file}.${randomUUID()}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(unfinished, file);
    flushDirectory(dirname(file));
    return true;
  } catch (error) {
    if (isErrno(error) && error.code === 'EEXIST' && error.syscall === 'link') return false;
    throw unusable(file, 'written', error);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** A new name is only safe once its directory is on the disk; the tokens it encrypts soon are, in the database. */
function flushDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function unusable(file: string, verb: 'read' | 'written', error: unknown): ConfigError {
  const reason = isErrno(error) ? error.code : String(error);
  const who =
    verb === 'read'
      ? 'Give it to the user that runs the server (was it started by another one before?)'
      : 'Make DATA_DIR a directory that this user may write to';
  return new ConfigError([`${file} cannot be ${verb} (${reason}). ${who}, or set SESSION_SECRET and TOKEN_KEYS.`]);
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
