/**
 * What a platform accepts as a post, known before anything is sent. Pure; the panel's counter and the worker's last
 * check before sending ask the same functions. Limits: LinkedIn 3,000 characters (documented for UGC text; the Posts API
 * documents only the error), counted on the text as typed, not on its escaped form; Facebook 63,206 (not documented, but
 * what its clients have found); X 280 as X counts them, the link included. X lets some paying accounts write more, but
 * not dependably through the API.
 */
import { imageProblems } from './image-rules.ts';
import { codePoint, hiddenInAddress, isBlank, turningCharacter } from './invisible-characters.ts';
import { PLATFORM_LABEL, type Platform } from './platform-name.ts';
import { weightedLength } from './weighted-length.ts';
import { textOnX } from './x-text.ts';

export interface Content {
  text: string;
  linkUrl: string | null;
  /** In the order in which they are shown. */
  images: readonly ContentImage[];
}

export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;
export type ImageType = (typeof IMAGE_TYPES)[number];

/** An image as its bytes say it is; the bytes themselves are elsewhere, named by their hash. */
export interface ContentImage {
  /** Hex. */
  sha256: string;
  contentType: ImageType;
  byteSize: number;
  /** Pixels. */
  width: number;
  height: number;
  animated: boolean;
  altText: string | null;
}

export interface Problem {
  /** The form field it belongs to. */
  field: 'text' | 'linkUrl' | 'media';
  /** A sentence that says what to do. */
  message: string;
}

/** What counting looks at: of the images, only whether there are any. */
export type CountedContent = Omit<Content, 'images'> & { images: readonly unknown[] };

/** Longest text per platform, in the unit of `countFor`. */
export const TEXT_LIMIT: Record<Platform, number> = { linkedin: 3000, facebook: 63_206, x: 280 };

/**
 * How much of its limit this content's text uses up on a platform. Characters as a person counts them on screen are not
 * what any of them counts: LinkedIn and Facebook count UTF-16 units, as a browser's maxlength does; X weighs them. A link
 * that has no place of its own there counts with the text.
 */
export function countFor(platform: Platform, content: CountedContent): number {
  const text = textOn(platform, content);
  return platform === 'x' ? weightedLength(text) : text.length;
}

/** The text as readers on a platform see it: with the link, where it has no place of its own there. */
export function textOn(platform: Platform, content: CountedContent): string {
  return platform === 'x' ? textOnX(content) : textWithLink(content).replaceAll('\r\n', '\n');
}

/**
 * Everything wrong with this content for these platforms; empty when it may be sent.
 * @param platforms the platforms of the chosen accounts; with none, only what holds everywhere is checked
 */
export function contentProblems(content: Content, platforms: readonly Platform[]): Problem[] {
  const problems: Problem[] = [];
  if (isBlank(content.text)) problems.push({ field: 'text', message: 'Write something: the text is empty.' });
  if (hasLoneSurrogate(content.text)) {
    problems.push({
      field: 'text',
      message: 'The text has a broken character (half of an emoji, perhaps). Delete it and type it again.',
    });
  }
  if (hasControlCharacter(content.text)) {
    problems.push({
      field: 'text',
      message: 'The text has an invisible control character. Paste it as plain text, or type it again.',
    });
  }
  const turning = turningCharacter(content.text);
  if (turning !== null) {
    problems.push({
      field: 'text',
      message: `The text has an invisible character that turns the reading direction (${turning}), so that people would read something else than what is there. Paste it as plain text, or type it again.`,
    });
  }
  const refusedByX = platforms.includes('x') ? REFUSED_BY_X.exec(content.text)?.[0] : undefined;
  if (refusedByX !== undefined) {
    problems.push({
      field: 'text',
      message: `The text has an invisible character that X refuses (${codePoint(refusedByX)}). Paste it as plain text, or type it again.`,
    });
  }
  for (const platform of new Set(platforms)) {
    const limit = TEXT_LIMIT[platform];
    const count = countFor(platform, content);
    if (count > limit) {
      const over = (count - limit).toLocaleString('en');
      problems.push({
        field: 'text',
        message: `${PLATFORM_LABEL[platform]} takes ${limit.toLocaleString('en')} characters; this is ${over} too long. Shorten the text.`,
      });
    }
  }
  if (content.linkUrl !== null && !isPublicHttpUrl(content.linkUrl)) {
    const hidden = hiddenInAddress(content.linkUrl);
    problems.push({
      field: 'linkUrl',
      message:
        hidden === null
          ? 'A link must be a full web address, such as https://example.com/page.'
          : `The link has an invisible character (${hidden}). Copy the address again, or type it.`,
    });
  }
  for (const message of imageProblems(content.images, platforms)) problems.push({ field: 'media', message });
  return problems;
}

/**
 * The text of a post whose link cannot be shown as a card beside its images: the link then stands at the end, unless the
 * author has written it into the text already.
 */
export function textWithLink({ text, linkUrl, images }: CountedContent): string {
  if (linkUrl === null || images.length === 0 || mentions(text, linkUrl)) return text;
  const above = text.trimEnd();
  return above === '' ? linkUrl : `${above}\n\n${linkUrl}`;
}

/** Whether the text has exactly this address, not only a longer one that begins like it. */
function mentions(text: string, linkUrl: string): boolean {
  return text
    .split(linkUrl)
    .slice(1)
    .some((rest) => /^[.,;:!?)\]}'"’”»…]*(\s|$)/u.test(rest));
}

/** twitter-text's invalid characters: the byte-order mark and two that are none. */
const REFUSED_BY_X = /[\ufeff\ufffe\uffff]/u;

/** A web address that a platform could show as a card: http(s), with a host, without a user name or password. */
export function isPublicHttpUrl(text: string): boolean {
  // The URL parser drops control characters and blanks; what is stored and sent is the text as typed.
  if (
    text.length > 2000 ||
    /[\p{Cc}\s]/u.test(text) ||
    hiddenInAddress(text) !== null ||
    !text.isWellFormed() ||
    !URL.canParse(text)
  )
    return false;
  const url = new URL(text);
  return (
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.hostname.includes('.') &&
    url.username === '' &&
    url.password === ''
  );
}

function hasLoneSurrogate(text: string): boolean {
  return !text.isWellFormed();
}

/** C0 and C1 controls other than tab, line feed and carriage return: Postgres refuses NUL, platforms show the rest as boxes. */
function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const allowed = unit === 0x09 || unit === 0x0a || unit === 0x0d;
    if (!allowed && (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f))) return true;
  }
  return false;
}
