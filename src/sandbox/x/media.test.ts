import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answer, HandClock, sandboxForTest, temporaryDirectory } from '../linkedin/test-client.ts';
import type { Sandbox } from '../sandbox.ts';
import {
  api,
  connect,
  createPost,
  FORBIDDEN,
  JONAS,
  ledger,
  mediaId,
  PIXEL,
  post,
  posted,
  upload,
  uploaded,
} from './test-client.ts';

const NOW = '2026-11-20T10:00:00.000Z';
const MEGABYTE = 1024 * 1024;
const INVALID_IDS = {
  status: 400,
  body: { errors: [{ message: expect.stringContaining('Your media IDs are invalid.') }] },
};
const NOT_FOUND = { status: 404, body: { title: 'Not Found Error', resource_type: 'media' } };
const MP4 = Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1');
const refusedFor = (words: string) => ({
  status: 400,
  body: { title: 'Invalid Request', errors: [{ message: expect.stringContaining(words) }] },
});
const withMedia = (...ids: string[]) => ({ text: `look ${ids.join(' ')}`.slice(0, 200), media: { media_ids: ids } });

function gif(frames: number, width = 1): Buffer {
  const header = Buffer.from([...Buffer.from('GIF89a'), width & 255, width >> 8, 1, 0, 0x80, 0, 0, ...Buffer.alloc(6)]);
  const frame = Buffer.from([0x21, 0xf9, 4, 0, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  return Buffer.concat([header, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

function padded(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
}

describe('an upload in one request', () => {
  it('is a form with a file, or JSON with base64, and says what it found in the bytes', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const expected = (id: unknown) => ({
      status: 200,
      body: {
        data: {
          id,
          media_key: expect.stringMatching(/^3_\d{19}$/),
          size: PIXEL.length,
          expires_after_secs: 86_400,
          image: { image_type: 'image/png', w: 1, h: 1 },
        },
      },
    });
    const fields = { media_category: 'tweet_image', media_type: 'image/png' };
    expect(await answer(upload(sandbox, token, PIXEL, fields))).toEqual(expected(expect.stringMatching(/^\d{19}$/)));
    const json = { media: PIXEL.toString('base64'), media_category: 'tweet_image' };
    expect(await answer(post(sandbox, token, '/2/media/upload', json))).toEqual(expected(expect.any(String)));
  });

  it.each([
    ['no category', {}, '$.media_category: is missing but it is required'],
    ['an unknown category', { media_category: 'tweet_picture' }, '$.media_category'],
    ['an unknown field', { media_category: 'tweet_image', foo: '1' }, '$.foo: is not defined in the schema'],
    ['a PNG as a GIF', { media_category: 'tweet_gif' }, 'media type unrecognized'],
    ['a PNG as a video', { media_category: 'tweet_video' }, 'media type unrecognized'],
  ])('is refused with %s', async (_what, fields: Record<string, string>, words) => {
    const sandbox = await sandboxForTest();
    const response = upload(sandbox, await connect(sandbox), PIXEL, fields);
    expect(await answer(response)).toMatchObject(refusedFor(words));
  });

  it.each([
    ['no image', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'tweet_image', 'media type unrecognized'],
    ['a header cut short', PIXEL.subarray(0, 20), 'tweet_image', 'media type unrecognized'],
    ['no bytes', Buffer.alloc(0), 'tweet_image', 'no bytes'],
    ['an image beyond 5 MB', padded(PIXEL, 5 * MEGABYTE + 1), 'tweet_image', '<= 5242880 bytes'],
    ['a GIF of 351 frames', gif(351), 'tweet_gif', 'media type unrecognized'],
    ['a GIF 1,281 pixels wide', gif(1, 1281), 'tweet_gif', 'media type unrecognized'],
  ])('is refused for %s', async (_what, bytes, category, words) => {
    const sandbox = await sandboxForTest();
    const response = upload(sandbox, await connect(sandbox), bytes, { media_category: category });
    expect(await answer(response)).toMatchObject(refusedFor(words));
  });

  it('takes an image of 5 MB and a GIF of 15 MB with 350 frames', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await posted(sandbox, token, withMedia(await uploaded(sandbox, token, padded(PIXEL, 5 * MEGABYTE))));
    const large = padded(gif(350, 1280), 15 * MEGABYTE);
    await posted(sandbox, token, withMedia(await uploaded(sandbox, token, large, 'tweet_gif')));
  });

  it('is refused when it is neither form nor JSON, a broken form, or not base64', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const send = (type: string, body: string) =>
      answer(
        api(sandbox, token, '/2/media/upload', {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': type },
          body,
        }),
      );
    expect(await send('image/png', 'x')).toMatchObject(refusedFor('content-type'));
    expect(await send('multipart/form-data; boundary=x', 'y')).toMatchObject(refusedFor('form cannot be read'));
    const json = JSON.stringify({ media: 'no base64!', media_category: 'tweet_image' });
    expect(await send('application/json', json)).toMatchObject(refusedFor('neither a file nor base64'));
    expect((await upload(sandbox, token, Buffer.alloc(22 * MEGABYTE))).status).toBe(413);
  });

  it('takes media.write', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, { scope: 'tweet.read tweet.write users.read' });
    expect(await answer(upload(sandbox, token, PIXEL))).toEqual(FORBIDDEN);
    expect(await answer(api(sandbox, token, '/2/media/upload?command=STATUS&media_id=1'))).toEqual(FORBIDDEN);
  });
});

