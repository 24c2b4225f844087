import { afterEach, describe, expect, test } from 'vitest';
import type { Content, ContentImage } from '../domain/content-rules.ts';
import type { HttpAnswer, HttpRequest, HttpResult } from './http-client.ts';
import { createLinkedIn } from './linkedin.ts';
import type { ImageUploads, PublishingAccount } from './platform.ts';

const now = new Date('2026-11-21T12:00:00Z');
const settings = {
  clientId: 'id',
  clientSecret: 'secret',
  authorizeUrl: 'https://www.linkedin.com/oauth/v2',
  apiUrl: 'https://api.linkedin.com',
  version: '202610',
};
const member: PublishingAccount = { externalId: '782bbtaQ', kind: 'member', accessToken: 'AQX', tokenIssuedAt: now };
const page: PublishingAccount = { ...member, externalId: '42', kind: 'organization' };
const image = (sha256: string, altText: string | null = null): ContentImage => ({
  ...{ sha256, altText, contentType: 'image/png', byteSize: 3, width: 1, height: 1, animated: false },
});
const content = (...images: ContentImage[]): Content => ({ text: 'Look', linkUrl: null, images });

const expected: (() => void)[] = [];
afterEach(() => {
  for (const check of expected.splice(0)) check();
});

describe('an image', () => {
  test('is uploaded in the author’s name, bytes and all, before the post is made', async () => {
    const world = linkedIn([initialized('C4'), created()]);
    const prepared = await world.prepare(content(image('aa', 'A red dot')));
    expect(world.sent).toMatchObject([
      {
        method: 'POST',
        url: 'https://api.linkedin.com/rest/images?action=initializeUpload',
        headers: {
          authorization: 'Bearer AQX',
          'linkedin-version': '202610',
          'x-restli-protocol-version': '2.0.0',
          'content-type': 'application/json',
        },
        body: '{"initializeUploadRequest":{"owner":"urn:li:person:782bbtaQ"}}',
      },
      {
        method: 'PUT',
        url: 'https://www.linkedin.com/dms-uploads/C4',
        headers: { authorization: 'Bearer AQX' },
        body: new TextEncoder().encode('aa'),
      },
    ]);
    expect(contentOf(prepared)).toEqual({ media: { id: 'urn:li:image:C4', altText: 'A red dot' } });
    expect(world.remembered).toEqual(new Map([['aa', 'urn:li:image:C4']]));
  });

  test('of an organisation is waited for until it is available', async () => {
    const world = linkedIn([initialized('C4'), created(), status('PROCESSING'), status('AVAILABLE')]);
    const prepared = await world.prepare(content(image('aa')), page);
    expect(world.sent[0]?.body).toContain('urn:li:organization:42');
    expect(world.sent[3]).toMatchObject({
      method: 'GET',
      url: 'https://api.linkedin.com/rest/images/urn%3Ali%3Aimage%3AC4',
      headers: { 'linkedin-version': '202610' },
    });
    expect(contentOf(prepared)).toEqual({ media: { id: 'urn:li:image:C4' } });
  });

  test('whose state LinkedIn does not tell is left to the create call', async () => {
    const world = linkedIn([initialized('C4'), created(), answer(403, { code: 'ACCESS_DENIED' })]);
    expect(contentOf(await world.prepare(content(image('aa')), page))).toEqual({ media: { id: 'urn:li:image:C4' } });
  });

  test('that LinkedIn cannot process is uploaded once more, and then given up', async () => {
    const failing = [initialized('C4'), created(), status('PROCESSING_FAILED')];
    const saved = linkedIn([...failing, initialized('C5'), created(), status('AVAILABLE')]);
    expect(contentOf(await saved.prepare(content(image('aa')), page))).toEqual({ media: { id: 'urn:li:image:C5' } });
    const lost = linkedIn([...failing, ...failing]);
    expect(await lost.prepare(content(image('aa')), page)).toMatchObject({ outcome: { kind: 'rejected' } });
    expect(lost.remembered.size).toBe(0);
  });

  test('whose address ran out gets a new one, once', async () => {
    const expired = answer(400, {
      errorDetails: { inputErrors: [{ code: 'EXPIRED_UPLOAD_URL', description: 'late' }] },
    });
    const saved = linkedIn([initialized('C4'), expired, initialized('C5'), created()]);
    expect(contentOf(await saved.prepare(content(image('aa'))))).toEqual({ media: { id: 'urn:li:image:C5' } });
    const lost = linkedIn([initialized('C4'), expired, initialized('C5'), expired]);
    expect(await lost.prepare(content(image('aa')))).toMatchObject({
      outcome: { kind: 'rejected', errorCode: 'EXPIRED_UPLOAD_URL', errorMessage: expect.stringContaining('“late”') },
    });
  });

  test('is not sent in the open when LinkedIn itself is reached in secret', async () => {
    const world = linkedIn([
      answer(200, { value: { image: 'urn:li:image:C4', uploadUrl: 'http://www.linkedin.com/dms-uploads/C4' } }),
    ]);
    expect(await world.prepare(content(image('aa')))).toMatchObject({ outcome: { errorCode: 'unreadable-answer' } });
  });
});

