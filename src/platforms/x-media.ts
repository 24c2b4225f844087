/**
 * Images on their way to X: uploaded in one request each (`POST /2/media/upload`, the simple form), described by
 * `POST /2/media/metadata`, and, where X takes its time over them (animated GIFs), waited for. None of this is visible to
 * anybody, so all of it may be repeated. X forgets an image that is in no post after about a day.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContentImage } from '../domain/content-rules.ts';
import type { HttpClient } from './http-client.ts';
import type { ImageUploads, NotCreated, PublishingAccount } from './platform.ts';
import { readMetadataAnswer, readUploadAnswer, type Upload } from './x-media-answer.ts';
import { metadataRequest, statusRequest, uploadRequest } from './x-media-request.ts';

/** Together, for one image: a claim on a publication does not last for ever. The next preparation goes on waiting. */
const LONGEST_WAIT_MS = 20_000;

export interface XMedia {
  /** Uploads what is not there yet. @returns X's ids in the order of the images, or why there are none */
  upload(
    images: readonly ContentImage[],
    account: PublishingAccount,
    uploads: ImageUploads,
    now: Date,
    signal: AbortSignal,
  ): Promise<{ ids: string[] } | { outcome: NotCreated }>;
  /**
   * X no longer has one of these. They will be uploaded again, once.
   * @returns false when that was done before, and when there are none: then it is of no use
   */
  forget(mediaIds: readonly string[]): boolean;
}

export interface XMediaOptions {
  http: HttpClient;
  /** Waits that many milliseconds, or until it is aborted; for tests. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Remembers, for the life of this process, what X said about uploads beyond what `ImageUploads` keeps. */
export function createXMedia(apiUrl: string, options: XMediaOptions): XMedia {
  const { http, pause = pauseFor } = options;
  const forgotten = new Set<string>();
  const uploadedAgain = new Set<string>();
  /** Uploads that X has not finished with, or that have no description yet, by account and image. */
  const unfinished = new Map<string, Upload>();

  async function uploadOne(
    image: ContentImage,
    account: PublishingAccount,
    uploads: ImageUploads,
    now: Date,
    signal: AbortSignal,
  ): Promise<{ id: string } | { outcome: NotCreated }> {
    const recalled = recalledUpload(uploads.recall(image));
    const description = descriptionOf(image);
    if (recalled !== null && recalled.description === description && !forgotten.has(recalled.id))
      return { id: recalled.id };
    for (let tries = 1; ; tries++) {
      const upload = await bring(image, account, uploads, now, signal);
      if ('outcome' in upload) return upload;
      const refusal = await describe(upload.id, image, account, now, signal);
      if (refusal === null) {
        await uploads.remember(
          image,
          description === '' ? upload.id : `${upload.id}.${description}`,
          upload.usableUntil,
        );
        if (recalled !== null && forgotten.has(recalled.id)) uploadedAgain.add(upload.id);
        return { id: upload.id };
      }
      if (refusal.httpStatus === 404 && tries === 1) continue; // X has lost it.
      if (refusal.kind !== 'rejected') unfinished.set(keyOf(image, account), { ...upload, readyAfterMs: null });
      return { outcome: refusal };
    }
  }

  /** Uploads an image, or goes on with an upload that X had not finished with, and waits until it has. */
  async function bring(
    image: ContentImage,
    account: PublishingAccount,
    uploads: ImageUploads,
    now: Date,
    signal: AbortSignal,
  ): Promise<Upload | { outcome: NotCreated }> {
    const key = keyOf(image, account);
    const begun = unfinished.get(key);
    unfinished.delete(key);
    const upload =
      begun !== undefined && (begun.usableUntil === null || begun.usableUntil > now)
        ? begun
        : readUploadAnswer(
            await http.send(await uploadRequest(apiUrl, account, image, await uploads.read(image)), signal),
            now,
          );
    if ('outcome' in upload || upload.readyAfterMs === null) return upload;
    const finished = await ready(upload, account, now, signal);
    // Still under way, or X could not be asked: the next preparation goes on from here.
    if ('outcome' in finished && finished.outcome.kind !== 'rejected')
      unfinished.set(key, { ...upload, readyAfterMs: 0 });
    return finished;
  }

  /** Waits until X has processed an upload. */
  async function ready(
    upload: Upload,
    account: PublishingAccount,
    now: Date,
    signal: AbortSignal,
  ): Promise<Upload | { outcome: NotCreated }> {
    let current = upload;
    for (let waitedMs = 0; current.readyAfterMs !== null; ) {
      if (waitedMs + current.readyAfterMs > LONGEST_WAIT_MS)
        return { outcome: stillProcessing(new Date(now.getTime() + waitedMs + current.readyAfterMs)) };
      // A pause that is cut short is followed by a request that is not sent, which says so.
      await pause(current.readyAfterMs, signal);
      waitedMs += current.readyAfterMs;
      const next = readUploadAnswer(await http.send(statusRequest(apiUrl, account, current.id), signal), now);
      if ('outcome' in next) return next;
      current = { ...next, usableUntil: next.usableUntil ?? upload.usableUntil };
    }
    return current;
  }

  /** Gives an uploaded image its description. @returns null when it has it */
  async function describe(
    id: string,
    image: ContentImage,
    account: PublishingAccount,
    now: Date,
    signal: AbortSignal,
  ): Promise<NotCreated | null> {
    const altText = altTextOf(image);
    if (altText === '') return null;
    return readMetadataAnswer(await http.send(metadataRequest(apiUrl, account, id, altText), signal), now);
  }

  return {
    async upload(images, account, uploads, now, signal) {
      const ids: string[] = [];
      for (const image of images) {
        const uploaded = await uploadOne(image, account, uploads, now, signal);
        if ('outcome' in uploaded) return uploaded;
        ids.push(uploaded.id);
      }
      return { ids };
    },

    forget(mediaIds) {
      for (const id of mediaIds) forgotten.add(id);
      return mediaIds.length > 0 && !mediaIds.some((id) => uploadedAgain.has(id));
    },
  };
}

function keyOf(image: ContentImage, account: PublishingAccount): string {
  return `${account.externalId} ${image.sha256}`;
}

function altTextOf({ altText }: ContentImage): string {
  return altText?.trim() ?? '';
}

/**
 * On X a description belongs to the upload and not to the post. So what is remembered is the id and, behind a dot, which
 * description it was given: a post that describes the same picture otherwise uploads it anew, and does not change what
 * another one, prepared and not yet sent, will say.
 */
function descriptionOf(image: ContentImage): string {
  const altText = altTextOf(image);
  return altText === '' ? '' : createHash('sha256').update(altText).digest('hex').slice(0, 16);
}

function recalledUpload(uploadId: string | null): { id: string; description: string } | null {
  if (uploadId === null) return null;
  const [id = '', description = ''] = uploadId.split('.');
  return { id, description };
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function stillProcessing(retryAt: Date): NotCreated {
  return {
    kind: 'unavailable',
    httpStatus: null,
    errorCode: 'media-processing',
    errorMessage: 'X is still processing an image of this post. Nothing was published yet.',
    retryAt,
  };
}
