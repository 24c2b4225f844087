import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Content, ContentImage } from '../domain/content-rules.ts';
import { type RecordedServer, startRecordedServer } from '../testing/recorded-server.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import type { CreateRequest, ImageUploads, PublishingAccount } from './platform.ts';
import { createX } from './x.ts';

const now = new Date('2026-11-21T12:00:00Z');
const clock = { now: () => now };
const ada: PublishingAccount = { externalId: '2244994945', kind: 'member', accessToken: 'access-1' };
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

async function prepared(content: Content, uploads: ImageUploads, publisher = x()): Promise<CreateRequest> {
  const result = await publisher.prepare(content, ada, uploads, now, signal);
  return result.ready ? result.request : expect.unreachable(result.outcome.errorMessage);
}

const CREATE = 'POST /2/tweets';
const UPLOAD = 'POST /2/media/upload';
const STATUS = 'GET /2/media/upload';
const METADATA = 'POST /2/media/metadata';
const image = (name: string, part: Partial<ContentImage> = {}): ContentImage => ({
  sha256: name,
  contentType: 'image/png',
  byteSize: 4,
  width: 1,
  height: 1,
  animated: false,
  altText: null,
  ...part,
});
const uploaded = (id: string, part = {}) => ({
  status: 200,
  body: { data: { id, media_key: `3_${id}`, size: 4, expires_after_secs: 86_400, ...part } },
});
const processing = (state: string, part = {}) => ({ processing_info: { state, check_after_secs: 0, ...part } });

/** What a publication's worker keeps, in small. */
function keeper(known: Record<string, string> = {}) {
  const kept = new Map(Object.entries(known));
  const until: (Date | null)[] = [];
  const uploads: ImageUploads = {
    recall: ({ sha256 }) => kept.get(sha256) ?? null,
    read: async ({ sha256 }) => Buffer.from(`bytes of ${sha256}\u0000\r\n--x`),
    remember: async ({ sha256 }, id, usableUntil) => {
      kept.set(sha256, id);
      until.push(usableUntil);
    },
  };
  return { uploads, kept, until };
}
const asked = (endpoint: string) =>
  server.requests.filter(({ method, path }) => `${method} ${path.split('?')[0]}` === endpoint);

