/**
 * What may stand in a post as an image: what can be uploaded at all, and what each platform takes. Pure; asked by the panel
 * while somebody chooses, when a post is saved, before it is scheduled, and once more by the worker before it sends.
 *
 * Sources: X's media best practices (4 images or 1 GIF; 5 MB, GIF 15 MB, 1280×1080, 350 frames; alternative text 1,000), and
 * the text of its error 324 as others met it (4 to 8,192 pixels each way);
 * LinkedIn's Images and Posts API (JPG, PNG, GIF up to 250 frames; fewer than 36,152,320 pixels; 20 images; alternative text
 * 4,086; no limit of bytes is published); Facebook's Page photos (JPG and PNG are safe, nothing animated; the text of error
 * 1366046 says 4 MB where the documentation says 10; 10 photos and the alternative text are what other clients keep to).
 */
import type { ContentImage, ImageType } from './content-rules.ts';
import { turningCharacter } from './invisible-characters.ts';
import { PLATFORM_LABEL, type Platform } from './platform-name.ts';

/** More than any platform takes is not stored. */
export const UPLOAD_LIMIT = {
  bytes: 10 * 1024 * 1024,
  /** Per picture; an image that says it has more is not even unpacked. */
  pixels: 40_000_000,
  /** Pictures of an animation: what LinkedIn takes, the fewest among those that take animations. */
  frames: 250,
  /** Pixels of all pictures of an animation together. */
  animationPixels: 250_000_000,
} as const;

interface ImageLimits {
  images: number;
  types: readonly ImageType[];
  /** Bytes. */
  stillBytes: number;
  /** Null: no animation is taken. */
  animation: { type: ImageType; bytes: number; width: number; height: number; alone: boolean } | null;
  /** Fewer than this many. */
  pixels: number;
  /** The shortest and the longest that either side may be, in pixels. */
  side: { least: number; most: number };
  altText: number;
}

const UNLIMITED = Number.POSITIVE_INFINITY;

/** Where a source says MB without saying which, the smaller one (10^6) counts. */
export const IMAGE_LIMITS: Record<Platform, ImageLimits> = {
  linkedin: {
    images: 20,
    types: ['image/jpeg', 'image/png', 'image/gif'],
    stillBytes: UNLIMITED,
    animation: { type: 'image/gif', bytes: UNLIMITED, width: UNLIMITED, height: UNLIMITED, alone: false },
    pixels: 36_152_320,
    side: { least: 1, most: UNLIMITED },
    altText: 4086,
  },
  facebook: {
    images: 10,
    types: ['image/jpeg', 'image/png'],
    stillBytes: 4_000_000,
    animation: null,
    pixels: UNLIMITED,
    side: { least: 1, most: UNLIMITED },
    altText: 1000,
  },
  x: {
    images: 4,
    types: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
    stillBytes: 5_000_000,
    animation: { type: 'image/gif', bytes: 15_000_000, width: 1280, height: 1080, alone: true },
    pixels: UNLIMITED,
    side: { least: 4, most: 8192 },
    altText: 1000,
  },
};

export const IMAGE_TYPE_LABEL: Record<ImageType, string> = {
  'image/png': 'PNG',
  'image/jpeg': 'JPEG',
  'image/gif': 'GIF',
  'image/webp': 'WebP',
};

/** What the rules look at; the panel has no hash of the bytes but an id, which says as much. */
export type RuledImage = Omit<ContentImage, 'sha256'> & { sha256?: string; id?: string };

/**
 * Everything wrong with these images for these platforms, as sentences that name the image and say what to do.
 * @param images in their order
 * @param platforms the platforms of the chosen accounts; with none, only what holds everywhere is checked
 */
export function imageProblems(images: readonly RuledImage[], platforms: readonly Platform[]): string[] {
  return [
    ...images.flatMap((image, index) => altTextProblems(image, nameOf(images, index))),
    ...repeated(images),
    ...[...new Set(platforms)].flatMap((platform) => platformProblems(images, platform)),
  ];
}

/** The longest alternative text that all of these platforms take; with none, what every platform takes. */
export function altTextLimit(platforms: readonly Platform[]): number {
  const asked = platforms.length === 0 ? Object.values(IMAGE_LIMITS) : platforms.map((name) => IMAGE_LIMITS[name]);
  return Math.min(...asked.map(({ altText }) => altText));
}

