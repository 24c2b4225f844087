/** Reads from an upload's bytes what a platform's image processing would find, whatever its name and type claim. */

/** Documented by LinkedIn: fewer pixels than this, and at most so many frames in a GIF. */
const PIXEL_LIMIT = 36_152_320;
const MAX_GIF_FRAMES = 250;

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface ImageFacts extends Size {
  readonly mimeType: 'image/png' | 'image/gif' | 'image/jpeg' | 'image/webp';
  /** Of a GIF; 1 for everything else. */
  readonly frames: number;
}

/** @returns null for what is none of the four formats, or damaged before its size */
export function readImage(bytes: Buffer): ImageFacts | null {
  const png = pngSize(bytes);
  if (png) return { mimeType: 'image/png', frames: 1, ...png };
  const gif = gifSize(bytes);
  if (gif) return { mimeType: 'image/gif', frames: gifFrames(bytes), ...gif };
  const jpeg = jpegSize(bytes);
  if (jpeg) return { mimeType: 'image/jpeg', frames: 1, ...jpeg };
  const webp = webpSize(bytes);
  return webp && { mimeType: 'image/webp', frames: 1, ...webp };
}

/** @returns the MIME type, or null for what LinkedIn's processing refuses: another format, damage, too many pixels or frames */
export function acceptedImageType(bytes: Buffer): 'image/png' | 'image/gif' | 'image/jpeg' | null {
  const facts = readImage(bytes);
  if (!facts || facts.mimeType === 'image/webp') return null;
  return fits(facts) && facts.frames <= MAX_GIF_FRAMES ? facts.mimeType : null;
}

function fits({ width, height }: Size): boolean {
  return width > 0 && height > 0 && width * height < PIXEL_LIMIT;
}

function pngSize(bytes: Buffer): Size | null {
  if (bytes.length < 24 || bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') return null;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

function gifSize(bytes: Buffer): Size | null {
  if (bytes.length < 13 || !/^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))) return null;
  return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
}

/** Walks the blocks of a GIF; stops at the first thing it does not know, which is where a decoder would stop. */
function gifFrames(bytes: Buffer): number {
  let offset = 13 + colourTableLength(bytes.readUInt8(10));
  let frames = 0;
  while (offset < bytes.length) {
    const block = bytes.readUInt8(offset);
    if (block === 0x2c && offset + 10 < bytes.length) {
      frames += 1;
      offset = afterSubBlocks(bytes, offset + 11 + colourTableLength(bytes.readUInt8(offset + 9)));
    } else if (block === 0x21) {
      offset = afterSubBlocks(bytes, offset + 2);
    } else {
      break;
    }
  }
  return frames;
}

function colourTableLength(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

function afterSubBlocks(bytes: Buffer, start: number): number {
  let offset = start;
  while (offset < bytes.length && bytes.readUInt8(offset) !== 0) offset += bytes.readUInt8(offset) + 1;
  return offset + 1;
}

function jpegSize(bytes: Buffer): Size | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  let offset = 2;
  while (offset + 9 < bytes.length && bytes.readUInt8(offset) === 0xff) {
    const marker = bytes.readUInt8(offset + 1);
    const isFrameHeader = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrameHeader) return { height: bytes.readUInt16BE(offset + 5), width: bytes.readUInt16BE(offset + 7) };
    offset += 2 + bytes.readUInt16BE(offset + 2);
  }
  return null;
}

/** The three ways a WebP file gives its size: lossy, lossless, extended (RFC 9649). */
function webpSize(bytes: Buffer): Size | null {
  if (bytes.length < 30 || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP')
    return null;
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
    default:
      return null;
  }
}
