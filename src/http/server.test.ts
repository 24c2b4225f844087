import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureFirstSuperuser } from '../identity/first-superuser.ts';
import { startTestServer, type TestServer } from '../testing/web-server.ts';
import { createHealthServer } from './health-server.ts';
import { listen } from './listener.ts';

const SUPERUSER = { email: 'sue@example.com', password: 'correct horse battery' };
const environment = { SUPERUSER_EMAIL: SUPERUSER.email, SUPERUSER_PASSWORD: SUPERUSER.password };
let server: TestServer;
let parts: Record<string, { ok: boolean; message?: string }> = {};

beforeAll(async () => {
  server = await startTestServer({
    environment: { ...environment, METRICS_TOKEN: 'a token for prometheus' },
    readiness: async () => parts,
  });
  await ensureFirstSuperuser(server.ctx);
});
afterAll(() => server.close());

async function signedIn() {
  const visitor = server.visitor();
  await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
  return visitor;
}

describe('health', () => {
  test('healthz answers while the process lives, without opening a session', async () => {
    const answer = await server.visitor().get('/healthz');
    expect([answer.status, answer.cookies]).toEqual([200, []]);
  });

  test('readyz says which part is bad', async () => {
    parts = { database: { ok: true }, worker: { ok: false, message: 'the worker is starting' } };
    const bad = await server.visitor().get('/readyz');
    expect(bad.status).toBe(503);
    expect(JSON.parse(bad.text)).toMatchObject({ status: 'not ready', checks: parts });
    parts = { database: { ok: true }, worker: { ok: true } };
    expect((await server.visitor().get('/readyz')).status).toBe(200);
  });

  test('metrics are for this machine', async () => {
    const answer = await server.visitor().get('/metrics');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('process_cpu_seconds_total');
    expect(answer.text).toContain('scheduler_publications{status="unconfirmed"} 0');
    expect(answer.text).toMatch(/scheduler_workers_alive \d/);
  });

  test('a client behind a proxy on this machine is not this machine, but may send the token', async () => {
    const outside = server.visitor('203.0.113.7');
    expect((await outside.get('/metrics')).status).toBe(403);
    expect((await outside.get('/metrics', { authorization: 'Bearer wrong' })).status).toBe(403);
    expect((await outside.get('/metrics', { authorization: 'Bearer a token for prometheus' })).status).toBe(200);
    // Without TRUST_PROXY nobody may claim to be this machine through a proxy either.
    expect((await server.visitor('127.0.0.1').get('/metrics')).status).toBe(403);
  });

  test('a worker serves health and nothing else', async () => {
    const listener = await listen(0, '127.0.0.1');
    listener.serve(createHealthServer(server.ctx, { readiness: async () => parts }));
    const url = `http://127.0.0.1:${listener.port}`;
    const status = async (path: string) => (await fetch(url + path, { redirect: 'manual' })).status;
    expect([await status('/healthz'), await status('/readyz'), await status('/metrics')]).toEqual([200, 200, 200]);
    expect([await status('/'), await status('/login'), await status('/admin')]).toEqual([404, 404, 404]);
    await listener.close(0);
  });
});

