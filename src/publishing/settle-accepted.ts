/**
 * The short way to write down what nearly always happens: the platform took the post, and the claim still holds. Between
 * "sent" and "settled" a process that dies leaves an outcome that nobody knows, so this takes as few round trips as it
 * can: it locks, reads what the post's status rests on, and writes everything in one statement. Whatever is unusual is
 * left to `settle`, which does the same at length.
 */
import { Prisma } from '@prisma/client';
import { v7 as uuidv7 } from 'uuid';
import type { AppContext } from '../context.ts';
import type { Outcome } from '../domain/outcome.ts';
import { postStatus } from '../domain/post.ts';
import type { PublicationStatus } from '../domain/publication.ts';
import type { Claim } from './claim.ts';
import { evidenceOf, type FrozenContent } from './evidence.ts';
import { forgetUploads } from './image-uploads.ts';
import { lockPost } from './transition.ts';

/** To the minute only: otherwise a hundred posts of one account would queue for the lock of its row while they settle. */
const USED_GRANULARITY = Prisma.sql`interval '1 minute'`;

/**
 * @param answeredAt by the database's clock
 * @returns false when nothing was written, because the claim was lost or the database is away: `settle` knows what to do
 */
export async function settleAccepted(
  ctx: AppContext,
  claim: Claim,
  outcome: Outcome & { kind: 'accepted' },
  sentAt: Date,
  answeredAt: Date,
  frozen: FrozenContent,
): Promise<boolean> {
  const { externalId, permalink, httpStatus } = outcome;
  const acceptance = { httpStatus, externalId, permalink, acceptedAt: answeredAt };
  const { document, sha256 } = evidenceOf(frozen, sentAt, acceptance);
  const metadata = { outcome: 'accepted', externalId, permalink, evidenceSha256: sha256 };
  try {
    return await ctx.db.$transaction(async (tx) => {
      if (!(await lockPost(tx, claim.postId))) return false;
      const siblings = await tx.$queryRaw<{ id: string; status: PublicationStatus }[]>`
        SELECT id::text, status::text FROM publications WHERE post_id = ${claim.postId}::uuid`;
      const status = postStatus(
        siblings.map((sibling) => (sibling.id === claim.publicationId ? 'published' : sibling.status)),
      );
      const written = await tx.$queryRaw<{ id: string }[]>`
        WITH publication AS (
          UPDATE publications
          SET status = 'published', accepted_at = ${answeredAt}, external_id = ${externalId}, permalink = ${permalink},
              attempt_count = attempt_count + 1, lease_until = NULL, next_attempt_at = NULL, error_code = NULL,
              error_message = NULL, updated_at = clock_timestamp()
          WHERE id = ${claim.publicationId}::uuid AND status = 'publishing' AND fence = ${claim.fence}
          RETURNING id, account_id, team_id
        ), attempt AS (
          UPDATE publish_attempts
          SET state = 'acked', outcome = 'accepted', http_status = ${httpStatus}, accepted_at = ${answeredAt},
              finished_at = ${answeredAt}, external_id = ${externalId}, next_look_up_at = NULL
          FROM publication WHERE publish_attempts.id = ${claim.attemptId}::uuid
        ), evidence AS (
          INSERT INTO publication_evidence (attempt_id, publication_id, document, sha256)
          SELECT ${claim.attemptId}::uuid, publication.id, ${JSON.stringify(document)}::jsonb, ${sha256} FROM publication
        ), post AS (
          UPDATE posts SET status = ${status}::"PostStatus"
          FROM publication WHERE posts.id = ${claim.postId}::uuid AND status <> ${status}::"PostStatus"
        ), used AS (
          UPDATE connected_accounts SET last_used_at = ${answeredAt}
          FROM publication
          WHERE connected_accounts.id = publication.account_id
            AND (last_used_at IS NULL OR last_used_at < ${answeredAt}::timestamptz - ${USED_GRANULARITY})
        ), event AS (
          INSERT INTO audit_events (id, action, entity, entity_id, team_id, metadata, occurred_at)
          SELECT ${uuidv7()}::uuid, 'publication.published', 'Publication', publication.id::text, publication.team_id,
                 ${JSON.stringify(metadata)}::jsonb, ${ctx.clock.now()}
          FROM publication
        )
        SELECT id::text FROM publication`;
      if (written.length === 1 && frozen.media.length > 0)
        await forgetUploads(tx, { postId: claim.postId, accountId: frozen.account.id });
      ctx.onStep('settling', claim.publicationId);
      return written.length === 1;
    });
  } catch (error) {
    // The answer is in memory: `settle` tries again until it is saved, and says in the log what is at stake.
    ctx.log.warn({ err: error, publicationId: claim.publicationId }, 'an accepted post could not be saved at once');
    return false;
  }
}
