import type { Content } from './content-rules.ts';
import { webAddresses } from './weighted-length.ts';
import { linkOnX } from './x-link.ts';

/**
 * The text of a post on X. X has no field for a link: an address in the text becomes the card. So the link goes on a line
 * of its own after the text, unless the text has it already; written so that X reads all of it.
 */
export function textOnX({ text, linkUrl }: Pick<Content, 'text' | 'linkUrl'>): string {
  // A form submits CRLF; what was typed is one line break.
  const typed = text.replaceAll('\r\n', '\n');
  if (linkUrl === null) return typed;
  const link = linkOnX(linkUrl);
  if (mentions(typed, link)) return typed;
  return typed.trim() === '' ? link : `${typed.trimEnd()}\n${link}`;
}

/** The address itself, not one that begins with it. */
function mentions(text: string, linkUrl: string): boolean {
  return text
    .split(/\s+/u)
    .some((word) => word === linkUrl || (word.includes(linkUrl) && webAddresses(word).includes(linkUrl)));
}
