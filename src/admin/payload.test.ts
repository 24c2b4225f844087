import { describe, expect, it } from 'vitest';
import { Refusal } from '../domain/refusal.ts';
import { booleanField, listField, textField, versionField } from './payload.ts';

describe('a list in a payload', () => {
  it.each([
    [{ ids: ['a', 'b'] }],
    [{ ids: 'a, b' }],
    [{ ids: '["a","b"]' }],
    [{ 'ids.0': 'a', 'ids.1': 'b' }],
    [{ 'ids.1': 'b', 'ids.0': 'a' }],
    [{ 'ids[0]': 'a', 'ids[1]': 'b' }],
    [{ 'ids[]': ['a', 'b'] }],
  ])('is read from %j', (payload) => {
    expect(listField(payload, 'ids')).toEqual(['a', 'b']);
  });

  it('is unchanged when it was not sent, and empty when it was sent empty', () => {
    expect(listField({ idsOfOthers: 'a', 'ids.x': 'b' }, 'ids')).toBeUndefined();
    expect(listField({ ids: [] }, 'ids')).toEqual([]);
    expect(listField({ ids: '' }, 'ids')).toEqual([]);
  });

  it('of anything but texts is refused', () => {
    expect(() => listField({ ids: { $ne: 1 } }, 'ids')).toThrow(Refusal);
    expect(() => listField({ ids: [1] }, 'ids')).toThrow(Refusal);
  });
});

describe('a field', () => {
  it('that was not sent is not taken from the prototype', () => {
    expect(textField({}, 'constructor')).toBeUndefined();
    expect(textField({ text: null }, 'text')).toBeNull();
    expect(() => textField({ text: { length: 1 } }, 'text')).toThrow(Refusal);
  });

  it('of yes or no reads both words and values', () => {
    expect([booleanField({ a: true }, 'a'), booleanField({ a: 'false' }, 'a'), booleanField({}, 'a')]).toEqual([
      true,
      false,
      undefined,
    ]);
    expect(() => booleanField({ a: 'maybe' }, 'a')).toThrow(Refusal);
  });

  it('with a version that is no time is refused', () => {
    expect(versionField({ updatedAt: '2026-01-01T00:00:00.000Z' })).toEqual(new Date('2026-01-01T00:00:00.000Z'));
    expect(() => versionField({ updatedAt: 'then' })).toThrow(Refusal);
  });
});
