/**
 * Claim and write-ahead in one: what was prepared before its instant (prepare-ahead.ts) is taken and written down as sent
 * by a single statement, so that at the instant only this and the create request are left to do.
 *
 * The statement asks again for everything the preparation rests on. Whatever changed since (another text, time, owner,
 * token or approval, a hold, a team's rules) leaves the publication alone; it is then claimed and prepared the long way.
 */
import { v7 as uuidv7 } from 'uuid';
import type { AppContext } from '../context.ts';
import { instant } from '../instant.ts';
import { ACCOUNT_DOES_NOT_REST } from './account-rest.ts';
import type { Claim } from './claim.ts';
import { IS_CLAIMABLE } from './is-claimable.ts';
import { NO_HOLD_COVERS_ACCOUNT } from './no-hold.ts';
import { remembers } from './own-beat.ts';
import type { Occupant } from './places.ts';
import type { ReadyPreparation } from './prepare.ts';
import type { Recorded } from './send-recorded.ts';
import { NO_OPEN_ATTEMPT } from './stray-attempts.ts';

/** A publication that was prepared before it is due, and the state of things its preparation rests on. */
export interface Ready extends Occupant {
  publicationId: string;
  preparation: ReadyPreparation;
  basis: {
    publicationUpdatedAt: Date;
    postUpdatedAt: Date;
    teamUpdatedAt: Date;
    accountOwnerId: string | null;
  };
}

/** What is this late was kept from leaving: whether it still goes out is asked the long way. */
const ON_TIME_SECONDS = 30;

/**
 * Claims those of `ready` that are due and still as they were prepared, each with its attempt recorded as sent. Committed
 * when this resolves: whoever is returned must be sent now, at once.
 */
export async function claimReady(
  ctx: Pick<AppContext, 'db' | 'timings' | 'onStep' | 'lastBeat'>,
  ready: readonly Ready[],
): Promise<(Recorded & Occupant)[]> {
  const byAttempt = new Map(ready.map((one) => [uuidv7(), one]));
  const wanted = [...byAttempt].map(([attemptId, { publicationId, preparation, basis }]) => ({
    publication_id: publicationId,
    attempt_id: attemptId,
    event_id: uuidv7(),
    request_hash: preparation.requestHash,
    frozen: preparation.frozen,
    token_version: preparation.tokenVersion,
    approval_id: preparation.approvalId,
    updated_at: basis.publicationUpdatedAt,
    post_updated_at: basis.postUpdatedAt,
    team_updated_at: basis.teamUpdatedAt,
    owner_id: basis.accountOwnerId,
  }));
  for (const { publicationId } of ready) ctx.onStep('recording', publicationId);
  const recordingAt = instant();
  const rows = await ctx.db.$queryRaw<(Claim & { sentAt: Date })[]>`
    WITH wanted AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS wanted(
        publication_id uuid, attempt_id uuid, event_id uuid, request_hash text, frozen jsonb, token_version int, approval_id uuid,
        updated_at timestamptz, post_updated_at timestamptz, team_updated_at timestamptz, owner_id uuid)
    ), due AS (
      SELECT publications.id, publications.post_id, publications.team_id, publications.due_at, publications.fence + 1 AS fence,
        wanted.attempt_id, wanted.event_id, wanted.request_hash, wanted.frozen,
        (SELECT coalesce(max(number), 0) + 1 FROM publish_attempts WHERE publication_id = publications.id)::int AS number
      FROM wanted
      JOIN publications ON publications.id = wanted.publication_id
      JOIN posts ON posts.id = publications.post_id
      JOIN teams ON teams.id = publications.team_id
      JOIN connected_accounts account ON account.id = publications.account_id
      JOIN account_credentials credential ON credential.account_id = account.id
      WHERE publications.status IN ('scheduled', 'retrying') AND publications.next_attempt_at <= clock_timestamp()
        AND greatest(publications.put_off_until, publications.due_at) > clock_timestamp() - ${ON_TIME_SECONDS} * interval '1 second'
        AND publications.updated_at = wanted.updated_at
        AND posts.updated_at = wanted.post_updated_at AND teams.updated_at = wanted.team_updated_at
        AND account.status = 'active' AND account.owner_id IS NOT DISTINCT FROM wanted.owner_id
        AND credential.token_version = wanted.token_version
        AND credential.refused_version IS DISTINCT FROM wanted.token_version
        AND (wanted.approval_id IS NULL
          OR EXISTS (SELECT 1 FROM approvals WHERE approvals.id = wanted.approval_id AND voided_at IS NULL))
        AND ${NO_OPEN_ATTEMPT} AND ${NO_HOLD_COVERS_ACCOUNT} AND ${ACCOUNT_DOES_NOT_REST} AND ${IS_CLAIMABLE}
        AND ${remembers(ctx.lastBeat?.())}
      FOR UPDATE OF publications, posts SKIP LOCKED
    ), claimed AS (
      UPDATE publications
      SET status = 'publishing', fence = due.fence, sent_at = clock_timestamp(), updated_at = clock_timestamp(),
          lease_until = clock_timestamp() + ${ctx.timings.leaseMs} * interval '1 millisecond'
      FROM due WHERE publications.id = due.id
      RETURNING publications.id, publications.sent_at
    ), attempts AS (
      INSERT INTO publish_attempts (id, publication_id, number, state, fence, request_hash, frozen, due_at, sent_at)
      SELECT due.attempt_id, due.id, due.number, 'sent', due.fence, due.request_hash, due.frozen, due.due_at, claimed.sent_at
      FROM due JOIN claimed ON claimed.id = due.id
    ), projected AS (
      -- What a post with a publication on its way is: domain/post.ts says it at length.
      UPDATE posts SET status = 'publishing'
      FROM due
      WHERE posts.id = due.post_id AND posts.status <> 'publishing'
        AND NOT EXISTS (SELECT 1 FROM publications other WHERE other.post_id = posts.id AND other.status = 'unconfirmed')
    ), events AS (
      INSERT INTO audit_events (id, action, entity, entity_id, team_id, metadata, occurred_at)
      SELECT due.event_id, 'publication.sent', 'Publication', due.id::text, due.team_id,
             jsonb_build_object('attempt', due.number, 'requestHash', due.request_hash), claimed.sent_at
      FROM due JOIN claimed ON claimed.id = due.id
    )
    SELECT due.id::text AS "publicationId", due.post_id::text AS "postId", due.attempt_id::text AS "attemptId", due.fence,
           claimed.sent_at AS "sentAt"
    FROM due JOIN claimed ON claimed.id = due.id`;
  return rows.flatMap(({ sentAt, ...claim }) => {
    const one = byAttempt.get(claim.attemptId);
    return one === undefined
      ? []
      : [
          {
            claim,
            platform: one.platform,
            accountId: one.accountId,
            preparation: one.preparation,
            sentAt,
            recordingAt,
          },
        ];
  });
}
