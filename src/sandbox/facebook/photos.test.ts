import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import type { Sandbox } from '../sandbox.ts';
import {
  COFFEE,
  connect,
  createPost,
  get,
  idOf,
  JONAS,
  LIBRARY,
  ledger,
  pageTokens,
  png,
  post,
  refusal,
  requests,
  signIn,
  uploadPhoto,
} from './test-client.ts';

const UNPUBLISHED = { published: 'false' };
const JPEG = Buffer.concat([
  Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 11, 8, 0, 3, 0, 2, 1, 1, 0x11, 0]),
  Buffer.from([0xff, 0xd9]),
]);
const GIF = Buffer.from('47494638396101000100800000000000ffffff2c00000000010001000002024401003b', 'hex');

function attach(...ids: string[]): Record<string, string> {
  return Object.fromEntries(ids.map((id, index) => [`attached_media[${index}]`, JSON.stringify({ media_fbid: id })]));
}

async function photoIds(sandbox: Sandbox, token: string, parameters: Record<string, string>): Promise<string[]> {
  const response = await get(sandbox, token, `/${COFFEE}/photos`, parameters);
  const { data } = z.object({ data: z.array(z.object({ id: z.string() })) }).parse(await response.json());
  return data.map(({ id }) => id);
}

describe('an unpublished photo', () => {
  it('is invisible, and may be uploaded again and again', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const first = await answer(uploadPhoto(sandbox, token));
    expect(first).toEqual({ status: 200, body: { id: expect.stringMatching(/^\d{18}$/) } });
    expect((await uploadPhoto(sandbox, token)).status).toBe(200);
    expect(await answer(get(sandbox, token, `/${COFFEE}/feed`))).toEqual({ status: 200, body: { data: [] } });
    expect(await photoIds(sandbox, token, { type: 'uploaded' })).toEqual([]);
    expect([await ledger(sandbox), await requests(sandbox)]).toEqual([[], []]);
  });

  it('shows in the post it is attached to, with its alternative text and its bytes', async () => {
    const sandbox = await sandboxForTest({ clock: new HandClock('2026-11-20T10:00:00.000Z') });
    const token = await connect(sandbox);
    const photo = await idOf(uploadPhoto(sandbox, token, png(4, 5), { ...UNPUBLISHED, alt_text_custom: 'A cup' }));
    const id = await idOf(createPost(sandbox, token, 'look', attach(photo)));
    const [entry] = await ledger(sandbox);
    expect(entry).toMatchObject({ id, text: 'look', images: [{ url: `/facebook/media/${photo}`, altText: 'A cup' }] });
    const shown = await fetch(`${sandbox.url}/facebook/media/${photo}`);
    expect(shown.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await shown.arrayBuffer())).toEqual(png(4, 5));
    expect(await (await fetch(`${sandbox.url}/facebook`)).text()).toContain(
      `<img src="/facebook/media/${photo}" alt="A cup"`,
    );
    const fields = { fields: 'attachments{media,media_type,description,target}' };
    expect((await answer(get(sandbox, token, `/${id}`, fields))).body).toMatchObject({
      attachments: {
        data: [
          {
            media_type: 'photo',
            description: 'A cup',
            media: { image: { width: 4, height: 5 } },
            target: { id: photo },
          },
        ],
      },
    });
    expect(await photoIds(sandbox, token, { type: 'uploaded' })).toEqual([photo]);
    expect(await photoIds(sandbox, token, {})).toEqual([]);
    expect(await refusal(get(sandbox, token, `/${COFFEE}/photos`, { type: 'all' }))).toMatchObject({ code: '100' });
    expect((await answer(get(sandbox, token, `/${photo}`, { fields: 'width,page_story_id' }))).body).toEqual({
      width: 4,
      page_story_id: id,
      id: photo,
    });
  });

  it('is one of several in an album, in the order of their numbers, however they are written', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const upload = async () => [await idOf(uploadPhoto(sandbox, token)), await idOf(uploadPhoto(sandbox, token))];
    const [a = '', b = ''] = await upload();
    const [c = '', d = ''] = await upload();
    const [e = '', f = ''] = await upload();
    const media = (id: string) => JSON.stringify({ media_fbid: id });
    const album = await createPost(sandbox, token, 'x', {
      'attached_media[1]': media(a),
      'attached_media[0]': media(b),
    });
    await createPost(sandbox, token, 'x', { 'attached_media[0][media_fbid]': c, 'attached_media[1][media_fbid]': d });
    await createPost(sandbox, token, 'x', { attached_media: `[${media(e)},${media(f)}]` });
    const urls = (await ledger(sandbox)).map(({ images }) => images.map(({ url }) => url.split('/').at(-1)));
    expect(urls).toEqual([
      [b, a],
      [c, d],
      [e, f],
    ]);
    expect((await answer(get(sandbox, token, `/${await idOf(album)}`, { fields: 'attachments' }))).body).toMatchObject({
      attachments: { data: [{ media_type: 'album', subattachments: { data: [{ target: { id: b } }, {}] } }] },
    });
  });

  it('can be posted once', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const photo = await idOf(uploadPhoto(sandbox, token));
    const responses = await Promise.all(['a', 'b'].map((text) => createPost(sandbox, token, text, attach(photo))));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect((await answer(createPost(sandbox, token, 'c', attach(photo)))).body).toMatchObject({
      error: {
        code: 100,
        error_subcode: 1366051,
        error_user_title: 'Photos already posted',
        error_user_msg: 'These photos were already posted.',
      },
    });
    expect(await refusal(createPost(sandbox, token, 'd', attach('7', '7')))).toMatchObject({
      message: expect.stringContaining('names a photo twice'),
    });
  });

  it('belongs to its Page, and needs the Page’s token and the permission like a post', async () => {
    const sandbox = await sandboxForTest();
    const user = await signIn(sandbox, { sandbox_member: JONAS });
    const tokens = await pageTokens(sandbox, user);
    const photo = await idOf(uploadPhoto(sandbox, tokens.get(LIBRARY) ?? ''));
    expect(await refusal(createPost(sandbox, tokens.get(COFFEE) ?? '', 'x', attach(photo)))).toMatchObject({
      status: 400,
      code: '100',
    });
    const form = new FormData();
    form.set('published', 'false');
    form.set('source', new Blob([new Uint8Array(png())]), 'x.png');
    expect(await refusal(post(sandbox, user, `/${COFFEE}/photos`, form))).toMatchObject({ status: 403, code: '200' });
  });

  it('must be temporary for a scheduled post', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const later = { ...UNPUBLISHED, scheduled_publish_time: String(Math.floor(Date.now() / 1000) + 3_600) };
    const lasting = await idOf(uploadPhoto(sandbox, token));
    const temporary = await idOf(uploadPhoto(sandbox, token, png(), { ...UNPUBLISHED, temporary: 'true' }));
    expect(await refusal(createPost(sandbox, token, 'x', { ...later, ...attach(lasting) }))).toMatchObject({
      code: '100',
      message: expect.stringContaining('temporary=true'),
    });
    expect((await createPost(sandbox, token, 'x', { ...later, ...attach(temporary) })).status).toBe(200);
  });

  it('is taken ten at a time', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const ids: string[] = [];
    for (let count = 0; count < 11; count += 1) ids.push(await idOf(uploadPhoto(sandbox, token)));
    expect(await refusal(createPost(sandbox, token, 'x', attach(...ids)))).toMatchObject({ code: '100' });
    expect((await createPost(sandbox, token, 'x', attach(...ids.slice(1)))).status).toBe(200);
  });
});

