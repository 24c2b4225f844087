/**
 * Whose a post is that is found on a platform. It may be named by one publication only, whichever team it is of: the same
 * Page can be connected in several.
 */
import type { PublishAttempt } from '@prisma/client';
import type { Tx } from '../database/client.ts';
import type { Outcome } from '../domain/outcome.ts';
import { mayReadAlike, type SentText } from '../domain/same-text.ts';

/** Of an outcome that only a person can clear up. */
export const ID_OF_ANOTHER = 'id-of-another';

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
  const [row] = await tx.$queryRaw<{ bound: boolean }[]>`
    SELECT EXISTS (
      SELECT 1 FROM publish_attempts
      JOIN publications ON publications.id = publish_attempts.publication_id
      JOIN connected_accounts other ON other.id = publications.account_id
      WHERE publish_attempts.external_id = ${externalId} AND publications.id <> ours.id AND other.platform = account.platform
    ) OR EXISTS (
      SELECT 1 FROM live_posts
      WHERE live_posts.platform = account.platform AND live_posts.external_id = ${externalId} AND publication_id <> ours.id
    ) AS bound
    FROM publications ours JOIN connected_accounts account ON account.id = ours.account_id
    WHERE ours.id = ${attempt.publicationId}::uuid`;
  return row?.bound ?? false;
}

/**
 * A platform says that it took the post, and names one that is on record as another publication's. Nobody knows what is
 * there: it is not taken, not looked for and not sent again. The database refuses it as well (live_posts).
 */
export async function refuseForeignId(
  tx: Tx,
  claim: Pick<PublishAttempt, 'publicationId'>,
  outcome: Outcome,
): Promise<Outcome> {
  if (outcome.kind !== 'accepted' || !(await boundElsewhere(tx, claim, outcome.externalId))) return outcome;
  return {
    kind: 'unknown',
    httpStatus: outcome.httpStatus,
    errorCode: ID_OF_ANOTHER,
    errorMessage: `The platform answered with the id of a post that is on record as another publication (${outcome.permalink}, ${outcome.externalId}). Look at the account, then say what you found.`,
  };
}
