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
      SELECT id, row_number() OVER (PARTITION BY account_id ORDER BY next_attempt_at, id) - 1 AS place
      FROM publications
      WHERE status IN ('scheduled', 'retrying') AND next_attempt_at < clock_timestamp() - ${BACKLOG_AFTER_SECONDS} * interval '1 second'
    )
    UPDATE publications
    SET next_attempt_at = clock_timestamp() + place * ${STAGGER_SECONDS} * interval '1 second'
    FROM backlog
    WHERE backlog.id = publications.id AND place > 0 AND publications.status IN ('scheduled', 'retrying')
      -- Asked again: while this waited for the row's lock, somebody may have moved it to next week.
      AND publications.next_attempt_at < clock_timestamp() - ${BACKLOG_AFTER_SECONDS} * interval '1 second'`;
}
