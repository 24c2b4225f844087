import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutOff } from './cut-off.ts';

describe('a text that is too long', () => {
  it('ends with an ellipsis in place of what is left out', () => {
    expect(cutOff('abcdef', 6)).toBe('abcdef');
    expect(cutOff('abcdefg', 6)).toBe('abcde…');
  });

  it('is never cut within a character', () => {
    expect(cutOff('abcd😀😀', 6)).toBe('abcd…');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, most) => {
        const cut = cutOff(text, most);
        expect(cut.isWellFormed()).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(most);
      }),
    );
  });
});
