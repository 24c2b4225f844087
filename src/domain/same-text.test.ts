import { describe, expect, it } from 'vitest';
import { mayReadAlike } from './same-text.ts';

const post = (text: string, linkUrl: string | null = null) => ({ text, linkUrl });

describe('two posts', () => {
  it.each([
    ['the same', post('Hello world'), post('Hello world')],
    ['other white space', post('Hello  world\r\n'), post(' Hello\nworld')],
    ['another composition', post('e\u0301te\u0301'), post('été')],
    ['an address with and without its scheme', post('See https://Example.com/a'), post('See example.com/a')],
    ['a percent sign more', post('See example.com/a)'), post('See example.com/a%29')],
    ['the link in the text or beside it', post('Hello https://example.com'), post('Hello', 'https://example.com')],
    ['another link beside the text', post('Hello', 'https://example.com/1'), post('Hello', 'https://example.com/2')],
    ['signs that mean nothing to a reader', post('Hello\u200b world'), post('Hello world')],
  ])('with %s may read alike on a platform', (_what, one, other) => {
    expect(mayReadAlike(one, other)).toBe(true);
    expect(mayReadAlike(other, one)).toBe(true);
  });

  it.each([
    ['another word', post('Hello world'), post('Hello World Cup')],
    ['another number', post('Day 1'), post('Day 2')],
    ['nothing but other symbols', post('🎉'), post('🎂')],
    ['a percent sign that is no escape', post('100 %'), post('10 %')],
  ])('with %s do not', (_what, one, other) => {
    expect(mayReadAlike(one, other)).toBe(false);
  });
});
