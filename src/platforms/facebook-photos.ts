/**
 * Uploading the images of a post: each becomes an unpublished photo of the Page, which nobody sees until a feed post
 * attaches it. So an upload may be repeated, and a single image goes the same way as several: then the feed request is the
 * only one that publishes anything. Source: Meta's Page Photos and Photo pages.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { PlatformSettings } from '../config.ts';
import type { Content, ContentImage, ImageType } from '../domain/content-rules.ts';
import { notSent } from './facebook-create-answer.ts';
import { messageOf, pageIdOf } from './facebook-create-request.ts';
import { appSecretProof, bearer, graphUrl } from './facebook-graph.ts';
import { readRefusal } from './facebook-refusal.ts';
import type { HttpRequest, HttpResult } from './http-client.ts';
import type { ImageUploads, NotCreated, PublishingAccount } from './platform.ts';
import { readJson } from './read-json.ts';

/** Meta does not say how long an unpublished photo is kept; this covers preparing early and the first retries. */
const REUSABLE_MS = 60 * 60_000;

type Photos = { ready: true; ids: readonly string[] } | { ready: false; outcome: NotCreated };
type Ask = (request: HttpRequest) => Promise<HttpResult>;

/**
 * Uploads the images that were not uploaded yet, one after the other, and stops at the first that does not arrive.
 * @returns the photos' ids in the order of the images
 * @throws only what `uploads` throws
 */
export async function uploadPhotos(
  settings: PlatformSettings,
  content: Content,
  account: PublishingAccount,
  uploads: ImageUploads,
  now: Date,
  ask: Ask,
): Promise<Photos> {
  const ids: string[] = [];
  const purpose = purposeOf(content);
  for (const image of content.images) {
    const earlier = recalled(uploads.recall(image), purpose);
    if (earlier !== null) {
      ids.push(earlier);
      continue;
    }
    const request = await photoRequest(settings, account, image, await uploads.read(image));
    const answer = readPhotoAnswer(await ask(request), now, account.externalId);
    if ('outcome' in answer) return { ready: false, outcome: answer.outcome };
    await uploads.remember(image, `${answer.id}.${purpose}`, new Date(now.getTime() + REUSABLE_MS));
    ids.push(answer.id);
  }
  return { ready: true, ids };
}

/**
 * A photo belongs to one post: attached a second time, Facebook refuses (1366051, "already posted"). So what is remembered
 * is the id and, behind a dot, the content it was uploaded for. Another post with the same picture, or another alternative
 * text, uploads it anew; a retry of this post takes the same photo, and should an earlier attempt have been accepted after
 * all, that refusal keeps it from appearing twice.
 */
function purposeOf(content: Content): string {
  const images = content.images.map(({ sha256, altText }) => [sha256, altText]);
  return createHash('sha256')
    .update(JSON.stringify([messageOf(content), images]))
    .digest('hex')
    .slice(0, 16);
}

function recalled(uploadId: string | null, purpose: string): string | null {
  const [id, madeFor] = uploadId?.split('.') ?? [];
  return id !== undefined && madeFor === purpose ? id : null;
}

const EXTENSION: Record<ImageType, string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};

async function photoRequest(
  settings: PlatformSettings,
  account: PublishingAccount,
  { contentType, altText, sha256 }: ContentImage,
  bytes: Uint8Array,
): Promise<HttpRequest> {
  const form = new FormData();
  form.set('published', 'false');
  if (altText !== null && altText !== '') form.set('alt_text_custom', altText);
  const { appsecret_proof: proof } = appSecretProof(settings, account.accessToken);
  if (proof !== undefined) form.set('appsecret_proof', proof);
  const file = new Blob([new Uint8Array(bytes)], { type: contentType });
  form.set('source', file, `${sha256.slice(0, 16)}.${EXTENSION[contentType]}`);
  // The platform's own encoder writes the parts and chooses the boundary.
  const encoded = new Response(form);
  return {
    method: 'POST',
    url: graphUrl(settings, `/${pageIdOf(account)}/photos`),
    headers: {
      ...bearer(account.accessToken),
      'content-type': encoded.headers.get('content-type') ?? 'multipart/form-data',
    },
    body: new Uint8Array(await encoded.arrayBuffer()),
  };
}

const photo = z.object({ id: z.string().regex(/^\w{1,128}$/) });

/** Pure. An upload creates nothing that people see: what is doubtful about it is tried again. */
export function readPhotoAnswer(
  result: HttpResult,
  now: Date,
  pageId: string,
): { id: string } | { outcome: NotCreated } {
  if (result.kind === 'not-sent') return { outcome: notSent(result.reason) };
  if (result.kind === 'no-answer') return again(null, result.reason, 'Facebook did not answer when an image was sent.');
  if (result.status >= 200 && result.status <= 299) {
    const body = photo.safeParse(readJson(result.body));
    if (body.success) return { id: body.data.id };
    return again(result.status, 'photo-without-id', 'Facebook took an image but did not say its number.');
  }
  const refusal = readRefusal(result, now, { pageId, subject: 'an image of the post', creates: false });
  switch (refusal.kind) {
    case 'unknown':
      return again(result.status, refusal.errorCode, 'Facebook had trouble taking an image.');
    case 'duplicate': {
      const { kind: _duplicate, externalId: _none, permalink: _nowhere, ...rest } = refusal;
      return { outcome: { kind: 'rejected', ...rest } };
    }
    default:
      return { outcome: refusal };
  }
}

function again(httpStatus: number | null, errorCode: string, sentence: string): { outcome: NotCreated } {
  return {
    outcome: {
      kind: 'unavailable',
      httpStatus,
      errorCode,
      errorMessage: `${sentence} Nothing was published yet; it is tried again.`,
      retryAt: null,
    },
  };
}
