import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { animation, photo, picture, png } from '../testing/drawn-images.ts';
import { type CheckedImage, checkImage } from './check-image.ts';

const check = (bytes: Uint8Array): Promise<CheckedImage> => checkImage(Buffer.from(bytes));
const message = (bytes: Uint8Array) =>
  check(bytes).then(
    () => 'taken',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
const pixels = (bytes: Uint8Array) => sharp(bytes).raw().toBuffer();

describe('an image that carries nothing but its picture', () => {
  it.each(['png', 'jpeg', 'webp', 'gif'] as const)('is kept byte for byte (%s)', async (type) => {
    const bytes = await picture().toFormat(type).toBuffer();
    const checked = await check(bytes);
    expect(Buffer.from(checked.bytes).equals(bytes)).toBe(true);
    expect(checked).toMatchObject({ contentType: `image/${type}`, width: 64, height: 48, animated: false });
  });

  it.each(['gif', 'webp'] as const)('may move (%s)', async (type) => {
    const bytes = await animation(type, 4);
    const checked = await check(bytes);
    expect(checked).toMatchObject({ animated: true, width: 40, height: 30 });
    expect(Buffer.from(checked.bytes).equals(bytes)).toBe(true);
  });

  it.each([
    ['progressive', () => picture().jpeg({ progressive: true }).toBuffer()],
    ['grey', () => picture().greyscale().jpeg().toBuffer()],
    ['CMYK', () => picture().toColourspace('cmyk').jpeg().toBuffer()],
  ])('may be a %s JPEG, with unchanged pixels', async (_kind, make) => {
    const bytes = await make();
    expect((await pixels((await check(bytes)).bytes)).equals(await pixels(bytes))).toBe(true);
  });
});

describe('what a camera writes beside the picture', () => {
  it.each(['jpeg', 'png', 'webp'] as const)('is left out, without touching a pixel or a colour (%s)', async (type) => {
    const bytes = await photo(type);
    expect(bytes.includes('SECRET-CAMERA')).toBe(true);
    const { bytes: kept } = await check(bytes);
    expect(Buffer.from(kept).toString('latin1')).not.toMatch(/SECRET|Exif|GPS|xmpmeta/);
    const metadata = await sharp(kept).metadata();
    expect(metadata).toMatchObject({ format: type, width: 64, height: 48, hasProfile: true });
    expect([metadata.exif, metadata.xmp, metadata.iptc]).toEqual([undefined, undefined, undefined]);
    expect((await pixels(kept)).equals(await pixels(bytes))).toBe(true);
  });

  it.each([
    ['jpeg', 6],
    ['jpeg', 3],
    ['png', 8],
    ['webp', 6],
  ] as const)('is not needed to show it upright (%s, orientation %d)', async (type, orientation) => {
    const bytes = await photo(type, orientation);
    const checked = await check(bytes);
    const turned = orientation === 3 ? [64, 48] : [48, 64];
    expect([checked.width, checked.height]).toEqual(turned);
    expect(Buffer.from(checked.bytes).toString('latin1')).not.toMatch(/SECRET|GPS/);
    const upright = await sharp(bytes).autoOrient().resize(2, 2, { fit: 'fill' }).raw().toBuffer();
    const shown = await sharp(checked.bytes).resize(2, 2, { fit: 'fill' }).raw().toBuffer();
    for (const [index, value] of shown.entries()) expect(Math.abs(value - (upright[index] ?? 0))).toBeLessThan(25);
  });

  it('is left out of a GIF, and behind the end of every file', async () => {
    const gif = await animation('gif');
    const note = Buffer.from('\x21\xfe\x0bSECRET-NOTE\0', 'latin1');
    const noted = Buffer.concat([
      gif.subarray(0, -1),
      note,
      gif.subarray(-1),
      Buffer.from('<script>alert(1)</script>'),
    ]);
    expect(Buffer.from((await check(noted)).bytes).equals(gif)).toBe(true);
    const jpeg = await picture().jpeg().toBuffer();
    const withFilm = Buffer.concat([jpeg, Buffer.from('\0\0\0\x18ftypmp42 a film behind the photo')]);
    expect(Buffer.from((await check(withFilm)).bytes).equals(jpeg)).toBe(true);
    const plain = await png();
    expect(Buffer.from((await check(Buffer.concat([plain, Buffer.from('PK\x03\x04')]))).bytes).equals(plain)).toBe(
      true,
    );
  });
});

describe('what cannot be posted', () => {
  it.each([
    ['nothing', '', 'This file is empty.'],
    ['a drawing', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', 'This is an SVG drawing.'],
    ['a drawing behind a comment', '\ufeff <!-- hi --><svg onload="alert(1)">', 'This is an SVG drawing.'],
    ['a drawing in UTF-16', '\xff\xfe<\0s\0v\0g\0 \0x\0=\0"\0"\0/\0>\0', 'This is an SVG drawing.'],
    ['a HEIC photo', '\0\0\0\x18ftypheic\0\0\0\0', 'This is a HEIC photo.'],
    ['a video', '\0\0\0\x18ftypisom\0\0\0\0', 'This is a video.'],
    ['a document', '%PDF-1.7', 'This is a PDF document.'],
    ['a page', '<!doctype html><script>alert(1)</script>', 'This file is not an image that can be posted.'],
  ])('%s is called what it is', async (_name, text, sentence) => {
    const said = await message(Buffer.from(text, text.includes('svg') ? 'utf8' : 'latin1'));
    expect(said.startsWith(sentence)).toBe(true);
    expect(said).toMatch(/(Choose|choose|export) .+\.$/);
  });

  it.each([
    ['png', () => png(300, 200)],
    ['jpeg', () => picture(300, 200).jpeg().toBuffer()],
    ['progressive jpeg', () => picture(300, 200).jpeg({ progressive: true }).toBuffer()],
    ['webp', () => picture(300, 200).webp().toBuffer()],
    ['gif', () => animation('gif', 5)],
    ['moving webp', () => animation('webp', 5)],
  ])('is a file that ends too early, wherever it was cut (%s)', async (_type, make) => {
    const whole = await make();
    for (const length of [whole.length - 1, whole.length - 9, whole.length >> 1, 30, 12])
      expect(await message(whole.subarray(0, length)), `${length} of ${whole.length} bytes`).toContain(
        'damaged or cut off',
      );
  });

  it('is a file whose inside is broken', async () => {
    const bytes = await png(200, 200);
    bytes.fill(0x55, 60, 90);
    expect(await message(bytes)).toContain('damaged or cut off');
    expect(await message(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))).toContain('damaged or cut off');
    expect(await message(Buffer.from('GIF89a', 'latin1'))).toContain('damaged or cut off');
  });

  it.each([
    ['png', {}],
    ['jpeg', { quality: 10 }],
    ['gif', {}],
    ['webp', { lossless: true, effort: 0 }],
  ] as const)(
    'is a small file that unpacks to sixty megapixels, and it is not unpacked (%s)',
    async (type, options) => {
      const bomb = await sharp({ create: { width: 10_000, height: 6_000, channels: 3, background: '#345' } })
        .toFormat(type, options)
        .toBuffer();
      expect(bomb.length).toBeLessThan(1_000_000);
      const before = process.memoryUsage().rss;
      expect(await message(bomb)).toBe(
        'This image has 10,000 × 6,000 pixels; 40 megapixels are the most that can be posted. Make it smaller and add it again.',
      );
      expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
    },
  );

  it('is an animation without end, or one of very large pictures', async () => {
    expect(await message(await animation('gif', 260, 8, 8))).toContain(
      'This animation has 260 pictures; 250 are the most',
    );
    const wide = await animation('gif', 70);
    wide.writeUInt16LE(2000, 6);
    wide.writeUInt16LE(2000, 8);
    expect(await message(wide)).toContain('This animation is too large: 70 pictures of 2,000 × 2,000 pixels.');
  });

  it('is a PNG that moves, since platforms would show a still', async () => {
    const still = await png();
    const chunk = Buffer.alloc(20);
    chunk.writeUInt32BE(8, 0);
    chunk.write('acTL', 4, 'latin1');
    chunk.writeUInt32BE(2, 8);
    expect(await message(Buffer.concat([still.subarray(0, 33), chunk, still.subarray(33)]))).toContain(
      'This PNG is animated',
    );
  });
});
