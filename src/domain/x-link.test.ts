import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { countFor } from './content-rules.ts';
import { webAddresses, weightedLength } from './weighted-length.ts';
import { linkOnX, linkWarning } from './x-link.ts';
import { textOnX } from './x-text.ts';

describe('a link on X', () => {
  test.each([
    ['https://example.com/page'],
    ['https://en.wikipedia.org/wiki/Foo_(bar)'],
    ['https://example.com/a?b=(c)&d=e#f'],
    ['https://example.com/%29'],
    ['https://example.com/caf\u00e9'],
    ['https://m\u00fcnchen.de/'],
  ])('stays as it is when X reads all of it: %s', (link) => {
    expect(linkOnX(link)).toBe(link);
  });

  test.each([
    ['https://example.com/page)', 'https://example.com/page%29'],
    ['https://example.com/page.', 'https://example.com/page%2E'],
    ['https://example.com/page...', 'https://example.com/page..%2E'],
    ['https://example.com/page!', 'https://example.com/page%21'],
    ['https://example.com/page,', 'https://example.com/page%2C'],
    ['https://example.com/page*', 'https://example.com/page%2A'],
    ["https://example.com/page'", 'https://example.com/page%27'],
    ['https://example.com/(page', 'https://example.com/%28page'],
    ['https://example.com/a)b)', 'https://example.com/a%29b%29'],
    ['https://example.com/a?b=c)', 'https://example.com/a?b=c%29'],
    ['https://example.com/a?b={c}', 'https://example.com/a?b=%7Bc%7D'],
    ['https://example.com/"a"', 'https://example.com/%22a%22'],
    ['https://example.com/\u6f22\u5b57', 'https://example.com/%E6%BC%A2%E5%AD%97'],
    ['https://example.com/a?q=\u6f22&b=c', 'https://example.com/a?q=%E6%BC%A2&b=c'],
    ['https://example.com/\u{1f389}', 'https://example.com/%F0%9F%8E%89'],
  ])('%s, of which X would link a part, is sent so that X reads all of it', (link, sent) => {
    expect(linkOnX(link)).toBe(sent);
    expect(new URL(sent).hostname).toBe(new URL(link).hostname);
  });

  it('is linked as a whole, and weighs 23, whatever ends it', () => {
    const ending = fc.string({
      unit: fc.constantFrom(...`().,;:!'*~@$%|[]{}"<>\u6f22\u00e9\u{1f389}abc`),
      maxLength: 8,
    });
    fc.assert(
      fc.property(ending, fc.constantFrom('/', '/a?b=', '/a#'), (end, middle) => {
        const sent = linkOnX(`https://example.com${middle}a${end}`);
        expect(webAddresses(sent)).toEqual([sent]);
        expect(weightedLength(sent)).toBe(23);
      }),
    );
  });

  it('is counted as it is sent', () => {
    const content = { text: 'Read', linkUrl: 'https://example.com/page)', images: [] };
    expect(textOnX(content)).toBe('Read\nhttps://example.com/page%29');
    expect(countFor('x', content)).toBe(4 + 1 + 23);
  });

  it('is added where the text has it only in a form of which X would link a part', () => {
    const linkUrl = 'https://example.com/page)';
    expect(textOnX({ text: `See ${linkUrl}`, linkUrl })).toBe(`See ${linkUrl}\nhttps://example.com/page%29`);
    const whole = `See ${linkOnX(linkUrl)}`;
    expect(textOnX({ text: whole, linkUrl })).toBe(whole);
  });
});

describe('a link that X cannot take as a whole', () => {
  it('is sent as it is, and its author hears what will happen', () => {
    const question = 'https://example.com/page?';
    expect(linkOnX(question)).toBe(question);
    expect(linkWarning(question)).toBe(
      'X would link only “https://example.com/page” of this address. Leave out what comes after it, or use another address.',
    );
    const unknown = 'https://example.invalid/page';
    expect(linkOnX(unknown)).toBe(unknown);
    expect(linkWarning(unknown)).toBe(
      'X may not know this as a web address: it would stand there as plain text, and all of it counts. Use another address if people are to follow it from X.',
    );
    expect(linkWarning('https://example.com/page)')).toBeNull();
    expect(linkWarning('https://example.com/page')).toBeNull();
  });
});
