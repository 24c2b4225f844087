import { describe, expect, it } from 'vitest';
import { Refusal } from '../domain/refusal.ts';
import { recordsField, textOf, textsField } from './payload-parts.ts';

describe('a list of objects in a payload', () => {
  it.each([
    [{ media: [{ id: 'a', altText: 'A' }, { id: 'b' }] }],
    [{ media: '[{"id":"a","altText":"A"},{"id":"b"}]' }],
    [{ 'media.0.id': 'a', 'media.0.altText': 'A', 'media.1.id': 'b' }],
    [{ 'media.10.id': 'b', 'media.9.altText': 'A', 'media.9.id': 'a' }],
    [{ 'media[0][id]': 'a', 'media[0][altText]': 'A', 'media[1][id]': 'b' }],
    [{ 'media[0].id': 'a', 'media[0].altText': 'A', 'media[1].id': 'b' }],
    [{ media: { 0: { id: 'a', altText: 'A' }, 1: { id: 'b' } } }],
  ])('is read from %j', (payload) => {
    expect(recordsField(payload, 'media')).toEqual([{ id: 'a', altText: 'A' }, { id: 'b' }]);
  });

  it('is unchanged when it was not sent, and empty when it was sent empty', () => {
    expect(recordsField({ mediation: 'x', 'media!': 'y' }, 'media')).toBeUndefined();
    for (const empty of [[], '', null, '[]']) expect(recordsField({ media: empty }, 'media')).toEqual([]);
  });

  it.each([[['a']], ['a'], [7], [[[]]], ['[{"id":'], [true]])('of %j is refused at its field', (media) => {
    expect(() => recordsField({ media }, 'media')).toThrow(Refusal);
  });

  it('holds only texts', () => {
    expect([textOf({ id: 'a' }, 'id', 'media'), textOf({}, 'id', 'media'), textOf({}, 'constructor', 'media')]).toEqual(
      ['a', null, null],
    );
    expect(() => textOf({ id: { $ne: 1 } }, 'id', 'media')).toThrow('media must be objects with texts');
  });
});

describe('texts by name in a payload', () => {
  it.each([
    [{ texts: { a: 'A', b: null } }],
    [{ texts: '{"a":"A","b":null}' }],
    [{ 'texts.a': 'A', 'texts.b': null }],
    [{ 'texts[a]': 'A', 'texts[b]': null }],
  ])('are read from %j', (payload) => {
    expect(textsField(payload, 'texts')).toEqual({ a: 'A', b: null });
  });

  it('are unchanged when they were not sent, and none when they were sent empty', () => {
    expect(textsField({ text: 'x' }, 'texts')).toBeUndefined();
    for (const empty of [{}, '', null, '{}', []]) expect(textsField({ texts: empty }, 'texts')).toEqual({});
  });

  it.each([['x'], [['x']], [{ a: 1 }], [{ a: { b: 'c' } }]])('of %j are refused at their field', (texts) => {
    expect(() => textsField({ texts }, 'texts')).toThrow(Refusal);
  });
});
