import { describe, expect, it } from 'vitest';
import { hiddenInName } from './invisible-characters.ts';

describe('a name', () => {
  it.each([
    ['an override of the reading direction', 'Ann\u202egnp', 'U+202E'],
    ['an isolate', 'Ann\u2066', 'U+2066'],
    ['a mark of direction', 'Ann\u200f', 'U+200F'],
    ['a zero-width space', 'A\u200bnn', 'U+200B'],
    ['a soft hyphen', 'An\u00adn', 'U+00AD'],
    ['a byte-order mark', '\ufeffAnn', 'U+FEFF'],
    ['a joiner between Latin letters', 'A\u200dnn', 'U+200D'],
    ['a non-joiner at its end', 'Анна\u200c', 'U+200C'],
    ['a non-joiner before a blank', 'علی\u200c x', 'U+200C'],
    ['a variation selector after a letter', 'Ann\ufe0f', 'U+FE0F'],
    ['a joiner of graphemes', 'An\u034fn', 'U+034F'],
    ['a tag', 'Ann\u{e0041}', 'U+E0041'],
    ['a format character of no use in it', 'Ann\u{1d173}', 'U+1D173'],
  ])('has %s, which nobody sees', (_what, name, found) => {
    expect(hiddenInName(name)).toBe(found);
  });

  it.each([
    ['Persian with a non-joiner', 'علی‌رضا'],
    ['Sinhala with a joiner', 'ශ්‍රී ලංකා'],
    ['Malayalam with a joiner at its end', 'രാജന്‍'],
    ['Japanese with a chosen form of a character', '葛󠄀城'],
    ['a family of emoji', 'Team 👨‍👩‍👧'],
    ['an emoji with a variation selector', '❤️ Press'],
    ['accents, apostrophes and hyphens', 'Zoë O’Brien-Łukasz'],
    ['Hebrew', 'רחל'],
    ['letters with marks that are not composed', 'Zoe\u0308'],
  ])('may be %s', (_what, name) => {
    expect(hiddenInName(name)).toBeNull();
  });
});
