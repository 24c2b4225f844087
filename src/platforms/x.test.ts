import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Content } from '../domain/content-rules.ts';
import { type RecordedServer, startRecordedServer } from '../testing/recorded-server.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import type { CreateRequest, ImageUploads, PublishingAccount } from './platform.ts';
import { createPlatforms } from './registry.ts';
import { createX } from './x.ts';

const now = new Date('2026-11-21T12:00:00Z');
const clock = { now: () => now };
const ada: PublishingAccount = { externalId: '2244994945', kind: 'member', accessToken: 'access-1' };
const noImages: ImageUploads = {
  recall: () => expect.unreachable(),
  read: () => expect.unreachable(),
  remember: () => expect.unreachable(),
};
const signal = new AbortController().signal;

let server: RecordedServer;
let http: HttpClient;
beforeEach(async () => {
  server = await startRecordedServer();
  http = createHttpClient();
});
afterEach(async () => {
  await http.close();
  await server.close();
});

const settings = () => ({
  clientId: 'id',
  clientSecret: null,
  authorizeUrl: 'https://x.com/i/oauth2/authorize',
  apiUrl: server.url,
  version: null,
});
const x = () => createX(settings(), { sandboxed: false, clock, http }).publisher;
const post = (part: Partial<Content> = {}): Content => ({ text: 'Hello', linkUrl: null, images: [], ...part });

async function prepared(content: Content, uploads = noImages, publisher = x()): Promise<CreateRequest> {
  const result = await publisher.prepare(content, ada, uploads, now, signal);
  return result.ready ? result.request : expect.unreachable(result.outcome.errorMessage);
}

const CREATE = 'POST /2/tweets';
const created = { status: 201, body: { data: { id: '1445880548472328192', text: 'Hello' } } };

describe('the request that creates a post', () => {
  test('has the text and the person’s token, and touches no network before it is sent', async () => {
    const request = await prepared(post());
    expect(request).toEqual({
      method: 'POST',
      url: `${server.url}/2/tweets`,
      headers: { authorization: 'Bearer access-1', accept: 'application/json', 'content-type': 'application/json' },
      body: '{"text":"Hello"}',
    });
    expect(server.requests).toEqual([]);
  });

  test('has the link in the text, since X has no field for it', async () => {
    const linkUrl = 'https://example.com/page';
    expect(JSON.parse((await prepared(post({ linkUrl }))).body)).toEqual({ text: `Hello\n${linkUrl}` });
    const text = `Hello: ${linkUrl}`;
    expect(JSON.parse((await prepared(post({ text, linkUrl }))).body)).toEqual({ text });
  });

  test('is the same to the last byte when it is built again', async () => {
    expect(await prepared(post())).toEqual(await prepared(post()));
  });

  test('is sent once and answered with the id and where the post is', async () => {
    server.answer(CREATE, created);
    expect(await x().send(await prepared(post()), signal)).toEqual({
      kind: 'accepted',
      httpStatus: 201,
      externalId: '1445880548472328192',
      permalink: 'https://x.com/i/web/status/1445880548472328192',
    });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.body.toString()).toBe('{"text":"Hello"}');
  });

  test('is not sent again when it is refused, fails, or the connection is dropped', async () => {
    server.answer(CREATE, { status: 503 }, { status: 0, drop: true }, { status: 429 });
    const request = await prepared(post());
    const kinds = [];
    for (let n = 0; n < 3; n++) kinds.push((await x().send(request, signal)).kind);
    expect(kinds).toEqual(['unknown', 'unknown', 'rate-limited']);
    expect(server.requests).toHaveLength(3);
  });

  test('leads to the sandbox’s feed when the sandbox took it', async () => {
    server.answer(CREATE, created);
    const sandbox = { ...settings(), authorizeUrl: 'http://127.0.0.1:3001/x/i/oauth2/authorize' };
    const { publisher } = createX(sandbox, { sandboxed: true, clock, http });
    expect(await publisher.send(await prepared(post(), noImages, publisher), signal)).toMatchObject({
      permalink: 'http://127.0.0.1:3001/x#1445880548472328192',
    });
  });
});

test('X is available with a client id alone', () => {
  const unset = { ...settings(), clientId: null };
  const registry = createPlatforms({ linkedin: unset, facebook: unset, x: settings() }, { sandboxed: [], clock });
  expect(Object.keys(registry)).toEqual(['x']);
  expect(registry.x?.publisher.lookUp).toBeDefined();
  expect(registry.x?.connector.refresh).toBeDefined();
});
