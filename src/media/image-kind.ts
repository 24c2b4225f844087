/** What a file is, by its first bytes: neither its name nor the type it was sent with is believed. */
import type { ImageType } from '../domain/content-rules.ts';

/** @returns null when it is none of the types that can be posted */
export function imageTypeOf(bytes: Uint8Array): ImageType | null {
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return 'image/png';
  if (startsWith(bytes, '\xff\xd8\xff')) return 'image/jpeg';
  if (startsWith(bytes, 'GIF87a') || startsWith(bytes, 'GIF89a')) return 'image/gif';
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'image/webp';
  return null;
}

/** A sentence for a file that is none of them: what it is, where that can be told, and what to do. */
export function foreignKind(bytes: Uint8Array): string {
  const { name, remedy } = FOREIGN.find(({ is }) => is(bytes)) ?? {
    name: 'This file is not an image that can be posted',
    remedy: 'Choose a PNG, JPEG, GIF or WebP',
  };
  return `${name}. ${remedy}.`;
}

const EXPORT_IT = 'Only PNG, JPEG, GIF and WebP can be posted: export it as PNG or JPEG and add that';

const FOREIGN: readonly { is(bytes: Uint8Array): boolean; name: string; remedy: string }[] = [
  { is: isSvg, name: 'This is an SVG drawing', remedy: EXPORT_IT },
  {
    is: (bytes) => startsWith(bytes, 'ftyp', 4) && /^(hei|hev|mif|msf)/.test(text(bytes, 8, 12)),
    name: 'This is a HEIC photo',
    remedy: EXPORT_IT,
  },
  {
    is: (bytes) => startsWith(bytes, 'ftyp', 4) && /^av(if|is)/.test(text(bytes, 8, 12)),
    name: 'This is an AVIF image',
    remedy: EXPORT_IT,
  },
  {
    is: (bytes) => startsWith(bytes, 'ftyp', 4) || startsWith(bytes, '\x1aE\xdf\xa3'),
    name: 'This is a video',
    remedy: 'Only images can be posted: choose a PNG, JPEG, GIF or WebP',
  },
  {
    is: (bytes) => startsWith(bytes, 'II*\0') || startsWith(bytes, 'MM\0*'),
    name: 'This is a TIFF image',
    remedy: EXPORT_IT,
  },
  { is: (bytes) => startsWith(bytes, 'BM'), name: 'This is a BMP image', remedy: EXPORT_IT },
  { is: (bytes) => startsWith(bytes, '%PDF'), name: 'This is a PDF document', remedy: EXPORT_IT },
];

/** An XML document whose first element is `svg`, as far as its first kilobyte tells; of UTF-16 only the byte-order mark is odd. */
function isSvg(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString('utf8').replaceAll('\0', '').trimStart();
  return /^[\ufeff\ufffd]*\s*</.test(start) && /<svg[\s>]/i.test(start);
}

function startsWith(bytes: Uint8Array, signature: string, at = 0): boolean {
  return text(bytes, at, at + signature.length) === signature;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
