import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  AMARA,
  api,
  connect,
  createPost,
  ledger,
  MEI,
  postBody,
  requests,
  sandboxForTest,
  setFault,
  temporaryDirectory,
} from './linkedin/test-client.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const log = pino({ level: 'silent' });

/** A sandbox in a process of its own, which can be killed. */
async function sandboxProcess(dataDir: string): Promise<{ child: ChildProcess; sandbox: Sandbox }> {
  const script = `
    import { pino } from 'pino';
    import { startSandbox } from ${JSON.stringify(new URL('./sandbox.ts', import.meta.url).href)};
    const sandbox = await startSandbox({ port: 0, dataDir: ${JSON.stringify(dataDir)}, log: pino({ level: 'silent' }), linkedin: { memberDailyLimit: 100000 } });
    process.stdout.write(JSON.stringify(sandbox) + '\\n');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line]: string[] = await once(createInterface(child.stdout), 'line');
  return { child, sandbox: { ...JSON.parse(line ?? ''), close: () => Promise.resolve() } };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

describe('after a restart', () => {
  it('posts, requests, connections, made-up members, faults and quotas are still there', async () => {
    const dataDir = await temporaryDirectory();
    const options = { dataDir, linkedin: { memberDailyLimit: 2 } };
    const first = await sandboxForTest(options);
    const token = await connect(first);
    const sam = await connect(first, {
      sandbox_decision: 'allow',
      sandbox_member: 'new',
      name: 'Sam',
      email: 'sam@example.com',
    });
    await createPost(first, token, postBody('kept'));
    await setFault(first, '429', { account: MEI.urn });
    const before = [await ledger(first), await requests(first)];
    await first.close();

    const second = await sandboxForTest(options);
    expect([await ledger(second), await requests(second)]).toEqual(before);
    expect((await api(second, sam, '/v2/userinfo')).status).toBe(200);
    expect((await createPost(second, token, postBody('kept'))).status).toBe(422);
    expect((await createPost(second, token, postBody('beyond'))).status).toBe(429);
    const mei = await connect(second, { sandbox_member: MEI.sub });
    expect((await createPost(second, mei, postBody('x', { author: MEI.urn }))).status).toBe(429);
  });

  it('a torn last line is dropped and what follows is kept', async () => {
    const dataDir = await temporaryDirectory();
    const first = await sandboxForTest({ dataDir });
    const token = await connect(first);
    await createPost(first, token, postBody('whole'));
    await first.close();
    await appendFile(
      join(dataDir, 'sandbox/journal.jsonl'),
      '{"at":"2026-11-20T10:00:00.000Z","platform":"linkedin","kind":"post.cr',
    );

    const second = await sandboxForTest({ dataDir });
    expect((await ledger(second)).map(({ text }) => text)).toEqual(['whole']);
    await createPost(second, token, postBody('after'));
    await second.close();
    const third = await sandboxForTest({ dataDir });
    expect((await ledger(third)).map(({ text }) => text)).toEqual(['whole', 'after']);
  });

  it('damage in the middle is refused with a sentence that says what to do', async () => {
    const dataDir = await temporaryDirectory();
    const first = await sandboxForTest({ dataDir });
    await createPost(first, await connect(first), postBody('x'));
    await first.close();
    const file = join(dataDir, 'sandbox/journal.jsonl');
    const lines = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, ['garbage', ...lines].join('\n'));
    await expect(startSandbox({ port: 0, dataDir, log })).rejects.toThrow(/damaged in line 1\. Move the file away/);
    await writeFile(file, lines.join('\n'));
    expect(await ledger(await sandboxForTest({ dataDir }))).toHaveLength(1);
  });

  it('keeps no code and no token in its files', async () => {
    const dataDir = await temporaryDirectory();
    const sandbox = await sandboxForTest({ dataDir });
    const token = await connect(sandbox);
    await createPost(sandbox, token, postBody('x'));
    expect(await readFile(join(dataDir, 'sandbox/journal.jsonl'), 'utf8')).not.toContain(token.slice(0, 40));
  });
});

describe('SIGKILL', () => {
  it('right after an accept keeps the post', async () => {
    const dataDir = await temporaryDirectory();
    const { child, sandbox } = await sandboxProcess(dataDir);
    const response = await createPost(sandbox, await connect(sandbox), postBody('accepted'));
    await kill(child);
    const again = await sandboxForTest({ dataDir });
    expect(await ledger(again)).toMatchObject([{ id: response.headers.get('x-restli-id'), text: 'accepted' }]);
  });

  it('in the middle of a burst keeps every post that was accepted', async () => {
    const dataDir = await temporaryDirectory();
    const { child, sandbox } = await sandboxProcess(dataDir);
    const token = await connect(sandbox);
    const accepted: string[] = [];
    const send = async (lane: number): Promise<void> => {
      for (let index = 0; ; index += 1) {
        const response = await createPost(sandbox, token, postBody(`lane ${lane} post ${index}`));
        accepted.push(response.headers.get('x-restli-id') ?? 'none');
        if (accepted.length === 60) await kill(child);
      }
    };
    await Promise.allSettled([1, 2, 3, 4, 5, 6].map(send));
    const kept = new Set((await ledger(await sandboxForTest({ dataDir }))).map(({ id }) => id));
    expect(accepted.length).toBeGreaterThanOrEqual(60);
    expect(accepted.filter((id) => !kept.has(id))).toEqual([]);
  });

  it('in the middle of a slow answer leaves the post published', async () => {
    const dataDir = await temporaryDirectory();
    const { child, sandbox } = await sandboxProcess(dataDir);
    const token = await connect(sandbox);
    await setFault(sandbox, 'slow', { delayMs: 60_000 });
    const pending = createPost(sandbox, token, postBody('late')).catch(() => 'connection lost');
    await expect.poll(() => ledger(sandbox)).toHaveLength(1);
    await kill(child);
    expect(await pending).toBe('connection lost');
    expect(await ledger(await sandboxForTest({ dataDir }))).toMatchObject([{ text: 'late', account: AMARA.urn }]);
  });
});

describe('several processes', () => {
  it('on one data directory share one sandbox, on whatever port they asked for', async () => {
    const dataDir = await temporaryDirectory();
    const { child, sandbox: running } = await sandboxProcess(dataDir);
    const port = Number(new URL(running.url).port);
    for (const wanted of [port, 0]) {
      const joined = await startSandbox({ port: wanted, dataDir, log });
      expect(joined).toMatchObject({ joined: true, url: running.url, linkedin: running.linkedin, x: running.x });
      await joined.close();
    }
    expect((await fetch(`${running.url}/sandbox/healthz`)).status).toBe(200);
    await kill(child);
    const successor = await sandboxForTest({ dataDir, port });
    expect(successor.joined).toBe(false);
  });

  it('on another data directory are told that the port is taken, and by what', async () => {
    const sandbox = await sandboxForTest();
    const port = Number(new URL(sandbox.url).port);
    const dataDir = await temporaryDirectory();
    await expect(startSandbox({ port, dataDir, log })).rejects.toThrow(
      /a sandbox that keeps its data in another directory.*SANDBOX_PORT/,
    );

    const stranger = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    onTestFinished(() => void stranger.close());
    const address = stranger.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(startSandbox({ port: taken, dataDir, log })).rejects.toThrow(/used by another program.*SANDBOX_PORT/);
    // The failed starts let go of the directory.
    expect((await sandboxForTest({ dataDir })).joined).toBe(false);
  });
});

it('tells browsers its public address and the product its own', async () => {
  const sandbox = await sandboxForTest({ publicUrl: 'https://sandbox.example/' });
  expect(sandbox.feedUrl).toBe('https://sandbox.example/');
  expect(sandbox.linkedin.oauthUrl).toBe('https://sandbox.example/linkedin/oauth/v2');
  expect(sandbox.linkedin.apiUrl).toBe(`${sandbox.url}/linkedin`);
  expect(sandbox.x.authorizeUrl).toBe('https://sandbox.example/x/i/oauth2/authorize');
  expect(sandbox.x.apiUrl).toBe(`${sandbox.url}/x`);
});

it('closes although an answer is being held back, and twice without harm', async () => {
  const sandbox = await sandboxForTest();
  const token = await connect(sandbox);
  await setFault(sandbox, 'slow', { delayMs: 60_000 });
  const pending = createPost(sandbox, token, postBody('x')).catch(() => 'connection lost');
  await expect.poll(() => ledger(sandbox)).toHaveLength(1);
  await Promise.all([sandbox.close(), sandbox.close()]);
  expect(await pending).toBe('connection lost');
});
