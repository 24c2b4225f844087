/**
 * Uploads the images of a post, each once: what was uploaded before for this account is used again. An uploaded image is not
 * visible until a post uses it, so everything here may be repeated, and every failure ends in "nothing was created".
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ContentImage } from '../domain/content-rules.ts';
import type { HttpAnswer, HttpClient, HttpRequest, HttpResult } from './http-client.ts';
import { readLinkedInError } from './linkedin-error.ts';
import { type ImageApi, readProcessing, uploadRequest } from './linkedin-image-api.ts';
import { readRefusal, said } from './linkedin-refusal.ts';
import type { SpoiledImages } from './linkedin-spoiled-images.ts';
import type { ImageUploads, NotCreated, PublishingAccount } from './platform.ts';

export interface ImageTools {
  http: HttpClient;
  api: ImageApi;
  account: PublishingAccount;
  uploads: ImageUploads;
  spoiled: SpoiledImages;
  now: Date;
  signal: AbortSignal;
}

/** Waits before asking again how far an image is; about eight seconds together, so that a claim does not run out. */
const PROCESSING_DELAYS_MS = [250, 500, 1000, 2000, 4000];
/** After that the post is tried again this much later: what is uploaded by then is remembered. */
const PROCESSING_SECONDS = 20;

/** @returns the ids in the order of `images`, or why there are none */
export async function uploadImages(
  images: readonly ContentImage[],
  tools: ImageTools,
): Promise<{ ids: string[] } | { outcome: NotCreated }> {
  const ids = new Map<string, string>();
  for (const image of images) {
    if (ids.has(image.sha256)) continue;
    const remembered = tools.uploads.recall(image);
    const known = remembered !== null && tools.api.owns(remembered) ? remembered : null;
    if (known !== null && !tools.spoiled.has(known)) {
      ids.set(image.sha256, known);
      continue;
    }
    const uploaded = await upload(image, tools);
    if (typeof uploaded !== 'string') return { outcome: uploaded };
    if (known !== null) tools.spoiled.replaced(uploaded);
    ids.set(image.sha256, uploaded);
  }
  return { ids: images.map(({ sha256 }) => ids.get(sha256) ?? '') };
}

/** Uploads one image; a second time when LinkedIn let its address expire or could not process it, as it advises. */
async function upload(image: ContentImage, tools: ImageTools): Promise<string | NotCreated> {
  const first = await uploadOnce(image, tools);
  if (typeof first === 'string' || !('redo' in first)) return first;
  const second = await uploadOnce(image, tools);
  return typeof second === 'string' || !('redo' in second) ? second : second.redo;
}

async function uploadOnce(image: ContentImage, tools: ImageTools): Promise<string | NotCreated | { redo: NotCreated }> {
  const { api, account, uploads } = tools;
  const registering = await ask(tools, api.register(account));
  if (registering.kind !== 'answer') return registering;
  const registration = api.readRegistration(registering.body);
  if (registration === null) {
    return notUploaded(registering.status, 'unreadable-answer', 'its answer cannot be read');
  }
  const bytes = await uploads.read(image);
  const putting = await ask(tools, uploadRequest(registration, bytes, account));
  if (putting.kind !== 'answer') return putting.errorCode === 'EXPIRED_UPLOAD_URL' ? { redo: putting } : putting;
  const processing = await waitUntilProcessed(tools, registration.imageId);
  if (processing === 'failed') {
    const errorMessage = 'LinkedIn cannot process an image of this post. Save it anew, or choose another one.';
    return {
      redo: { kind: 'rejected', httpStatus: null, errorCode: 'MEDIA_ASSET_PROCESSING_FAILED', errorMessage },
    };
  }
  // LinkedIn does not say how long it keeps an image that no post uses.
  await uploads.remember(image, registration.imageId, null);
  if (processing !== 'processing') return registration.imageId;
  return {
    kind: 'unavailable',
    httpStatus: null,
    errorCode: 'MEDIA_ASSET_PROCESSING',
    errorMessage: 'LinkedIn is still processing an image of this post. Nothing was published yet.',
    retryAt: new Date(tools.now.getTime() + PROCESSING_SECONDS * 1000),
  };
}

/** A status that cannot be read decides nothing: the create call then says whether the image is ready. */
async function waitUntilProcessed({ http, api, account, signal }: ImageTools, imageId: string) {
  const request = api.status(imageId, account);
  if (request === null) return 'unknown';
  for (const pause of [...PROCESSING_DELAYS_MS, null]) {
    const result = await http.send(request, signal);
    const processing = result.kind === 'answer' && result.status === 200 ? readProcessing(result.body) : 'unknown';
    if (processing !== 'processing' || pause === null || signal.aborted) return processing;
    await delay(pause);
  }
  return 'processing';
}

/** Sends it once. @returns a 2xx answer, or what else it means */
async function ask(tools: ImageTools, request: HttpRequest): Promise<HttpAnswer | NotCreated> {
  const result = await tools.http.send(request, tools.signal);
  if (result.kind === 'answer' && result.status >= 200 && result.status <= 299) return result;
  return readFailure(result, tools);
}

function readFailure(result: HttpResult, { now, account }: ImageTools): NotCreated {
  if (result.kind !== 'answer') return notUploaded(null, result.reason, result.reason);
  const reading = { now, tokenIssuedAt: account.tokenIssuedAt ?? null, what: 'an image of the post' };
  const error = readLinkedInError(result);
  const code = error.code ?? `http-${result.status}`;
  return readRefusal(result, reading) ?? notUploaded(result.status, code, said(error, result.status));
}

function notUploaded(httpStatus: number | null, errorCode: string, reason: string): NotCreated {
  const errorMessage = `An image could not be uploaded to LinkedIn: ${reason}. Nothing was published.`;
  return { kind: 'unavailable', httpStatus, errorCode, errorMessage, retryAt: null };
}
