/**
 * The write-ahead record (step P2): before a byte of a create request leaves, the attempt is on disk as `sent`. Whoever
 * finds it after a crash knows that the post may be there.
 */
import { v7 as uuidv7 } from 'uuid';
import type { AppContext } from '../context.ts';
import { ACCOUNT_DOES_NOT_REST } from './account-rest.ts';
import type { Claim } from './claim.ts';
import { IS_KNOWN_DATABASE } from './is-claimable.ts';
import { NO_HOLD_COVERS_ACCOUNT } from './no-hold.ts';
import { remembers } from './own-beat.ts';
import type { ReadyPreparation } from './prepare.ts';

/**
 * Marks the attempt as sent, if the claim still holds, its lease outlasts the request's whole deadline, no hold or rest of
 * the account was ordered meanwhile, and this is still the database that was claimed from; the audit event is part of the
 * same statement. Committed when this resolves.
 * @returns the instant by the database's clock, or null when one of these is not so: then nothing may be sent
 */
export async function recordSent(
  ctx: Pick<AppContext, 'db' | 'timings' | 'lastBeat'>,
  claim: Claim,
  { requestHash, frozen }: Pick<ReadyPreparation, 'requestHash' | 'frozen'>,
): Promise<Date | null> {
  const rows = await ctx.db.$queryRaw<{ sent_at: Date }[]>`
    WITH held AS (
      SELECT publications.id, publications.team_id
      FROM publications JOIN connected_accounts account ON account.id = publications.account_id
      WHERE publications.id = ${claim.publicationId}::uuid AND publications.status = 'publishing' AND fence = ${claim.fence}
        AND lease_until > clock_timestamp() + ${ctx.timings.createDeadlineMs} * interval '1 millisecond'
        AND ${NO_HOLD_COVERS_ACCOUNT} AND ${ACCOUNT_DOES_NOT_REST} AND ${IS_KNOWN_DATABASE}
        AND ${remembers(ctx.lastBeat?.())}
      FOR UPDATE OF publications
    ), attempt AS (
      UPDATE publish_attempts SET state = 'sent', sent_at = clock_timestamp(), request_hash = ${requestHash}, frozen = ${JSON.stringify(frozen)}::jsonb
      FROM held
      WHERE publish_attempts.id = ${claim.attemptId}::uuid AND publish_attempts.state = 'prepared'
      RETURNING publish_attempts.number, publish_attempts.sent_at
    ), stamped AS (
      UPDATE publications SET sent_at = attempt.sent_at FROM attempt WHERE publications.id = ${claim.publicationId}::uuid RETURNING publications.id
    ), event AS (
      INSERT INTO audit_events (id, action, entity, entity_id, team_id, metadata, occurred_at)
      SELECT ${uuidv7()}::uuid, 'publication.sent', 'Publication', held.id::text, held.team_id,
             jsonb_build_object('attempt', attempt.number, 'requestHash', ${requestHash}::text), attempt.sent_at
      FROM held, attempt
    )
    SELECT attempt.sent_at FROM attempt, stamped`;
  return rows[0]?.sent_at ?? null;
}
