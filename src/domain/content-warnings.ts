/**
 * What may be sent, but may not be shown the way its author thinks. Nobody is held up by it: it is said while the post can
 * still be changed. Pure; asked by the composer and for the page of a post.
 *
 * How images are cropped is not in any API's documentation. LinkedIn's help says that what is not between 3:1 and 2:3 is centred
 * and cropped (as HubSpot's manual quotes it; newer guides say 4:5). X is reported to show single images
 * between 2:1 and 3:4 whole since 2021; no document of its own was found that says so, and guides disagree. Facebook says nothing; some guides name 4:5, others 9:16, and none a
 * widest one, where LinkedIn's stands. Where they disagree the one that warns of less was taken.
 */
import type { Content, ContentImage, Problem } from './content-rules.ts';
import { nameOf } from './image-rules.ts';
import { hiddenCharacter } from './invisible-characters.ts';
import { PLATFORM_LABEL, type Platform } from './platform-name.ts';
import { linkWarning } from './x-link.ts';

/** Width by height of what a feed shows whole. */
const SHOWN_WHOLE: Record<Platform, { widest: number; tallest: number }> = {
  linkedin: { widest: 3, tallest: 2 / 3 },
  facebook: { widest: 3, tallest: 9 / 16 },
  x: { widest: 2, tallest: 3 / 4 },
};
/** A pixel more or less, as scaling leaves behind, crops nothing that anybody would see. */
const TOLERANCE = 1.01;

/** @param platforms the platforms of the chosen accounts; with none only the text itself is looked at */
export function contentWarnings(
  {
    text,
    linkUrl,
    images,
  }: Pick<Content, 'text' | 'linkUrl'> & { images: readonly Pick<ContentImage, 'width' | 'height'>[] },
  platforms: readonly Platform[],
): Problem[] {
  const warnings: Problem[] = [];
  const hidden = hiddenCharacter(text);
  if (hidden !== null)
    warnings.push({
      field: 'text',
      message: `The text has an invisible character (${hidden}), which counts and may break a word or an address. Paste the text as plain text if you did not put it there.`,
    });
  const link = linkUrl !== null && platforms.includes('x') ? linkWarning(linkUrl) : null;
  if (link !== null) warnings.push({ field: 'linkUrl', message: link });
  for (const [index, image] of images.entries()) {
    const message = cropWarning(image, nameOf(images, index), [...new Set(platforms)]);
    if (message !== null) warnings.push({ field: 'media', message });
  }
  return warnings;
}

/** One sentence for all platforms: an image is too tall for several, or too wide. */
function cropWarning(
  { width, height }: Pick<ContentImage, 'width' | 'height'>,
  name: string,
  platforms: readonly Platform[],
): string | null {
  const ratio = width / height;
  const wide = platforms.filter((platform) => ratio > SHOWN_WHOLE[platform].widest * TOLERANCE);
  const tall = platforms.filter((platform) => ratio < SHOWN_WHOLE[platform].tallest / TOLERANCE);
  const cropping = [...wide, ...tall].map((platform) => PLATFORM_LABEL[platform]);
  if (cropping.length === 0) return null;
  const subject = `${name.charAt(0).toUpperCase()}${name.slice(1)} (${width} × ${height})`;
  const feeds = cropping.length === 1 ? `the feed of ${cropping[0]}` : `the feeds of ${listed(cropping)}`;
  return `${subject} is too ${wide.length > 0 ? 'wide' : 'tall'} for ${feeds}: probably only its middle is seen there, and the whole of it once somebody opens it.`;
}

/** Such as `LinkedIn, Facebook and X`. */
function listed(names: readonly string[]): string {
  return names.length === 1 ? String(names[0]) : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