test('images are uploaded first, in their order, whole and unharmed, and named in the post', async () => {
  server.answer(UPLOAD, uploaded('11'), uploaded('12'));
  const { uploads, kept, until } = keeper();
  const images = [image('a'), image('b', { contentType: 'image/jpeg' })];
  expect(JSON.parse((await prepared(post({ images }), uploads)).body)).toEqual({
    text: 'Hello',
    media: { media_ids: ['11', '12'] },
  });
  expect([...kept]).toEqual([
    ['a', '11'],
    ['b', '12'],
  ]);
  // A quarter of an hour less than X gives it.
  expect(until[0]).toEqual(new Date(now.getTime() + (86_400 - 900) * 1000));

  const [first, second] = await Promise.all(
    asked(UPLOAD).map(({ headers, body }) =>
      new Response(new Uint8Array(body), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData(),
    ),
  );
  expect([...(first?.keys() ?? [])].sort()).toEqual(['media', 'media_category']);
  expect(first?.get('media_category')).toBe('tweet_image');
  const file = second?.get('media');
  if (!(file instanceof File)) expect.unreachable('media is a file');
  expect({ type: file.type, name: file.name, text: await file.text() }).toEqual({
    type: 'image/jpeg',
    name: 'image.jpg',
    text: 'bytes of b\u0000\r\n--x',
  });
  expect(server.requests[0]?.headers.authorization).toBe('Bearer access-1');
  expect(asked(METADATA)).toHaveLength(0);
});

test('images that were uploaded before are not uploaded again', async () => {
  const { uploads } = keeper({ a: '11' });
  const request = await prepared(post({ images: [image('a')] }), uploads);
  expect(JSON.parse(request.body).media).toEqual({ media_ids: ['11'] });
  expect(server.requests).toEqual([]);
});

test('images are described for those who cannot see them, once for each description', async () => {
  server.answer(UPLOAD, uploaded('12'), uploaded('13'), uploaded('14'));
  server.answer(METADATA, ...Array(3).fill({ status: 200, body: {} }));
  const { uploads } = keeper({ a: '11' });
  const content = post({ images: [image('a', { altText: 'A cat' }), image('b', { altText: ' Two cats ' })] });
  const request = await prepared(content, uploads);
  const described = (id: string, text: string) => ({ id, metadata: { alt_text: { text } } });
  expect(asked(METADATA).map(({ body }) => JSON.parse(body.toString()))).toEqual([
    described('12', 'A cat'),
    described('13', 'Two cats'),
  ]);
  expect(await prepared(content, uploads)).toEqual(request);
  expect(server.requests).toHaveLength(4);
});

test('images that another post describes otherwise keep, in the first post, the description that it has', async () => {
  server.answer(UPLOAD, uploaded('11'), uploaded('12'));
  server.answer(METADATA, ...Array(2).fill({ status: 200, body: {} }));
  const { uploads } = keeper();
  const [first, second] = [
    await prepared(post({ images: [image('a', { altText: 'A cat' })] }), uploads),
    await prepared(post({ images: [image('a', { altText: 'Our Minka' })] }), uploads),
  ];
  expect([first, second].map(({ body }) => JSON.parse(body).media.media_ids)).toEqual([['11'], ['12']]);
  expect(asked(METADATA).map(({ body }) => JSON.parse(body.toString()).id)).toEqual(['11', '12']);
});

test('images that X does not say how long it keeps have no known end', async () => {
  server.answer(UPLOAD, uploaded('11', { expires_after_secs: undefined }));
  const { uploads, until } = keeper();
  await prepared(post({ images: [image('a')] }), uploads);
  expect(until).toEqual([null]);
});

test('images that move are GIFs, and are waited for until X has processed them', async () => {
  server.answer(UPLOAD, uploaded('11', processing('pending')));
  server.answer(STATUS, uploaded('11', processing('in_progress')), uploaded('11', processing('succeeded')));
  const { uploads, kept } = keeper();
  const images = [image('a', { contentType: 'image/gif', animated: true })];
  expect(JSON.parse((await prepared(post({ images }), uploads)).body).media).toEqual({ media_ids: ['11'] });
  expect(kept.get('a')).toBe('11');
  expect(asked(UPLOAD)[0]?.body.toString()).toContain('tweet_gif');
  expect(asked(STATUS).map(({ path }) => path)).toEqual(Array(2).fill('/2/media/upload?command=STATUS&media_id=11'));
});

test('images that do not move are pictures, GIF or not', async () => {
  server.answer(UPLOAD, uploaded('11'));
  await prepared(post({ images: [image('a', { contentType: 'image/gif' })] }), keeper().uploads);
  expect(asked(UPLOAD)[0]?.body.toString()).toContain('tweet_image');
});

test('images that X takes long over are waited for by the next preparation, without another upload', async () => {
  server.answer(UPLOAD, uploaded('11', processing('pending', { check_after_secs: 30 })));
  server.answer(STATUS, uploaded('11', processing('succeeded')));
  const { uploads, kept } = keeper();
  const publisher = x();
  const content = post({ images: [image('a', { contentType: 'image/gif', animated: true })] });
  expect(await publisher.prepare(content, ada, uploads, now, signal)).toMatchObject({
    ready: false,
    outcome: { kind: 'unavailable', errorCode: 'media-processing', retryAt: new Date(now.getTime() + 30_000) },
  });
  expect(kept.size).toBe(0);
  await prepared(content, uploads, publisher);
  expect(asked(UPLOAD)).toHaveLength(1);
  expect(kept.get('a')).toBe('11');
});

test('images are given up at once when this server stops', async () => {
  server.answer(UPLOAD, uploaded('11', processing('pending', { check_after_secs: 20 })));
  const stop = new AbortController();
  const content = post({ images: [image('a', { contentType: 'image/gif', animated: true })] });
  const preparing = x().prepare(content, ada, keeper().uploads, now, stop.signal);
  await expect.poll(() => asked(UPLOAD).length).toBe(1);
  stop.abort();
  expect(await preparing).toMatchObject({ ready: false, outcome: { kind: 'unavailable' } });
  expect(asked(STATUS)).toEqual([]);
});

const reset = String(now.getTime() / 1000 + 60);
test.each([
  [{ status: 503 }, 'unavailable', 'http-503'],
  [
    { status: 500, body: { title: 'Internal', type: 'https://api.x.com/2/problems/internal-error' } },
    'unavailable',
    'internal-error',
  ],
  [{ status: 408 }, 'unavailable', 'http-408'],
  [{ status: 0, drop: true as const }, 'unavailable', 'connection-lost'],
  [{ status: 200, body: '{"data":{"id":"1' }, 'unavailable', 'unreadable-answer'],
  [{ status: 200, body: { data: { id: 7 } } }, 'unavailable', 'unreadable-answer'],
  [
    { status: 429, headers: { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': reset } },
    'rate-limited',
    'rate-limit',
  ],
  [{ status: 401, body: { title: 'Unauthorized' } }, 'reauthorization-required', 'unauthorized'],
  [
    { status: 403, body: { title: 'Forbidden', detail: 'Forbidden', type: 'about:blank' } },
    'reauthorization-required',
    'missing-scope',
  ],
  [{ status: 402, body: { title: 'CreditsDepleted' } }, 'rejected', 'credits-depleted'],
  [
    { status: 400, body: { errors: [{ message: 'media type unrecognized.' }], title: 'Invalid Request' } },
    'rejected',
    'http-400',
  ],
  [{ status: 413 }, 'rejected', 'http-413'],
  [
    uploaded('11', processing('failed', { error: { message: 'Unsupported frame size' } })),
    'rejected',
    'media-processing-failed',
  ],
])('images whose upload is answered %j end in %s, and no post is sent', async (answer, kind, errorCode) => {
  server.answer(UPLOAD, answer);
  const { uploads, kept } = keeper();
  const result = await x().prepare(post({ images: [image('a')] }), ada, uploads, now, signal);
  expect(result).toMatchObject({ ready: false, outcome: { kind, errorCode } });
  if (kind === 'rate-limited') expect(result).toMatchObject({ outcome: { retryAt: new Date(now.getTime() + 60_000) } });
  expect(kept.size).toBe(0);
  expect(server.requests).toHaveLength(1);
});

test('images that X refuses are refused with its words', async () => {
  server.answer(UPLOAD, { status: 400, body: { errors: [{ message: 'media type unrecognized.' }] } });
  expect(await x().prepare(post({ images: [image('a')] }), ada, keeper().uploads, now, signal)).toMatchObject({
    outcome: { errorMessage: 'X refused the image: “media type unrecognized” (HTTP 400).' },
  });
});

test('images that cannot be described are not posted without description; what is uploaded stays so', async () => {
  server.answer(UPLOAD, uploaded('11'));
  server.answer(METADATA, { status: 503 }, { status: 200 });
  const { uploads, kept } = keeper();
  const publisher = x();
  const content = post({ images: [image('a', { altText: 'A cat' })] });
  expect(await publisher.prepare(content, ada, uploads, now, signal)).toMatchObject({
    ready: false,
    outcome: { kind: 'unavailable' },
  });
  expect(kept.size).toBe(0);
  await prepared(content, uploads, publisher);
  expect(asked(UPLOAD)).toHaveLength(1);
  expect(kept.size).toBe(1);
});

test('images that X has lost before they are described are uploaded again', async () => {
  const gone = { title: 'Not Found Error', type: 'https://api.x.com/2/problems/resource-not-found' };
  server.answer(METADATA, { status: 404, body: gone }, { status: 200 });
  server.answer(UPLOAD, uploaded('11'), uploaded('12'));
  const { uploads, kept } = keeper();
  const request = await prepared(post({ images: [image('a', { altText: 'A cat' })] }), uploads);
  expect(JSON.parse(request.body).media).toEqual({ media_ids: ['12'] });
  expect(kept.get('a')).toMatch(/^12\.\w{16}$/);
});

test('images that X has lost meanwhile are uploaded again, once', async () => {
  const gone = {
    status: 404,
    body: { title: 'Not Found Error', type: 'https://api.x.com/2/problems/resource-not-found' },
  };
  server.answer(CREATE, gone, gone);
  server.answer(UPLOAD, uploaded('12'));
  const { uploads } = keeper({ a: '11' });
  const publisher = x();
  const content = post({ images: [image('a')] });

  const first = await publisher.send(await prepared(content, uploads, publisher), signal);
  expect(first).toMatchObject({ kind: 'unavailable', errorCode: 'media-gone', retryAt: now });
  const again = await prepared(content, uploads, publisher);
  expect(JSON.parse(again.body).media).toEqual({ media_ids: ['12'] });
  expect(await publisher.send(again, signal)).toMatchObject({ kind: 'rejected', errorCode: 'media-gone' });
});
