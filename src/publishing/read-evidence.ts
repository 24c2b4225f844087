/** Reads back what was kept when a publication was accepted, and checks that it is still what was kept. */
import { createHash } from 'node:crypto';
import type { Prisma } from '@prisma/client';
import { canonicalJson } from '../audit/canonical-json.ts';
import type { Database, Tx } from '../database/client.ts';

export interface Evidence {
  attemptId: string;
  attemptNumber: number;
  /** As written (see evidence.ts); read field by field, because it may be of an older shape, or tampered with. */
  document: Readonly<Record<string, unknown>>;
  /** The canonical form: JSON with sorted keys and no spaces, in UTF-8. What the hash is over. */
  canonical: string;
  /** sha256 (hex) as it was written down. */
  sha256: string;
  /** sha256 (hex) of the document as it is now. */
  computed: string;
  intact: boolean;
}

/**
 * The evidence of the post that the publication stands for: the first that was kept for the id it carries. An attempt that
 * answers late keeps evidence of its own, perhaps of another post.
 * @returns null when there is none (not published, or by a version that did not keep it)
 */
export async function readEvidence(db: Database | Tx, publicationId: string): Promise<Evidence | null> {
  const [publication, kept] = await Promise.all([
    db.publication.findUnique({ where: { id: publicationId }, select: { externalId: true } }),
    db.publicationEvidence.findMany({
      where: { publicationId },
      orderBy: [{ createdAt: 'asc' }, { attemptId: 'asc' }],
      include: { attempt: { select: { number: true, externalId: true } } },
    }),
  ]);
  const externalId = publication?.externalId ?? null;
  // The document may have been tampered with, and the attempt's id be a later answer's: either is enough.
  const row = kept.find(({ document, attempt }) => attempt.externalId === externalId || idIn(document) === externalId);
  if (externalId === null || row === undefined) return null;
  const canonical = canonicalJson(row.document);
  const computed = createHash('sha256').update(canonical).digest('hex');
  const { document } = row;
  const audited = await auditedHash(db, publicationId);
  return {
    attemptId: row.attemptId,
    attemptNumber: row.attempt.number,
    document: typeof document === 'object' && document !== null && !Array.isArray(document) ? document : {},
    canonical,
    sha256: row.sha256,
    computed,
    intact: computed === row.sha256 && (audited === null || audited === computed),
  };
}

function idIn(document: Prisma.JsonValue): Prisma.JsonValue | undefined {
  return typeof document === 'object' && document !== null && !Array.isArray(document)
    ? document.externalId
    : undefined;
}

/** The hash as the audit repeats it: who rewrites document and hash together would have to break the audit's chain as well. */
async function auditedHash(db: Database | Tx, publicationId: string): Promise<string | null> {
  const event = await db.auditEvent.findFirst({
    where: {
      action: { in: ['publication.published', 'publication.resolved'] },
      entity: 'Publication',
      entityId: publicationId,
    },
    orderBy: { id: 'desc' },
    select: { metadata: true },
  });
  const metadata = event?.metadata;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return null;
  return typeof metadata.evidenceSha256 === 'string' ? metadata.evidenceSha256 : null;
}
