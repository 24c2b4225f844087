import { expect, test } from 'vitest';
import { contentProblems } from './content-rules.ts';
import { contentWarnings } from './content-warnings.ts';
import { PLATFORMS, type Platform } from './platform-name.ts';

const size = (width: number, height: number) => ({ width, height });
const about = (
  images: { width: number; height: number }[],
  platforms: readonly Platform[],
  linkUrl: string | null = null,
) => contentWarnings({ text: 'Hello', linkUrl, images }, platforms).map(({ field, message }) => `${field}: ${message}`);

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
  ['a strip', 3000, 300, '(3000 × 300) is too wide for the feeds of LinkedIn, Facebook and X'],
  ['a column', 300, 3000, '(300 × 3000) is too tall for the feeds of LinkedIn, Facebook and X'],
  ['a picture of a whole telephone', 1080, 2340, '(1080 × 2340) is too tall for the feeds of LinkedIn, Facebook and X'],
  ['a telephone’s film frame', 1080, 1920, '(1080 × 1920) is too tall for the feeds of LinkedIn and X'],
  ['a panorama', 2500, 1000, '(2500 × 1000) is too wide for the feed of X'],
])('%s gets one sentence that names who crops it', (_what, width, height, words) => {
  const [sentence, ...more] = about([size(width, height)], PLATFORMS);
  expect(sentence).toContain(`media: The image ${words}: probably only its middle is seen there`);
  expect(more).toEqual([]);
});

test('only the chosen platforms are named, and none when none is chosen', () => {
  const panorama = size(2500, 1000);
  expect(about([panorama], ['linkedin', 'facebook'])).toEqual([]);
  expect(about([panorama], [])).toEqual([]);
  expect(about([size(800, 600), panorama], ['x', 'x'])).toEqual([
    'media: Image 2 (2500 × 1000) is too wide for the feed of X: probably only its middle is seen there, and the whole of it once somebody opens it.',
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

test.each([
  ['a zero-width space', 'exam\u200bple.com', 'U+200B'],
  ['a byte-order mark', '\ufeffHello', 'U+FEFF'],
  ['a soft hyphen', 'Donau\u00addampf', 'U+00AD'],
  ['a letter that nobody sees', 'Hello\u{e0041}', 'U+E0041'],
])('a text with %s inside is named, since it may be an accident', (_what, text, name) => {
  expect(
    contentWarnings({ text, linkUrl: null, images: [] }, []).map(({ field, message }) => [field, message]),
  ).toEqual([
    [
      'text',
      `The text has an invisible character (${name}), which counts and may break a word or an address. Paste the text as plain text if you did not put it there.`,
    ],
  ]);
});

test.each([
  [
    'emoji of several characters',
    '\u{1f469}\u200d\u{1f680} \u2764\ufe0f \u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
  ],
  ['Persian', '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'],
  ['two directions', '\u05e9\u05dc\u05d5\u05dd \u200f!'],
])('a text in which invisible characters belong (%s) is not', (_what, text) => {
  expect(contentWarnings({ text, linkUrl: null, images: [] }, PLATFORMS)).toEqual([]);
});
