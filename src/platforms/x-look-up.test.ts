import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Content } from '../domain/content-rules.ts';
import { type RecordedServer, startRecordedServer } from '../testing/recorded-server.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import type { PublishingAccount } from './platform.ts';
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

const TIMELINE = 'GET /2/users/2244994945/tweets';
const sentAt = now;
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();
const older = { id: '1', text: 'older', created_at: at(-86_400) };
const list = (data: object[], nextToken?: string) => ({
  status: 200,
  body: { data, meta: { result_count: data.length, ...(nextToken && { next_token: nextToken }) } },
});
const lookUp = (content: Content) => x().lookUp?.(content, ada, sentAt, signal);
const found = (id: string) => ({
  found: 'present',
  externalId: id,
  permalink: `https://x.com/i/web/status/${id}`,
  acceptedAt: new Date(at(3)),
});

test('looking for a post reads the account’s own posts, newest first', async () => {
  server.answer(TIMELINE, list([{ id: '2', text: 'Hello', created_at: at(3) }, older]));
  expect(await lookUp(post())).toEqual(found('2'));
  const url = new URL(server.requests[0]?.path ?? '', server.url);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    max_results: '100',
    exclude: 'retweets',
    'tweet.fields': 'created_at,text,entities,attachments',
  });
  expect(server.requests[0]?.headers.authorization).toBe('Bearer access-1');
});

const short = (n: number, expanded: string) => ({
  start: 0,
  end: 23,
  url: `https://t.co/${n}`,
  expanded_url: expanded,
  display_url: 'example.com/…',
});
const linkUrl = 'https://example.com/page?a=1&b=2';
const picture = { url: 'https://t.co/9', expanded_url: 'https://x.com/ada/status/2/photo/1', media_key: '3_11' };
const oneImage = [
  { sha256: 'a', contentType: 'image/png', byteSize: 1, width: 1, height: 1, animated: false, altText: null },
] as const;

test.each<[string, Partial<Content>, object]>([
  ['with an address', { linkUrl }, { text: 'Hello https://t.co/1', entities: { urls: [short(1, linkUrl)] } }],
  [
    'with addresses that begin alike',
    { text: 'See a.com and https://b.com/', linkUrl },
    {
      text: 'See https://t.co/1 and https://t.co/12\nhttps://t.co/123',
      entities: { urls: [short(1, 'http://a.com'), short(12, 'https://b.com'), short(123, linkUrl)] },
    },
  ],
  [
    'with an address whose end X would have left to the sentence',
    { linkUrl: 'https://example.com/a_(b)).' },
    { text: 'Hello\nhttps://t.co/1', entities: { urls: [short(1, 'https://example.com/a_(b)%29%2E')] } },
  ],
  [
    'with such an address as an earlier version sent it',
    { linkUrl: 'https://example.com/a)' },
    { text: 'Hello\nhttps://t.co/1)', entities: { urls: [short(1, 'https://example.com/a')] } },
  ],
  [
    'whose host was typed in capitals',
    { text: 'At Example.COM/Page' },
    { text: 'At https://t.co/1', entities: { urls: [short(1, 'http://example.com/Page')] } },
  ],
  ['written for HTML', { text: 'R&D <3 "x" &amp;' }, { text: 'R&amp;D &lt;3 "x" &amp;amp;' }],
  ['not written for HTML', { text: 'R&D <3 &amp;' }, { text: 'R&D <3 &amp;' }],
  ['in another composition and with other blanks', { text: 'e\u0301te\u0301\r\n\r\n now ' }, { text: 'été\n\nnow' }],
  [
    'with an image',
    { images: oneImage },
    { text: 'Hello https://t.co/9', entities: { urls: [picture] }, attachments: { media_keys: ['3_11'] } },
  ],
  [
    'with an image whose link names no media',
    { images: oneImage },
    {
      text: 'Hello https://t.co/9',
      entities: { urls: [{ ...picture, media_key: undefined }] },
      attachments: { media_keys: ['3_11'] },
    },
  ],
  [
    'with an image without entities',
    { images: oneImage },
    { text: 'Hello https://t.co/9', attachments: { media_keys: ['3_11'] } },
  ],
  [
    'with an image and a link',
    { images: oneImage, linkUrl },
    {
      text: 'Hello https://t.co/1 https://t.co/9',
      entities: { urls: [short(1, linkUrl), picture] },
      attachments: { media_keys: ['3_11'] },
    },
  ],
])('looking for a post finds one %s', async (_what, content, shown) => {
  server.answer(TIMELINE, list([{ id: '2', created_at: at(3), ...shown }, older]));
  expect(await lookUp(post(content))).toEqual(found('2'));
});

test.each<[string, Partial<Content>, object]>([
  ['another text', {}, { text: 'Hello!' }],
  ['other case', {}, { text: 'hello' }],
  ['another address', { linkUrl }, { text: 'Hello https://t.co/1', entities: { urls: [short(1, `${linkUrl}0`)] } }],
])('looking for a post does not take one for it that has %s', async (_what, content, shown) => {
  server.answer(TIMELINE, list([{ id: '2', created_at: at(3), ...shown }, older]));
  expect(await lookUp(post(content))).toMatchObject({ found: 'absent', alike: [] });
});

