import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, openBench } from '../testing/publishing-bench.ts';

/** AdminJS picks its files, and how it serves them, by NODE_ENV when it is imported: so this needs a process of its own. */
let bench: Bench;

beforeAll(async () => {
  bench = await openBench();
}, 60_000);

afterAll(() => bench.close());

it('in production the panel has its scripts, ours among them', async () => {
  const credentials = { email: 'root@example.com', password: 'a long enough password' };
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts')], {
    // Elsewhere than in the clone: nothing may depend on where it was started.
    cwd: '/',
    env: {
      ...bench.environment,
      NODE_ENV: 'production',
      SESSION_SECRET: 'a secret for tests of at least 32 characters',
      SUPERUSER_EMAIL: credentials.email,
      SUPERUSER_PASSWORD: credentials.password,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const base = await addressOf(child.stdout);
    const signedIn = await fetch(`${base}/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { Origin: base },
      body: new URLSearchParams(credentials),
    });
    const cookie = signedIn.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const page = await fetch(`${base}/admin`, { headers: { cookie } });
    const html = await page.text();
    const scripts = [...html.matchAll(/<script[^>]* src="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(scripts).toHaveLength(4);
    for (const script of scripts) {
      const answer = await fetch(base + script, { headers: { cookie } });
      expect(answer.status, script).toBe(200);
      expect((await answer.text()).length, script).toBeGreaterThan(50_000);
    }
    expect(page.headers.get('content-security-policy')).toContain(/nonce="([^"]+)"/.exec(html)?.[1]);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}, 60_000);

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: output })) {
    lines.push(line);
    const address = /Open\s+(http\S+)/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`the server did not come up: ${lines.join('\n')}`);
}