describe('whom to tell of a weakness', () => {
  const PATH = '/.well-known/security.txt';

  test('is said where SECURITY_CONTACT names somebody, without a session', async () => {
    const told = await startTestServer({ environment: { SECURITY_CONTACT: 'security@example.com' } });
    const answer = await told.visitor().get(PATH);
    expect([answer.status, answer.headers.get('content-type'), answer.cookies]).toEqual([
      200,
      'text/plain; charset=utf-8',
      [],
    ]);
    const fields = new Map(
      answer.text
        .trim()
        .split('\n')
        .map((line) => line.split(': ') as [string, string]),
    );
    expect(fields.get('Contact')).toBe('mailto:security@example.com');
    expect(fields.get('Canonical')).toBe(told.ctx.config.publicUrl + PATH);
    const days = (Date.parse(fields.get('Expires') ?? '') - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(90);
    expect(days).toBeLessThan(365);
    await told.close();
  });

  test('is not said where nobody is named', async () => {
    expect((await server.visitor().get(PATH)).status).toBe(404);
  });
});

describe('headers', () => {
  test('allow scripts only from here or with a nonce that changes, and no framing', async () => {
    const first = await server.visitor().get('/login');
    const second = await server.visitor().get('/login');
    const policy = first.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/script-src 'self' 'nonce-[A-Za-z0-9+/=]{20,}';/);
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(policy).toContain("object-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toBe(second.headers.get('content-security-policy'));
    expect(first.headers.get('x-content-type-options')).toBe('nosniff');
    expect(first.headers.get('x-powered-by')).toBeNull();
    expect(first.headers.get('strict-transport-security')).toBeNull();
  });

  test('isolate the page, tell other sites nothing and switch off what is not used, on every kind of answer', async () => {
    const visitor = await signedIn();
    const answers = await Promise.all(
      ['/login', '/account', '/admin', '/admin/api/dashboard', '/nothing', '/healthz', '/assets/pages.css'].map(
        (path) => visitor.get(path),
      ),
    );
    for (const { headers } of answers) {
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('permissions-policy')).toMatch(/camera=\(\).*geolocation=\(\).*usb=\(\)/);
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
    // What only a signed-in person may see is kept by no cache.
    for (const path of ['/account', '/admin', '/account/second-factor'])
      expect((await visitor.get(path)).headers.get('cache-control'), path).toBe('no-store');
  });

  test('our pages load nothing from elsewhere and have no inline script', async () => {
    const { text } = await server.visitor().get('/login');
    expect(text).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//);
    expect(text).not.toMatch(/<script(?![^>]*src=)/);
    expect((await server.visitor().get('/assets/pages.css')).headers.get('content-type')).toContain('text/css');
  });

  test('with an https address the cookie is bound to this host, and browsers are told to stay on https', async () => {
    const secure = await startTestServer({ environment: { ...environment, PUBLIC_URL: 'https://posts.example.com' } });
    await ensureFirstSuperuser(secure.ctx);
    const visitor = secure.visitor();
    const answer = await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    const cookie = answer.cookies.find((text) => text.startsWith('__Host-session='));
    expect(cookie).toMatch(/Path=\/;.*HttpOnly; Secure; SameSite=Lax/);
    expect(cookie).not.toMatch(/Domain/i);
    expect(answer.headers.get('strict-transport-security')).toContain('max-age=31536000');
    expect((await visitor.get('/admin')).status).toBe(200);
    const lost = secure.visitor();
    const sent = (await lost.get('/admin/resources/Post')).cookies.join();
    expect(sent).toMatch(/__Host-return_to=[^;]+;.*HttpOnly; Secure; SameSite=Lax/);
    expect((await lost.signIn(SUPERUSER.email, SUPERUSER.password)).location).toBe('/admin/resources/Post');
    await secure.close();
  });
});

describe('requests from other sites', () => {
  const from = (headers: Record<string, string>) =>
    server.visitor().send('/login', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: 'email=a%40example.com&password=x',
    });

  test.each([
    ['says another site', { 'sec-fetch-site': 'cross-site' }],
    ['says a sister host, with our origin', { 'sec-fetch-site': 'same-site' }],
    ['was typed into the address bar', { 'sec-fetch-site': 'none' }],
    ['names another origin', { origin: 'https://evil.example' }],
    ['hides its origin', { origin: 'null' }],
    ['says nothing', {}],
  ])('a request that %s is refused', async (_what, headers: Record<string, string>) => {
    const answer = await from(headers);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('nothing was changed');
  });

  test('our own origin is let through, with or without Sec-Fetch-Site', async () => {
    expect((await from({ origin: server.url })).status).toBe(401);
    expect((await from({ 'sec-fetch-site': 'same-origin' })).status).toBe(401);
  });

  test('the panel is guarded in the same way, and programs get JSON', async () => {
    const visitor = await signedIn();
    const answer = await visitor.send('/admin/api/echo', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
      body: '{}',
    });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text).error.message).toContain('nothing was changed');
    expect(
      (await visitor.send('/logout', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })).status,
    ).toBe(403);
    expect((await visitor.get('/admin')).status).toBe(200);
  });
});

