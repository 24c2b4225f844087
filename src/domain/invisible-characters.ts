/**
 * Characters that nobody sees. Some are needed (emoji, Persian and Indic scripts, text in two directions), some turn up by
 * pasting, and some let a text say something else than it shows. Pure.
 */

/** Overrides and isolates of the reading direction: a text with them need not say what it shows. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/u;
/**
 * Zero-width spaces, word joiners, byte-order marks, soft hyphens, fillers and tags. Not the joiners and variation selectors
 * that scripts and emoji are made of, nor the marks that keep punctuation on its side.
 */
const HIDDEN =
  /[\u00ad\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\u{e0001}\u{e0020}-\u{e007f}]/u;
const DIRECTION_MARK = /[\u061c\u200e\u200f]/u;
/** The flags of England, Scotland and Wales are written with tags. */
const FLAG_OF_TAGS = /\u{1f3f4}[\u{e0020}-\u{e007e}]+\u{e007f}/gu;

/** What scripts and emoji are made of: joiners, and selectors of a form. */
const SELECTORS = String.raw`\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}`;
const NEVER_IN_A_NAME = new RegExp(String.raw`[[\p{Cf}\p{DI}]--[\u200c\u200d${SELECTORS}]]`, 'v');
/** Latin, Greek and Cyrillic are written without them, as are blanks and digits. */
const WITHOUT_CARRIER = new RegExp(
  String.raw`(?<![[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]--[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\u0300-\u036f]])[\u200c\u200d${SELECTORS}]`,
  'v',
);
/** At the end of a word only some Indic letters have one, after a mark. */
const JOINS_NOTHING = /(?<!\p{M})[\u200c\u200d](?=\s|$)/u;

/** The first character that turns the reading direction, as Unicode writes it (`U+202E`); null when there is none. */
export function turningCharacter(text: string): string | null {
  return named(TURNING.exec(text));
}

/** The first character that is not seen and of which no script and no emoji is made, as `U+200B`. */
export function hiddenCharacter(text: string): string | null {
  return named(HIDDEN.exec(text.replace(FLAG_OF_TAGS, '')));
}

/** The same in a web address, where marks of direction have no use either. */
export function hiddenInAddress(address: string): string | null {
  return named(HIDDEN.exec(address) ?? TURNING.exec(address) ?? DIRECTION_MARK.exec(address));
}

/**
 * The same in the name of a person or a team, which has to be told apart from every other: no format character at all, and
 * joiners and selectors only where a script or an emoji has use for them.
 */
export function hiddenInName(name: string): string | null {
  return named(NEVER_IN_A_NAME.exec(name) ?? WITHOUT_CARRIER.exec(name) ?? JOINS_NOTHING.exec(name));
}

const LONGEST_NAME = 200;

/**
 * A name that a platform gave, as it is shown and stored here: in one line, without what `hiddenInName` finds, at most 200
 * characters; empty when there is nothing to see. How people call themselves there is no reason to refuse them here.
 */
export function visibleName(name: string): string {
  const shown = [NEVER_IN_A_NAME, WITHOUT_CARRIER, JOINS_NOTHING].reduce(
    (rest, hidden) => rest.replace(new RegExp(hidden, `g${hidden.flags}`), ''),
    name.slice(0, 10 * LONGEST_NAME).replace(/[\p{Cc}\p{Cs}\s]+/gu, ' '),
  );
  const characters = [...shown.replace(/\s+/gu, ' ').trim()];
  if (isBlank(characters.join(''))) return '';
  return characters.length > LONGEST_NAME ? `${characters.slice(0, LONGEST_NAME - 1).join('')}…` : characters.join('');
}

/** Nothing to see: blanks, and what Unicode shows as nothing (zero-width characters, fillers); the last is Braille's blank. */
export function isBlank(text: string): boolean {
  return /^[\s\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text);
}

/** As Unicode writes it: U+202E. */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function named(match: RegExpExecArray | null): string | null {
  return match === null ? null : codePoint(match[0]);
}
