/**
 * Whose a post is that is found on a platform. It may be named by one publication only, whichever team it is of: the same
 * Page can be connected in several.
 */
import type { PublishAttempt } from '@prisma/client';
import type { Tx } from '../database/client.ts';
import { mayReadAlike, type SentText } from '../domain/same-text.ts';

/** Posts that read alike and left this close to each other cannot be told apart by reading. */
const TWIN_MINUTES = 20;

/**
 * From here to the end of the transaction nobody else takes a post of this publication's account, in whatever team, for
 * a publication: two that look at the same moment must not both take the one post that is there.
 */
export async function lockAdoption(tx: Tx, publicationId: string): Promise<void> {
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'adopt', account.platform, account.external_id), 0))
    FROM publications JOIN connected_accounts account ON account.id = publications.account_id
    WHERE publications.id = ${publicationId}::uuid`;
}

/**
 * Whether another publication to this account, that may read the same, may be the one that is there: nobody knows its
 * outcome, be it that it is looked for or that somebody gave it up.
 */
export async function hasTwin(tx: Tx, attempt: PublishAttempt): Promise<boolean> {
  const rows = await tx.$queryRaw<{ ours: SentText; other: SentText }[]>`
    SELECT jsonb_build_object('text', coalesce(ours.frozen->>'text', ''), 'linkUrl', ours.frozen->>'linkUrl') AS ours,
      jsonb_build_object('text', coalesce(other.frozen->>'text', ''), 'linkUrl', other.frozen->>'linkUrl') AS other
    FROM publish_attempts ours
    JOIN publications ON publications.id = ours.publication_id
    JOIN connected_accounts account ON account.id = publications.account_id
    JOIN connected_accounts same ON same.platform = account.platform AND same.external_id = account.external_id
    JOIN publications twins ON twins.account_id = same.id AND twins.id <> publications.id
    JOIN publish_attempts other ON other.publication_id = twins.id AND other.state IN ('sent', 'unknown')
      AND other.sent_at BETWEEN ours.sent_at - ${TWIN_MINUTES} * interval '1 minute' AND ours.sent_at + ${TWIN_MINUTES} * interval '1 minute'
    WHERE ours.id = ${attempt.id}::uuid`;
  return rows.some(({ ours, other }) => mayReadAlike(ours, other));
}

/** A post that belongs to another publication of ours is not this one's, however equal its text. */
export async function boundElsewhere(
  tx: Tx,
  attempt: Pick<PublishAttempt, 'publicationId'>,
  externalId: string,
): Promise<boolean> {
  const { publicationId } = attempt;
  return (await tx.publishAttempt.count({ where: { externalId, publicationId: { not: publicationId } } })) > 0;
}
