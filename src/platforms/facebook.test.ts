/** Publishing to a Page and looking for a post, over real HTTP against a small Page that is strict about what arrives. */
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Content, ContentImage } from '../domain/content-rules.ts';
import type { LookUp, Outcome } from '../domain/outcome.ts';
import {
  type GraphAnswer,
  type GraphCall,
  type GraphServer,
  graphError,
  startGraphServer,
} from '../testing/graph-server.ts';
import { createFacebook } from './facebook.ts';
import { createHttpClient } from './http-client.ts';
import type { CreateRequest, ImageUploads, PlatformAdapter, PublishingAccount } from './platform.ts';
import { createPlatforms } from './registry.ts';

const PAGE = '112233';
const TOKEN = 'EAABpageToken';
const SECRET = 'app-secret';
const page: PublishingAccount = { externalId: PAGE, kind: 'page', accessToken: TOKEN };
const png: ContentImage = {
  sha256: 'aa'.repeat(32),
  contentType: 'image/png',
  byteSize: 4,
  width: 10,
  height: 10,
  animated: false,
  altText: 'A red square',
};
const jpeg: ContentImage = { ...png, sha256: 'bb'.repeat(32), contentType: 'image/jpeg', altText: null };

interface Live {
  id: string;
  message: string;
  link: string | null;
  photos: readonly string[];
  created: Date;
}

let now: Date;
const clock = { now: () => now };
let server: GraphServer;
let facebook: PlatformAdapter;
let live: Live[];
let unpublished: Map<string, { alt: string | null; bytes: number }>;
/** Answers instead of the Page while it returns something; `commit` lets the Page do its work all the same. */
let fault: (call: GraphCall) => { commit: boolean; answer: GraphAnswer } | null;
let nextId: number;

beforeEach(async () => {
  now = new Date('2026-11-21T12:00:00.400Z');
  live = [];
  unpublished = new Map();
  nextId = 1;
  fault = () => null;
  server = await startGraphServer((call) => {
    const trouble = fault(call);
    if (trouble !== null && !trouble.commit) return trouble.answer;
    const answer = strictPage(call);
    return trouble?.answer ?? answer;
  });
  facebook = createFacebook(settingsFor(server), { sandboxed: false, clock });
});
afterEach(() => server.close());

describe('a post with text', () => {
  test('goes to the feed of the Page, with the Page’s token in the header and proof of the secret', async () => {
    const outcome = await publish({ text: 'Zażółć 😀 & more\r\nsecond line' });
    expect(outcome).toEqual({
      kind: 'accepted',
      httpStatus: 200,
      externalId: `${PAGE}_1`,
      permalink: `https://www.facebook.com/${PAGE}_1`,
    });
    expect(server.calls).toHaveLength(1);
    expect(server.calls[0]).toMatchObject({ method: 'POST', path: `/v26.0/${PAGE}/feed`, query: {}, token: TOKEN });
    expect(server.calls[0]?.fields).toEqual({
      message: 'Zażółć 😀 & more\nsecond line',
      appsecret_proof: proof(TOKEN),
    });
  });

  test('and a link has the link as its card', async () => {
    await publish({ text: 'Read', linkUrl: 'https://example.com/a?b=1&c=2' });
    expect(live).toMatchObject([{ message: 'Read', link: 'https://example.com/a?b=1&c=2', photos: [] }]);
  });

  test('is the same request to the last byte when it is built again', async () => {
    const same = { text: 'Same', linkUrl: 'https://example.com' };
    expect(await prepared(same)).toEqual(await prepared(same));
    expect(server.calls).toEqual([]);
  });

  test('in the name of somebody who is no Page is a mistake of ours', async () => {
    await expect(prepared({ text: 'Hi' }, { ...page, kind: 'member' })).rejects.toThrow('only Pages');
  });
});

