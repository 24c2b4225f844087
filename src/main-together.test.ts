import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MIGRATIONS_DIRECTORY, migrationNames } from './database/migration-files.ts';
import { emptyDatabase } from './testing/fresh-database.ts';
import { ProductBench, type ProductProcess, postgresOf } from './testing/product-process.ts';

const bench = new ProductBench();
afterAll(() => bench.clear());

describe('four processes that start at once on an empty database and one DATA_DIR', () => {
  let database: Awaited<ReturnType<typeof emptyDatabase>>;
  let products: ProductProcess[];
  let addresses: string[];
  let dataDir: string;

  beforeAll(async () => {
    database = await emptyDatabase();
    dataDir = await bench.newDataDir();
    const environment = {
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      SUPERUSER_EMAIL: 'ann@example.com',
      SUPERUSER_PASSWORD: 'correct horse battery',
    };
    products = ['all', 'web', 'worker', 'worker'].map((ROLE) => bench.start({ ...environment, ROLE }));
    addresses = await Promise.all(products.map((product) => product.ready()));
  });
  afterAll(async () => {
    await bench.clear();
    await database.drop();
  });

  async function query<T extends pg.QueryResultRow>(text: string): Promise<pg.QueryResult<T>> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return await client.query<T>(text);
    } finally {
      await client.end();
    }
  }

  test('all become ready', async () => {
    for (const address of addresses) {
      const answer = await fetch(`${address}/readyz`);
      expect(await answer.json()).toMatchObject({ status: 'ready' });
      expect(answer.status).toBe(200);
    }
  });

  test('every migration is applied once, and there is one superuser', async () => {
    const { rows } = await query<{ migration_name: string }>(
      'SELECT migration_name FROM _prisma_migrations ORDER BY 1',
    );
    expect(rows.map((row) => row.migration_name)).toEqual((await migrationNames(MIGRATIONS_DIRECTORY)).toSorted());
    expect((await query('SELECT 1 FROM users WHERE is_superuser')).rowCount).toBe(1);
  });

  test('one of them makes the secrets and runs the sandbox, the others use them', async () => {
    const made = products.filter((product) => product.output().includes('made a key that encrypts'));
    expect(made).toHaveLength(1);
    const sandboxes = await Promise.all(
      products.map(async (product) => (await product.printed(/Sandbox +(http\S+)/))[1]),
    );
    expect(new Set(sandboxes).size).toBe(1);
    expect((await readdir(dataDir)).filter((name) => /^(token-keys|session-secret)./.test(name))).toEqual([]);
  });

  test('a worker serves /healthz, /readyz and /metrics, and nothing else', async () => {
    const [, , worker = ''] = addresses;
    const status = async (path: string) => [path, (await fetch(`${worker}${path}`, { redirect: 'manual' })).status];
    for (const path of ['/healthz', '/readyz', '/metrics']) expect(await status(path)).toEqual([path, 200]);
    for (const path of [
      '/',
      '/login',
      '/admin',
      '/admin/api/resources/Post/actions/list',
      '/connect/linkedin',
      '/setup/x',
    ]) {
      expect(await status(path)).toEqual([path, 404]);
    }
  });

  test('all stop in order on SIGTERM', async () => {
    for (const product of products) product.signal('SIGTERM');
    expect(await Promise.all(products.map((product) => product.ended()))).toEqual([0, 0, 0, 0]);
    for (const product of products) expect(product.output()).not.toMatch(/"level":[56]0/);
  });
});

describe('processes that share the embedded database', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await bench.newDataDir();
  });

  test('start together, and the database goes with the last of them', async () => {
    const products = [1, 2].map(() => bench.start({ ROLE: 'worker', DATA_DIR: dataDir }));
    const [first, second] = products;
    const [, address] = await Promise.all(products.map((product) => product.ready()));
    first?.signal('SIGTERM');
    expect(await first?.ended()).toBe(0);
    expect((await fetch(`${address}/readyz`)).status).toBe(200);

    await commandsWork();
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    second?.signal('SIGTERM');
    expect(await second?.ended()).toBe(0);
    expect(await postgresOf(dataDir)).toBeNull();
  });

  test('commands without a server start the database themselves and stop it again', async () => {
    await commandsWork();
    expect(await postgresOf(dataDir)).toBeNull();
  });

  test('a command that is interrupted stops the database it started', async () => {
    const command = bench.start({ DATA_DIR: dataDir }, { program: 'scripts/console.ts', stdin: 'open' });
    await command.printed(/ctx, db and boss are here/);
    expect(await postgresOf(dataDir)).not.toBeNull();
    command.signal('SIGINT', 'group');
    expect(await command.ended()).toBe(130);
    expect(await postgresOf(dataDir)).toBeNull();
  });

  test('a command says plainly what is wrong with what it was given', async () => {
    const run = async (program: string, args: string[], environment = {}) => {
      const command = bench.start({ DATA_DIR: dataDir, ...environment }, { program, args });
      expect(await command.ended()).toBe(1);
      expect(command.output()).not.toMatch(/^\s+at /m);
      return command.output();
    };
    expect(await run('scripts/superuser.ts', [])).toContain('npm run superuser -- --email ann@example.com');
    expect(await run('scripts/superuser.ts', ['--email', 'nonsense'])).toContain('"nonsense" is not an e-mail address');
    const unset = { DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/x', ROLE: 'everything' };
    expect(await run('scripts/doctor.ts', [], unset)).toMatch(
      /BAD .*\n.*ROLE must be one of[\s\S]*One thing needs your attention/,
    );
    expect(await run('scripts/rotate-keys.ts', [], { DATABASE_URL: unset.DATABASE_URL })).toContain(
      'Nothing listens at 127.0.0.1:1',
    );
  });

  /** All at once: they, too, may meet each other. */
  async function commandsWork(): Promise<void> {
    const run = async (program: string, says: RegExp, args: string[] = []) => {
      const command = bench.start({ DATA_DIR: dataDir }, { program, args });
      const code = await command.ended();
      expect(command.output()).toMatch(says);
      expect([program, code]).toEqual([program, 0]);
    };
    await Promise.all([
      run('scripts/doctor.ts', /Postgres \d+[\s\S]*LinkedIn: the sandbox[\s\S]*Nothing is wrong/),
      run('scripts/superuser.ts', /Give this link to ann@example.com[\s\S]*http:\/\/localhost/, [
        '--email',
        'ann@example.com',
      ]),
      run('scripts/verify-audit.ts', /The audit is intact: \d+ events follow each other/),
      run('scripts/rotate-keys.ts', /Key "k1": 0 re-encrypted/),
    ]);
    expect(await readFile(join(dataDir, 'database-url'), 'utf8')).toMatch(/^postgresql:\/\/.*@127\.0\.0\.1:\d+\//);
  }
});
