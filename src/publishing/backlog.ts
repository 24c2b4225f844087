import type { Database, Tx } from '../database/client.ts';

/** What is overdue by more than this was not late by chance: something was down. */
const BACKLOG_AFTER_SECONDS = 30;
/** Distance between two overdue posts of one account. */
export const STAGGER_SECONDS = 20;

/**
 * Spreads what piled up while nothing could leave: per account the oldest goes at once, the others one after another.
 * Never everything at once. Times as promised (`dueAt`) stay; only the next attempt moves.
 * @returns how many were moved
 */
export async function spreadBacklog(db: Database | Tx): Promise<number> {
  return db.$executeRaw`
    WITH backlog AS (
      SELECT publications.id,
        row_number() OVER (PARTITION BY account_id ORDER BY next_attempt_at, publications.id) - 1 AS place
      FROM publications JOIN teams ON teams.id = publications.team_id
      WHERE status IN ('scheduled', 'retrying')
        -- A later try that missed its own time is judged by that time, which must stay.
        AND (sent_at IS NULL OR coalesce(publications.late_policy, teams.late_policy) = 'send' OR next_attempt_at >
          clock_timestamp() - coalesce(publications.late_limit_minutes, teams.late_limit_minutes) * interval '1 minute')
        AND next_attempt_at < clock_timestamp() - ${BACKLOG_AFTER_SECONDS} * interval '1 second'
    )
    UPDATE publications
    SET next_attempt_at = clock_timestamp() + place * ${STAGGER_SECONDS} * interval '1 second'
    FROM backlog
    WHERE backlog.id = publications.id AND place > 0 AND publications.status IN ('scheduled', 'retrying')
      -- Asked again: while this waited for the row's lock, somebody may have moved it to next week.
      AND publications.next_attempt_at < clock_timestamp() - ${BACKLOG_AFTER_SECONDS} * interval '1 second'`;
}

/** What a person lets go on is waited for; it leaves closer together than what piled up in an outage. */
const RELEASE_STAGGER_SECONDS = 5;

/**
 * When each of several that go on again leaves: at its own time when that is still to come; of what is overdue, per account,
 * the first at once and the others one after another.
 */
export function oneAfterAnother(now: Date): (publication: { accountId: string; dueAt: Date | null }) => Date {
  const overdue = new Map<string, number>();
  return ({ accountId, dueAt }) => {
    if (dueAt !== null && dueAt > now) return dueAt;
    const place = overdue.get(accountId) ?? 0;
    overdue.set(accountId, place + 1);
    return new Date(now.getTime() + place * RELEASE_STAGGER_SECONDS * 1000);
  };
}
