import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { emptyDatabase, freshDatabase } from './testing/fresh-database.ts';
import { ProductBench, postgresOf } from './testing/product-process.ts';

const bench = new ProductBench();
/** Some program that is not ours. */
const stranger: Server = createServer((_request, response) => response.end('not ours'));
let takenPort: string;
/** Not even root may make a directory there. */
const NOT_WRITABLE = '/sys/social-share-scheduler';

beforeAll(async () => {
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  takenPort = String((stranger.address() as AddressInfo).port);
});
afterAll(async () => {
  await bench.clear();
  stranger.closeAllConnections();
  stranger.close();
});

/** Starts, and expects it to give up with these sentences, and to leave nothing that runs. */
async function refused(environment: Record<string, string>, ...sentences: (string | RegExp)[]): Promise<string> {
  const product = bench.start(environment);
  const code = await product.ended();
  const output = product.output();
  for (const sentence of sentences) expect(output).toMatch(sentence);
  expect(output).not.toMatch(/^\s+at /m); // No stack.
  expect(output).not.toContain('Ready in');
  expect(code).toBe(1);
  if (environment.DATA_DIR !== undefined) expect(await postgresOf(environment.DATA_DIR)).toBeNull();
  return output;
}

describe('a configuration that cannot be used', () => {
  test('is refused with all its problems at once, and nothing is started', async () => {
    const dataDir = await bench.newDataDir();
    const output = await refused(
      {
        DATA_DIR: dataDir,
        PORT: 'http',
        ROLE: 'both',
        DATABASE_URL: 'mysql://localhost/x',
        TOKEN_KEYS: `k1:${Buffer.alloc(16).toString('base64')}`,
        SESSION_SECRET: 'short',
        PUBLIC_URL: 'https://posts.example.com/app',
        LINKEDIN_CLIENT_ID: 'alone',
        SUPERUSER_EMAIL: 'ann@example.com',
        TRUST_PROXY: 'the one in front',
      },
      'Cannot start.',
      'The configuration has 9 problems',
      'PORT must be a port number',
      'ROLE must be one of: all, web, worker.',
      'DATABASE_URL must start with postgresql://',
      'key "k1" has 16 bytes',
      'SESSION_SECRET must be',
      'PUBLIC_URL must be scheme and host only',
      'LINKEDIN_CLIENT_SECRET is missing',
      'SUPERUSER_PASSWORD is missing',
      'TRUST_PROXY must be',
    );
    expect(output).not.toContain('Starting');
    expect(await readdir(dirname(dataDir))).toEqual([]);
  });

  test('in production with DATABASE_URL asks for the secrets that several machines share', async () => {
    const environment = {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/x',
      DATA_DIR: await bench.newDataDir(),
    };
    await refused(environment, 'SESSION_SECRET is required', 'openssl rand', 'TOKEN_KEYS is required');
  });

  test('whose DATABASE_URL is no address is refused without showing its password', async () => {
    const output = await refused(
      { DATABASE_URL: 'postgresql://u:se/cret@host:port/x', DATA_DIR: await bench.newDataDir() },
      'DATABASE_URL is not an address',
    );
    expect(output).not.toContain('se/cret');
  });
});

describe('a port that is taken', () => {
  test('by another program is named, and nothing else is started', async () => {
    const dataDir = await bench.newDataDir();
    await refused(
      { PORT: takenPort, DATA_DIR: dataDir },
      `Port ${takenPort} on 127.0.0.1 is taken`,
      'choose another port with PORT',
    );
    expect(await readdir(dirname(dataDir))).toEqual([]);
  });

  test('where the sandbox should be is named too, and the database is stopped again', async () => {
    const environment = { ROLE: 'worker', SANDBOX_PORT: takenPort, DATA_DIR: await bench.newDataDir() };
    await refused(environment, `Port ${takenPort} is used by another program`, 'set SANDBOX_PORT to a free port');
  });
});

