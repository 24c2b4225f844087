import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { answer, sandboxForTest, temporaryDirectory } from '../linkedin/test-client.ts';
import {
  api,
  authorizationCode,
  connect,
  createPost,
  exchange,
  JONAS,
  ledger,
  PIXEL,
  post,
  posted,
  refresh,
  requests,
  setFault,
  tokensOf,
  uploaded,
} from './test-client.ts';

it('posts, media, connections, spent refresh tokens, made-up users and faults survive a restart', async () => {
  const dataDir = await temporaryDirectory();
  const first = await sandboxForTest({ dataDir });
  const old = await tokensOf(exchange(first, { code: await authorizationCode(first) }));
  const { access_token: token, refresh_token: next } = await tokensOf(refresh(first, old.refresh_token));
  const sam = { sandbox_decision: 'allow', sandbox_user: 'new', name: 'Sam', username: 'sam' };
  const samsToken = await connect(first, sam);
  const picture = await uploaded(first, token);
  await post(first, token, '/2/media/metadata', { id: picture, metadata: { alt_text: { text: 'A pixel' } } });
  const { id } = await posted(first, token, { text: 'kept', media: { media_ids: [picture] } });
  const unused = await uploaded(first, token);
  await setFault(first, '402 credits', { account: JONAS.id });
  const shown = await answer(api(first, token, `/2/tweets/${id}?tweet.fields=entities,attachments`));
  const before = [await ledger(first), await requests(first)];
  await first.close();

  const second = await sandboxForTest({ dataDir });
  expect([await ledger(second), await requests(second)]).toEqual(before);
  expect(await answer(api(second, token, `/2/tweets/${id}?tweet.fields=entities,attachments`))).toEqual(shown);
  const image = await fetch(`${second.url}/x/media/${picture}`);
  expect([image.headers.get('content-type'), Buffer.from(await image.arrayBuffer())]).toEqual(['image/png', PIXEL]);
  expect((await createPost(second, token, { text: 'kept' })).status).toBe(403);
  await posted(second, token, { text: 'new', media: { media_ids: [unused] } });
  expect(await answer(api(second, samsToken, '/2/users/me'))).toMatchObject({ body: { data: { username: 'sam' } } });
  expect((await refresh(second, old.refresh_token)).status).toBe(400);
  expect((await refresh(second, next)).status).toBe(200);
  const jonas = await connect(second, { sandbox_user: JONAS.id });
  expect((await createPost(second, jonas, { text: 'x' })).status).toBe(402);
});

it('a post that was accepted is on the disk, also in a burst', async () => {
  const dataDir = await temporaryDirectory();
  const sandbox = await sandboxForTest({ dataDir });
  const token = await connect(sandbox);
  const send = async (number: number): Promise<void> => {
    const { id } = await posted(sandbox, token, { text: `burst ${number}` });
    expect(await readFile(join(dataDir, 'sandbox/journal.jsonl'), 'utf8')).toContain(id);
  };
  await Promise.all(Array.from({ length: 40 }, (_, number) => send(number)));
});

it('keeps no code and no token in its files', async () => {
  const dataDir = await temporaryDirectory();
  const sandbox = await sandboxForTest({ dataDir });
  const code = await authorizationCode(sandbox);
  const tokens = await tokensOf(exchange(sandbox, { code }));
  await posted(sandbox, tokens.access_token, { text: 'x' });
  const journal = await readFile(join(dataDir, 'sandbox/journal.jsonl'), 'utf8');
  for (const secret of [code, tokens.access_token, tokens.refresh_token]) {
    expect(journal).not.toContain(secret.slice(0, 20));
  }
});

it('forgets on reset, and keeps connections when told to', async () => {
  const sandbox = await sandboxForTest();
  const token = await connect(sandbox);
  const reset = (body: object) =>
    fetch(`${sandbox.url}/sandbox/reset`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const picture = await uploaded(sandbox, token);
  await posted(sandbox, token, { text: 'x', media: { media_ids: [picture] } });
  await setFault(sandbox, '429');
  await reset({ keepConnections: true });
  expect([await ledger(sandbox), await requests(sandbox)]).toEqual([[], []]);
  expect((await fetch(`${sandbox.url}/x/media/${picture}`)).status).toBe(404);
  await posted(sandbox, token, { text: 'x' });
  await reset({});
  expect((await createPost(sandbox, token, { text: 'x' })).status).toBe(401);
});

it('shows posts with their pictures on the feed page, among the others and alone', async () => {
  const sandbox = await sandboxForTest();
  const token = await connect(sandbox);
  const picture = await uploaded(sandbox, token);
  const { id } = await posted(sandbox, token, { text: 'look <here>', media: { media_ids: [picture] } });
  for (const path of ['/', '/x']) {
    const page = await (await fetch(`${sandbox.url}${path}`)).text();
    expect(page).toContain(`id="${id}"`);
    expect(page).toContain('look &#60;here&#62;');
    expect(page).toContain(`src="/x/media/${picture}"`);
    expect(page).toContain('X user');
  }
});
