/**
 * Which bytes Facebook takes as a photo. JPG and PNG are the formats that are known to be safe, smaller than 4 MB (the
 * refusal's own words; elsewhere Meta says 10 MB), not animated.
 */
import { type ImageFacts, readImage } from '../image-facts.ts';
import { contentRefused, type GraphError } from './graph-error.ts';

/** In decimal megabytes: the strictest reading of "4 MB". */
const PHOTO_LIMIT_BYTES = 4_000_000;

export type PhotoFacts = Pick<ImageFacts, 'mimeType' | 'width' | 'height'>;

/** @throws GraphError 100/1366046 for other formats, damage, animation and too many bytes */
export function requirePhoto(bytes: Buffer): PhotoFacts {
  const facts = readImage(bytes);
  if (bytes.length >= PHOTO_LIMIT_BYTES || !facts || facts.width === 0 || facts.height === 0) throw cannotRead();
  const { mimeType, width, height } = facts;
  if (mimeType === 'image/png' && isStillPng(bytes)) return { mimeType, width, height };
  // The end-of-image marker: an upload that was cut off has none.
  const isWhole = bytes.lastIndexOf('\xff\xd9', undefined, 'latin1') > 0;
  if (mimeType === 'image/jpeg' && isWhole) return { mimeType, width, height };
  throw cannotRead();
}

function cannotRead(): GraphError {
  return contentRefused(
    1366046,
    "Can't Read Files",
    "Your photos couldn't be uploaded. Photos should be smaller than 4 MB and saved as JPG, PNG.",
  );
}

/** Walks the chunks: whole to the last one, and none that announces an animation. */
function isStillPng(bytes: Buffer): boolean {
  for (let offset = 8; offset + 12 <= bytes.length; offset += 12 + bytes.readUInt32BE(offset)) {
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    if (type === 'acTL') return false;
    if (type === 'IEND') return true;
  }
  return false;
}