/** Such as `5.3 MB` or `120 kB`. */
export function sizeInWords(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function isImageType(text: string): text is ImageType {
  return Object.hasOwn(IMAGE_TYPE_LABEL, text);
}

/** The most any platform takes: what is kept, whatever the accounts are. */
const LONGEST_ALT_TEXT = Math.max(...Object.values(IMAGE_LIMITS).map(({ altText }) => altText));

function altTextProblems({ altText }: RuledImage, name: string): string[] {
  if (altText === null) return [];
  const whose = `The description of ${name}`;
  if (!altText.isWellFormed())
    return [`${whose} has a broken character (half of an emoji, perhaps). Delete it and type it again.`];
  if (/[^\P{Cc}\t\n\r]/u.test(altText))
    return [`${whose} has an invisible control character. Paste it as plain text, or type it again.`];
  const turning = turningCharacter(altText);
  if (turning !== null)
    return [
      `${whose} has an invisible character that turns the reading direction (${turning}). Paste it as plain text, or type it again.`,
    ];
  if (altText.length > LONGEST_ALT_TEXT)
    return [`${whose} is longer than ${LONGEST_ALT_TEXT.toLocaleString('en')} characters. Shorten it.`];
  return [];
}

function repeated(images: readonly RuledImage[]): string[] {
  const keys = images.map(({ sha256, id }) => sha256 ?? id);
  return keys.flatMap((key, index) => {
    const first = keys.indexOf(key);
    return key === undefined || first === index
      ? []
      : [`Image ${index + 1} is the same as image ${first + 1}. Remove one of them.`];
  });
}

function platformProblems(images: readonly RuledImage[], platform: Platform): string[] {
  const limits = IMAGE_LIMITS[platform];
  const label = PLATFORM_LABEL[platform];
  const problems: string[] = [];
  if (images.length > limits.images) {
    const over = images.length - limits.images;
    problems.push(
      `${label} takes at most ${limits.images} images; this post has ${images.length}. Remove ${over}, or leave ${label} out.`,
    );
  }
  const moving = images.findIndex(({ animated }) => animated);
  if (moving !== -1 && limits.animation?.alone === true && images.length > 1)
    problems.push(
      `${label} takes an animation only by itself. Remove the other images, or ${nameOf(images, moving)}, or leave ${label} out.`,
    );
  return [...problems, ...images.flatMap((image, index) => problemsOf(image, nameOf(images, index), platform))];
}

function problemsOf(image: RuledImage, name: string, platform: Platform): string[] {
  const { contentType, byteSize, width, height, animated, altText } = image;
  const limits = IMAGE_LIMITS[platform];
  const label = PLATFORM_LABEL[platform];
  const kind = animated ? limits.animation : null;
  if (animated && kind?.type !== contentType)
    return [
      limits.animation === null
        ? `${label} takes no animations, but ${name} is one. Use a still picture, or leave ${label} out.`
        : `${label} takes animations only as ${IMAGE_TYPE_LABEL[limits.animation.type]}, but ${name} is a ${IMAGE_TYPE_LABEL[contentType]}. Save it as ${IMAGE_TYPE_LABEL[limits.animation.type]} and add it again.`,
    ];
  if (!limits.types.includes(contentType))
    return [
      `${label} does not take ${IMAGE_TYPE_LABEL[contentType]}, which ${name} is. Save it as JPEG or PNG and add it again.`,
    ];
  const problems: string[] = [];
  const bytes = kind === null ? limits.stillBytes : kind.bytes;
  if (byteSize > bytes)
    problems.push(
      `${label} takes at most ${bytes / 1_000_000} MB per image, but ${name} has ${sizeInWords(byteSize)}. Save it smaller, or as JPEG, and add it again.`,
    );
  if (width * height >= limits.pixels || (kind !== null && (width > kind.width || height > kind.height)))
    problems.push(
      `${name} is too large for ${label}: ${width} × ${height} pixels, where ${largest(platform, kind !== null)}. Make it smaller and add it again.`,
    );
  const { least, most } = limits.side;
  if (Math.max(width, height) > most || Math.min(width, height) < least)
    problems.push(
      `${label} does not take ${name}: it has ${width} × ${height} pixels, and each side must have ${least} to ${most.toLocaleString('en')}. Change its size and add it again.`,
    );
  if (altText !== null && altText.length > limits.altText)
    problems.push(
      `The description of ${name} has ${altText.length.toLocaleString('en')} characters; ${label} takes ${limits.altText.toLocaleString('en')}. Shorten it.`,
    );
  return problems.map((problem) => problem.charAt(0).toUpperCase() + problem.slice(1));
}

function largest(platform: Platform, animated: boolean): string {
  const { animation, pixels } = IMAGE_LIMITS[platform];
  return animated && animation !== null && Number.isFinite(animation.width)
    ? `an animation may have ${animation.width} × ${animation.height}`
    : `fewer than ${pixels.toLocaleString('en')} in all are allowed`;
}

/** How the images of a post are called in sentences. */
export function nameOf(images: readonly unknown[], index: number): string {
  return images.length === 1 ? 'the image' : `image ${index + 1}`;
}
