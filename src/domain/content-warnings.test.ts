import { expect, test } from 'vitest';
import { contentProblems } from './content-rules.ts';
import { contentWarnings } from './content-warnings.ts';
import { PLATFORMS, type Platform } from './platform-name.ts';

const size = (width: number, height: number) => ({ width, height });
const about = (
  images: { width: number; height: number }[],
  platforms: readonly Platform[],
  linkUrl: string | null = null,
) => contentWarnings({ linkUrl, images }, platforms).map(({ field, message }) => `${field}: ${message}`);

test.each([
  ['a landscape photo', 4000, 3000],
  ['an upright photo', 3000, 4000],
  ['a square', 1080, 1080],
  ['a widescreen picture', 1920, 1080],
  ['a picture of 2:1, one pixel off', 1201, 600],
])('%s is shown whole everywhere', (_what, width, height) => {
  expect(about([size(width, height)], PLATFORMS)).toEqual([]);
});

test.each<[string, number, number, string]>([
  ['a strip', 3000, 300, 'is very wide (3000 × 300): LinkedIn, Facebook and X'],
  ['a column', 300, 3000, 'is very tall (300 × 3000): LinkedIn, Facebook and X'],
  ['a picture of a whole telephone', 1080, 2340, 'is very tall (1080 × 2340): LinkedIn, Facebook and X'],
  ['a telephone’s film frame', 1080, 1920, 'is very tall (1080 × 1920): LinkedIn and X'],
  ['a panorama', 2500, 1000, 'is very wide (2500 × 1000): X'],
])('%s gets one sentence that names who crops it', (_what, width, height, words) => {
  const [sentence, ...more] = about([size(width, height)], PLATFORMS);
  expect(sentence).toContain(`media: The image ${words} will probably show only the middle of it in`);
  expect(more).toEqual([]);
});

test('only the chosen platforms are named, and none when none is chosen', () => {
  const panorama = size(2500, 1000);
  expect(about([panorama], ['linkedin', 'facebook'])).toEqual([]);
  expect(about([panorama], [])).toEqual([]);
  expect(about([size(800, 600), panorama], ['x', 'x'])).toEqual([
    'media: Image 2 is very wide (2500 × 1000): X will probably show only the middle of it in its feed, and the whole of it once somebody opens it.',
  ]);
});

test('a link of which X would read a part is named where X is chosen', () => {
  const link = 'https://example.com/page?';
  expect(about([], ['linkedin'], link)).toEqual([]);
  expect(about([], ['linkedin', 'x'], link)).toEqual([expect.stringContaining('linkUrl: X would link only')]);
});

test('a warning is no problem: such a post may be sent', () => {
  const strip = {
    sha256: 'a',
    contentType: 'image/png',
    byteSize: 1,
    ...size(3000, 300),
    animated: false,
    altText: null,
  } as const;
  expect(contentProblems({ text: 'Hi', linkUrl: 'https://example.com/page?', images: [strip] }, PLATFORMS)).toEqual([]);
});