describe('who is not signed in', () => {
  test('gets 401 from the API, as JSON', async () => {
    for (const path of ['/admin/api/resources/Post/actions/list', '/ADMIN/API/x', '/admin/api']) {
      const answer = await server.visitor().get(path);
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.text).error.message).toContain('not signed in');
    }
  });

  test('leaves no file behind, whatever he sends', async () => {
    const before = await readdir(tmpdir());
    const form = new FormData();
    form.set('file', new Blob(['x'.repeat(100_000)]), 'upload.bin');
    const answer = await server
      .visitor()
      .send('/admin/api/echo', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' }, body: form });
    expect(answer.status).toBe(401);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('upload_') && !before.includes(name))).toEqual(
      [],
    );
  });
});

describe('what the panel is sent', () => {
  const echo = async (init: RequestInit) => {
    const visitor = await signedIn();
    const answer = await visitor.send('/admin/api/echo', {
      method: 'POST',
      ...init,
      headers: { 'sec-fetch-site': 'same-origin', ...init.headers },
    });
    return { status: answer.status, body: JSON.parse(answer.text) };
  };

  test('multipart forms as AdminJS posts them, JSON and plain forms all arrive', async () => {
    const form = new FormData();
    form.set('text', 'Grüße, «world»');
    form.set('accounts.0', 'one');
    expect(await echo({ body: form })).toMatchObject({
      status: 200,
      body: { fields: { text: 'Grüße, «world»', 'accounts.0': 'one' } },
    });
    expect(
      await echo({ body: '{"text":"hi","accounts":["one"]}', headers: { 'content-type': 'application/json' } }),
    ).toMatchObject({ status: 200, body: { fields: { text: 'hi', accounts: ['one'] } } });
    expect(await echo({ body: new URLSearchParams({ text: 'hi' }) })).toMatchObject({
      status: 200,
      body: { fields: { text: 'hi' } },
    });
    expect(await echo({})).toMatchObject({ status: 200, body: { fields: {} } });
  });

  test('a file is refused before anything is written', async () => {
    const before = await readdir(tmpdir());
    const form = new FormData();
    form.set('text', 'hi');
    form.set('file', new Blob(['x'.repeat(300_000)]), 'upload.bin');
    expect((await echo({ body: form })).status).toBe(415);
    expect(
      (await echo({ body: 'x'.repeat(1000), headers: { 'content-type': 'application/octet-stream' } })).status,
    ).toBe(415);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('upload_') && !before.includes(name))).toEqual(
      [],
    );
  });

  test.each([
    [
      'a field that reaches for the prototype',
      'constructor.prototype.isSuperuser=true',
      'application/x-www-form-urlencoded',
      400,
    ],
    ['JSON that reaches for the prototype', '{"__proto__":{"isSuperuser":true}}', 'application/json', 400],
    ['malformed JSON', '{"text":', 'application/json', 400],
    ['JSON that is too large', JSON.stringify({ text: 'x'.repeat(1_100_000) }), 'application/json', 413],
    ['a multipart body without a boundary', 'x', 'multipart/form-data', 400],
    ['a broken multipart body', 'not multipart', 'multipart/form-data; boundary=b', 400],
    [
      'a multipart field that is too large',
      `--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n${'x'.repeat(1_100_000)}\r\n--b--\r\n`,
      'multipart/form-data; boundary=b',
      413,
    ],
    ['something else', 'hello', 'text/plain', 415],
    ['an unknown charset', 'a=b', 'application/x-www-form-urlencoded; charset=klingon', 415],
  ])('%s is a client error', async (_what, body, type, status) => {
    const answer = await echo({ body, headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).not.toMatch(/at |Error|node_modules/);
  });
});

