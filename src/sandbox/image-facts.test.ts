import { describe, expect, it } from 'vitest';
import { acceptedImageType, readImage } from './image-facts.ts';

describe('what LinkedIn takes as an image', () => {
  it('takes PNG, GIF and JPEG by their content', () => {
    expect(acceptedImageType(png(10, 10))).toBe('image/png');
    expect(acceptedImageType(gif(2))).toBe('image/gif');
    expect(acceptedImageType(jpeg(640, 480))).toBe('image/jpeg');
  });

  it('refuses other formats, an empty file and a cut header', () => {
    expect(acceptedImageType(Buffer.from('RIFF\0\0\0\0WEBPVP8 '))).toBeNull();
    expect(acceptedImageType(Buffer.alloc(0))).toBeNull();
    expect(acceptedImageType(png(10, 10).subarray(0, 20))).toBeNull();
    expect(acceptedImageType(jpeg(640, 480).subarray(0, 12))).toBeNull();
  });

  it('takes fewer than 36,152,320 pixels and no more', () => {
    expect(acceptedImageType(png(36_152_319, 1))).toBe('image/png');
    expect(acceptedImageType(png(36_152_320, 1))).toBeNull();
  });

  it('takes a GIF of 250 frames and not of 251', () => {
    expect(acceptedImageType(gif(250))).toBe('image/gif');
    expect(acceptedImageType(gif(251))).toBeNull();
  });
});

describe('what an image says of itself', () => {
  it('is its format, size and frames, whichever the format', () => {
    expect(readImage(png(30, 20))).toEqual({ mimeType: 'image/png', width: 30, height: 20, frames: 1 });
    expect(readImage(gif(3))).toEqual({ mimeType: 'image/gif', width: 1, height: 1, frames: 3 });
    expect(readImage(jpeg(640, 480))).toEqual({ mimeType: 'image/jpeg', width: 640, height: 480, frames: 1 });
  });

  // Each written by libwebp (cwebp, cwebp -lossless, with an alpha channel) from a picture of this size.
  it.each([
    ['lossy', 'UklGRjgAAABXRUJQVlA4ICwAAABwAQCdASoFAAMAAgA0JaACdAFAAAD+7/3DBskU3I/+ysf/6Vj//SsfwqAAAA=='],
    ['lossless', 'UklGRh4AAABXRUJQVlA4TBEAAAAvBIAAAAdQjyKXp/+BiOh/AAA='],
    [
      'extended',
      'UklGRlwAAABXRUJQVlA4WAoAAAAQAAAABAAAAgAAQUxQSAoAAAABB1CyiAhERP8DVlA4ICwAAABwAQCdASoFAAMAAgA0JaACdAFAAAD+7/3DBskU3I/+ysf/6Vj//SsfwqAAAA==',
    ],
  ])('is read from a %s WebP file', (_kind, file) => {
    expect(readImage(Buffer.from(file, 'base64'))).toEqual({ mimeType: 'image/webp', width: 5, height: 3, frames: 1 });
  });

  it('is nothing when the bytes are no image', () => {
    expect(readImage(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))).toBeNull();
    expect(readImage(Buffer.from(`RIFF\0\0\0\0WEBPJUNK${'\0'.repeat(20)}`))).toBeNull();
  });
});

function png(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(33);
  bytes.write('\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR', 'latin1');
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

function gif(frames: number): Buffer {
  const header = Buffer.from([...Buffer.from('GIF89a'), 1, 0, 1, 0, 0x80, 0, 0, ...Buffer.alloc(6)]);
  const frame = Buffer.from([0x21, 0xf9, 4, 0, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  return Buffer.concat([header, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

function jpeg(width: number, height: number): Buffer {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  return Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 11, 8, ...size, 1, 1, 0x11, 0]);
}
