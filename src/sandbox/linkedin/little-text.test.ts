import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLittleText } from './little-text.ts';

describe('little text', () => {
  it.each([
    ['plain text, 4% and "quotes"', 'plain text, 4% and "quotes"'],
    [
      String.raw`all \| \{ \} \@ \[ \] \( \) \< \> \# \\ \* \_ \~ escaped`,
      String.raw`all | { } @ [ ] ( ) < > # \ * _ ~ escaped`,
    ],
    ['a #hashtag and #été2026, fine', 'a #hashtag and #été2026, fine'],
    [String.raw`a {hashtag|\#|template} and {hashtag|#|another}`, 'a #template and #another'],
    ['hello @[Acme Corp](urn:li:organization:1234)!', 'hello Acme Corp!'],
    [String.raw`hello @[Jo \(he\)](urn:li:person:a-B_9)`, 'hello Jo (he)'],
    ['emoji 👩‍👩‍👧 and newline\nkept', 'emoji 👩‍👩‍👧 and newline\nkept'],
  ])('shows %j whole', (sent, shown) => {
    expect(readLittleText(sent)).toMatchObject({ shown, cutAt: null });
  });

  it.each([
    ['Va al repo (durable) ya', 'Va al repo ', '('],
    ['mail me@example.com', 'mail me', '@'],
    ['C# is a language', 'C', '#'],
    ['a_b', 'a', '_'],
    ['2 < 3', '2 ', '<'],
    [String.raw`path\to`, 'path', '\\'],
    ['ends with \\', 'ends with ', '\\'],
    ['{hashtag|no sign}', '', '{'],
    ['@[Acme](urn:li:share:1) said', '', '@'],
    ['#tag_with_underscore', '#tag', '_'],
  ])('silently ends %j at the first unescaped reserved character', (sent, shown, character) => {
    expect(readLittleText(sent)).toMatchObject({
      shown,
      cutAt: { index: sent.indexOf(character, shown.length), character },
    });
  });

  it('shows any text whole whose reserved characters are all escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = text.replace(/[|{}@[\]()<>#\\*_~]/g, '\\$&');
        expect(readLittleText(escaped)).toEqual({ shown: text, length: text.length, cutAt: null });
      }),
    );
  });
});
