import dns, { promises } from 'node:dns';
import { lookup as lookupNow } from 'node:dns/promises';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import pg from 'pg';
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { isLoopback, refusedHosts } from './network-guard.ts';

afterEach(() => {
  refusedHosts.splice(0); // Here they are expected.
});

const OUTSIDE = 'outside.invalid';

test.each<[string, () => Promise<unknown>]>([
  ['fetch', () => fetch(`https://${OUTSIDE}/`)],
  ['undici', () => request(`http://${OUTSIDE}/`)],
  ['node:http', () => once(http.get(`http://${OUTSIDE}/`), 'response')],
  ['node:net', () => once(net.connect(80, OUTSIDE), 'connect')],
  ['node:tls', () => once(tls.connect({ host: OUTSIDE, port: 443 }), 'secureConnect')],
  ['pg', () => new pg.Client({ connectionString: `postgresql://u:p@${OUTSIDE}/x` }).connect()],
  ['dns.promises.lookup', () => promises.lookup(OUTSIDE)],
  ['a named import from node:dns/promises', () => lookupNow(OUTSIDE)],
  ['dns.promises.Resolver', () => new promises.Resolver().resolve4(OUTSIDE)],
  [
    'dns.lookup',
    () => new Promise((found, failed) => dns.lookup(OUTSIDE, (error) => (error ? failed(error) : found(null)))),
  ],
])('%s cannot reach another machine, and the error names it', async (_name, attempt) => {
  const error = await attempt().then(
    () => expect.unreachable('it got out'),
    (reason: unknown) => reason,
  );
  expect(String(error instanceof Error && error.cause instanceof Error ? error.cause : error)).toContain(OUTSIDE);
  expect(refusedHosts).toEqual([OUTSIDE]);
});

test('addresses of other machines are refused too', async () => {
  await expect(once(net.connect({ host: '192.0.2.1', port: 80 }), 'connect')).rejects.toThrow('192.0.2.1');
});

test('this machine is reached as ever', async () => {
  const server = http.createServer((_request, response) => response.end('here')).listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe('here');
  server.closeAllConnections();
  server.close();
});

test.each([
  ['localhost', true],
  ['app.localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['127.0.0.1.example.com', false],
  ['localhost.example.com', false],
  ['10.0.0.1', false],
  ['::2', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