describe('an upload in chunks', () => {
  const begin = (sandbox: Sandbox, token: string, bytes: number, type = 'image/png', category = 'tweet_image') =>
    post(sandbox, token, '/2/media/upload/initialize', {
      media_type: type,
      total_bytes: bytes,
      media_category: category,
    });
  const append = (sandbox: Sandbox, token: string, id: string, index: number | string, bytes: Buffer) => {
    const body = new FormData();
    body.set('media', new Blob([new Uint8Array(bytes)]));
    body.set('segment_index', String(index));
    return api(sandbox, token, `/2/media/upload/${id}/append`, { method: 'POST', body });
  };
  const finalize = (sandbox: Sandbox, token: string, id: string) =>
    api(sandbox, token, `/2/media/upload/${id}/finalize`, { method: 'POST' });
  const status = (sandbox: Sandbox, token: string, id: string) =>
    answer(api(sandbox, token, `/2/media/upload?command=STATUS&media_id=${id}`));

  it('puts the segments together in their order, keeps nothing else, and can be finalized again', async () => {
    const dataDir = await temporaryDirectory();
    const sandbox = await sandboxForTest({ dataDir });
    const token = await connect(sandbox);
    const id = await mediaId(begin(sandbox, token, PIXEL.length));
    expect((await append(sandbox, token, id, 1, PIXEL.subarray(30))).status).toBe(200);
    const first = { media: PIXEL.subarray(0, 30).toString('base64'), segment_index: 0 };
    for (let times = 0; times < 2; times += 1) {
      expect(await answer(post(sandbox, token, `/2/media/upload/${id}/append`, first))).toEqual({
        status: 200,
        body: { data: { expires_at: expect.any(Number) } },
      });
    }
    expect(await answer(finalize(sandbox, token, id))).toMatchObject({
      status: 200,
      body: { data: { id, size: PIXEL.length, image: { w: 1, h: 1 } } },
    });
    expect(await answer(finalize(sandbox, token, id))).toMatchObject({ status: 200, body: { data: { id } } });
    expect(await readdir(join(dataDir, 'sandbox/x-media'))).toEqual([id]);
    await posted(sandbox, token, withMedia(id));
    const [entry] = await ledger(sandbox);
    const shown = await fetch(`${sandbox.url}${entry?.images[0]?.url}`);
    expect(Buffer.from(await shown.arrayBuffer())).toEqual(PIXEL);
  });

  it.each([
    ['no total', { media_type: 'image/png', media_category: 'tweet_image' }, '$.total_bytes: is missing'],
    [
      'a type that is not the category’s',
      { media_type: 'image/png', media_category: 'tweet_gif', total_bytes: 9 },
      'go with',
    ],
    [
      'too many bytes',
      { media_type: 'video/mp4', media_category: 'tweet_video', total_bytes: 512 * MEGABYTE + 1 },
      '<= 536870912',
    ],
  ])('is refused with %s', async (_what, body, words) => {
    const sandbox = await sandboxForTest();
    const response = post(sandbox, await connect(sandbox), '/2/media/upload/initialize', body);
    expect(await answer(response)).toMatchObject(refusedFor(words));
  });

  it('is refused with a hole, with missing bytes, with a bad index, with a large chunk, and after its end', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const id = await mediaId(begin(sandbox, token, PIXEL.length));
    expect(await answer(append(sandbox, token, id, 1000, PIXEL))).toMatchObject(
      refusedFor('whole number from 0 to 999'),
    );
    expect(await answer(append(sandbox, token, id, 'one', PIXEL))).toMatchObject(refusedFor('whole number'));
    expect((await append(sandbox, token, id, 0, Buffer.alloc(5 * MEGABYTE + 1))).status).toBe(413);
    expect((await append(sandbox, token, id, 0, Buffer.alloc(8 * MEGABYTE))).status).toBe(413);
    expect((await append(sandbox, token, id, 1, PIXEL)).status).toBe(200);
    expect(await answer(finalize(sandbox, token, id))).toMatchObject(refusedFor('do not add up'));
    const short = await mediaId(begin(sandbox, token, PIXEL.length));
    await append(sandbox, token, short, 0, PIXEL.subarray(1));
    expect(await answer(finalize(sandbox, token, short))).toMatchObject(refusedFor('do not add up'));
    await append(sandbox, token, short, 0, PIXEL);
    await finalize(sandbox, token, short);
    expect(await answer(append(sandbox, token, short, 1, PIXEL))).toMatchObject(refusedFor('has been finalized'));
  });

  it('belongs to who began it', async () => {
    const sandbox = await sandboxForTest();
    const [token, jonas] = [await connect(sandbox), await connect(sandbox, { sandbox_user: JONAS.id })];
    const id = await mediaId(begin(sandbox, token, PIXEL.length));
    expect(await answer(append(sandbox, jonas, id, 0, PIXEL))).toMatchObject(NOT_FOUND);
    expect(await answer(finalize(sandbox, jonas, id))).toMatchObject(NOT_FOUND);
    expect(await status(sandbox, jonas, id)).toMatchObject(NOT_FOUND);
    expect(await answer(finalize(sandbox, token, '999'))).toMatchObject(NOT_FOUND);
    expect(await status(sandbox, token, '')).toMatchObject(
      refusedFor('`media_id` query parameter value [] is not valid'),
    );
  });

  it('of a video is processed afterwards, and only then can be posted', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock, x: { mediaProcessingMs: 3_000 } });
    const token = await connect(sandbox);
    const id = await mediaId(begin(sandbox, token, MP4.length, 'video/mp4', 'tweet_video'));
    expect(await status(sandbox, token, id)).toMatchObject({ status: 200, body: { data: { id } } });
    await append(sandbox, token, id, 0, MP4);
    expect(await answer(finalize(sandbox, token, id))).toMatchObject({
      body: { data: { processing_info: { state: 'in_progress', check_after_secs: 3 } } },
    });
    expect(await answer(createPost(sandbox, token, withMedia(id)))).toMatchObject(INVALID_IDS);
    clock.advance(3_000);
    expect(await status(sandbox, token, id)).toMatchObject({
      body: {
        data: { video: { video_type: 'video/mp4' }, processing_info: { state: 'succeeded', progress_percent: 100 } },
      },
    });
    await posted(sandbox, token, withMedia(id));
    // A feed shows pictures; the video is there all the same.
    expect(await ledger(sandbox)).toMatchObject([{ images: [] }]);
  });

  it('of what is no video ends in “failed”', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const id = await mediaId(begin(sandbox, token, PIXEL.length, 'video/mp4', 'tweet_video'));
    await append(sandbox, token, id, 0, PIXEL);
    expect(await answer(finalize(sandbox, token, id))).toMatchObject({
      body: { data: { processing_info: { state: 'failed', error: { name: 'InvalidMedia' } } } },
    });
    expect(await answer(createPost(sandbox, token, withMedia(id)))).toMatchObject(INVALID_IDS);
  });

  it('of what is no image is refused at its end', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const id = await mediaId(begin(sandbox, token, MP4.length));
    await append(sandbox, token, id, 0, MP4);
    expect(await answer(finalize(sandbox, token, id))).toMatchObject(refusedFor('media type unrecognized'));
  });
});

