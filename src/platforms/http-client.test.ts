import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { createHttpClient, type HttpClientOptions, type HttpRequest } from './http-client.ts';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0).reverse()) await close();
});

describe('a request that cannot have left', () => {
  test('is not-sent when the connection is refused', async () => {
    const server = await tcp((socket) => socket.destroy());
    const url = server.url;
    await server.close();
    expect(await client().send(post(url))).toMatchObject({ kind: 'not-sent', reason: 'connection-refused' });
  });

  test('is not-sent when the name does not resolve', async () => {
    const lookup: HttpClientOptions['lookup'] = (hostname, _options, callback) =>
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), '', 0);
    expect(await client({ lookup }).send(post('http://nowhere.localhost/rest/posts'))).toMatchObject({
      kind: 'not-sent',
      reason: 'dns-failure',
    });
  });

  test('is not-sent when the other side does not speak TLS', async () => {
    const server = await tcp((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    expect(await client().send(post(server.url.replace('http:', 'https:')))).toMatchObject({
      kind: 'not-sent',
      reason: 'tls-failure',
    });
    expect(server.received()).not.toContain('POST');
  });

  test('is not-sent when the TLS handshake is refused', async () => {
    const server = createTlsServer({}, (socket) => socket.destroy());
    const url = await listening(server);
    expect(await client().send(post(url.replace('http:', 'https:')))).toMatchObject({
      kind: 'not-sent',
      reason: 'tls-failure',
    });
  });

  test('is not-sent when the connection is lost in the middle of the TLS handshake', async () => {
    const server = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await client().send(post(server.url.replace('http:', 'https:')))).toMatchObject({ kind: 'not-sent' });
  });

  test('is not-sent when connecting takes too long', async () => {
    // Accepted by the kernel but never answered: the TLS handshake stalls.
    const server = await tcp((socket) => socket.resume());
    const result = await client({ connectTimeoutMs: 300 }).send(post(server.url.replace('http:', 'https:')));
    expect(result).toMatchObject({ kind: 'not-sent', reason: 'connect-timeout' });
  });

  test('is not-sent when the process was paused until after the deadline while the connection came up', async () => {
    const { port, requests, stop } = await serverOfItsOwn();
    cleanUp.push(stop);
    const sending = client({ deadlineMs: 500 }).send(post(`http://127.0.0.1:${port}/rest/posts`));
    await new Promise((resolve) => process.nextTick(resolve));
    pauseThisProcess(1_200);
    expect(await sending).toMatchObject({ kind: 'not-sent', reason: 'connect-timeout' });
    await setTimeout(200);
    expect(requests()).toBe(0);
  });

  test('is not-sent when the deadline passes while connecting, and stays unsent when the connection comes up later', async () => {
    const server = await http((_request, response) => response.end());
    let resolveName: () => void = () => expect.unreachable('the name was never asked for');
    const lookup: HttpClientOptions['lookup'] = (_hostname, options, callback) => {
      resolveName = () =>
        options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);
    };
    const slow = client({ lookup, deadlineMs: 100 });
    expect(await slow.send(post(server.url.replace('127.0.0.1', 'slow.localhost')))).toMatchObject({
      kind: 'not-sent',
      reason: 'connect-timeout',
    });
    const connected = once(server.server, 'connection');
    resolveName();
    const [socket] = await connected;
    // The client drops the unused connection; until then the request could have travelled on it.
    await once(socket, 'close');
    expect(server.requests).toEqual([]);
  });

  test('is not-sent when it was aborted beforehand or while connecting', async () => {
    const server = await tcp((socket) => socket.resume());
    expect(await client().send(post(server.url), AbortSignal.abort())).toMatchObject({
      kind: 'not-sent',
      reason: 'aborted-before-sending',
    });
    const abort = new AbortController();
    const pending = client().send(post(server.url.replace('http:', 'https:')), abort.signal);
    abort.abort();
    expect(await pending).toMatchObject({ kind: 'not-sent', reason: 'aborted-before-sending' });
    expect(server.received()).not.toContain('POST');
  });

  test('is not-sent when a header cannot be written', async () => {
    const server = await http((_request, response) => response.end());
    const request = { ...post(server.url), headers: { authorization: 'Bearer broken\r\nx: y' } };
    expect(await client().send(request)).toMatchObject({ kind: 'not-sent', reason: 'connect-failure' });
    expect(await client().send(post('not a url'))).toMatchObject({ kind: 'not-sent' });
    expect(server.requests).toEqual([]);
  });
});

