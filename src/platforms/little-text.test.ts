import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromLittleText, toLittleText } from './little-text.ts';

describe('text as typed', () => {
  test('has every reserved character escaped', () => {
    expect(toLittleText('| { } @ [ ] ( ) < > # \\ * _ ~')).toBe(
      '\\| \\{ \\} \\@ \\[ \\] \\( \\) \\< \\> \\# \\\\ \\* \\_ \\~',
    );
  });

  test.each([
    ['#launch', '#launch'],
    ['We ship today. #launch #Zażółć2026 #日本', 'We ship today. #launch #Zażółć2026 #日本'],
    ['(#launch)', '\\(#launch\\)'],
    ['#launch, #done.', '#launch, #done.'],
    ['line\n#launch', 'line\n#launch'],
    ['#2026goals', '#2026goals'],
  ])('keeps a plain hashtag a hashtag: %j', (typed, sent) => {
    expect(toLittleText(typed)).toBe(sent);
  });

  test.each([
    ['C# and F#', 'C\\# and F\\#'],
    ['We are #1!', 'We are \\#1!'],
    ['#snake_case', '\\#snake\\_case'],
    ['##twice', '\\#\\#twice'],
    ['#one#two', '\\#one\\#two'],
    ['https://example.com/#part', 'https://example.com/\\#part'],
    ['&#039;', '&\\#039;'],
    ['\\#word', '\\\\\\#word'],
    ['# word', '\\# word'],
    ['#', '\\#'],
  ])('escapes a sign that only looks like one: %j', (typed, sent) => {
    expect(toLittleText(typed)).toBe(sent);
  });

  test('cannot mention anybody', () => {
    expect(toLittleText('@[ACME](urn:li:organization:1)')).toBe('\\@\\[ACME\\]\\(urn:li:organization:1\\)');
  });
});

describe('little text as LinkedIn returns it', () => {
  test('comes back as the text that was typed, whatever that was', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'|{}@[]()<>#\\*_~aż1 \n😀') }), (typed) => {
        expect(fromLittleText(toLittleText(typed))).toBe(typed);
      }),
      { numRuns: 1000 },
    );
  });

  test('shows hashtag templates and mentions as readers see them', () => {
    expect(
      fromLittleText('Hello @[Acme \\(EU\\)](urn:li:organization:1), {hashtag|\\#|launch} {hashtag|#|two\\_words}'),
    ).toBe('Hello Acme (EU), #launch #two_words');
  });
});
