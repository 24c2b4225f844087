import { describe, expect, it } from 'vitest';
import { type Content, contentProblems, countFor, textWithLink } from './content-rules.ts';

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

  it('has, on X, the link in its text and as heavy as X weighs it', () => {
    const linkUrl = `https://example.com/${'a'.repeat(300)}`;
    expect(messages({ text: 'x'.repeat(256), linkUrl }, ['x'])).toEqual([]);
    expect(messages({ text: 'x'.repeat(257), linkUrl }, ['x'])).toEqual([
      'text: X takes 280 characters; this is 1 too long. Shorten the text.',
    ]);
    // It is there already: nothing is added.
    expect(messages({ text: `${'x'.repeat(255)} (${linkUrl})`, linkUrl }, ['x'])).toEqual([
      'text: X takes 280 characters; this is 1 too long. Shorten the text.',
    ]);
    expect(messages({ text: `${'x'.repeat(254)} (${linkUrl})`, linkUrl }, ['x'])).toEqual([]);
  });

  it('is counted by each platform in its own way', () => {
    const text = 'é日本\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\r\n';
    expect(countFor('x', { text, linkUrl: null, images: [] })).toBe(1 + 2 + 2 + 2 + 1);
    // There the link has a place of its own.
    const content = { text, linkUrl: 'https://example.com', images: [] };
    expect(countFor('linkedin', content)).toBe(1 + 2 + 8 + 1);
    expect(countFor('facebook', content)).toBe(1 + 2 + 8 + 1);
  });

  for (const [what, text] of [
    ['blanks', ' \n\t '],
    ['zero-width characters', '\u200b\u200d\u2060\ufeff'],
    ['fillers and Braille’s blank', '\u3164\u115f \u2800'],
    ['a soft hyphen', '\u00ad'],
  ] as const) {
    it(`is never only ${what}`, () => {
      expect(messages({ text }, [])).toEqual(['text: Write something: the text is empty.']);
    });
  }

  for (const control of ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069']) {
    const name = `U+${control.charCodeAt(0).toString(16).toUpperCase()}`;
    it(`has nothing that turns the reading direction: ${name}`, () => {
      expect(messages({ text: `abc${control}def` })).toEqual([
        expect.stringContaining(`turns the reading direction (${name})`),
      ]);
      expect(messages({ linkUrl: `https://example.com/${control}` })).toEqual([
        `linkUrl: The link has an invisible character (${name}). Copy the address again, or type it.`,
      ]);
    });
  }

  it('may have right-to-left text, and emoji joined by zero-width joiners', () => {
    expect(messages({ text: 'שלום \u200f! \u{1f469}\u200d\u{1f680}' }, ['linkedin', 'facebook', 'x'])).toEqual([]);
  });

  it('has, on X, no character that X refuses', () => {
    expect(messages({ text: '\ufeffHello' }, ['x'])).toEqual([
      expect.stringContaining('an invisible character that X refuses (U+FEFF)'),
    ]);
    expect(messages({ text: '\ufeffHello' }, ['linkedin'])).toEqual([]);
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

  for (const [name, link] of [
    ['U+200B', 'https://exam\u200bple.com/'],
    ['U+FEFF', 'https://example.com/\ufeff'],
    ['U+200E', 'https://example.com/\u200e'],
    ['U+E0041', 'https://example.com/\u{e0041}'],
  ] as const) {
    it(`has no link with an invisible character: ${name}`, () => {
      expect(messages({ linkUrl: link })).toEqual([
        `linkUrl: The link has an invisible character (${name}). Copy the address again, or type it.`,
      ]);
    });
  }

  it('may have a web address as its link', () => {
    expect(messages({ linkUrl: 'https://example.com/page?x=1#y' })).toEqual([]);
    expect(messages({ linkUrl: 'https://example.com/\u0645\u06cc\u200c\u062e\u0648\u0627' })).toEqual([]);
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
