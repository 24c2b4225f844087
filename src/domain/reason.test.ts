import { describe, expect, it } from 'vitest';
import { reasonProblem } from './reason.ts';

describe('a reason', () => {
  it.each(['', '  \n', '\u200b', ' \u2060\u00ad ', '\u3164', '\u2800'])(
    'of which nothing is seen (%j) is none',
    (text) => {
      expect(reasonProblem(text, 'Say why.')).toBe('Say why.');
      expect(reasonProblem(text, null)).toBeNull();
    },
  );

  it('that turns the reading direction is refused, as it would turn our own words', () => {
    const sentence =
      'This has an invisible character that turns the reading direction (U+202E). Paste it as plain text, or type it again.';
    expect(reasonProblem('wrong \u202ereversed', 'Say why.')).toBe(sentence);
    expect(reasonProblem('wrong \u202ereversed', null)).toBe(sentence);
  });

  it('in Arabic, or with an emoji, is fine', () => {
    expect(reasonProblem('مرحبا 😀', 'Say why.')).toBeNull();
  });
});
