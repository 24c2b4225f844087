/**
 * Makes of what somebody sent an image that can be published: of a known type by its content, of a bearable size, whole,
 * upright, and without what cameras and programs write beside the picture. Pixels are encoded anew only to turn a photo the
 * right way up; everything else keeps them as they are.
 */
import { createHash } from 'node:crypto';
import type { ImageType } from '../domain/content-rules.ts';
import { UPLOAD_LIMIT } from '../domain/image-rules.ts';
import { Refusal } from '../domain/refusal.ts';
import { foreignKind, imageTypeOf } from './image-kind.ts';
import { imageParts, keepOnly } from './image-parts.ts';

export interface CheckedImage {
  bytes: Uint8Array<ArrayBuffer>;
  /** Hex, of these bytes. */
  sha256: string;
  contentType: ImageType;
  /** Pixels, as it is shown. */
  width: number;
  height: number;
  animated: boolean;
}

/** Of a photo that has to be turned. */
const QUALITY = 92;
const LONGEST_DECODING_SECONDS = 20;
const DECODERS = ['VipsForeignLoadPng', 'VipsForeignLoadJpeg', 'VipsForeignLoadNsgif', 'VipsForeignLoadWebp'];

/**
 * @param bytes is worked on in place: it must not be used afterwards
 * @throws Refusal with a sentence for the person
 */
export async function checkImage(bytes: Buffer<ArrayBuffer>): Promise<CheckedImage> {
  if (bytes.length === 0) throw refused('This file is empty. Choose it again, or choose another one.');
  const contentType = imageTypeOf(bytes);
  if (contentType === null) throw refused(foreignKind(bytes));
  const parts = imageParts(bytes, contentType);
  if (parts === null) throw refused(DAMAGED);
  const { frames } = parts;
  if (frames > 1 && contentType === 'image/png')
    throw refused(
      'This PNG is animated, and platforms would show its first picture only. Save it as GIF, or as a still PNG.',
    );
  const sharp = await loadSharp();
  // Reads the header only, whatever size it announces.
  const {
    width,
    height,
    orientation = 1,
  } = await readable(() => sharp(bytes, { limitInputPixels: false, failOn: 'error' }).metadata());
  refuseOversized(width, height, frames);
  const decoding = { limitInputPixels: UPLOAD_LIMIT.animationPixels, failOn: 'error', pages: -1 } as const;
  if (orientation > 1 && frames === 1) {
    const turned = sharp(bytes, decoding).timeout({ seconds: LONGEST_DECODING_SECONDS }).autoOrient();
    const { data, info } = await readable(() => encoded(turned, contentType).toBuffer({ resolveWithObject: true }));
    return { bytes: data, sha256: hashOf(data), contentType, width: info.width, height: info.height, animated: false };
  }
  const kept = keepOnly(bytes, contentType, parts.keep);
  // The whole picture goes through the decoder; a thumbnail is all that is kept in memory.
  await readable(() =>
    sharp(kept, decoding).timeout({ seconds: LONGEST_DECODING_SECONDS }).resize(8, 8, { fit: 'fill' }).raw().toBuffer(),
  );
  return { bytes: kept, sha256: hashOf(kept), contentType, width, height, animated: frames > 1 };
}

type Sharp = typeof import('sharp').default;
type Pipeline = ReturnType<Sharp>;

/** Loaded with the first image: a process that only publishes does not need it. */
async function loadSharp(): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  sharp.concurrency(1);
  // Of its decoders only these four ever meet what a stranger sent.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: DECODERS });
  return sharp;
}

/** In the same type. Colours are converted from the photo's own profile to sRGB, which needs none. */
function encoded(picture: Pipeline, type: ImageType): Pipeline {
  switch (type) {
    case 'image/jpeg':
      return picture.jpeg({ quality: QUALITY });
    case 'image/webp':
      return picture.webp({ quality: QUALITY });
    case 'image/gif':
      return picture.gif();
    case 'image/png':
      return picture.png();
    default:
      return type satisfies never;
  }
}

function refuseOversized(width: number, height: number, frames: number): void {
  const size = `${width.toLocaleString('en')} × ${height.toLocaleString('en')} pixels`;
  if (width * height > UPLOAD_LIMIT.pixels)
    throw refused(
      `This image has ${size}; ${UPLOAD_LIMIT.pixels / 1_000_000} megapixels are the most that can be posted. Make it smaller and add it again.`,
    );
  if (frames > UPLOAD_LIMIT.frames)
    throw refused(
      `This animation has ${frames.toLocaleString('en')} pictures; ${UPLOAD_LIMIT.frames} are the most that can be posted. Make it shorter and add it again.`,
    );
  if (width * height * frames > UPLOAD_LIMIT.animationPixels)
    throw refused(
      `This animation is too large: ${frames} pictures of ${size}. Make it smaller or shorter and add it again.`,
    );
}

/** What the decoder complains about is the file's fault: it was handed nothing else. */
async function readable<T>(decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    throw new Refusal('invalid', DAMAGED, { image: DAMAGED }, { cause: error });
  }
}

const DAMAGED =
  'This image is damaged or cut off. Open it in a picture program, save it again as PNG or JPEG, and add that file.';

function refused(message: string): Refusal {
  return new Refusal('invalid', message, { image: message });
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
