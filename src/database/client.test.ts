import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { connectDatabase } from './client.ts';

let database: FreshDatabase;

beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(async () => {
  await database.close();
});

test('instants survive a server whose time zone is not UTC', async () => {
  await run(`ALTER DATABASE ${nameOf(database.url)} SET timezone TO 'Asia/Kathmandu'`);
  const db = await connectDatabase(database.url);
  const at = new Date('2026-10-25T00:59:59.123Z');
  const { id } = await db.team.create({ data: { name: 'Nepal', createdAt: at } });
  expect((await db.team.findUniqueOrThrow({ where: { id } })).createdAt).toEqual(at);
  expect(await db.$queryRaw`SELECT extract(epoch FROM created_at)::float8 * 1000 AS ms FROM teams`).toEqual([
    { ms: at.getTime() },
  ]);
  expect(await db.$transaction((tx) => tx.$queryRaw`SELECT current_setting('timezone') AS zone`)).toEqual([
    { zone: 'UTC' },
  ]);
  await db.$disconnect();
});

test('whoever is frozen inside a transaction does not keep its locks for ever', async () => {
  const db = await connectDatabase(database.url);
  const [setting] = await db.$queryRaw<
    { limit: string }[]
  >`SELECT current_setting('idle_in_transaction_session_timeout') AS limit`;
  expect(setting).toEqual({ limit: '30s' });
  await db.$disconnect();
});

test('connections that the server cut are replaced', async () => {
  const db = await connectDatabase(database.url);
  await db.team.count();
  await run(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await vi.waitFor(async () => expect(await db.team.count()).toBe(0), { timeout: 10_000 });
  await db.$disconnect();
});

test('the pool is no larger than asked for', async () => {
  const db = await connectDatabase(database.url, { poolSize: 2 });
  await Promise.all(Array.from({ length: 8 }, () => db.$queryRaw`SELECT pg_sleep(0.02)::text`));
  const rows = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'social-share-scheduler'`;
  expect(rows).toHaveLength(2);
  await db.$disconnect();
});

test('a database where nothing listens is named, without its password', async () => {
  const url = new URL(database.url);
  url.port = String(await closedPort());
  expect(await refusal(url)).toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(`127.0.0.1:${url.port}.*"${nameOf(database.url)}".*DATABASE_URL`),
  });
});

test('a wrong password is called that', async () => {
  const url = new URL(database.url);
  url.password = 'top-secret';
  expect(await refusal(url)).toMatchObject({
    code: 'authentication-failed',
    message: expect.stringMatching(/user "\w+".*password/),
  });
});

test('a missing database is called that, with the command that makes it', async () => {
  const url = new URL(database.url);
  url.pathname = '/not_there';
  expect(await refusal(url)).toMatchObject({
    code: 'database-missing',
    message: expect.stringContaining('CREATE DATABASE "not_there"'),
  });
});

test('what is not a Postgres address is refused without repeating it', async () => {
  for (const url of ['mysql://u:top-secret@localhost/x', 'postgresql://u:top-secret@localhost:port/x', '']) {
    expect(await refusal(url)).toMatchObject({ code: 'invalid-url', cause: undefined });
  }
});

test('a server older than Postgres 14 is refused', async () => {
  const server = await serverOfVersion('13.9', '130009');
  const { port } = server.address() as { port: number };
  expect(await refusal(`postgresql://u:top-secret@127.0.0.1:${port}/x`)).toMatchObject({
    code: 'unsupported-version',
    message: expect.stringMatching(/version 13\.9, but 14 or newer/),
  });
  server.close();
});

test('a database that cannot hold every character is refused', async () => {
  const name = `${nameOf(database.url)}_ascii`;
  await run(`CREATE DATABASE ${name} ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0`);
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  expect(await refusal(url)).toMatchObject({
    code: 'unsupported-encoding',
    message: expect.stringContaining("ENCODING 'UTF8'"),
  });
  await run(`DROP DATABASE ${name}`);
});

test('a read-only database is refused', async () => {
  await run(`ALTER DATABASE ${nameOf(database.url)} SET default_transaction_read_only TO on`);
  expect(await refusal(database.url)).toMatchObject({ code: 'read-only', message: expect.stringContaining('primary') });
});

async function refusal(url: string | URL): Promise<Error> {
  const error: unknown = await connectDatabase(String(url)).then(
    () => expect.unreachable('it connected'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw error;
  expect(error.name).toBe('DatabaseUnavailableError');
  expect(error.message).not.toContain('top-secret');
  expect(error.message).not.toContain(new URL(database.url).password);
  return error;
}

async function run(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Enough of Postgres' protocol to be asked for its version: old servers are not to be had from npm. */
async function serverOfVersion(version: string, number: string): Promise<Server> {
  const answer = (type: string, body: Buffer) => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const text = (value: string) => Buffer.from(`${value}\0`);
  const ready = answer('Z', Buffer.from('I'));
  const columns = { version, number, encoding: 'UTF8', read_only: 'off' };
  const short = (value: number) => Buffer.from([value >> 8, value & 255]);
  const description = Object.keys(columns).map((name) =>
    Buffer.concat([
      text(name),
      Buffer.alloc(6),
      Buffer.from([0, 0, 0, 25]),
      Buffer.from([255, 255, 255, 255, 255, 255]),
      short(0),
    ]),
  );
  const values = Object.values(columns).map((value) =>
    Buffer.concat([Buffer.from([0, 0, 0, value.length]), Buffer.from(value)]),
  );
  const rows = [
    answer('T', Buffer.concat([short(values.length), ...description])),
    answer('D', Buffer.concat([short(values.length), ...values])),
  ];
  const respond = (socket: Socket, message: Buffer) => {
    if (message[0] === 'X'.charCodeAt(0)) socket.end();
    else if (message[0] !== 'Q'.charCodeAt(0)) socket.write(Buffer.concat([answer('R', Buffer.alloc(4)), ready]));
    else if (message.includes('SELECT')) socket.write(Buffer.concat([...rows, answer('C', text('SELECT 1')), ready]));
    else socket.write(Buffer.concat([answer('C', text('SET')), ready]));
  };
  const server = createServer((socket) => socket.on('data', (message) => respond(socket, message)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
