import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ImageType } from '../domain/content-rules.ts';
import { animation, photo } from '../testing/drawn-images.ts';
import { imageParts, keepOnly } from './image-parts.ts';

const whole: { type: ImageType; bytes: Buffer }[] = [];

beforeAll(async () => {
  whole.push({ type: 'image/png', bytes: await photo('png') });
  whole.push({ type: 'image/jpeg', bytes: await photo('jpeg') });
  whole.push({ type: 'image/webp', bytes: await photo('webp') });
  whole.push({ type: 'image/webp', bytes: await animation('webp') });
  whole.push({ type: 'image/gif', bytes: await animation('gif') });
});

describe('the walk through an image file', () => {
  it('ends, and stays inside the file, whatever somebody made of it', () => {
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 12 }),
        fc.nat(),
        (which, changes, cut) => {
          const { type, bytes } = whole[which] ?? { type: 'image/png', bytes: Buffer.alloc(0) };
          const changed = Buffer.from(bytes);
          // Mostly in the headers, where the lengths are.
          for (const [at, value] of changes) changed[at % Math.min(changed.length, 400)] = value;
          const cutOff = changed.subarray(0, cut % 3 === 0 ? cut % changed.length : changed.length);
          const parts = imageParts(cutOff, type);
          if (parts === null) return;
          let last = 0;
          for (const [from, to] of parts.keep) {
            expect(from).toBeGreaterThanOrEqual(last);
            expect(to).toBeGreaterThanOrEqual(from);
            last = to;
          }
          expect(last).toBeLessThanOrEqual(cutOff.length);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('finds nothing more to leave out in what it has cleaned', () => {
    for (const { type, bytes } of whole) {
      const parts = imageParts(bytes, type);
      const kept = keepOnly(Buffer.from(bytes), type, parts?.keep ?? []);
      const again = imageParts(kept, type);
      const length = again?.keep.reduce((sum, [from, to]) => sum + to - from, 0);
      expect([type, again?.frames, length]).toEqual([type, parts?.frames, kept.length]);
    }
  });
});
