import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sandboxForTest, temporaryDirectory } from '../linkedin/test-client.ts';
import type { Sandbox } from '../sandbox.ts';
import {
  authorizationCode,
  COFFEE,
  connect,
  createPost,
  exchange,
  get,
  idOf,
  ledger,
  longLived,
  pageTokens,
  png,
  REDIRECT_URI,
  refusal,
  requests,
  setFault,
  signIn,
  uploadPhoto,
} from './test-client.ts';

/** A sandbox in a process of its own, which can be killed. */
async function sandboxProcess(dataDir: string): Promise<{ child: ChildProcess; sandbox: Sandbox }> {
  const script = `
    import { pino } from 'pino';
    import { startSandbox } from ${JSON.stringify(new URL('../sandbox.ts', import.meta.url).href)};
    const sandbox = await startSandbox({ port: 0, dataDir: ${JSON.stringify(dataDir)}, log: pino({ level: 'silent' }) });
    process.stdout.write(JSON.stringify(sandbox) + '\\n');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: join(import.meta.dirname, '../../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line]: string[] = await once(createInterface(child.stdout), 'line');
  return { child, sandbox: { ...JSON.parse(line ?? ''), close: () => Promise.resolve() } };
}

function reset(sandbox: Sandbox, keepConnections: boolean): Promise<Response> {
  return fetch(`${sandbox.url}/sandbox/reset`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ keepConnections }),
  });
}

describe('after a restart', () => {
  it('posts, photos, requests, connections, made-up people, permissions, faults and usage are still there', async () => {
    const dataDir = await temporaryDirectory();
    const options = { dataDir, facebook: { engagedUsers: 7 / 4_800 } };
    const first = await sandboxForTest(options);
    const user = await signIn(first);
    const token = (await pageTokens(first, await longLived(first, user))).get(COFFEE) ?? '';
    const code = await authorizationCode(first);
    await exchange(first, { redirect_uri: REDIRECT_URI, code });
    const unused = await authorizationCode(first);
    const made = { sandbox_decision: 'allow', sandbox_member: 'new', name: 'Sam', page: 'Bakery' };
    const sam = await signIn(first, { ...made, sandbox_declined: 'pages_manage_posts' });
    const posted = await idOf(uploadPhoto(first, token, png(7, 8)));
    const kept = await idOf(uploadPhoto(first, token, png(5, 6)));
    await createPost(first, token, 'a photo', { 'attached_media[0]': JSON.stringify({ media_fbid: posted }) });
    await createPost(first, token, 'kept');
    await setFault(first, '500 before', { times: 1 });
    const before = [await ledger(first), await requests(first)];
    await first.close();

    const second = await sandboxForTest(options);
    expect([await ledger(second), await requests(second)]).toEqual(before);
    const photo = await fetch(`${second.url}/facebook/media/${posted}`);
    expect(Buffer.from(await photo.arrayBuffer())).toEqual(png(7, 8));
    expect(await refusal(exchange(second, { redirect_uri: REDIRECT_URI, code }))).toMatchObject({ code: '100/36009' });
    expect((await exchange(second, { redirect_uri: REDIRECT_URI, code: unused })).status).toBe(200);
    const [bakery = ''] = (await pageTokens(second, sam)).values();
    expect(await refusal(createPost(second, bakery, 'x'))).toMatchObject({ code: '200' });
    expect((await createPost(second, token, 'kept')).status).toBe(500);
    expect(await refusal(createPost(second, token, 'kept'))).toMatchObject({ code: '506' });
    const media = { 'attached_media[0]': JSON.stringify({ media_fbid: kept }) };
    expect((await createPost(second, token, 'the other photo', media)).status).toBe(200);
    // Seven calls a day: two uploads, two posts, and the three above.
    expect(await refusal(get(second, token, '/me'))).toMatchObject({ code: '80001' });
  });

  it('no code and no token is in the files', async () => {
    const dataDir = await temporaryDirectory();
    const sandbox = await sandboxForTest({ dataDir });
    const code = await authorizationCode(sandbox);
    const user = await signIn(sandbox);
    const token = await connect(sandbox);
    for (const init of [
      { body: new URLSearchParams({ message: 'as a form', access_token: token }) },
      {
        body: JSON.stringify({ message: 'JSON', access_token: token }),
        headers: { 'content-type': 'application/json' },
      },
    ]) {
      await fetch(`${sandbox.facebook.graphUrl}/${COFFEE}/feed`, { method: 'POST', ...init });
    }
    const journal = await readFile(join(dataDir, 'sandbox/journal.jsonl'), 'utf8');
    for (const secret of [code, user, token]) expect(journal).not.toContain(secret.slice(0, 40));
    expect(await ledger(sandbox)).toMatchObject([{ body: 'message=as+a+form&access_token=(the token)' }, {}]);
  });
});

describe('SIGKILL', () => {
  it('in the middle of a burst keeps every post and every photo that was accepted', async () => {
    const dataDir = await temporaryDirectory();
    const { child, sandbox } = await sandboxProcess(dataDir);
    const token = await connect(sandbox);
    const accepted: string[] = [];
    const photos: string[] = [];
    const send = async (lane: number): Promise<void> => {
      for (let index = 0; ; index += 1) {
        const photo = await idOf(uploadPhoto(sandbox, token));
        photos.push(photo);
        accepted.push(await idOf(createPost(sandbox, token, `lane ${lane} post ${index}`)));
        if (accepted.length < 30) continue;
        child.kill('SIGKILL');
        return;
      }
    };
    const gone = once(child, 'exit');
    await Promise.allSettled([1, 2, 3, 4].map(send));
    await gone;
    const again = await sandboxForTest({ dataDir });
    const kept = new Set((await ledger(again)).map(({ id }) => id));
    expect(accepted.length).toBeGreaterThanOrEqual(30);
    expect(accepted.filter((id) => !kept.has(id))).toEqual([]);
    for (const id of photos) expect((await fetch(`${again.url}/facebook/media/${id}`)).status).toBe(200);
  });
});

describe('a reset', () => {
  it('forgets what was published and the bytes, and keeps connections when told to', async () => {
    const dataDir = await temporaryDirectory();
    const sandbox = await sandboxForTest({ dataDir });
    const token = await connect(sandbox);
    await uploadPhoto(sandbox, token, png(), { caption: 'x' });
    await createPost(sandbox, token, 'same');
    await setFault(sandbox, '429');
    const files = join(dataDir, 'sandbox/facebook-photos');
    expect(await readdir(files)).toHaveLength(1);
    expect((await reset(sandbox, true)).status).toBe(200);
    expect([await ledger(sandbox), await requests(sandbox)]).toEqual([[], []]);
    await expect(readdir(files)).rejects.toThrow('ENOENT');
    expect((await createPost(sandbox, token, 'same')).status).toBe(200);
    expect((await reset(sandbox, false)).status).toBe(200);
    expect(await refusal(createPost(sandbox, token, 'same'))).toMatchObject({ status: 400, code: '190' });
  });
});

it('tells browsers the public address of the dialog and the product its own for Graph', async () => {
  const sandbox = await sandboxForTest({ publicUrl: 'https://sandbox.example/' });
  expect(sandbox.facebook).toEqual({
    dialogUrl: 'https://sandbox.example/facebook',
    graphUrl: `${sandbox.url}/facebook`,
  });
});
