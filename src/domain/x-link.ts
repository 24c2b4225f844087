/**
 * A link as it has to stand in a text for X to read all of it. X finds addresses in texts by itself and leaves to the sentence
 * what it takes for the sentence's punctuation: of `https://example.com/page)` it would link, and count as 23, only what comes
 * before the bracket. Written with percent signs such characters belong to the address, which leads to the same page.
 */
import { webAddresses } from './weighted-length.ts';

/** A link that needs more is as strange as it is long. */
const MOST_CHANGES = 50;
/** No address is written with these; a percent sign that begins nothing is one that is meant. */
const ODD = /[^!-~]|["<>\\^`{|}]|%(?![0-9a-f]{2})/giu;
/** Written with percent signs these would mean something else. */
const MEANT_AS_THEY_ARE = /^[/?#&=%]$/;

/** @returns the link itself when X reads all of it, or when nothing would make it */
export function linkOnX(link: string): string {
  let sent = link;
  for (let changes = 0; changes < MOST_CHANGES; changes++) {
    const read = readByX(sent);
    if (read === sent) return sent;
    const changed = read === null ? null : changedBehind(sent, read.length);
    if (changed === null) return link;
    sent = changed;
  }
  return link;
}

/** What somebody should know before this link goes to X; null when X will link all of it. */
export function linkWarning(link: string): string | null {
  const sent = linkOnX(link);
  const read = readByX(sent);
  if (read === sent) return null;
  if (read === null)
    return 'X may not know this as a web address: it would stand there as plain text, and all of it counts. Use another address if people are to follow it from X.';
  return `X would link only “${read}” of this address. Leave out what comes after it, or use another address.`;
}

/** The part, from the first character on, that X would link. */
function readByX(link: string): string | null {
  const [first] = webAddresses(link);
  return first !== undefined && link.startsWith(first) ? first : null;
}

/**
 * One step nearer to what X reads, which stops at `end`: without what no address is written with, else with another last
 * character, where X expects punctuation, else with another one where it stops. Null: nothing can be changed there.
 */
function changedBehind(link: string, end: number): string | null {
  const rest = link.slice(end);
  const usual = rest.replace(ODD, percentEncoded);
  if (usual !== rest) return link.slice(0, end) + usual;
  if (!/[a-z0-9/?#&=%]$/i.test(link)) return link.slice(0, -1) + percentEncoded(link.slice(-1));
  const at = link.charAt(end);
  return MEANT_AS_THEY_ARE.test(at) ? null : link.slice(0, end) + percentEncoded(at) + link.slice(end + 1);
}

/** As encodeURIComponent, but of every character. */
function percentEncoded(character: string): string {
  return [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
