/**
 * The two secrets of an installation: what signs session cookies and what encrypts tokens. They come from the environment,
 * or else are generated once into files under DATA_DIR that only the owner may read.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, ConfigError, tokenKeys } from './config.ts';

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
    throw new ConfigError([`${file} is damaged. Restore it from your backup. Without it the stored tokens cannot be read: if it is lost, delete it and connect every account again.`]);
  }
  if (created) log.warn({ file }, 'made a key that encrypts the tokens of connected accounts: back this file up, without it every account has to be connected again');
  return keys;
}

/** Exclusive creation: of several processes starting at once, one writes and the others read what it wrote. */
function readOrCreate(file: string, make: () => string): { text: string; created: boolean } {
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${make()}\n`, { mode: 0o600, flag: 'wx', flush: true });
    return { text: readFileSync(file, 'utf8').trim(), created: true };
  } catch (error) {
    if (isErrno(error) && error.code === 'EEXIST') return { text: readFileSync(file, 'utf8').trim(), created: false };
    const reason = isErrno(error) ? error.code : String(error);
    throw new ConfigError([`${file} cannot be written (${reason}). Make DATA_DIR a directory that this user may write to, or set SESSION_SECRET and TOKEN_KEYS.`]);
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
