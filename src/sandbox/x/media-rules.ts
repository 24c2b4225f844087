/**
 * What each media category takes: kinds of content, bytes, and for GIFs size and frames (X's page on media best practices).
 * Content is judged by its bytes; a name or a claimed type proves nothing. Of a video only the container is looked at: its
 * length (140 s at most on X) is not checked here.
 */
import { readImage } from '../image-facts.ts';
import type { CategoryName, Media } from './x-state.ts';

const MEGABYTE = 1024 * 1024;
const MAX_GIF = { width: 1280, height: 1080, frames: 350 };

export type Content = NonNullable<NonNullable<Media['completed']>['content']>;

interface Category {
  readonly maxBytes: number;
  readonly mediaTypes: readonly string[];
}

const IMAGE: Category = {
  maxBytes: 5 * MEGABYTE,
  mediaTypes: ['image/jpeg', 'image/pjpeg', 'image/png', 'image/gif', 'image/webp'],
};
const GIF: Category = { maxBytes: 15 * MEGABYTE, mediaTypes: ['image/gif'] };
const VIDEO: Category = { maxBytes: 512 * MEGABYTE, mediaTypes: ['video/mp4', 'video/quicktime'] };

/** Only those that begin with `tweet_` can stand in a post. */
export const CATEGORIES = {
  tweet_image: IMAGE,
  tweet_gif: GIF,
  tweet_video: VIDEO,
  dm_image: IMAGE,
  dm_gif: GIF,
  dm_video: VIDEO,
  subtitles: { maxBytes: MEGABYTE, mediaTypes: ['text/srt', 'text/vtt'] },
} as const satisfies Readonly<Record<CategoryName, Category>>;

/** X processes these after the upload; images at once. */
export function isProcessedLater(category: CategoryName): boolean {
  return category.endsWith('gif') || category.endsWith('video');
}

/** @param bytes of a video the beginning is enough. @returns null for what the category does not take */
export function contentOf(category: CategoryName, bytes: Buffer): Content | null {
  if (category === 'subtitles') return null;
  if (category.endsWith('video')) return videoContent(bytes);
  const facts = readImage(bytes);
  if (!facts || facts.width === 0 || facts.height === 0) return null;
  const { mimeType, width, height, frames } = facts;
  if (category.endsWith('image')) {
    // An animated GIF is a GIF for the rule of four images or one GIF, whatever category it came in.
    return { kind: frames > 1 ? 'gif' : 'image', mimeType, width, height };
  }
  const fits = width <= MAX_GIF.width && height <= MAX_GIF.height && frames <= MAX_GIF.frames;
  return mimeType === 'image/gif' && fits ? { kind: 'gif', mimeType, width, height } : null;
}

/** ISO base media files, MP4 and QuickTime, begin with a box of the type `ftyp`. */
function videoContent(bytes: Buffer): Content | null {
  if (bytes.length < 12 || bytes.toString('latin1', 4, 8) !== 'ftyp') return null;
  const mimeType = bytes.toString('latin1', 8, 12) === 'qt  ' ? 'video/quicktime' : 'video/mp4';
  return { kind: 'video', mimeType, width: null, height: null };
}
