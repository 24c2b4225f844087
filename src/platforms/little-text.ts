/**
 * LinkedIn's "little text", the format of a post's commentary: `| { } @ [ ] ( ) < > # \ * _ ~` are reserved and stand for
 * themselves only behind a backslash. One that is not escaped ends the post at that point, silently, with a 201. So
 * everything is escaped, with one exception: the `#` of a plain hashtag.
 *
 * Why the exception: little text defines `#word` as the hashtag element, and a client that sends it so has been in
 * production for years, while it is open whether LinkedIn still links an escaped `\#word`. The exception is kept narrow,
 * because the price of an error differs: a `#` that was escaped needlessly shows the same text without a link, one that
 * was left bare by mistake cuts the post off. Hence only a sign at the start of a word, followed by letters, digits and
 * marks with at least one letter, that is not the beginning of something longer (`#snake_case`, `#a#b`).
 *
 * Mentions are always escaped: a typed `@[…](…)` is what the author wants people to read, not a mention.
 */
const RESERVED = /[|{}@[\]()<>#\\*_~]/g;
const HASHTAG = /(?<![\p{L}\p{N}\p{M}_#&/\\])#(?=[\p{N}\p{M}]*\p{L})[\p{L}\p{N}\p{M}]+(?![\p{L}\p{N}\p{M}_#])/gu;

/** Text as typed to little text that shows exactly that text. */
export function toLittleText(text: string): string {
  let escaped = '';
  let done = 0;
  for (const hashtag of text.matchAll(HASHTAG)) {
    escaped += withEscapes(text.slice(done, hashtag.index)) + hashtag[0];
    done = hashtag.index + hashtag[0].length;
  }
  return escaped + withEscapes(text.slice(done));
}

/**
 * Little text, as LinkedIn returns it, to the text readers see. Hashtags may come back as `{hashtag|\#|word}` and
 * mentions as `@[name](urn)`; what is neither is kept as it is.
 */
export function fromLittleText(commentary: string): string {
  return commentary.replace(
    /\{hashtag\|\\?([#＃])\|((?:\\.|[^\\}])*)\}|@\[((?:\\.|[^\\\]])*)\]\(urn:li:[^)]*\)|\\([|{}@[\]()<>#\\*_~])/g,
    (_all, sign?: string, word?: string, name?: string, literal?: string) =>
      sign !== undefined ? sign + withoutEscapes(word ?? '') : (literal ?? withoutEscapes(name ?? '')),
  );
}

function withEscapes(text: string): string {
  return text.replace(RESERVED, '\\$&');
}

function withoutEscapes(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