describe('a database that cannot be used', () => {
  const on = (change: (url: URL) => void): string => {
    const url = new URL(inject('testServerUrl'));
    change(url);
    return url.href;
  };
  const start = async (url: string, ...sentences: (string | RegExp)[]) =>
    refused({ ROLE: 'worker', SANDBOX: 'off', DATABASE_URL: url, DATA_DIR: await bench.newDataDir() }, ...sentences);

  test('because nothing listens there', async () => {
    await start(
      'postgresql://u:secretword@127.0.0.1:1/x',
      'Nothing listens at 127.0.0.1:1',
      'Start Postgres there, or correct DATABASE_URL',
    );
  });

  test('because the password is wrong, which is not printed', async () => {
    const url = on((it) => {
      it.password = 'secretword';
    });
    expect(await start(url, 'refuses the user', 'Check the user and the password in DATABASE_URL')).not.toContain(
      'secretword',
    );
  });

  test('because it does not exist', async () => {
    const url = on((it) => {
      it.pathname = '/nowhere';
    });
    await start(url, 'has no database "nowhere"', 'Create it');
  });

  test('because the user may not make the queues’ schema', async () => {
    const { url, drop } = await emptyDatabase();
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    const role = new URL(url).pathname.slice(1).replace('scheduler_test', 'limited');
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'limited'`);
    await admin.query(`GRANT ALL ON SCHEMA public TO ${role}`);
    try {
      const limited = new URL(url);
      limited.username = role;
      limited.password = 'limited';
      await start(limited.href, 'may not create the queues', 'grant it CREATE on the database');
    } finally {
      await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await admin.end();
      await drop();
    }
  });
});

describe('a database that has no room left', () => {
  test('is told in one sentence', async () => {
    const { url, db, close } = await freshDatabase();
    await db.$executeRawUnsafe(`
      CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`);
    await db.$executeRawUnsafe(
      'CREATE TRIGGER full_disk BEFORE INSERT ON worker_processes FOR EACH ROW EXECUTE FUNCTION full_disk()',
    );
    await refused(
      { ROLE: 'worker', SANDBOX: 'off', DATABASE_URL: url, DATA_DIR: await bench.newDataDir() },
      'Cannot start. Nothing can be saved: the database’s disk is full (SQLSTATE 53100). Make room there, then start again.',
    );
    await close();
  });
});

describe('a DATA_DIR that cannot be used', () => {
  test('because it is a file', async () => {
    const dataDir = await bench.newDataDir();
    await writeFile(dataDir, 'a file');
    await refused(
      { DATA_DIR: dataDir },
      `${dataDir}/session-secret cannot be written (ENOTDIR)`,
      'Make DATA_DIR a directory',
    );
  });

  test('because it lies where no directory can be made', async () => {
    await refused({ DATA_DIR: '/proc/nowhere/data' }, 'takes no directories');
  });

  test('because nobody may write there', async () => {
    await refused(
      { DATA_DIR: NOT_WRITABLE },
      'cannot be written',
      'Make DATA_DIR a directory that this user may write to',
    );
  });

  test.skipIf(process.getuid?.() === 0)('because this user may not write there', async () => {
    const dataDir = await bench.newDataDir();
    await mkdir(dataDir, { mode: 0o500 });
    await refused({ DATA_DIR: dataDir }, 'cannot be written (EACCES)');
    await chmod(dataDir, 0o700);
  });

  test('when the environment has both secrets and only the sandbox needs it', async () => {
    const secrets = { TOKEN_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`, SESSION_SECRET: 'x'.repeat(32) };
    const { url, close } = await freshDatabase();
    await refused(
      { ...secrets, ROLE: 'worker', DATABASE_URL: url, DATA_DIR: NOT_WRITABLE },
      `${NOT_WRITABLE} cannot be used`,
      'DATA_DIR chooses the place',
    );
    await close();
  });
});

describe('a secret file that is damaged', () => {
  const withFile = async (name: string, content: string): Promise<string> => {
    const dataDir = await bench.newDataDir();
    await mkdir(dataDir, { mode: 0o700 });
    await writeFile(join(dataDir, name), content, { mode: 0o600 });
    return dataDir;
  };

  test.each([
    ['is empty', ''],
    ['is torn', 'k1:c2hvcnQ'],
    ['holds something else', 'not a key'],
  ])('token-keys that %s is not replaced, but explained', async (_what, content) => {
    const dataDir = await withFile('token-keys', content);
    await refused(
      { DATA_DIR: dataDir },
      `${dataDir}/token-keys is damaged`,
      'Restore it from your backup',
      'connect every account again',
    );
    expect((await stat(join(dataDir, 'token-keys'))).size).toBe(content.length);
  });

  test('session-secret that is too short may be deleted, it says', async () => {
    const dataDir = await withFile('session-secret', 'short');
    await refused({ DATA_DIR: dataDir }, `${dataDir}/session-secret is damaged`, 'Delete it');
  });

  test('a directory in its place is explained', async () => {
    const dataDir = await bench.newDataDir();
    await mkdir(join(dataDir, 'token-keys'), { recursive: true, mode: 0o700 });
    await refused({ DATA_DIR: dataDir }, `${dataDir}/token-keys cannot be read (EISDIR)`);
  });
});
