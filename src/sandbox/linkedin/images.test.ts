import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Sandbox } from '../sandbox.ts';
import {
  AMARA,
  answer,
  api,
  COFFEE,
  connect,
  createPost,
  HandClock,
  ledger,
  MEI,
  PAGE_SCOPE,
  postBody,
  sandboxForTest,
} from './test-client.ts';

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);
const initialized = z.object({
  value: z.object({ uploadUrl: z.url(), uploadUrlExpiresAt: z.number(), image: z.string() }),
});

function initialize(sandbox: Sandbox, token: string, owner = AMARA.urn, headers = {}): Promise<Response> {
  const body = JSON.stringify({ initializeUploadRequest: { owner } });
  return api(sandbox, token, '/rest/images?action=initializeUpload', { method: 'POST', body, headers });
}

function put(url: string, token: string, bytes: Buffer): Promise<Response> {
  return fetch(url, { method: 'PUT', headers: { authorization: `Bearer ${token}` }, body: new Uint8Array(bytes) });
}

async function uploadImage(sandbox: Sandbox, token: string, bytes = PIXEL, owner = AMARA.urn): Promise<string> {
  const { value } = initialized.parse(await (await initialize(sandbox, token, owner)).json());
  expect((await put(value.uploadUrl, token, bytes)).status).toBe(201);
  return value.image;
}

const withImages = (ids: string[]) =>
  postBody('look', { content: { multiImage: { images: ids.map((id) => ({ id, altText: 'alt' })) } } });

describe('images', () => {
  it('are initialized, put and posted: one makes a share that shows them', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const image = await uploadImage(sandbox, token);
    expect(image).toMatch(/^urn:li:image:/);
    const response = await createPost(
      sandbox,
      token,
      postBody('look', { content: { media: { id: image, altText: 'A pixel' } } }),
    );
    expect(response.headers.get('x-restli-id')).toMatch(/^urn:li:share:/);
    const [entry] = await ledger(sandbox);
    const { images } = z
      .looseObject({ images: z.array(z.object({ url: z.string(), altText: z.string() })) })
      .parse(entry);
    expect(images).toMatchObject([{ altText: 'A pixel' }]);
    const shown = await fetch(`${sandbox.url}${images[0]?.url}`);
    expect(shown.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await shown.arrayBuffer())).toEqual(PIXEL);
  });

  it('make a ugcPost when there are several, from 2 to 20', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const ids = [await uploadImage(sandbox, token), await uploadImage(sandbox, token)];
    expect((await createPost(sandbox, token, withImages(ids))).headers.get('x-restli-id')).toMatch(/^urn:li:ugcPost:/);
    expect((await createPost(sandbox, token, withImages(ids.slice(0, 1)))).status).toBe(400);
    expect((await createPost(sandbox, token, withImages(Array.from({ length: 21 }, () => ids[0] ?? '')))).status).toBe(
      400,
    );
  });

  it('need bytes before they can be posted, and bytes that are an image', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const { value } = initialized.parse(await (await initialize(sandbox, token)).json());
    const post = () => answer(createPost(sandbox, token, postBody('x', { content: { media: { id: value.image } } })));
    expect(await post()).toMatchObject({
      status: 400,
      body: { errorDetails: { inputErrors: [{ code: 'MEDIA_ASSET_WAITING_UPLOAD' }] } },
    });
    expect((await put(value.uploadUrl, token, Buffer.alloc(0))).status).toBe(411);
    expect((await put(value.uploadUrl, token, Buffer.from('no image'))).status).toBe(201);
    expect(await post()).toMatchObject({
      status: 400,
      body: { errorDetails: { inputErrors: [{ code: 'MEDIA_ASSET_PROCESSING_FAILED' }] } },
    });
  });

  it('are not ready while they are being processed', async () => {
    const clock = new HandClock(new Date().toISOString());
    const sandbox = await sandboxForTest({ clock, linkedin: { imageProcessingMs: 2_000 } });
    const token = await connect(sandbox);
    const image = await uploadImage(sandbox, token);
    const post = () => createPost(sandbox, token, postBody('x', { content: { media: { id: image } } }));
    expect((await post()).status).toBe(400);
    clock.advance(2_000);
    expect((await post()).status).toBe(201);
  });

  it('belong to their owner: only he uploads and posts them', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, { scope: PAGE_SCOPE });
    const mei = await connect(sandbox, { sandbox_member: MEI.sub });
    expect((await initialize(sandbox, mei)).status).toBe(403);
    const { value } = initialized.parse(await (await initialize(sandbox, token)).json());
    expect((await put(value.uploadUrl, mei, PIXEL)).status).toBe(403);
    expect((await fetch(value.uploadUrl, { method: 'PUT', body: new Uint8Array(PIXEL) })).status).toBe(401);
    const pageImage = await uploadImage(sandbox, token, PIXEL, COFFEE);
    expect(
      await answer(createPost(sandbox, token, postBody('x', { content: { media: { id: pageImage } } }))),
    ).toMatchObject({
      status: 400,
      body: { errorDetails: { inputErrors: [{ code: 'INVALID_IMAGE_ID' }] } },
    });
    const asPage = postBody('x', { author: COFFEE, content: { media: { id: pageImage } } });
    expect((await createPost(sandbox, token, asPage)).status).toBe(201);
  });

  it('cannot be put after the upload URL has expired', async () => {
    const clock = new HandClock(new Date().toISOString());
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    const { value } = initialized.parse(await (await initialize(sandbox, token)).json());
    clock.advance(value.uploadUrlExpiresAt - clock.now().getTime());
    expect(await answer(put(value.uploadUrl, token, PIXEL))).toMatchObject({
      status: 400,
      body: { errorDetails: { inputErrors: [{ code: 'EXPIRED_UPLOAD_URL' }] } },
    });
  });

  it('have a status that a member’s app may not read and a page’s may', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, { scope: PAGE_SCOPE });
    const [own, page] = [await uploadImage(sandbox, token), await uploadImage(sandbox, token, PIXEL, COFFEE)];
    expect((await api(sandbox, token, `/rest/images/${encodeURIComponent(own)}`)).status).toBe(403);
    expect(await answer(api(sandbox, token, `/rest/images/${encodeURIComponent(page)}`))).toMatchObject({
      status: 200,
      body: { status: 'AVAILABLE', owner: COFFEE },
    });
  });

  it('need the versioned headers', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    expect((await initialize(sandbox, token, AMARA.urn, { 'linkedin-version': '' })).status).toBe(400);
  });

  it('take alternative text of 4,086 characters and not more', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const id = await uploadImage(sandbox, token);
    const post = (length: number) =>
      createPost(sandbox, token, postBody('x', { content: { media: { id, altText: 'a'.repeat(length) } } }));
    expect((await post(4087)).status).toBe(400);
    expect((await post(4086)).status).toBe(201);
  });
});
