import { describe, expect, it } from 'vitest';
import { type Content, contentProblems, textWithLink } from './content-rules.ts';

const messages = (content: Partial<Content>, platforms: Parameters<typeof contentProblems>[1] = ['linkedin']) =>
  contentProblems({ text: 'Hello', linkUrl: null, images: [], ...content }, platforms).map(
    (problem) => `${problem.field}: ${problem.message}`,
  );

describe('what may be posted', () => {
  it('is a text within the limit of each chosen platform', () => {
    expect(messages({ text: 'x'.repeat(3000) })).toEqual([]);
    expect(messages({ text: 'x'.repeat(3001) })).toEqual([
      'text: LinkedIn takes 3,000 characters; this is 1 too long. Shorten the text.',
    ]);
    expect(messages({ text: 'x'.repeat(281) }, ['linkedin', 'x'])).toEqual([
      'text: X takes 280 characters; this is 1 too long. Shorten the text.',
    ]);
  });

  it('is never an empty text', () => {
    expect(messages({ text: ' \n\t ' }, [])).toEqual(['text: Write something: the text is empty.']);
  });

  it('has no half characters and no control characters', () => {
    expect(messages({ text: 'broken \ud83d emoji' })[0]).toContain('broken character');
    expect(messages({ text: 'nul \u0000' })[0]).toContain('control character');
    expect(messages({ text: 'tab\tand\r\nlines \u{1f600}' })).toEqual([]);
  });

  for (const link of [
    'javascript:alert(1)',
    'example.com',
    'https://user:pass@example.com/',
    'https://localhost/',
    'ftp://example.com',
    `https://example.com/${'x'.repeat(2000)}`,
  ]) {
    it(`has no link like ${link.slice(0, 40)}`, () => {
      expect(messages({ linkUrl: link })[0]).toContain('linkUrl: A link must be');
    });
  }

  it('may have a web address as its link', () => {
    expect(messages({ linkUrl: 'https://example.com/page?x=1#y' })).toEqual([]);
  });
});

describe('a link beside images', () => {
  const images = [
    { sha256: 'aa', altText: null, contentType: 'image/png', byteSize: 3, width: 1, height: 1, animated: false },
  ] as const;
  const linkUrl = 'https://example.com/page';
  const shown = (text: string) => textWithLink({ text, linkUrl, images });

  it('stands at the end of the text', () => {
    expect(shown('Look')).toBe('Look\n\nhttps://example.com/page');
    expect(shown('Look\n')).toBe('Look\n\nhttps://example.com/page');
    expect(shown('')).toBe('https://example.com/page');
    expect(shown('See https://example.com/page2')).toMatch(/page2\n\nhttps:\/\/example\.com\/page$/);
  });

  it('is not repeated when the author has written it himself', () => {
    for (const text of [
      'https://example.com/page',
      'See https://example.com/page, please',
      '(https://example.com/page)',
    ])
      expect(shown(text)).toBe(text);
  });

  it('leaves the text alone where it is shown as a card', () => {
    expect(textWithLink({ text: 'Look', linkUrl, images: [] })).toBe('Look');
    expect(textWithLink({ text: 'Look', linkUrl: null, images })).toBe('Look');
  });

  it('counts into the limit, before anything is scheduled', () => {
    expect(messages({ text: 'x'.repeat(2974), linkUrl, images })).toEqual([]);
    expect(messages({ text: 'x'.repeat(2975), linkUrl, images })[0]).toContain('this is 1 too long');
    expect(messages({ text: 'x'.repeat(3000), linkUrl })).toEqual([]);
  });
});