describe('a post with images', () => {
  test('uploads each unpublished, with its alternative text, and attaches them in order', async () => {
    const outcome = await publish({ text: 'Two', images: [png, jpeg] });
    expect(outcome).toMatchObject({ kind: 'accepted' });
    expect(live).toMatchObject([{ message: 'Two', link: null, photos: ['1', '2'] }]);
    const [first, second] = server.calls;
    expect(first).toMatchObject({ path: `/v26.0/${PAGE}/photos`, query: {}, token: TOKEN });
    expect(first?.fields).toEqual({
      published: 'false',
      alt_text_custom: 'A red square',
      appsecret_proof: proof(TOKEN),
    });
    expect(first?.files.source).toMatchObject({ type: 'image/png', name: `${'aa'.repeat(8)}.png` });
    expect(Buffer.from((await first?.files.source?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(bytesOf(png));
    expect(second?.fields).toEqual({ published: 'false', appsecret_proof: proof(TOKEN) });
    expect(second?.files.source).toMatchObject({ type: 'image/jpeg' });
    expect(server.calls.map(({ path }) => path.split('/').at(-1))).toEqual(['photos', 'photos', 'feed']);
  });

  test('shows nothing before the feed request, even with one image', async () => {
    await prepared({ text: 'One', images: [png] });
    expect(live).toEqual([]);
    expect(unpublished.size).toBe(1);
  });

  test.each([
    ['Look \n', 'Look\n\nhttps://example.com/x'],
    ['See https://example.com/x today', 'See https://example.com/x today'],
    ['(See https://example.com/x).', '(See https://example.com/x).'],
    ['Not https://example.com/x.html', 'Not https://example.com/x.html\n\nhttps://example.com/x'],
  ])('and a link carries the link in its text, once: "%s"', async (text, message) => {
    await publish({ text, linkUrl: 'https://example.com/x', images: [png] });
    expect(live).toMatchObject([{ message, link: null, photos: ['1'] }]);
  });

  test('prepared again uploads nothing again', async () => {
    const uploads = album();
    await prepared({ text: 'Again', images: [png, jpeg] }, page, uploads);
    const calls = server.calls.length;
    const request = await prepared({ text: 'Again', images: [png, jpeg] }, page, uploads);
    expect(server.calls).toHaveLength(calls);
    expect(await send(request)).toMatchObject({ kind: 'accepted' });
    expect(live[0]?.photos).toEqual(['1', '2']);
  });

  test('after an hour, or with another alternative text or another text, uploads anew', async () => {
    const uploads = album();
    const count = async (content: Partial<Content>) => {
      const before = unpublished.size;
      await prepared(content, page, uploads);
      return unpublished.size - before;
    };
    expect(await count({ text: 'A', images: [png] })).toBe(1);
    expect(await count({ text: 'A', images: [{ ...png, altText: 'Other' }] })).toBe(1);
    expect(await count({ text: 'B', images: [png] })).toBe(1);
    now = new Date(now.getTime() + 60 * 60_000 + 1);
    expect(await count({ text: 'B', images: [png] })).toBe(1);
  });

  test('does not use another post’s photo, which Facebook would refuse', async () => {
    const uploads = album();
    for (const text of ['First', 'Second']) {
      expect(await send(await prepared({ text, images: [png] }, page, uploads))).toMatchObject({ kind: 'accepted' });
    }
  });

  test('that was accepted unseen is not published twice by a retry', async () => {
    const uploads = album();
    fault = (call) => (call.path.endsWith('/feed') ? { commit: true, answer: 'drop' } : null);
    const content = { text: 'Once', images: [png] };
    expect(await send(await prepared(content, page, uploads))).toMatchObject({ kind: 'unknown' });
    fault = () => null;
    expect(await send(await prepared(content, page, uploads))).toMatchObject({ kind: 'duplicate' });
    expect(live).toHaveLength(1);
  });

  test.each([
    ['trouble at Facebook', { status: 500, body: graphError(2, 'Please retry later') }, 'unavailable'],
    ['a code that says unknown', { status: 400, body: graphError(1, 'An unknown error') }, 'unavailable'],
    ['an answer without an id', { status: 200, body: { success: true } }, 'unavailable'],
    ['a broken connection', 'drop', 'unavailable'],
    ['a dead token', { status: 400, body: graphError(190, 'expired', { subcode: 463 }) }, 'reauthorization-required'],
    ['a limit', { status: 400, body: graphError(32, '(#32) Page request limit reached') }, 'rate-limited'],
    ['an image that is too large', { status: 400, body: graphError(100, 'x', { subcode: 1366046 }) }, 'rejected'],
    ['a photo that was posted', { status: 400, body: graphError(100, 'x', { subcode: 1366051 }) }, 'rejected'],
  ] as const)('stops at %s, and nothing is published', async (_case, answer, kind) => {
    let uploads = 0;
    fault = () => (++uploads === 2 ? { commit: false, answer } : null);
    const result = await prepare({ text: 'Hi', images: [png, jpeg, png] }, page, album());
    expect(result).toMatchObject({ ready: false, outcome: { kind } });
    expect(server.calls).toHaveLength(2);
    expect(live).toEqual([]);
  });

  test('goes on with the image that is missing when it is tried again', async () => {
    const uploads = album();
    let calls = 0;
    fault = () => (++calls === 2 ? { commit: false, answer: 'drop' } : null);
    expect(await prepare({ text: 'Hi', images: [png, jpeg] }, page, uploads)).toMatchObject({ ready: false });
    await send(await prepared({ text: 'Hi', images: [png, jpeg] }, page, uploads));
    expect(server.calls.map(({ files, fields }) => files.source?.type ?? fields.message)).toEqual([
      'image/png',
      'image/jpeg',
      'image/jpeg',
      'Hi',
    ]);
  });
});

describe('what is live after', () => {
  test.each([
    ['500 with code 2 after committing', true, { status: 500, body: graphError(2, 'retry later') }, 'unknown', 1],
    ['500 with code 1 before committing', false, { status: 500, body: graphError(1, 'unknown') }, 'unknown', 0],
    ['a connection that broke', true, 'drop', 'unknown', 1],
    ['200 that cannot be read', true, { body: '{"id":"1122' }, 'unknown', 1],
    ['503 of a proxy', true, { status: 503, body: '<html>' }, 'unknown', 1],
    ['a dead token', false, { status: 400, body: graphError(190, 'x') }, 'reauthorization-required', 0],
    ['a limit', false, { status: 400, body: graphError(4, 'x') }, 'rate-limited', 0],
  ] as const)('%s', async (_case, commit, answer, kind, count) => {
    fault = () => ({ commit, answer });
    expect(await publish({ text: 'Hello' })).toMatchObject({ kind });
    expect(live).toHaveLength(count);
    expect(server.calls).toHaveLength(1);
  });

  test('the same text twice in a row is a duplicate, the second is not there', async () => {
    await publish({ text: 'Once' });
    expect(await publish({ text: 'Once' })).toMatchObject({ kind: 'duplicate', errorCode: '506', externalId: null });
    expect(live).toHaveLength(1);
  });

  test('no answer in time', async () => {
    const http = createHttpClient({ deadlineMs: 300 });
    facebook = createFacebook(settingsFor(server), { sandboxed: false, clock, http });
    fault = () => ({ commit: true, answer: { headers: { 'content-length': '1000' }, body: '' } });
    expect(await publish({ text: 'Slow' })).toMatchObject({ kind: 'unknown' });
    expect(live).toHaveLength(1);
  });

  test('a server that is not there', async () => {
    await server.close();
    expect(await publish({ text: 'Hello' })).toMatchObject({ kind: 'unavailable', errorCode: 'connection-refused' });
  });
});

describe('a Page near its limit', () => {
  const high = { 'x-app-usage': JSON.stringify({ call_count: 97, total_time: 3, total_cputime: 3 }) };

  test('keeps its next post back, without asking Facebook, and another Page’s not', async () => {
    fault = () => ({ commit: true, answer: { headers: high, body: { id: `${PAGE}_1` } } });
    expect(await publish({ text: 'One' })).toMatchObject({ kind: 'accepted' });
    const next = await prepare({ text: 'Two', images: [png] }, page, album());
    expect(next).toMatchObject({
      ready: false,
      outcome: { kind: 'rate-limited', errorCode: 'usage-high', retryAt: new Date('2026-11-21T12:05:00.400Z') },
    });
    expect(server.calls).toHaveLength(1);
    expect(await prepare({ text: 'Two' }, { ...page, externalId: '9' })).toMatchObject({ ready: true });
    now = new Date('2026-11-21T12:05:00.400Z');
    expect(await prepare({ text: 'Two' })).toMatchObject({ ready: true });
  });
});

describe('looking for a post', () => {
  const sentAt = new Date('2026-11-21T12:00:00.400Z');
  const older: Live = {
    id: `${PAGE}_900`,
    message: 'Older',
    link: null,
    photos: [],
    created: new Date('2026-11-20T12:00:00Z'),
  };
  const lookUp = async (content: Partial<Content>): Promise<LookUp | undefined> =>
    facebook.publisher.lookUp?.(filled(content), page, sentAt, AbortSignal.timeout(10_000));

  test('finds it by its text and photos, with what a reader needs', async () => {
    live = [older];
    await publish({ text: 'Hello\r\nthere', images: [png, jpeg] });
    expect(await lookUp({ text: 'Hello\r\nthere', images: [png, jpeg] })).toEqual({
      found: 'present',
      externalId: `${PAGE}_3`,
      permalink: `https://www.facebook.com/${PAGE}_3`,
      acceptedAt: new Date('2026-11-21T12:00:00Z'),
    });
    expect(server.calls.at(-1)).toMatchObject({
      method: 'GET',
      path: `/v26.0/${PAGE}/published_posts`,
      token: TOKEN,
      query: {
        fields: 'id,message,created_time,permalink_url,attachments',
        limit: '25',
        appsecret_proof: proof(TOKEN),
      },
    });
  });

  test('finds one photo, a link’s card and a link that went into the text', async () => {
    live = [older];
    for (const content of [
      { text: 'Photo', images: [png] },
      { text: 'Card', linkUrl: 'https://example.com' },
      { text: 'Both', linkUrl: 'https://example.com', images: [jpeg] },
    ]) {
      await publish(content);
      expect(await lookUp(content)).toMatchObject({ found: 'present' });
    }
  });

  test('takes it as absent only when an older post shows that the list is good', async () => {
    expect(await lookUp({ text: 'Hello' })).toMatchObject({ found: 'no-answer' });
    live = [older];
    expect(await lookUp({ text: 'Hello' })).toMatchObject({ found: 'absent', alike: [] });
  });

  test('reads on until it is before the attempt, with the token in no address', async () => {
    live = Array.from({ length: 30 }, (_, index) => ({
      ...older,
      id: `${PAGE}_${index + 100}`,
      message: `Newer ${index}`,
      created: new Date(sentAt.getTime() + (60 - index) * 60_000),
    }));
    live.push({ ...older, id: `${PAGE}_7`, message: 'Hello', created: sentAt }, older);
    expect(await lookUp({ text: 'Hello' })).toMatchObject({ found: 'present', externalId: `${PAGE}_7` });
    expect(server.calls.map(({ query }) => query.after ?? null)).toEqual([null, '25']);
    for (const { url } of server.calls) expect(url).not.toContain(TOKEN);
  });

  test('gives up on a Page that posts too much, instead of calling it absent', async () => {
    live = Array.from({ length: 200 }, (_, index) => ({ ...older, message: `Newer ${index}`, created: sentAt }));
    expect(await lookUp({ text: 'Hello' })).toMatchObject({ found: 'no-answer' });
    expect(server.calls).toHaveLength(4);
  });

  test('decides nothing when there are two, or one with other photos, or much later, or whose id is none', async () => {
    const ours = { ...older, message: 'Hello', created: sentAt };
    const later = new Date(sentAt.getTime() + 16 * 60_000);
    const two = [ours, { ...ours, id: `${PAGE}_8` }];
    for (const posts of [
      two,
      [{ ...ours, photos: ['1'] }],
      [{ ...ours, created: later }],
      [{ ...ours, id: '<html>' }],
    ]) {
      live = [...posts, older];
      expect(await lookUp({ text: 'Hello' })).toMatchObject({ found: 'no-answer' });
    }
  });

  test('does not take an old post with the same text for it, but names it', async () => {
    live = [{ ...older, message: 'Hello' }];
    expect(await lookUp({ text: 'Hello' })).toMatchObject({ found: 'absent', alike: [older.id] });
  });

  test('decides by text and time when the attachments cannot be told', async () => {
    const post = (attachments: unknown) => ({
      id: `${PAGE}_5`,
      message: 'Hello',
      created_time: '2026-11-21T12:00:01+0000',
      attachments,
    });
    for (const attachments of [{ data: [{ type: 'album' }] }, { data: [{}] }, 'nonsense']) {
      fault = () => ({ commit: false, answer: { body: { data: [post(attachments)] } } });
      expect(await lookUp({ text: 'Hello', images: [png] })).toMatchObject({ found: 'present' });
    }
  });

  test('proves nothing when Facebook refuses, does not answer or answers nonsense', async () => {
    for (const answer of [
      { status: 400, body: graphError(190, 'expired') },
      { status: 500, body: graphError(2, 'later') },
      { body: 'nonsense' },
      { body: { data: [{ message: 'no id' }] } },
      'drop',
    ] as const) {
      fault = () => ({ commit: false, answer });
      expect(await lookUp({ text: 'Hello' })).toMatchObject({ found: 'no-answer' });
    }
  });
});

test('in the sandbox a permalink leads to the sandbox’s feed', async () => {
  const settings = { ...settingsFor(server), authorizeUrl: 'http://127.0.0.1:3001/facebook' };
  facebook = createFacebook(settings, { sandboxed: true, clock });
  expect(await publish({ text: 'Hi' })).toMatchObject({ permalink: `http://127.0.0.1:3001/facebook#${PAGE}_1` });
});

test('is available as soon as there is an app', () => {
  const none = { ...settingsFor(server), clientId: null, clientSecret: null };
  const adapters = createPlatforms(
    { linkedin: none, facebook: settingsFor(server), x: none },
    { sandboxed: [], clock },
  );
  expect(Object.keys(adapters)).toEqual(['facebook']);
  expect(adapters.facebook?.requiredScopes).toEqual(['pages_show_list', 'pages_read_engagement', 'pages_manage_posts']);
});

function settingsFor({ url }: GraphServer) {
  return { clientId: '4711', clientSecret: SECRET, authorizeUrl: url, apiUrl: url, version: 'v26.0' };
}

function proof(token: string): string {
  return createHmac('sha256', SECRET).update(token).digest('hex');
}

function filled(content: Partial<Content>): Content {
  return { text: '', linkUrl: null, images: [], ...content };
}

function bytesOf(image: ContentImage): Buffer {
  return Buffer.from(`${image.contentType} of ${image.sha256}`);
}

/** Keeps what was uploaded, as the product does: by image, while it is good. */
function album(): ImageUploads {
  const kept = new Map<string, { uploadId: string; until: Date | null }>();
  return {
    recall: ({ sha256 }) => {
      const found = kept.get(sha256);
      return found !== undefined && (found.until === null || found.until > now) ? found.uploadId : null;
    },
    read: async (image) => bytesOf(image),
    remember: async ({ sha256 }, uploadId, until) => void kept.set(sha256, { uploadId, until }),
  };
}

function prepare(content: Partial<Content>, as = page, uploads = album()) {
  return facebook.publisher.prepare(filled(content), as, uploads, now, AbortSignal.timeout(10_000));
}

async function prepared(content: Partial<Content>, as = page, uploads = album()): Promise<CreateRequest> {
  const result = await prepare(content, as, uploads);
  if (!result.ready) throw new Error(result.outcome.errorMessage);
  return result.request;
}

function send(request: CreateRequest): Promise<Outcome> {
  return facebook.publisher.send(request, AbortSignal.timeout(10_000));
}

async function publish(content: Partial<Content>): Promise<Outcome> {
  return send(await prepared(content));
}

/** One Page, as strict as the documentation: token, proof, known fields only, a photo in one post only. */
function strictPage(call: GraphCall): GraphAnswer {
  const { method, path, query, fields, token } = call;
  if (token !== TOKEN) return refuse(graphError(190, 'Invalid OAuth access token.'));
  if ((method === 'GET' ? query : fields).appsecret_proof !== proof(TOKEN))
    return refuse(graphError(100, 'Invalid appsecret_proof provided in the API argument'));
  if ('access_token' in query || 'access_token' in fields) return refuse(graphError(100, 'a token outside the header'));
  const { appsecret_proof: _proof, ...known } = fields;
  switch (`${method} ${path}`) {
    case `POST /v26.0/${PAGE}/photos`: {
      const { published, alt_text_custom: alt, ...others } = known;
      const source = call.files.source;
      if (published !== 'false' || source === undefined || Object.keys(others).length > 0)
        return refuse(graphError(324, '(#324) Requires upload file'));
      const id = String(nextId++);
      unpublished.set(id, { alt: alt ?? null, bytes: source.size });
      return { body: { id } };
    }
    case `POST /v26.0/${PAGE}/feed`: {
      const { message = '', link = null, ...attached } = known;
      const photos: string[] = [];
      for (const [name, value] of Object.entries(attached)) {
        if (name !== `attached_media[${photos.length}]`) return refuse(graphError(100, `(#100) ${name}`));
        const { media_fbid: id } = JSON.parse(value) as { media_fbid: string };
        if (!unpublished.has(id)) return refuse(graphError(100, '(#100) Invalid photo'));
        if (live.some((post) => post.photos.includes(id)))
          return refuse(graphError(100, 'Invalid parameter', { subcode: 1366051 }));
        photos.push(id);
      }
      if (link !== null && photos.length > 0) return refuse(graphError(100, '(#100) link beside attached_media'));
      if (photos.length === 0 && live[0]?.message === message && live[0].photos.length === 0)
        return refuse(graphError(506, '(#506) Duplicate status message'));
      const id = `${PAGE}_${nextId++}`;
      live.unshift({ id, message, link, photos, created: now });
      return { body: { id } };
    }
    case `GET /v26.0/${PAGE}/published_posts`: {
      const from = Number(query.after ?? 0);
      const to = from + Number(query.limit);
      const more = to < live.length;
      return {
        body: {
          data: live.slice(from, to).map(listed),
          paging: {
            cursors: { before: String(from), after: String(Math.min(to, live.length)) },
            ...(more && { next: `http://elsewhere.invalid/?access_token=${TOKEN}&after=${to}` }),
          },
        },
      };
    }
    default:
      return refuse(graphError(100, `Unknown path components: ${path}`));
  }
}

function listed({ id, message, link, photos, created }: Live) {
  const part = { media: { image: { src: 'https://cdn.invalid/x.jpg' } }, type: 'photo', media_type: 'photo' };
  const attachments =
    photos.length > 1
      ? [{ ...part, type: 'album', media_type: 'album', subattachments: { data: photos.map(() => part) } }]
      : photos.length === 1
        ? [part]
        : link === null
          ? null
          : [{ ...part, type: 'share', media_type: 'link', url: link }];
  return {
    id,
    ...(message !== '' && { message }),
    created_time: `${created.toISOString().slice(0, 19)}+0000`,
    permalink_url: `https://www.facebook.com/${id}`,
    ...(attachments && { attachments: { data: attachments } }),
  };
}

function refuse(body: object): GraphAnswer {
  return { status: 400, body };
}
