/**
 * Whether two posts may look the same on a platform. Pure. Platforms trim, compose characters, shorten and complete
 * addresses, and each look-up allows for what its own does; this allows for all of it together, because it answers when two
 * posts cannot be told apart: too often a yes costs a person a look, one no too few a wrong id.
 */

export interface SentText {
  text: string;
  linkUrl: string | null;
}

/** With the link in the text, beside it or (where a card shows it) not compared at all. */
export function mayReadAlike(one: SentText, other: SentText): boolean {
  return (
    essence(one.text) === essence(other.text) ||
    essence(`${one.text} ${one.linkUrl ?? ''}`) === essence(`${other.text} ${other.linkUrl ?? ''}`)
  );
}

/** What is left when everything is taken away that any of the platforms may change. */
function essence(text: string): string {
  return unescaped(text)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/https?:\/\//gu, '')
    .replace(/[\s\p{Cf}/]+/gu, '');
}

function unescaped(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/giu, (escaped) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      // Not UTF-8: those are the very characters that were typed.
      return escaped;
    }
  });
}
