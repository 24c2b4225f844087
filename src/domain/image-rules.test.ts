import { describe, expect, it } from 'vitest';
import { altTextLimit, imageProblems, type RuledImage, sizeInWords } from './image-rules.ts';
import { PLATFORMS, type Platform } from './platform-name.ts';

let serial = 0;
const image = (over: Partial<RuledImage> = {}): RuledImage => ({
  id: String(++serial),
  contentType: 'image/jpeg',
  byteSize: 200_000,
  width: 1200,
  height: 800,
  animated: false,
  altText: null,
  ...over,
});
const gif = (over: Partial<RuledImage> = {}) =>
  image({ contentType: 'image/gif', animated: true, width: 600, height: 400, ...over });
const many = (count: number) => Array.from({ length: count }, () => image());

describe('images that every platform takes', () => {
  it('are a JPEG and a PNG of ordinary size', () => {
    expect(imageProblems([image(), image({ contentType: 'image/png' })], PLATFORMS)).toEqual([]);
    expect(imageProblems([], PLATFORMS)).toEqual([]);
  });
});

describe('too many images', () => {
  it.each([
    ['linkedin', 20, 'LinkedIn takes at most 20 images; this post has 21. Remove 1, or leave LinkedIn out.'],
    ['facebook', 10, 'Facebook takes at most 10 images; this post has 11. Remove 1, or leave Facebook out.'],
    ['x', 4, 'X takes at most 4 images; this post has 5. Remove 1, or leave X out.'],
  ] as const)('for %s are more than %d', (platform, most, sentence) => {
    expect(imageProblems(many(most), [platform])).toEqual([]);
    expect(imageProblems(many(most + 1), [platform])).toEqual([sentence]);
  });

  it('are named once for each platform, however many accounts it has', () => {
    expect(imageProblems(many(5), ['x', 'x', 'linkedin'])).toHaveLength(1);
  });
});

describe('an image that one platform does not take', () => {
  const refused: [string, RuledImage, Platform, string][] = [
    [
      'WebP on LinkedIn',
      image({ contentType: 'image/webp' }),
      'linkedin',
      'LinkedIn does not take WebP, which the image is. Save it as JPEG or PNG and add it again.',
    ],
    [
      'a strip that is too long for X',
      image({ width: 8193, height: 400 }),
      'x',
      'X does not take the image: it has 8193 × 400 pixels, and each side must have 4 to 8,192. Change its size and add it again.',
    ],
    [
      'a line that is too thin for X',
      image({ width: 400, height: 3 }),
      'x',
      'X does not take the image: it has 400 × 3 pixels, and each side must have 4 to 8,192. Change its size and add it again.',
    ],
    [
      'a still GIF on Facebook',
      image({ contentType: 'image/gif' }),
      'facebook',
      'Facebook does not take GIF, which the image is. Save it as JPEG or PNG and add it again.',
    ],
    [
      'an animation on Facebook',
      gif(),
      'facebook',
      'Facebook takes no animations, but the image is one. Use a still picture, or leave Facebook out.',
    ],
    [
      'an animated WebP on X',
      gif({ contentType: 'image/webp' }),
      'x',
      'X takes animations only as GIF, but the image is a WebP. Save it as GIF and add it again.',
    ],
    [
      'more than 4 MB on Facebook',
      image({ byteSize: 4_100_000 }),
      'facebook',
      'Facebook takes at most 4 MB per image, but the image has 4.1 MB. Save it smaller, or as JPEG, and add it again.',
    ],
    [
      'more than 5 MB on X',
      image({ byteSize: 5_300_000 }),
      'x',
      'X takes at most 5 MB per image, but the image has 5.3 MB. Save it smaller, or as JPEG, and add it again.',
    ],
    [
      'an animation of large pictures on X',
      gif({ width: 1281 }),
      'x',
      'The image is too large for X: 1281 × 400 pixels, where an animation may have 1280 × 1080. Make it smaller and add it again.',
    ],
    [
      'very many pixels on LinkedIn',
      image({ width: 6000, height: 6026 }),
      'linkedin',
      'The image is too large for LinkedIn: 6000 × 6026 pixels, where fewer than 36,152,320 in all are allowed. Make it smaller and add it again.',
    ],
    [
      'a long description on X',
      image({ altText: 'x'.repeat(1001) }),
      'x',
      'The description of the image has 1,001 characters; X takes 1,000. Shorten it.',
    ],
  ];
  for (const [name, one, platform, sentence] of refused) {
    it(`such as ${name} is named with what to do`, () => {
      expect(imageProblems([one], [platform])).toEqual([sentence]);
    });
  }

  it('is named by its place', () => {
    expect(imageProblems([image(), image({ byteSize: 6_000_000 })], ['x'])[0]).toContain('but image 2 has 6.0 MB');
  });
});

describe('an animation', () => {
  it('stands alone on X, and among others on LinkedIn', () => {
    expect(imageProblems([gif({ byteSize: 9_000_000 })], ['x', 'linkedin'])).toEqual([]);
    expect(imageProblems([image(), gif()], ['linkedin'])).toEqual([]);
    expect(imageProblems([image(), gif()], ['x'])).toEqual([
      'X takes an animation only by itself. Remove the other images, or image 2, or leave X out.',
    ]);
  });
});

describe('whatever the accounts are', () => {
  it('an image is in a post once', () => {
    const one = image({ sha256: 'aa' });
    expect(imageProblems([one, image(), { ...one, id: 'other' }], [])).toEqual([
      'Image 3 is the same as image 1. Remove one of them.',
    ]);
  });

  it.each([
    ['half an emoji', 'Look \ud83d', 'has a broken character'],
    ['an invisible character', 'Look\u0000', 'has an invisible control character'],
    ['an override of the reading direction', 'Look \u202eta', 'turns the reading direction (U+202E)'],
    ['five thousand characters', 'x'.repeat(5000), 'is longer than 4,086 characters'],
  ])('a description with %s is refused', (_name, altText, sentence) => {
    expect(imageProblems([image({ altText })], [])[0]).toContain(sentence);
  });

  it('a description may have several lines and emoji', () => {
    expect(imageProblems([image({ altText: 'A chart:\n\tup \u{1f4c8}' })], PLATFORMS)).toEqual([]);
  });
});

describe('what the panel shows', () => {
  it('is the shortest limit among the chosen platforms', () => {
    expect([altTextLimit([]), altTextLimit(['linkedin']), altTextLimit(['linkedin', 'x'])]).toEqual([1000, 4086, 1000]);
  });

  it('is a size as people say it', () => {
    expect([1, 999, 120_400, 5_340_000].map(sizeInWords)).toEqual(['1 kB', '1 kB', '121 kB', '5.3 MB']);
  });
});