describe('media in a post', () => {
  it('are shown with their alternative texts, and linked at the end of the returned text', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const ids = [await uploaded(sandbox, token), await uploaded(sandbox, token)];
    const metadata = { id: ids[0], metadata: { alt_text: { text: 'A pixel' } } };
    expect(await answer(post(sandbox, token, '/2/media/metadata', metadata))).toMatchObject({ status: 200 });
    const { id, text } = await posted(sandbox, token, { text: 'look', media: { media_ids: ids } });
    expect(text).toMatch(/^look https:\/\/t\.co\/\w{10}$/);
    expect(await ledger(sandbox)).toMatchObject([
      { text: 'look', link: null, images: [{ altText: 'A pixel', url: `/x/media/${ids[0]}` }, { altText: '' }] },
    ]);
    const keys = ids.map((medium) => `3_${medium}`);
    const path = `/2/tweets/${id}?tweet.fields=attachments,entities&expansions=attachments.media_keys&media.fields=alt_text,width`;
    const link = {
      start: 5,
      end: 28,
      expanded_url: expect.stringMatching(/^https:\/\/x\.com\/amara_okafor\/status\/\d+\/photo\/1$/),
    };
    expect(await answer(api(sandbox, token, path))).toMatchObject({
      body: {
        data: {
          text,
          attachments: { media_keys: keys },
          entities: { urls: keys.map((media_key) => ({ ...link, media_key })) },
        },
        includes: {
          media: [
            { media_key: keys[0], type: 'photo', alt_text: 'A pixel', width: 1 },
            { media_key: keys[1], type: 'photo', width: 1 },
          ],
        },
      },
    });
  });

  it('need no text, and then are not guarded against a double', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const media = { media_ids: [await uploaded(sandbox, token)] };
    await posted(sandbox, token, { media });
    expect((await posted(sandbox, token, { text: '', media })).text).toMatch(/^https:\/\/t\.co\/\w{10}$/);
    expect(await ledger(sandbox)).toMatchObject([{ text: '' }, { text: '' }]);
  });

  it('are four images, or one GIF, or one video', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const images = [];
    for (let count = 0; count < 4; count += 1) images.push(await uploaded(sandbox, token));
    const [image = ''] = images;
    const moving = await uploaded(sandbox, token, gif(2), 'tweet_gif');
    const hidden = await uploaded(sandbox, token, gif(2), 'tweet_image');
    const video = await uploaded(sandbox, token, MP4, 'tweet_video');
    const still = await uploaded(sandbox, token, gif(1), 'tweet_image');
    for (const ids of [
      [image, moving],
      [moving, hidden],
      [video, image],
      [hidden, image],
      [image, image],
    ]) {
      expect(await answer(createPost(sandbox, token, withMedia(...ids)))).toMatchObject(INVALID_IDS);
    }
    for (const ids of [images, [moving], [hidden], [video], [image, still]]) {
      expect((await createPost(sandbox, token, withMedia(...ids))).status).toBe(201);
    }
  });

  it('must exist, be the user’s own, be complete, and be uploaded for posts', async () => {
    const sandbox = await sandboxForTest();
    const [token, jonas] = [await connect(sandbox), await connect(sandbox, { sandbox_user: JONAS.id })];
    const started = { media_type: 'image/png', media_category: 'tweet_image', total_bytes: 9 };
    const bad = [
      '999',
      await uploaded(sandbox, jonas),
      await mediaId(post(sandbox, token, '/2/media/upload/initialize', started)),
      await uploaded(sandbox, token, PIXEL, 'dm_image'),
    ];
    for (const id of bad) expect(await answer(createPost(sandbox, token, withMedia(id)))).toMatchObject(INVALID_IDS);
    expect(await ledger(sandbox)).toEqual([]);
  });

  it('expire: then they are not found', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock, x: { mediaLifeS: 60 } });
    const token = await connect(sandbox);
    const id = await uploaded(sandbox, token);
    clock.advance(59_999);
    await posted(sandbox, token, withMedia(id));
    clock.advance(1);
    expect(await answer(createPost(sandbox, token, { text: 'late', media: { media_ids: [id] } }))).toMatchObject(
      NOT_FOUND,
    );
    const metadata = { id, metadata: { alt_text: { text: 'late' } } };
    expect(await answer(post(sandbox, token, '/2/media/metadata', metadata))).toMatchObject(NOT_FOUND);
  });

  it('have an alternative text of 1,000 characters and not more', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const id = await uploaded(sandbox, token);
    const describeAs = (text: string, extra = {}) =>
      answer(post(sandbox, token, '/2/media/metadata', { id, metadata: { alt_text: { text }, ...extra } }));
    expect(await describeAs('a'.repeat(1001))).toMatchObject(refusedFor('at most 1000 characters'));
    expect(await describeAs('a', { foo: 1 })).toMatchObject(refusedFor('$.metadata.foo'));
    expect(await describeAs('a'.repeat(1000))).toMatchObject({ status: 200 });
  });
});
