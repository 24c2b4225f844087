/** Finds emoji made of several code points (flags, keycaps, skin tones, families), which X counts as one. */

/** One element of a sequence: a flag's two letters, or an emoji with its modifier, presentation, keycap or tag characters. */
const ELEMENT = String.raw`\p{RI}\p{RI}|\p{Emoji}(?:\p{EMod}|\uFE0F?\u20E3|\uFE0F|[\u{E0020}-\u{E007E}]+\u{E007F})?`;
const CANDIDATE = new RegExp(`(?:${ELEMENT})(?:\\u200D(?:${ELEMENT}))*`, 'uy');
const ONE_EMOJI = /^\p{RGI_Emoji}$/v;

/**
 * The emoji sequence that starts at `index`, or '' when there is none. A single code point is none: what it weighs is said
 * by the ranges, and is the same.
 */
export function emojiSequenceAt(text: string, index: number): string {
  CANDIDATE.lastIndex = index;
  const elements = CANDIDATE.exec(text)?.[0].split('\u200D') ?? [];
  for (let count = elements.length; count > 0; count -= 1) {
    const sequence = elements.slice(0, count).join('\u200D');
    if ([...sequence].length > 1 && ONE_EMOJI.test(qualified(sequence))) return sequence;
  }
  return '';
}

/** Keyboards leave out U+FE0F, which asks for the picture; people see the same emoji. */
function qualified(sequence: string): string {
  return sequence
    .split('\u200D')
    .map((element) => element.replace(/^(\p{Emoji})(?=\u20E3|$)/u, asPicture))
    .join('\u200D');
}

function asPicture(base: string): string {
  return /\p{Emoji_Presentation}/u.test(base) ? base : `${base}\uFE0F`;
}
