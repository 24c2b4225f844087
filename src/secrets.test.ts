import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError } from './config.ts';
import { loadSecrets } from './secrets.ts';

const log = pino({ level: 'silent' });
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'scheduler-secrets-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const load = (dataDir: string) => loadSecrets({ dataDir, sessionSecrets: null, tokenKeys: null }, log);

test('are made once, in files for their owner only, and are the same at the next start', async () => {
  const dataDir = join(root, 'data');
  const made = load(dataDir);
  expect(load(dataDir)).toEqual(made);
  expect(made.tokenKeys[0]?.key).toHaveLength(32);
  for (const name of ['session-secret', 'token-keys'])
    expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600);
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
});

test('are the same for processes that start at the same instant', async () => {
  const dataDir = join(root, 'data');
  // All wait for one instant, so that they race for the files and not for the processor.
  const program = `
    import { loadSecrets } from ${JSON.stringify(join(import.meta.dirname, 'secrets.ts'))};
    while (Date.now() < ${Date.now() + 1_500});
    const log = { warn() {} };
    const { sessionSecrets, tokenKeys } = loadSecrets({ dataDir: ${JSON.stringify(dataDir)}, sessionSecrets: null, tokenKeys: null }, log);
    console.log(sessionSecrets[0] + ' ' + tokenKeys[0].key.toString('hex'));`;
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  const seen = await Promise.all(Array.from({ length: 6 }, async () => (await run()).stdout.trim()));
  expect(new Set(seen).size).toBe(1);
  expect((await readdir(dataDir)).toSorted()).toEqual(['session-secret', 'token-keys']);
});

test('from the environment need no directory', async () => {
  const tokenKeys = [{ id: 'k1', key: Buffer.alloc(32) }];
  const given = loadSecrets({ dataDir: join(root, 'data'), sessionSecrets: ['s'], tokenKeys }, log);
  expect(given).toEqual({ sessionSecrets: ['s'], tokenKeys });
  expect(await readdir(root)).toEqual([]);
});

test('that are damaged are neither used nor replaced', async () => {
  load(root);
  await writeFile(join(root, 'token-keys'), 'k1:dG9vIHNob3J0\n');
  expect(() => load(root)).toThrow(ConfigError);
  expect(await readFile(join(root, 'token-keys'), 'utf8')).toBe('k1:dG9vIHNob3J0\n');
});