describe('a request that may have arrived', () => {
  test('has no answer when the connection is reset before anything was read', async () => {
    const server = await tcp((socket) => socket.resetAndDestroy());
    // Whether our bytes or the reset come first is a race; either way it must not count as delivered or be sent again.
    const result = await client().send(post(server.url));
    expect(['not-sent', 'no-answer']).toContain(result.kind);
    expect(server.connections()).toBe(1);
  });

  test('has no answer when the connection is reset after the request was read, and is not repeated', async () => {
    const server = await http((request) => request.socket.resetAndDestroy());
    expect(await client().send(post(server.url))).toMatchObject({ kind: 'no-answer', reason: 'connection-lost' });
    expect(server.requests).toHaveLength(1);
  });

  test('has no answer when the connection is closed politely after the request was read, and is not repeated', async () => {
    const server = await http((request) => request.socket.end());
    expect(await client().send({ ...post(server.url), method: 'GET' })).toMatchObject({
      kind: 'no-answer',
      reason: 'connection-lost',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('has no answer when the platform stalls until the deadline', async () => {
    const server = await http(() => undefined);
    const started = performance.now();
    expect(await client({ deadlineMs: 250 }).send(post(server.url))).toMatchObject({
      kind: 'no-answer',
      reason: 'answer-timeout',
    });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('has no answer when it is aborted after it was read', async () => {
    const abort = new AbortController();
    const server = await http(() => abort.abort());
    expect(await client().send(post(server.url), abort.signal)).toMatchObject({
      kind: 'no-answer',
      reason: 'aborted-after-sending',
    });
  });

  test('has no answer when what comes back is not HTTP', async () => {
    const server = await tcp((socket) => socket.once('data', () => socket.end('what is this\r\n\r\n')));
    expect(await client().send(post(server.url))).toMatchObject({ kind: 'no-answer', reason: 'malformed-answer' });
  });

  test('is not taken as answered by an interim 100 Continue', async () => {
    const server = await tcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 102 Processing\r\n\r\n')));
    expect(await client().send(post(server.url))).toMatchObject({ kind: 'no-answer' });
  });
});

describe('an answer', () => {
  test('has status, headers and text', async () => {
    const server = await http((_request, response) => {
      response.setHeader('X-RestLi-Id', 'urn:li:share:1');
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(201).end('żółć');
    });
    expect(await client().send(post(server.url))).toEqual({
      kind: 'answer',
      status: 201,
      headers: expect.objectContaining({ 'x-restli-id': 'urn:li:share:1', 'set-cookie': 'a=1, b=2' }),
      body: 'żółć',
      bodyComplete: true,
    });
  });

  test('keeps its headers when the body is cut off', async () => {
    const server = await tcp((socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 201 Created\r\nx-restli-id: urn:li:share:2\r\ncontent-length: 100\r\n\r\n{"id":'),
      ),
    );
    expect(await client().send(post(server.url))).toMatchObject({
      kind: 'answer',
      status: 201,
      headers: { 'x-restli-id': 'urn:li:share:2' },
      body: '{"id":',
      bodyComplete: false,
    });
  });

  test('is read when it arrived in time, though the process was paused until after the deadline', async () => {
    const { port, stop } = await serverOfItsOwn();
    cleanUp.push(stop);
    const sending = client({ deadlineMs: 500 }).send(post(`http://127.0.0.1:${port}/rest/posts`));
    await setTimeout(100);
    // After it the event loop sees to its timers first, and to what has arrived then.
    await new Promise<void>((resolve) =>
      setImmediate(() => {
        pauseThisProcess(1_200);
        resolve();
      }),
    );
    expect(await sending).toMatchObject({
      ...{ kind: 'answer', status: 201, headers: { 'x-restli-id': 'urn:li:share:1' } },
      ...{ body: '{"id":"1"}', bodyComplete: true },
    });
  });

  test('keeps its headers when the body stalls until the deadline', async () => {
    const server = await http((_request, response) => {
      response.writeHead(201, { 'x-restli-id': 'urn:li:share:3', 'content-length': '100' }).write('{');
    });
    expect(await client({ deadlineMs: 300 }).send(post(server.url))).toMatchObject({
      kind: 'answer',
      status: 201,
      headers: { 'x-restli-id': 'urn:li:share:3' },
      bodyComplete: false,
    });
  });

  test('is cut at the size limit', async () => {
    const server = await http((_request, response) => response.end('x'.repeat(5000)));
    const result = await client({ maxBodyBytes: 1000 }).send(post(server.url));
    expect(result).toMatchObject({ kind: 'answer', status: 200, bodyComplete: false });
    expect(result.kind === 'answer' && result.body).toBe('x'.repeat(1000));
  });

  test('that redirects is not followed', async () => {
    const server = await http((_request, response) => response.writeHead(307, { location: '/elsewhere' }).end());
    expect(await client().send(post(server.url))).toMatchObject({ kind: 'answer', status: 307 });
    expect(server.requests).toHaveLength(1);
  });

  test('arrives for one request after another although the server closes each connection behind it', async () => {
    const server = await http((request, response) =>
      response.end('ok', () => setImmediate(() => request.socket.destroy())),
    );
    const repeated = client();
    for (let n = 0; n < 20; n++)
      expect(await repeated.send(post(server.url))).toMatchObject({ kind: 'answer', body: 'ok' });
  });
});

function client(options: HttpClientOptions = {}) {
  const created = createHttpClient({ deadlineMs: 10_000, ...options });
  cleanUp.push(() => created.close());
  return created;
}

function post(url: string): HttpRequest {
  return { method: 'POST', url, headers: { 'content-type': 'application/json' }, body: '{"commentary":"hello"}' };
}

async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // A peer that resets is the point of these tests.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

async function tcp(onConnection: (socket: Socket) => void) {
  let received = '';
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections++;
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    onConnection(socket);
  });
  const url = await listening(server);
  return {
    url,
    received: () => received,
    connections: () => connections,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Reads each request completely, notes its path, then hands it over. */
async function http(respond: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      requests.push(request.url ?? '');
      respond(request, response);
    });
  });
  const url = await listening(server);
  return { url, server, requests };
}

/** A platform that goes on while this process stands still: it takes 300 ms to answer. */
async function serverOfItsOwn(): Promise<{ port: number; requests: () => number; stop: () => Promise<unknown> }> {
  const platform = `
    const { createServer } = require('node:http');
    const { parentPort, workerData } = require('node:worker_threads');
    const server = createServer((request, response) => {
      Atomics.add(workerData, 0, 1);
      request.resume();
      setTimeout(() => response.writeHead(201, { 'x-restli-id': 'urn:li:share:1' }).end('{"id":"1"}'), 300);
    });
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
  const seen = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(platform, { eval: true, workerData: seen });
  const [port] = (await once(worker, 'message')) as [number];
  return { port, requests: () => Atomics.load(seen, 0), stop: () => worker.terminate() };
}

/** Nothing of this process runs, as under SIGSTOP. */
function pauseThisProcess(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