describe('several images', () => {
  test('keep their order and their descriptions', async () => {
    const world = linkedIn([initialized('C4'), created(), initialized('C5'), created()]);
    const prepared = await world.prepare(content(image('aa', 'first'), image('bb')));
    expect(contentOf(prepared)).toEqual({
      multiImage: { images: [{ id: 'urn:li:image:C4', altText: 'first' }, { id: 'urn:li:image:C5' }] },
    });
  });

  test('are not uploaded again after one of them failed: those that arrived are remembered', async () => {
    const world = linkedIn([initialized('C4'), created(), answer(503, ''), initialized('C5'), created()]);
    const post = content(image('aa'), image('bb'));
    expect(await world.prepare(post)).toMatchObject({ outcome: { kind: 'unavailable' } });
    const prepared = await world.prepare(post);
    expect(contentOf(prepared)).toMatchObject({
      multiImage: { images: [{ id: 'urn:li:image:C4' }, { id: 'urn:li:image:C5' }] },
    });
    expect(await world.prepare(post)).toEqual(prepared);
  });

  test('that are one and the same are uploaded once', async () => {
    const world = linkedIn([initialized('C4'), created()]);
    expect(contentOf(await world.prepare(content(image('aa', 'left'), image('aa', 'right'))))).toMatchObject({
      multiImage: { images: [{ id: 'urn:li:image:C4', altText: 'left' }, { altText: 'right' }] },
    });
  });
});

// What stops an upload, at either of its two requests, and what that means. Nothing was created in any case.
const FAILURES: [string, HttpResult, object][] = [
  [
    'no connection',
    { kind: 'not-sent', reason: 'connection-refused', cause: null },
    { kind: 'unavailable', errorCode: 'connection-refused' },
  ],
  [
    'no answer',
    { kind: 'no-answer', reason: 'answer-timeout', cause: null },
    { kind: 'unavailable', errorCode: 'answer-timeout' },
  ],
  ['500', answer(500, ''), { kind: 'unavailable', errorCode: 'http-500' }],
  ['503', answer(503, { message: 'Service Unavailable' }), { kind: 'unavailable', errorCode: 'http-503' }],
  ['408', answer(408, ''), { kind: 'unavailable' }],
  ['a burst throttle', answer(429, ''), { kind: 'rate-limited', retryAt: new Date('2026-11-21T12:01:00Z') }],
  [
    'the day’s quota',
    answer(429, { message: 'Resource level throttle MEMBER DAY limit for calls to this resource is reached.' }),
    { kind: 'rate-limited', retryAt: new Date('2026-11-22T00:00:00Z') },
  ],
  ['a dead token', answer(401, { serviceErrorCode: 65602 }), { kind: 'reauthorization-required' }],
  [
    'a token that is too new',
    answer(401, { serviceErrorCode: 65601 }),
    { kind: 'unavailable', retryAt: new Date('2026-11-21T12:00:20Z') },
  ],
  ['a missing product', answer(403, { message: 'resource is forbidden' }), { kind: 'rejected' }],
  [
    'a retired version',
    answer(426, { code: 'NONEXISTENT_VERSION' }),
    { kind: 'rejected', errorCode: 'NONEXISTENT_VERSION' },
  ],
  [
    'a refusal',
    answer(400, { message: 'The image is too odd.' }),
    { kind: 'rejected', errorMessage: 'LinkedIn refused an image of the post: “The image is too odd” (HTTP 400).' },
  ],
  ['413', answer(413, ''), { kind: 'rejected', errorCode: 'http-413' }],
];

