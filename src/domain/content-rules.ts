/**
 * What a platform accepts as a post, known before anything is sent. Pure; the panel's counter and the worker's last
 * check before sending ask the same functions. Limits: LinkedIn 3,000 characters (documented for UGC text; the Posts API
 * documents only the error), counted on the text as typed, not on its escaped form.
 */
import { imageProblems } from './image-rules.ts';
import { PLATFORM_LABEL, type Platform } from './platform-name.ts';

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

/** Longest text per platform, in the unit of `countCharacters`. */
export const TEXT_LIMIT: Record<Platform, number> = { linkedin: 3000, facebook: 63_206, x: 280 };

/** Characters as a person counts them on screen is not what LinkedIn counts: it counts UTF-16 units, as a browser's maxlength does. */
export function countCharacters(text: string): number {
  return text.length;
}

/**
 * Everything wrong with this content for these platforms; empty when it may be sent.
 * @param platforms the platforms of the chosen accounts; with none, only what holds everywhere is checked
 */
export function contentProblems(content: Content, platforms: readonly Platform[]): Problem[] {
  const problems: Problem[] = [];
  if (content.text.trim() === '') problems.push({ field: 'text', message: 'Write something: the text is empty.' });
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
  for (const platform of new Set(platforms)) {
    const count = countCharacters(platform === 'linkedin' ? textWithLink(content) : content.text);
    const limit = TEXT_LIMIT[platform];
    if (count > limit) {
      const over = (count - limit).toLocaleString('en');
      problems.push({
        field: 'text',
        message: `${PLATFORM_LABEL[platform]} takes ${limit.toLocaleString('en')} characters; this is ${over} too long. Shorten the text.`,
      });
    }
  }
  if (content.linkUrl !== null && !isPublicHttpUrl(content.linkUrl)) {
    problems.push({
      field: 'linkUrl',
      message: 'A link must be a full web address, such as https://example.com/page.',
    });
  }
  for (const message of imageProblems(content.images, platforms)) problems.push({ field: 'media', message });
  return problems;
}

/**
 * The text of a post whose link cannot be shown as a card beside its images: the link then stands at the end, unless the
 * author has written it into the text already.
 */
export function textWithLink({ text, linkUrl, images }: Content): string {
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

/** A web address that a platform could show as a card: http(s), with a host, without a user name or password. */
export function isPublicHttpUrl(text: string): boolean {
  // The URL parser drops control characters and blanks; what is stored and sent is the text as typed.
  if (text.length > 2000 || /[\p{Cc}\s]/u.test(text) || !text.isWellFormed() || !URL.canParse(text)) return false;
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
