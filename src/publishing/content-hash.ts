import { createHash } from 'node:crypto';

/** Everything an approval stands for. */
export interface ApprovedContent {
  text: string;
  linkUrl: string | null;
  scheduledAt: Date | null;
  /** Account id and the text for that account where it differs. */
  accounts: readonly { accountId: string; text: string | null }[];
  /** In their order. */
  images: readonly { sha256: string; altText: string | null }[];
}

/** sha256 (hex) over a canonical form: the same content always gives the same hash, whatever the order of its accounts. */
export function contentHash(content: ApprovedContent): string {
  const accounts = [...content.accounts]
    .sort((one, other) => (one.accountId < other.accountId ? -1 : 1))
    .map(({ accountId, text }) => [accountId, text]);
  const canonical = JSON.stringify([
    content.text,
    content.linkUrl,
    content.scheduledAt?.toISOString() ?? null,
    accounts,
    // Only where there are any: approvals given before there were images stay good.
    ...(content.images.length === 0 ? [] : [content.images.map(({ sha256, altText }) => [sha256, altText])]),
  ]);
  return createHash('sha256').update(canonical).digest('hex');
}
