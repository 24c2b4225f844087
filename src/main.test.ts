import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProductBench, type ProductProcess, postgresOf } from './testing/product-process.ts';

const bench = new ProductBench();
let dataDir: string;

beforeAll(async () => {
  dataDir = await bench.newDataDir();
});
afterAll(() => bench.clear());

describe('the first start', () => {
  let product: ProductProcess;
  let address: string;

  beforeAll(async () => {
    // From anywhere: a service manager starts programs in a directory of its own choice.
    product = bench.start({ DATA_DIR: dataDir }, { cwd: tmpdir() });
    address = await product.ready();
  });

  test('prints what it does, where it is, and a link to set it up', async () => {
    await product.printed(/Sandbox +http/);
    const lines = product
      .output()
      .split('\n')
      .filter((line) => !line.startsWith('{'));
    expect(lines.filter((line) => line.startsWith('… '))).toEqual([
      '… Starting the embedded database',
      '… Applying migrations',
      '… Starting the sandbox',
      '… Building the panel',
      '… Starting the worker',
    ]);
    expect(product.output()).toMatch(/^Ready in \d+\.\d s \(panel and worker\)\.$/m);
    const [, link = ''] = await product.printed(/Set up +(http\S+)/);
    expect(link.startsWith(`${address}/`)).toBe(true);
    const page = await fetch(link);
    expect(page.status).toBe(200);
    expect(await page.text()).toMatch(/<input[^>]+type="password"/);
  });

  test('answers whoever watches it', async () => {
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    const readyz = await fetch(`${address}/readyz`);
    expect(readyz.status).toBe(200);
    expect(await readyz.json()).toMatchObject({
      status: 'ready',
      checks: { database: { ok: true }, migrations: { ok: true }, worker: { ok: true } },
    });
    expect(await (await fetch(`${address}/metrics`)).text()).toContain('process_cpu_seconds_total');
  });

  test('leaves files that only its user may read', async () => {
    const mode = async (name: string) => ((await stat(join(dataDir, name))).mode & 0o777).toString(8);
    expect(await mode('.')).toBe('700');
    expect(await mode('postgres')).toBe('700');
    for (const name of ['database-url', 'token-keys', 'session-secret', 'postgres.log'])
      expect([name, await mode(name)]).toEqual([name, '600']);
  });

  test('Ctrl-C finishes the request in flight, does not wait for idle connections, and stops the database last', async () => {
    const idle = await connected(address);
    const idleEnded = once(idle, 'close');
    const body = 'email=nobody%40example.com&password=wrong-password';
    const asking = await connected(address);
    let answer = '';
    asking.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    asking.write(
      `POST /login HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await once(asking, 'data'); // "100 Continue": it has been seen.
    asking.write(body.slice(0, 10));
    const asked = once(asking, 'close');

    product.signal('SIGINT', 'group');
    await product.printed(/SIGINT: finishing what is in flight/);
    await idleEnded;
    await expect(connected(address)).rejects.toThrow('ECONNREFUSED');
    product.signal('SIGINT', 'group');
    product.signal('SIGTERM');
    expect(await postgresOf(dataDir)).toMatchObject({ status: 'ready' });

    asking.write(body.slice(10));
    await asked;
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /m);
    expect(answer.toLowerCase()).toContain('connection: close');
    const finished = performance.now();
    expect(await product.ended()).toBe(0);
    expect(performance.now() - finished).toBeLessThan(10_000);
    expect(await postgresOf(dataDir)).toBeNull();
    const steps = product.output().trim().split('\n').slice(-2);
    expect(steps[0]).toContain('embedded database stopped');
    expect(steps[1]).toBe('Stopped.');
    expect(troubleIn(product)).toEqual([]);
  });
});

test('a later start makes the superuser it is told to, prints no link, and stops in order on SIGTERM', async () => {
  const product = bench.start({
    ROLE: 'web',
    DATA_DIR: dataDir,
    SUPERUSER_EMAIL: 'ann@example.com',
    SUPERUSER_PASSWORD: 'correct horse battery',
  });
  const address = await product.ready();
  expect(product.output()).toContain('Sign in   with your e-mail and password');
  expect(product.output()).not.toContain('Set up');
  const readyz = await (await fetch(`${address}/readyz`)).json();
  expect(Object.keys((readyz as { checks: object }).checks)).toEqual(['database', 'migrations', 'saving', 'worker']);

  product.signal('SIGTERM');
  expect(await product.ended()).toBe(0);
  expect(troubleIn(product)).toEqual([]);
  expect(await postgresOf(dataDir)).toBeNull();
});

async function connected(address: string): Promise<Socket> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  await once(socket.resume(), 'connect');
  return socket;
}

/** Lines of the log that are errors. */
function troubleIn(product: ProductProcess): string[] {
  return product
    .output()
    .split('\n')
    .filter((line) => /"level":[56]0/.test(line));
}
