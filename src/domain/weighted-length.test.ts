/**
 * The cases are twitter-text's own: `WeightedTweetsWithDiscountedEmojiCounterTest`, `UnicodeDirectionalMarkerCounterTest`
 * and the URLs of `conformance/validate.yml` in github.com/twitter/twitter-text, Copyright 2018 Twitter, Inc., under the
 * Apache License 2.0 (http://www.apache.org/licenses/LICENSE-2.0). Taken over as data; long runs are written as repetitions.
 */
import { describe, expect, test } from 'vitest';
import { webAddresses, weightedLength } from './weighted-length.ts';

const TEN = 'xxxxxxxxxx-';
const HIRAGANA = 'あいうえおかきくけこ';
const POEM =
  '故人西辞黄鹤楼，烟花三月下扬州。孤帆远影碧空尽，唯见长江天际流。朱雀桥边野草花，乌衣巷口夕阳斜。旧时王谢堂前燕，飞入寻常百姓家。朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。泪湿罗巾梦不成，夜深前殿按歌声。红颜未老恩先断，斜倚薰笼坐到明。独在异乡为异客，每逢佳节倍思亲。遥知兄弟登高处，遍插茱萸少一人。';
const FAMILY = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}';
const PUNCTUATION = '‐ ‑ ‒ – — ― ‖  ‗ ‘ ’ ‚ ‛ “ ” „ ‟ ′ ″ ‴ ‵ ‶ ‷';

/** What it is, the text, its length in UTF-16 units (which shows that it is the published one), its weight. */
const COUNTED: [string, string, number, number][] = [
  ['a text with an address', 'Hi http://test.co', 17, 26],
  ['just an address', 'http://test.co', 14, 23],
  ['285 characters', `285 chars-${TEN.repeat(25)}`, 285, 285],
  ['a long text with an address in the middle', `285 chars- http://www.twitter.com/jack ${TEN.repeat(24)}`, 303, 299],
  ['a long text with an address at the end', `${TEN.repeat(24)} http://www.twitter.com/jack `, 293, 289],
  ['ten addresses', 'https://www.twitter.com/aloha '.repeat(10), 300, 240],
  ['160 Chinese characters', POEM, 160, 320],
  ['160 emoji', '\u{1f637}'.repeat(160), 320, 320],
  ['3 Latin and 160 Chinese characters', `the${POEM}`, 163, 323],
  ['a character that is composed first', `282 chars-${TEN.repeat(24)}xxxxxA\u0301x`, 282, 281],
  ['a family', `H\u{1f431}☺${FAMILY}`, 15, 7],
  ['emoji of the basic plane', '\u{1f637}\u{1f47e}\u{1f621}\u{1f525}\u{1f4a9}', 10, 10],
  ['emoji with a skin tone', '\u{1f64b}\u{1f3fd}\u{1f468}\u200d\u{1f3a4}', 9, 4],
  [
    'general punctuation',
    `This is a tweet with general punctuation characters: \u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b ${PUNCTUATION}`,
    110,
    110,
  ],
  ['a long name without a scheme', `${'randomurl'.repeat(7)}s.com`, 68, 68],
  ['a Japanese host whose name is too long', `${HIRAGANA.repeat(12)} http://${HIRAGANA.repeat(5)}あいう.com`, 185, 358],
  ['a Japanese host whose name fits', `${HIRAGANA.repeat(12)} http://${HIRAGANA.repeat(5)}あい.com`, 184, 264],
  ['140 families', FAMILY.repeat(140), 1540, 280],
  [
    'emoji of Unicode 10',
    'Unicode 10.0 emoji: \u{1f92a}; \u{1f9d5}; \u{1f9d5}\u{1f3fe}; \u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    48,
    34,
  ],
  ['emoji of Unicode 9', 'Unicode 9.0 emoji: \u{1f920}; \u{1f483}; \u{1f483}\u{1f3fe}', 31, 29],
  ['characters that are none', 'ABC\u202a\uffffABC\ufffe', 9, 12],
  ['marks of direction', '\u2066\u202ahttp://foobar.پاکستان/\u202c\u2069', 26, 31],
];

describe('X counts', () => {
  test.each(COUNTED)('%s', (_what, text, units, weight) => {
    expect(text.length).toBe(units);
    expect(weightedLength(text)).toBe(weight);
  });

  test('long addresses, however long they make the text', () => {
    const long = `https://example.com/${'a'.repeat(1_980)}`;
    expect(weightedLength(`One ${long}\ntwo ${long} three `)).toBe(4 + 23 + 5 + 23 + 7);
    expect(weightedLength(`${long} `.repeat(11))).toBe(11 * 24);
  });

  test.each([
    ['a word that looks like addresses without end', 'あ.'.repeat(30_000)],
    ['a text of many such words', `${'あ.'.repeat(2_000)} `.repeat(15)],
    ['many names without a scheme', 'a.'.repeat(30_000)],
  ])('%s far beyond its limit, without thinking about it for long', (_what, text) => {
    const before = performance.now();
    expect(weightedLength(text)).toBeGreaterThan(2_000);
    // Seconds, when the whole is searched for addresses.
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

describe('web addresses', () => {
  test.each([
    'http://example.com',
    'https://example.com/path/to/resource?search=foo&lang=en',
    'http://twitter.com/#!/twitter',
    'HTTPS://www.ExaMPLE.COM/index.html',
    'http://sports.yahoo.com/nfl/news;_ylt=Aom0;ylu=XyZ?slug=ap-superbowlnotebook',
    'http://test_underscore.twitter.com',
    'http://example.com?foo=$bar.;baz?BAZ&c=d-#top/?stories',
    'http://example.com/Русские_слова',
    'https://www.youtube.com/playlist?list=PL0ZPu8XSRTB7wZzn0mLHMvyzVFeRxbWn-',
    'example.com',
    't.co',
    'foo.co.jp',
  ])('are found among words: %s', (url) => {
    expect(webAddresses(`Look at\n${url}, it is new`)).toContain(url);
    expect(weightedLength(url)).toBe(23);
  });

  test.each(['ftp://www.example.com/', 'http://www.-domain4352.com/', 'nothing here. Or here'])(
    'are not seen in %s',
    (text) => {
      expect(webAddresses(text)).not.toContain(text);
    },
  );
});