describe('errors', () => {
  test('an unknown page is a 404 with the request id', async () => {
    const answer = await server.visitor().get('/nothing/here');
    expect(answer.status).toBe(404);
    expect(answer.text).toContain(answer.headers.get('x-request-id') ?? 'no id');
  });

  test('malformed percent-encoding is a 400', async () => {
    expect((await server.visitor().get('/setup/%E0%A4%A')).status).toBe(400);
    expect((await (await signedIn()).get('/connect/%ff')).status).toBe(400);
  });

  test('our own fault is a 500 page without internals, and the log has them', async () => {
    const answer = await (await signedIn()).get('/admin/broken');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/secret internals|node_modules|at /);
    expect(answer.text).toContain(answer.headers.get('x-request-id') ?? 'no id');
    expect(server.logged()).toContain('secret internals of the panel');
  });

  test('requests through a proxy that nobody has named are told to the log, once', async () => {
    const times = (server: TestServer) => server.logged().split('set TRUST_PROXY').length - 1;
    const unnamed = await startTestServer({ environment });
    await unnamed.visitor().get('/login');
    expect(times(unnamed)).toBe(0);
    for (let n = 0; n < 2; n += 1) await unnamed.visitor().get('/login', { 'x-forwarded-for': '203.0.113.9' });
    expect(times(unnamed)).toBe(1);
    await unnamed.close();
    const named = await startTestServer({ environment: { ...environment, TRUST_PROXY: '1' } });
    await named.visitor().get('/login', { 'x-forwarded-for': '203.0.113.9' });
    expect(times(named)).toBe(0);
    await named.close();
  });

  test('no secret of a request reaches the log', async () => {
    const visitor = server.visitor();
    await visitor.get('/auth/linkedin/callback?code=canary-code&state=canary-state', {
      authorization: 'Bearer canary-token',
      cookie: 'session=canary-cookie',
    });
    await visitor.get('/setup/canary-setup-token');
    await visitor.get('/invitations/canary-invitation-token');
    await visitor.signIn('someone@example.com', 'canary-password');
    await visitor.get('/nothing?canary-query');
    for (const path of [
      'actions/search/canary words',
      'actions/search/canary/words',
      'search/canary',
      'Actions/Search/canary',
      '%61ctions/se%61rch/canary',
      '%73earch/canary',
    ])
      await visitor.get(`/admin/api/resources/Post/${path}`);
    await visitor.get('/Admin/Api/resources/Post/actions/search/canary');
    expect(server.logged()).toContain('/admin/api/resources/Post/actions/search/[words]');
    expect(server.logged()).toContain('/setup/[token]');
    expect(server.logged()).not.toContain('canary');
  });

  test('a target that is no path of ours is refused, not stumbled over', async () => {
    const { host, hostname, port } = new URL(server.url);
    const firstLine = (target: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), hostname, () =>
          socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        );
        let answer = '';
        socket.on('data', (bytes) => {
          answer += bytes;
        });
        socket.on('error', reject);
        socket.on('close', () => resolve(answer.split('\r\n', 1)[0] ?? ''));
      });
    for (const target of ['*', 'nonsense', '?'])
      expect([target, await firstLine(target)]).toEqual([target, 'HTTP/1.1 400 Bad Request']);
    for (const target of [
      'http://[',
      'http://',
      '//',
      '//[',
      '/admin//[',
      '/%',
      '/*',
      '/\\x',
      '/admin/resources//[x',
      `${server.url}/nothing`,
    ])
      expect([target, await firstLine(target)]).toEqual([target, expect.stringMatching(/ [234]\d\d /)]);
  });

  test('while the database is away people get a 503 page, and the process lives on', async () => {
    const broken = await startTestServer({ environment, admin: express.Router() });
    await ensureFirstSuperuser(broken.ctx);
    const visitor = broken.visitor();
    await visitor.signIn(SUPERUSER.email, SUPERUSER.password);
    await broken.database.close();
    for (const answer of [
      await visitor.get('/admin'),
      await visitor.signIn(SUPERUSER.email, SUPERUSER.password),
      await visitor.get('/admin/api/x'),
    ]) {
      expect(answer.status).toBe(503);
      expect(answer.text).toContain('database does not answer');
      expect(answer.headers.get('retry-after')).toBe('10');
    }
    expect((await visitor.get('/healthz')).status).toBe(200);
    await broken.close();
  });
});
