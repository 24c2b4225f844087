import { expect, test } from 'vitest';
import { textOnX } from './x-text.ts';

const linkUrl = 'https://example.com/page';

test.each([
  ['without a link as it is', 'Hello ', null, 'Hello '],
  ['with line breaks as typed, not as a form submits them', 'one\r\ntwo', null, 'one\ntwo'],
  ['with the link on a line of its own', 'Read this', linkUrl, 'Read this\nhttps://example.com/page'],
  ['without an empty line before the link', 'Read this \n', linkUrl, 'Read this\nhttps://example.com/page'],
  ['with the link alone when there is no text', ' ', linkUrl, linkUrl],
  [
    'with the link only once when it is in the text',
    `Look: ${linkUrl} and so on`,
    linkUrl,
    `Look: ${linkUrl} and so on`,
  ],
  ['with the link only once before punctuation', `(See ${linkUrl}.)`, linkUrl, `(See ${linkUrl}.)`],
  ['with the link beside a longer one', `${linkUrl}2`, linkUrl, `${linkUrl}2\n${linkUrl}`],
  ['with the link beside the same in other words', 'See example.com/page', linkUrl, `See example.com/page\n${linkUrl}`],
  [
    'with a link that X does not know as one',
    'In (https://a.invalid/(x)',
    'https://a.invalid/(x',
    'In (https://a.invalid/(x)\nhttps://a.invalid/(x',
  ],
])('the text of a post on X is sent %s', (_case, text, link, sent) => {
  expect(textOnX({ text, linkUrl: link })).toBe(sent);
});
