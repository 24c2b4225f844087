import type { Post, Publication } from '@prisma/client';
import type { Content } from '../domain/content-rules.ts';

/** What goes to one account: the post's content, with the text written for that account where there is one. */
export function contentFor(post: Pick<Post, 'text' | 'linkUrl'>, publication: Pick<Publication, 'text'>): Content {
  return { text: publication.text ?? post.text, linkUrl: post.linkUrl, images: [] };
}
