import { createHash } from 'node:crypto';
import { canonicalJson } from '../audit/canonical-json.ts';
import type { ApprovedContent } from '../domain/approved-content.ts';
import { deliveryOf } from './delivery-settings.ts';
import type { PostForChange } from './post-access.ts';

/** What an approval of this post stands for: everything that goes out, to which accounts, when, and how late it may be. */
export function approvedContent(post: PostForChange): ApprovedContent {
  const { latePolicy, lateLimitMinutes } = deliveryOf(post.publications);
  const accounts = post.publications.map(({ accountId, text }) => ({ accountId, text }));
  return {
    text: post.text,
    linkUrl: post.linkUrl,
    media: post.media.map(({ media, altText }) => ({ sha256: media.sha256, altText })),
    scheduledAt: post.scheduledAt?.toISOString() ?? null,
    timeZone: post.timeZone,
    accounts: accounts.sort((one, other) => (one.accountId < other.accountId ? -1 : 1)),
    latePolicy,
    lateLimitMinutes,
  };
}

/** sha256 (hex) over a canonical form: the same content always gives the same hash. */
export function contentHash(content: ApprovedContent): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/**
 * The hashes by which an approval of exactly this content may be on record: the present form, and the form from before the
 * rule for late posts was part of it. Only approvals from then have the older one, and an upgrade must not end them; from a
 * change of that rule on they are voided like all others.
 */
export function approvalHashes(content: ApprovedContent): string[] {
  const { latePolicy: _policy, lateLimitMinutes: _limit, ...older } = content;
  return [contentHash(content), contentHash(older)];
}
