import { createHash } from 'node:crypto';
import { canonicalJson } from '../audit/canonical-json.ts';
import type { ApprovedContent } from '../domain/approved-content.ts';
import type { PostForChange } from './post-access.ts';

/** What an approval of this post stands for: everything that goes out, to which accounts, and when. */
export function approvedContent(post: PostForChange): ApprovedContent {
  const accounts = post.publications.map(({ accountId, text }) => ({ accountId, text }));
  return {
    text: post.text,
    linkUrl: post.linkUrl,
    media: post.media.map(({ media, altText }) => ({ sha256: media.sha256, altText })),
    scheduledAt: post.scheduledAt?.toISOString() ?? null,
    timeZone: post.timeZone,
    accounts: accounts.sort((one, other) => (one.accountId < other.accountId ? -1 : 1)),
  };
}

/** sha256 (hex) over a canonical form: the same content always gives the same hash. */
export function contentHash(content: ApprovedContent): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}
