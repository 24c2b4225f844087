import { describe, expect, it } from 'vitest';
import { recogniseUrls } from './url-recognition.ts';
import { weightedLength } from './weighted-length.ts';

describe('the weighted length', () => {
  it.each([
    ['', 0],
    ['hello', 5],
    ['Übergröße', 9],
    ['Привет', 6],
    ['你好', 4],
    ['こんにちは', 10],
    ['한국어', 6],
    ['“quoted” – and—so on', 20],
    // Composed before it is counted: the letter and its accent are one.
    ['e\u0301', 1],
    // The dots of an ellipsis are one heavy character.
    ['wait…', 6],
  ])('of %j is %i', (text, length) => {
    expect(weightedLength(text)).toBe(length);
  });

  it.each([
    ['one code point', '😀'],
    ['with its presentation', '☺️'],
    ['a flag', '🇩🇪'],
    ['a keycap', '1️⃣'],
    ['a keycap typed without its presentation', '1⃣'],
    ['a skin tone', '👍🏽'],
    ['a family', '👩‍👩‍👧‍👦'],
    ['a subdivision’s flag', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
  ])('of an emoji is 2: %s', (_what, emoji) => {
    expect(weightedLength(emoji)).toBe(2);
    expect(weightedLength(`a${emoji}b${emoji}`)).toBe(6);
  });

  it('counts each emoji, also where two of them are joined to what is none', () => {
    expect(weightedLength('😀😀😀')).toBe(6);
    // The joiner between them weighs 1.
    expect(weightedLength('😀\u200D😀')).toBe(5);
    expect(weightedLength('a1#*')).toBe(4);
  });

  it('counts a URL as 23, however long it is and however it is written', () => {
    for (const url of [
      'https://a.co',
      `https://example.com/${'x'.repeat(500)}`,
      'example.com',
      'www.example.co.uk/a?b=c#d',
    ])
      expect(weightedLength(url)).toBe(23);
    expect(weightedLength('see https://example.com/a and example.org.')).toBe(4 + 23 + 5 + 23 + 1);
  });
});

describe('a URL', () => {
  it.each([
    ['see https://example.com/path?x=1&y=2.', ['https://example.com/path?x=1&y=2']],
    ['(https://en.wikipedia.org/wiki/Primer_(film))', ['https://en.wikipedia.org/wiki/Primer_(film)']],
    ['https://example.com, HTTP://EXAMPLE.ORG!', ['https://example.com', 'HTTP://EXAMPLE.ORG']],
    ['example.com/a example.org', ['example.com/a', 'example.org']],
    ['日本語https://example.comです', ['https://example.com']],
    ['http://例え.jp/x', ['http://例え.jp/x']],
    ['https://example.com:8443/a', ['https://example.com:8443/a']],
    ['https://example.com/@user/1', ['https://example.com/@user/1']],
    ['see:example.com', ['example.com']],
  ])('is found in %j', (text, urls) => {
    expect(recogniseUrls(text).map(({ url }) => url)).toEqual(urls);
    for (const { start, end, url } of recogniseUrls(text)) expect(text.slice(start, end)).toBe(url);
  });

  it.each([
    'me@example.com',
    'john.doe@example.com',
    '@example.com',
    '#example.com',
    '$example.com',
    'node.js and file.txt',
    'e.g. this, i.e. that',
    '1.2.3',
    'http://localhost:3000/x',
    'https://',
    'example.com@home',
    'end.Next sentence',
  ])('is not found in %j', (text) => {
    expect(recogniseUrls(text)).toEqual([]);
  });
});