describe('an upload that meets', () => {
  test.each(FAILURES)('%s', async (_case, failure, outcome) => {
    expect(await linkedIn([failure]).prepare(content(image('aa')))).toMatchObject({ ready: false, outcome });
    const second = linkedIn([initialized('C4'), failure]);
    expect(await second.prepare(content(image('aa')))).toMatchObject({ ready: false, outcome });
    expect(second.remembered.size).toBe(0);
  });

  test('an answer that cannot be read', async () => {
    for (const body of ['', '<html>', { value: {} }, { value: { image: 'urn:li:image:C4', uploadUrl: 'nowhere' } }])
      expect(await linkedIn([answer(200, body)]).prepare(content(image('aa')))).toMatchObject({
        outcome: { kind: 'unavailable', errorCode: 'unreadable-answer' },
      });
  });
});

describe('an image that LinkedIn refuses only when the post is made', () => {
  const failed = answer(400, {
    errorDetails: { inputErrors: [{ code: 'MEDIA_ASSET_PROCESSING_FAILED', description: 'Processing failed' }] },
  });

  test('is uploaded once more, then the post is refused', async () => {
    const world = linkedIn([initialized('C4'), created(), failed, initialized('C5'), created(), failed]);
    const post = content(image('aa'));
    expect(await world.publish(post)).toMatchObject({ kind: 'unavailable', retryAt: new Date(now.getTime() + 5_000) });
    expect(await world.publish(post)).toMatchObject({ kind: 'rejected', errorCode: 'MEDIA_ASSET_PROCESSING_FAILED' });
  });

  test('because it is not ready yet is used again a little later', async () => {
    const waiting = answer(400, { status: 400, code: 'MEDIA_ASSET_WAITING_UPLOAD' });
    const world = linkedIn([initialized('C4'), created(), waiting, answer(201, { id: 'urn:li:share:1' })]);
    const post = content(image('aa'));
    expect(await world.publish(post)).toMatchObject({ kind: 'unavailable', retryAt: new Date('2026-11-21T12:00:20Z') });
    expect(await world.publish(post)).toMatchObject({ kind: 'accepted' });
  });
});