test.each<[string, Partial<Content>, object]>([
  ['fewer images', { images: oneImage }, { text: 'Hello' }],
  [
    'more images',
    {},
    { text: 'Hello https://t.co/9', entities: { urls: [picture] }, attachments: { media_keys: ['3_11'] } },
  ],
  ['another time: before', {}, { text: 'Hello', created_at: at(-600) }],
  ['another time: much later', {}, { text: 'Hello', created_at: at(3600) }],
])(
  'looking for a post does not take one for it that has this text and %s, but names it',
  async (_what, content, shown) => {
    server.answer(TIMELINE, list([{ id: '2', created_at: at(3), ...shown }, older]));
    expect(await lookUp(post(content))).toMatchObject({ found: 'absent', alike: ['2'] });
  },
);

test('looking for a post understands a clock of X’s that differs from ours', async () => {
  const headers = { date: new Date(now.getTime() - 300_000).toUTCString() };
  const ours = { id: '2', text: 'Hello', created_at: at(-297) };
  server.answer(TIMELINE, { ...list([ours, older]), headers }, { ...list([ours, older]), headers });
  expect(await x().lookUp?.(post(), ada, sentAt, signal, clock.now)).toMatchObject({ found: 'present' });
  expect(await x().lookUp?.(post({ text: 'Other' }), ada, sentAt, signal, clock.now)).toMatchObject({
    found: 'absent',
    platformTime: new Date(headers.date),
  });
});

test('looking for a post tolerates clocks that differ by a minute', async () => {
  server.answer(TIMELINE, list([{ id: '2', text: 'Hello', created_at: at(-60) }, older]));
  expect(await lookUp(post())).toMatchObject({ found: 'present' });
});

test('looking for a post goes on until the list is older than the attempt', async () => {
  const others = (from: number) =>
    Array.from({ length: 3 }, (_, n) => ({ id: `${from + n}`, text: 'other', created_at: at(500 - n) }));
  server.answer(
    TIMELINE,
    list(others(30), 'page 2'),
    list([...others(20), { id: '2', text: 'Hello', created_at: at(3) }], 'page 3'),
    list([older], 'page 4'),
  );
  expect(await lookUp(post())).toEqual(found('2'));
  const tokens = server.requests.map(({ path }) => new URL(path, server.url).searchParams.get('pagination_token'));
  expect(tokens).toEqual([null, 'page 2', 'page 3']);
});

test('looking for a post does not read for ever, and proves nothing then', async () => {
  const page = list([{ id: '3', text: 'other', created_at: at(60) }], 'more');
  server.answer(TIMELINE, ...Array(20).fill(page));
  expect(await lookUp(post())).toMatchObject({ found: 'no-answer' });
  expect(server.requests).toHaveLength(5);
});

test('looking for a post takes it as absent only when an older post shows that the list is good', async () => {
  server.answer(TIMELINE, list([older]), { status: 200, body: { meta: { result_count: 0 } } });
  expect(await lookUp(post())).toMatchObject({ found: 'absent', alike: [] });
  expect(await lookUp(post())).toMatchObject({
    found: 'no-answer',
    reason: expect.stringContaining('proves nothing'),
  });
});

test('looking for a post decides nothing when there are two', async () => {
  server.answer(TIMELINE, list([2, 3].map((id) => ({ id: `${id}`, text: 'Hello', created_at: at(3) })).concat(older)));
  expect(await lookUp(post())).toMatchObject({ found: 'no-answer', reason: expect.stringContaining('Several') });
});

test.each([
  [{ status: 401, body: { title: 'Unauthorized', detail: 'Unauthorized' } }, /Unauthorized.*HTTP 401/],
  [{ status: 403, body: { title: 'Forbidden', detail: 'Not allowed here.' } }, /Not allowed here.*HTTP 403/],
  [{ status: 402, body: { title: 'CreditsDepleted', detail: 'No credits.' } }, /No credits.*HTTP 402/],
  [{ status: 429 }, /HTTP 429/],
  [{ status: 500 }, /HTTP 500/],
  [{ status: 0, drop: true as const }, /connection-lost/],
  [{ status: 200, body: '{"data":[' }, /could not be read/],
  [{ status: 200, body: {} }, /could not be read/],
  [{ status: 200, body: { errors: [{ title: 'Not Found' }] } }, /could not be read/],
  [{ status: 200, body: { data: [{ id: '2', text: 'Hello' }], meta: { result_count: 1 } } }, /could not be read/],
])('looking for a post learns nothing from %j', async (answer, reason) => {
  server.answer(TIMELINE, answer);
  expect(await lookUp(post())).toEqual({
    found: 'no-answer',
    reason: expect.stringMatching(reason),
    ...(answer.status === 401 && { tokenRefused: 'perhaps' }),
  });
});
