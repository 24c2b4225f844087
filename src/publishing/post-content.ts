import type { Post, Publication } from '@prisma/client';
import { type Content, contentProblems } from '../domain/content-rules.ts';
import { contentWarnings } from '../domain/content-warnings.ts';
import type { Platform } from '../domain/platform-name.ts';
import { canEditPost } from '../domain/post.ts';
import type { PublicationStatus } from '../domain/publication.ts';
import { contentImage, type PostImage } from './post-images.ts';

/** What a person wrote, as far as it is published. */
export type WrittenPost = Pick<Post, 'text' | 'linkUrl'> & { media: readonly PostImage[] };

/** What goes to one account: the post's content, with the text written for that account where there is one. */
export function contentFor(post: WrittenPost, publication: Pick<Publication, 'text'>): Content {
  return { text: publication.text ?? post.text, linkUrl: post.linkUrl, images: post.media.map(contentImage) };
}

/**
 * What is wrong with a post for the accounts it goes to, a sentence per form field. A text of one account has a field of its
 * own, `texts.` and the account's id; the post's own text need not suit the accounts that have another.
 */
export function contentFields(
  post: WrittenPost,
  targets: readonly { accountId: string; text: string | null; platform: Platform }[],
): Record<string, string> {
  const fields: Record<string, string> = {};
  const shared = targets.filter(({ text }) => text === null).map(({ platform }) => platform);
  for (const { field, message } of contentProblems(contentFor(post, { text: null }), shared)) fields[field] ??= message;
  for (const { accountId, text, platform } of targets) {
    if (text === null) continue;
    for (const { field, message } of contentProblems(contentFor(post, { text }), [platform]))
      fields[field === 'text' ? `texts.${accountId}` : field] ??= message;
  }
  return fields;
}

/** What may not be shown the way its author thinks, a sentence each, on the platforms to which it has not gone yet. */
export function warningsOf(
  post: WrittenPost,
  targets: readonly { text: string | null; status: PublicationStatus; account: { platform: Platform } }[],
): string[] {
  const left = targets.filter(({ status }) => canEditPost([status]) && status !== 'cancelled');
  if (left.length === 0 && targets.length > 0) return [];
  const whole = contentWarnings(
    contentFor(post, { text: null }),
    left.map(({ account }) => account.platform),
  );
  const own = left.flatMap((target) =>
    target.text === null ? [] : contentWarnings({ ...contentFor(post, target), linkUrl: null, images: [] }, []),
  );
  return [...new Set([...whole, ...own].map(({ message }) => message))];
}
