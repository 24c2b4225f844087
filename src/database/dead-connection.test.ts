/** A connection on which nobody answers any more, as when the database's host vanished and came back elsewhere. */

import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { connectDatabase, type Database } from './client.ts';

const ANSWER_WITHIN_MS = 1_000;
let database: FreshDatabase;
let proxy: Server;
let db: Database;
let links: [Socket, Socket][];

beforeEach(async () => {
  database = await freshDatabase();
  const target = new URL(database.url);
  links = [];
  proxy = createServer((socket) => {
    const upstream = dial(Number(target.port), target.hostname);
    links.push([socket, upstream]);
    for (const one of [socket, upstream]) one.on('error', () => undefined);
    socket.pipe(upstream).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const url = new URL(database.url);
  url.port = String(typeof address === 'object' ? address?.port : '');
  db = await connectDatabase(url.href, { poolSize: 3, answerWithinMs: ANSWER_WITHIN_MS });
});
afterEach(async () => {
  for (const link of links) for (const socket of link) socket.destroy();
  await db.$disconnect();
  proxy.close();
  await database.close();
});

/** Nothing is closed and nothing refused: the bytes just do not arrive. */
function goSilent(): void {
  for (const [socket, upstream] of links.splice(0)) {
    socket.unpipe();
    upstream.unpipe();
    socket.pause();
    upstream.destroy();
  }
}

it('is given up after a while, and the next query is answered on a new one', async () => {
  await Promise.all([1, 2, 3].map(() => db.$queryRaw`SELECT pg_sleep(0.1)::text`));
  goSilent();
  const asked = performance.now();
  const ends = await Promise.allSettled([1, 2, 3].map(() => db.$queryRaw`SELECT 1`));
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(performance.now() - asked).toBeLessThan(ANSWER_WITHIN_MS + 3_000);
  expect(await db.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});

it('is given up in the middle of a transaction as well', async () => {
  const transaction = db.$transaction(
    async (tx) => {
      await tx.$queryRaw`SELECT 1`;
      goSilent();
      await tx.$queryRaw`SELECT 1`;
    },
    { timeout: 60_000 },
  );
  await expect(transaction).rejects.toThrow();
  expect(await db.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});

it('is not given up while answers come, however many', async () => {
  for (let n = 0; n < 5; n++) await db.$queryRaw`SELECT pg_sleep(0.4)::text`;
});
