/**
 * Which parts of an image file its picture is made of. A file also carries what nobody meant to publish: where a photo was
 * taken, the camera's number, a thumbnail of what was cropped away, a film behind the picture. The lists here name what is
 * kept; whatever they do not name is left out, without touching a pixel.
 *
 * Pure. Nothing here decides whether a picture can be decoded: that is tried afterwards, on exactly what was kept.
 * Formats: PNG (third edition), JPEG (T.81 annex B), GIF89a, WebP's RIFF container.
 */
import type { ImageType } from '../domain/content-rules.ts';

export interface ImageParts {
  /** From and to (exclusive), in order and without overlap. */
  keep: readonly (readonly [from: number, to: number])[];
  /** Pictures that are shown one after another; 1 for a still one. */
  frames: number;
}

/** @returns null when the file ends before the picture does, or is not built as its type says */
export function imageParts(bytes: Buffer, type: ImageType): ImageParts | null {
  try {
    return READERS[type](bytes);
  } catch (error) {
    // Buffer's word for "the file ends before that".
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const READERS: Record<ImageType, (bytes: Buffer) => ImageParts | null> = {
  'image/png': pngParts,
  'image/jpeg': jpegParts,
  'image/gif': gifParts,
  'image/webp': webpParts,
};

/** The picture, its colours and its resolution. Not eXIf, tEXt, tIME and whatever else there may be. */
const PNG_CHUNKS = /^(IHDR|PLTE|IDAT|IEND|tRNS|gAMA|cHRM|sRGB|iCCP|cICP|mDCV|cLLI|sBIT|bKGD|pHYs|acTL|fcTL|fdAT)$/;

function pngParts(bytes: Buffer): ImageParts | null {
  const keep: [number, number][] = [[0, 8]];
  let frames = 1;
  for (let at = 8; ; ) {
    const end = at + 12 + bytes.readUInt32BE(at);
    const name = bytes.toString('latin1', at + 4, at + 8);
    if (end > bytes.length) return null;
    if (name === 'acTL') frames = bytes.readUInt32BE(at + 8);
    if (PNG_CHUNKS.test(name)) keep.push([at, end]);
    if (name === 'IEND') return { keep, frames };
    at = end;
  }
}

const JPEG = { END: 0xd9, SCAN: 0xda, JFIF: 0xe0, COLOUR_PROFILE: 0xe2, ADOBE: 0xee } as const;

function jpegParts(bytes: Buffer): ImageParts | null {
  const keep: [number, number][] = [[0, 2]];
  for (let at = 2; ; ) {
    if (bytes.readUInt8(at) !== 0xff) return null;
    const marker = bytes.readUInt8(at + 1);
    if (marker === 0xff) {
      at += 1; // fill byte
      continue;
    }
    if (marker === JPEG.END) return { keep: [...keep, [at, at + 2]], frames: 1 };
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return null;
    const dataEnd = marker === JPEG.SCAN ? nextMarker(bytes, end) : end;
    if (dataEnd === null) return null;
    if (isPicture(bytes, marker, at, end)) keep.push([at, dataEnd]);
    at = dataEnd;
  }
}

/** Tables, frames and scans; of the application segments those without which the colours would change. */
function isPicture(bytes: Buffer, marker: number, at: number, end: number): boolean {
  const begins = (text: string) => bytes.toString('latin1', at + 4, at + 4 + text.length) === text;
  if (marker === JPEG.JFIF) return begins('JFIF\0') && end - at === 18; // longer: with a thumbnail
  if (marker === JPEG.COLOUR_PROFILE) return begins('ICC_PROFILE\0');
  if (marker === JPEG.ADOBE) return begins('Adobe');
  return marker >= 0xc0 && marker <= 0xdf;
}

/** The end of a scan's data: a 0xff that is neither stuffed (followed by 0) nor a restart marker. */
function nextMarker(bytes: Buffer, from: number): number | null {
  for (let at = bytes.indexOf(0xff, from); at !== -1; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes.readUInt8(at + 1);
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return null;
}

const GIF = { EXTENSION: 0x21, IMAGE: 0x2c, END: 0x3b, CONTROL: 0xf9, APPLICATION: 0xff } as const;

function gifParts(bytes: Buffer): ImageParts | null {
  let at = 13 + colourTable(bytes.readUInt8(10));
  const keep: [number, number][] = [[0, at]];
  for (let frames = 0; ; ) {
    const start = at;
    const block = bytes.readUInt8(at);
    if (block === GIF.END) return frames === 0 ? null : { keep: [...keep, [at, at + 1]], frames };
    if (block === GIF.IMAGE) {
      at = endOfBlocks(bytes, at + 11 + colourTable(bytes.readUInt8(at + 9)));
      frames += 1;
      keep.push([start, at]);
    } else if (block === GIF.EXTENSION) {
      at = endOfBlocks(bytes, at + 2);
      const label = bytes.readUInt8(start + 1);
      // How often an animation repeats stands in an application's block; all others are somebody's notes.
      const repeats = /^(NETSCAPE2\.0|ANIMEXTS1\.0)$/.test(bytes.toString('latin1', start + 3, start + 14));
      if (label === GIF.CONTROL || (label === GIF.APPLICATION && repeats)) keep.push([start, at]);
    } else return null;
  }
}

/** Bytes of the table that a GIF's flags announce. */
function colourTable(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

/** Data come in blocks of up to 255 bytes, each behind its length; an empty one ends them. */
function endOfBlocks(bytes: Buffer, from: number): number {
  let at = from;
  for (let length = bytes.readUInt8(at); length !== 0; length = bytes.readUInt8(at)) at += 1 + length;
  return at + 1;
}

const WEBP_CHUNKS = /^(VP8 |VP8L|VP8X|ALPH|ANIM|ANMF|ICCP)$/;

function webpParts(bytes: Buffer): ImageParts | null {
  const total = 8 + bytes.readUInt32LE(4);
  if (total > bytes.length) return null;
  const keep: [number, number][] = [[0, 12]];
  let frames = 0;
  for (let at = 12; at < total; ) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    // Padded to an even length; the last one's padding is sometimes forgotten.
    const end = Math.min(at + 8 + size + (size % 2), total);
    if (at + 8 + size > total) return null;
    if (name === 'ANMF') frames += 1;
    if (WEBP_CHUNKS.test(name)) keep.push([at, end]);
    at = end;
  }
  return { keep, frames: Math.max(frames, 1) };
}

/**
 * Moves what is kept together, within the same memory, and corrects what the file says about itself.
 * @returns the part of `bytes` that is the image now
 */
export function keepOnly(bytes: Buffer<ArrayBuffer>, type: ImageType, keep: ImageParts['keep']): Buffer<ArrayBuffer> {
  let length = 0;
  for (const [from, to] of keep) {
    bytes.copyWithin(length, from, to);
    length += to - from;
  }
  const kept = bytes.subarray(0, length);
  if (type === 'image/webp') {
    kept.writeUInt32LE(length - 8, 4);
    // VP8X, always the first chunk, announces Exif (8) and XMP (4).
    if (kept.toString('latin1', 12, 16) === 'VP8X') kept.writeUInt8(kept.readUInt8(20) & ~0x0c, 20);
  }
  return kept;
}