describe('a published photo', () => {
  it('makes a post at once, whose id is post_id', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const response = await answer(uploadPhoto(sandbox, token, JPEG, { caption: 'Fresh', alt_text_custom: 'Beans' }));
    const [entry] = await ledger(sandbox);
    expect(response).toEqual({ status: 200, body: { id: expect.stringMatching(/^\d+$/), post_id: entry?.id } });
    expect(entry).toMatchObject({
      endpoint: 'POST /{page-id}/photos',
      text: 'Fresh',
      images: [{ altText: 'Beans' }],
      body: `caption=Fresh\nalt_text_custom=Beans\nsource=(a file of ${JPEG.length} bytes)`,
    });
    expect(await requests(sandbox)).toMatchObject([{ status: 200, id: entry?.id, endpoint: 'POST /{page-id}/photos' }]);
  });
});

describe('what Facebook takes as a photo', () => {
  const ofSize = (size: number) => png(2, 3, [['teXt', Buffer.alloc(size - png().length - 12)]]);

  it.each([
    ['a PNG just below 4 MB', ofSize(3_999_999)],
    ['a JPEG', JPEG],
  ])('is %s', async (_what, bytes) => {
    const sandbox = await sandboxForTest();
    expect((await uploadPhoto(sandbox, await connect(sandbox), bytes)).status).toBe(200);
  });

  it.each([
    ['a PNG of 4 MB', ofSize(4_000_000)],
    ['a GIF, whatever its part calls it', GIF],
    ['an animated PNG', png(2, 3, [['acTL', Buffer.alloc(8)]])],
    ['a PNG that was cut off', png().subarray(0, -8)],
    ['a JPEG that was cut off', JPEG.subarray(0, -1)],
    ['a PNG without an area', png(0, 3)],
    ['text', Buffer.from('no image')],
    ['nothing', Buffer.alloc(0)],
  ])('is not %s', async (_what, bytes) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const refused = await answer(uploadPhoto(sandbox, token, bytes));
    expect(refused).toEqual({
      status: 400,
      body: {
        error: {
          message: 'Invalid parameter',
          type: 'OAuthException',
          code: 100,
          error_subcode: 1366046,
          is_transient: false,
          error_user_title: "Can't Read Files",
          error_user_msg: "Your photos couldn't be uploaded. Photos should be smaller than 4 MB and saved as JPG, PNG.",
          fbtrace_id: expect.any(String),
        },
      },
    });
    expect(await refusal(uploadPhoto(sandbox, token, bytes, { caption: 'x' }))).toMatchObject({ code: '100/1366046' });
    expect(await ledger(sandbox)).toEqual([]);
  });

  it.each([
    ['no file', { caption: 'x' }, 'Requires upload file'],
    ['a file sent as text', { source: 'bytes' }, 'Requires upload file'],
    ['an address, as the sandbox fetches nothing', { url: 'https://example.com/a.png' }, 'send the bytes as source'],
  ])('is not %s', async (_what, parameters, words) => {
    const sandbox = await sandboxForTest();
    const response = await post(sandbox, await connect(sandbox), '/me/photos', { ...parameters });
    expect(await refusal(response)).toEqual({ status: 400, code: '324', message: expect.stringContaining(words) });
  });

  it('comes in a multipart body that can be read', async () => {
    const sandbox = await sandboxForTest();
    const headers = {
      authorization: `Bearer ${await connect(sandbox)}`,
      'content-type': 'multipart/form-data; boundary=b',
    };
    const url = `${sandbox.facebook.graphUrl}/v26.0/${COFFEE}/photos`;
    expect(await refusal(fetch(url, { method: 'POST', headers, body: '--b\r\nbroken' }))).toMatchObject({
      status: 400,
      code: '100',
      message: expect.stringContaining('multipart/form-data'),
    });
    expect(await requests(sandbox)).toMatchObject([{ status: 400, endpoint: 'POST /{page-id}/photos' }]);
  });
});
