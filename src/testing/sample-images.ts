/** Small real pictures for tests, and a memory of what was uploaded in place of the database's. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { ContentImage } from '../domain/content-rules.ts';
import type { ImageUploads } from '../platforms/platform.ts';

const bytesOf = new Map<string, Uint8Array>();

/** A real picture, another one for each width. */
export function sampleImage(width: number, altText: string | null): ContentImage {
  const bytes = png(width, 2);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  bytesOf.set(sha256, bytes);
  return { sha256, altText, contentType: 'image/png', byteSize: bytes.length, width, height: 2, animated: false };
}

/** Remembers uploads as the database would, and which images it was asked for. */
export function uploadMemory() {
  const remembered = new Map<string, string>();
  const read: string[] = [];
  const uploads: ImageUploads = {
    recall: ({ sha256 }) => remembered.get(sha256) ?? null,
    async read({ sha256 }) {
      read.push(sha256);
      return bytesOf.get(sha256) ?? Promise.reject(new Error('an image that nobody has'));
    },
    remember: async ({ sha256 }, uploadId) => void remembered.set(sha256, uploadId),
  };
  return { uploads, read };
}

/** A black picture (PNG, 8 bits of grey). */
function png(width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  const chunk = (type: string, data: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32(typed));
    return Buffer.concat([size, typed, check]);
  };
  const pixels = deflateSync(Buffer.alloc((width + 1) * height));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}
