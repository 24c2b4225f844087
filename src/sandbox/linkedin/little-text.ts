/**
 * Reads "little text", the format of a post's commentary, as LinkedIn does, its silent failure included: at the first
 * reserved character that is neither escaped nor part of an element the text simply ends, and the post is created.
 *
 * Grammar (Microsoft Learn, "little Text Format"): an escape is a backslash and one reserved character; a hashtag is `#` and
 * one word, or `{hashtag|#|word}` with the sign escaped or not; a mention is `@[name](urn)` with a person's or organisation's
 * URN, the name being optional.
 */
export interface LittleText {
  /** What readers see. */
  readonly shown: string;
  /** Characters (UTF-16 units) of everything sent, escapes and elements resolved, whether shown or not. */
  readonly length: number;
  readonly cutAt: { readonly index: number; readonly character: string } | null;
}

const RESERVED = '|{}@[]()<>#\\*_~';
const HASHTAG = /#[\p{L}\p{M}\p{N}]+/uy;
const HASHTAG_TEMPLATE = /\{hashtag\|\\?([#＃])\|((?:[^|{}@[\]()<>#\\*_~]|\\[|{}@[\]()<>#\\*_~])+)\}/uy;
const MENTION =
  /@(?:\[((?:[^|{}@[\]()<>#\\*_~]|\\[|{}@[\]()<>#\\*_~])+)\])?\((urn:li:(?:person|organization):[\w-]+)\)/uy;

export function readLittleText(commentary: string): LittleText {
  let shown = '';
  let length = 0;
  let cutAt: LittleText['cutAt'] = null;
  let index = 0;
  while (index < commentary.length) {
    const element = readElement(commentary, index);
    if (!element) cutAt ??= { index, character: commentary.charAt(index) };
    const { text, width } = element ?? { text: commentary.charAt(index), width: 1 };
    if (!cutAt) shown += text;
    length += text.length;
    index += width;
  }
  return { shown, length, cutAt };
}

/** The element that starts at `index` and how much of the source it takes; null where the parser gives up. */
function readElement(source: string, index: number): { text: string; width: number } | null {
  const character = source.charAt(index);
  if (!RESERVED.includes(character)) return { text: character, width: 1 };
  if (character === '\\') {
    const next = source.charAt(index + 1);
    return next !== '' && RESERVED.includes(next) ? { text: next, width: 2 } : null;
  }
  const hashtag = matchAt(HASHTAG, source, index);
  if (hashtag) return { text: hashtag[0], width: hashtag[0].length };
  const template = matchAt(HASHTAG_TEMPLATE, source, index);
  if (template) return { text: `${template[1]}${withoutEscapes(template[2] ?? '')}`, width: template[0].length };
  const mention = matchAt(MENTION, source, index);
  if (mention) return { text: withoutEscapes(mention[1] ?? mention[2] ?? ''), width: mention[0].length };
  return null;
}

function matchAt(pattern: RegExp, source: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(source);
}

function withoutEscapes(text: string): string {
  return text.replace(/\\(.)/gu, '$1');
}
