import type { Content } from './content-rules.ts';
import { webAddresses } from './weighted-length.ts';

/**
 * The text of a post on X. X has no field for a link: an address in the text becomes the card. So the link goes on a line
 * of its own after the text, unless the text has it already.
 */
export function textOnX({ text, linkUrl }: Pick<Content, 'text' | 'linkUrl'>): string {
  // A form submits CRLF; what was typed is one line break.
  const typed = text.replaceAll('\r\n', '\n');
  if (linkUrl === null || mentions(typed, linkUrl)) return typed;
  return typed.trim() === '' ? linkUrl : `${typed.trimEnd()}\n${linkUrl}`;
}

/** The address itself, not one that begins with it. */
function mentions(text: string, linkUrl: string): boolean {
  return text
    .split(/\s+/u)
    .some((word) => word === linkUrl || (word.includes(linkUrl) && webAddresses(word).includes(linkUrl)));
}