describe('an app that has only /v2/ugcPosts', () => {
  const ugc = { ...settings, postsApi: 'ugcPosts' as const };

  test('uploads through the older Assets API, with what that asks to send along', async () => {
    const world = linkedIn([registered('D5', { 'media-type-family': 'STILLIMAGE' }), created()], ugc);
    const prepared = await world.prepare(content(image('aa', 'A red dot')));
    expect(world.sent[0]).toMatchObject({
      method: 'POST',
      url: 'https://api.linkedin.com/v2/assets?action=registerUpload',
      headers: { 'x-restli-protocol-version': '2.0.0' },
    });
    expect(world.sent[0]?.headers).not.toHaveProperty('linkedin-version');
    expect(JSON.parse(String(world.sent[0]?.body))).toEqual({
      registerUploadRequest: {
        owner: 'urn:li:person:782bbtaQ',
        recipes: ['urn:li:digitalmediaRecipe:feedshare-image'],
        serviceRelationships: [{ relationshipType: 'OWNER', identifier: 'urn:li:userGeneratedContent' }],
      },
    });
    expect(world.sent[1]).toMatchObject({
      method: 'PUT',
      url: 'https://api.linkedin.com/mediaUpload/D5',
      headers: { authorization: 'Bearer AQX', 'media-type-family': 'STILLIMAGE' },
    });
    expect(bodyOf(prepared).specificContent['com.linkedin.ugc.ShareContent']).toEqual({
      shareCommentary: { text: 'Look' },
      shareMediaCategory: 'IMAGE',
      media: [{ status: 'READY', media: 'urn:li:digitalmediaAsset:D5', description: { text: 'A red dot' } }],
    });
  });

  test('has no use for what was uploaded before the setting was changed', async () => {
    const world = linkedIn([registered('D5'), created()], ugc);
    world.remembered.set('aa', 'urn:li:image:C4');
    await world.prepare(content(image('aa')));
    expect(world.remembered.get('aa')).toBe('urn:li:digitalmediaAsset:D5');
  });
});

/** LinkedIn as a list of its answers; all of them have to be asked for. */
function linkedIn(answers: HttpResult[], app: Parameters<typeof createLinkedIn>[0] = settings) {
  const sent: HttpRequest[] = [];
  const http = {
    send: async (request: HttpRequest) => {
      sent.push(request);
      return answers[sent.length - 1] ?? expect.unreachable(`an unexpected request to ${request.url}`);
    },
    close: async () => undefined,
  };
  expected.push(() => expect(sent).toHaveLength(answers.length));
  const { publisher } = createLinkedIn(app, { sandboxed: false, clock: { now: () => now }, http });
  const remembered = new Map<string, string>();
  const uploads: ImageUploads = {
    recall: ({ sha256 }) => remembered.get(sha256) ?? null,
    read: async ({ sha256 }) => new TextEncoder().encode(sha256),
    remember: async ({ sha256 }, uploadId) => void remembered.set(sha256, uploadId),
  };
  const signal = AbortSignal.timeout(20_000);
  const prepare = (post: Content, account = member) => publisher.prepare(post, account, uploads, now, signal);
  const publish = async (post: Content) => {
    const prepared = await prepare(post);
    return prepared.ready ? publisher.send(prepared.request, signal) : prepared.outcome;
  };
  return { sent, remembered, prepare, publish };
}

type Prepared = Awaited<ReturnType<ReturnType<typeof linkedIn>['prepare']>>;

function bodyOf(prepared: Prepared) {
  if (!prepared.ready) throw new Error(prepared.outcome.errorMessage);
  return JSON.parse(prepared.request.body);
}

function contentOf(prepared: Prepared): unknown {
  return bodyOf(prepared).content;
}

function initialized(id: string): HttpAnswer {
  const uploadUrl = `https://www.linkedin.com/dms-uploads/${id}`;
  return answer(200, { value: { uploadUrlExpiresAt: 1_650_567_510_704, uploadUrl, image: `urn:li:image:${id}` } });
}

function registered(id: string, headers: Record<string, string> = {}): HttpAnswer {
  const mechanism = { uploadUrl: `https://api.linkedin.com/mediaUpload/${id}`, headers };
  const uploadMechanism = { 'com.linkedin.digitalmedia.uploading.MediaUploadHttpRequest': mechanism };
  return answer(200, { value: { uploadMechanism, asset: `urn:li:digitalmediaAsset:${id}` } });
}

function created(): HttpAnswer {
  return answer(201, '');
}

function status(text: string): HttpAnswer {
  return answer(200, { id: 'urn:li:image:C4', status: text });
}

function answer(code: number, body: unknown): HttpAnswer {
  return {
    kind: 'answer',
    status: code,
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
    bodyComplete: true,
  };
}
