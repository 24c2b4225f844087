/**
 * As-published evidence: what exactly was sent, by whom, for whom, and what the platform answered. Frozen before sending,
 * written in the transaction that records the acceptance, never changed (a database trigger sees to it).
 */
import { createHash } from 'node:crypto';
import type { Prisma, PublishAttempt } from '@prisma/client';
import { canonicalJson } from '../audit/canonical-json.ts';
import type { Tx } from '../database/client.ts';
import type { CreateRequest } from '../platforms/platform.ts';
import type { ClaimedPublication } from './prepare.ts';

/**
 * What is known before the request leaves. Documents without a version are of the first one, whose `media` were hashes only;
 * they are never rewritten, and an attempt frozen by it may still be accepted.
 */
export interface FrozenContent {
  version: 2;
  publicationId: string;
  postId: string;
  platform: string;
  account: { id: string; externalId: string; displayName: string };
  text: string;
  linkUrl: string | null;
  /** In their order: sha256 (hex) of the bytes, and the alternative text as it was sent; null: none. */
  media: readonly { sha256: string; altText: string | null }[];
  api: { url: string; version: string | null; requestSha256: string };
  authorId: string;
  approverId: string | null;
  dueAt: string | null;
}

export function freeze(
  publication: ClaimedPublication,
  request: CreateRequest,
  requestSha256: string,
  approverId: string | null,
): FrozenContent {
  const { account, post } = publication;
  const version =
    Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'linkedin-version')?.[1] ?? null;
  return {
    version: 2,
    publicationId: publication.id,
    postId: post.id,
    platform: account.platform,
    account: { id: account.id, externalId: account.externalId, displayName: account.displayName },
    text: publication.text ?? post.text,
    linkUrl: post.linkUrl,
    media: post.media.map(({ altText, media }) => ({ sha256: media.sha256, altText })),
    api: { url: request.url, version, requestSha256 },
    authorId: post.authorId,
    approverId,
    dueAt: publication.dueAt?.toISOString() ?? null,
  };
}

/** How it is known that the post is there, when it was not this attempt's own answer that said so. */
export type ConfirmedBy = 'a look-up' | 'a person' | 'a refused duplicate';

/** What is known once the post is known to be there. */
export interface Acceptance {
  /** null when somebody else than this attempt's own answer said so. */
  httpStatus: number | null;
  externalId: string;
  permalink: string;
  acceptedAt: Date;
  confirmedBy?: ConfirmedBy;
}

/** The evidence of an accepted attempt, and the sha256 (hex) over its canonical form. */
export function evidenceOf(
  frozen: FrozenContent | Prisma.JsonObject,
  sentAt: Date | null,
  { acceptedAt, ...acceptance }: Acceptance,
) {
  const document = {
    ...(frozen as Prisma.JsonObject),
    ...acceptance,
    sentAt: sentAt?.toISOString() ?? null,
    acceptedAt: acceptedAt.toISOString(),
  };
  return { document, sha256: createHash('sha256').update(canonicalJson(document)).digest('hex') };
}

/**
 * Writes the evidence of an attempt that the platform has accepted; a second time for the same attempt changes nothing.
 * @returns its sha256 (hex), which the audit event repeats: changing document and hash together would show there. null
 *   when what was sent is not on record: nothing was sent
 */
export async function writeEvidence(
  tx: Tx,
  attempt: Pick<PublishAttempt, 'id' | 'publicationId' | 'sentAt' | 'frozen'>,
  acceptance: Acceptance,
): Promise<string | null> {
  const { frozen } = attempt;
  if (typeof frozen !== 'object' || frozen === null || Array.isArray(frozen)) return null;
  const { document, sha256 } = evidenceOf(frozen, attempt.sentAt, acceptance);
  await tx.publicationEvidence.createMany({
    data: { attemptId: attempt.id, publicationId: attempt.publicationId, document, sha256 },
    skipDuplicates: true,
  });
  return sha256;
}
