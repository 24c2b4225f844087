/**
 * Places: what leaves later than its time leaves one after another, per account, and never everything at once. Times as
 * promised (`dueAt`) stay; only the next attempt moves, and with it the instant by which it is late (`putOffUntil`): whoever
 * was in time when it was put in line is not made late by waiting there. What is too late already gets no place; it is left
 * to be claimed, and judged, at once.
 */
import { Prisma } from '@prisma/client';
import type { Beat } from '../context.ts';
import { LOCK } from '../database/advisory-lock.ts';
import type { Database, Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import { LONGEST_PUT_OFF_HOURS } from '../domain/late-policy.ts';
import { IS_CLAIMABLE } from './is-claimable.ts';
import { remembers } from './own-beat.ts';

/** What is overdue by more than this was not late by chance: something was down. */
const BACKLOG_AFTER_SECONDS = 30;
/** Distance between two overdue posts of one account. */
export const STAGGER_SECONDS = 20;
/** What a person lets go on is waited for, and a reset opens a whole window: closer together than what piled up in an outage. */
export const RELEASE_STAGGER_SECONDS = 5;
/** In one transaction: others wait for it with a place of their own to give, and people wait for them. */
const AT_ONCE = 5_000;
/** A start must not fail because a machine is slow. */
const LONG_TRANSACTION = { timeout: 60_000, maxWait: 60_000 };

/** SQL: by which `publications` is late; `lateFrom` of domain/late-policy.ts. */
const LATE_FROM = Prisma.sql`CASE WHEN publications.late_policy IS NULL AND publications.late_limit_minutes IS NULL
  THEN least(greatest(publications.put_off_until, publications.due_at), publications.due_at + ${LONGEST_PUT_OFF_HOURS} * interval '1 hour')
  ELSE publications.due_at END`;

/** SQL: `publications` would be sent if it were claimed now under this rule; `lateDecision` of domain/late-policy.ts. */
function inTimeUnder(latePolicy: Prisma.Sql, lateLimitMinutes: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(coalesce(publications.late_policy::text, ${latePolicy}) = 'send' OR (${LATE_FROM}) >
    clock_timestamp() - (coalesce(publications.late_limit_minutes, ${lateLimitMinutes}) + 1) * interval '1 minute')`;
}

/** SQL: the same by the team's rule, and by the one it was approved under; `decideLate` of approved-late-rule.ts. */
const IN_TIME = Prisma.sql`${inTimeUnder(Prisma.sql`teams.late_policy::text`, Prisma.sql`teams.late_limit_minutes`)}
  AND NOT (teams.requires_approval AND EXISTS (
    SELECT 1 FROM approvals, LATERAL (SELECT approvals.content->'teamRule' AS rule) approved
    WHERE approvals.post_id = publications.post_id AND approvals.voided_at IS NULL AND rule IS NOT NULL
      AND NOT ${inTimeUnder(Prisma.sql`rule->>'latePolicy'`, Prisma.sql`(rule->>'lateLimitMinutes')::int`)}))`;

/** Which publications get a place, and how far apart. */
interface Line {
  which: Prisma.Sql;
  seconds: number;
  /** All of them, if it is not said. */
  atMost?: number;
  /**
   * Whether the first of an account waits for what has just left to it. What is let go on in many transactions has to: the one
   * before has left when the next asks. Of what piled up the oldest leaves at once.
   */
  afterWhatLeft: boolean;
}

/** What became of a backlog. */
export interface Spread {
  /** How many wait for their place now. */
  putOff: number;
  /** Those that somebody was working on, so that they have none yet: not to be claimed before they were asked about again. */
  busy: string[];
}

/**
 * Spreads what piled up while nothing could leave: per account the oldest goes at once, the others one after another.
 * @param beat of this process's worker: a database that does not know of it is an older one, where nothing is moved
 */
export async function spreadBacklog(db: Database, beat: Beat | null = null): Promise<Spread> {
  // Of one moment for all of it: whoever has got his place leaves after it, and is not put in line again.
  const before = new Date((await databaseTime(db)).getTime() - BACKLOG_AFTER_SECONDS * 1000);
  const line: Line = {
    which: Prisma.sql`publications.next_attempt_at < ${before} AND ${remembers(beat)}`,
    seconds: STAGGER_SECONDS,
    atMost: AT_ONCE,
    afterWhatLeft: false,
  };
  let putOff = 0;
  for (;;) {
    const placed = await db.$transaction((tx) => lineUp(tx, line), LONG_TRANSACTION);
    putOff += placed.putOff;
    if (placed.count < AT_ONCE) return { putOff, busy: await withoutPlace(db, line.which) };
  }
}

/**
 * Gives its place to what was stopped and goes on: of what is overdue, per account, the first leaves at once and the others
 * one after another. At the end of a transaction: whoever waits here may hold locks of posts, and must not ask for more.
 */
export async function putInPlace(tx: Tx, publicationIds: readonly string[]): Promise<void> {
  if (publicationIds.length === 0) return;
  const which = Prisma.sql`publications.id = ANY (${[...publicationIds]}::uuid[]) AND publications.next_attempt_at <= clock_timestamp()`;
  await lineUp(tx, { which, seconds: RELEASE_STAGGER_SECONDS, afterWhatLeft: true });
}

/** One at a time, so that two that ask at the same moment do not give one place twice; the lock ends with the transaction. */
async function lineUp(
  tx: Tx,
  { which, seconds, atMost, afterWhatLeft }: Line,
): Promise<{ count: number; putOff: number }> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK.lineUp}::bigint)`;
  const [row] = await tx.$queryRaw<{ count: number; putOff: number }[]>`
    WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now),
    overdue AS MATERIALIZED (
      SELECT publications.id, publications.account_id, publications.next_attempt_at, ${LATE_FROM} AS late_from
      ${waitingFor(which)}
      ORDER BY publications.next_attempt_at, publications.id LIMIT ${atMost ?? null}::int
      FOR UPDATE OF publications SKIP LOCKED
    ), accounts AS (
      -- The last that waits for its place, or has just left from it.
      SELECT account_id, greatest((
        SELECT max(next_attempt_at) FROM publications placed
        WHERE placed.account_id = concerned.account_id
          AND (placed.status IN ('scheduled', 'retrying') OR ${afterWhatLeft} AND placed.status = 'publishing')
          AND placed.put_off_until < placed.next_attempt_at), (
        SELECT max(sent_at) FROM publications gone
        WHERE ${afterWhatLeft} AND gone.account_id = concerned.account_id
          AND gone.sent_at > clock_timestamp() - ${seconds} * interval '1 second')) AS last_place
      FROM (SELECT DISTINCT account_id FROM overdue) concerned
    ), line AS (
      SELECT overdue.id, late_from, ${seconds} * interval '1 second' *
          (row_number() OVER (PARTITION BY account_id ORDER BY next_attempt_at, overdue.id) - 1)
        + greatest(moment.now, last_place + ${seconds} * interval '1 second') AS leaves_at
      FROM overdue JOIN accounts USING (account_id) CROSS JOIN moment
    ), moved AS (
      UPDATE publications
      SET next_attempt_at = leaves_at, put_off_until = late_from + (leaves_at - moment.now)
      FROM line CROSS JOIN moment WHERE line.id = publications.id
      RETURNING leaves_at > moment.now AS put_off
    )
    SELECT count(*)::int AS count, (count(*) FILTER (WHERE put_off))::int AS "putOff" FROM moved`;
  return row ?? { count: 0, putOff: 0 };
}

/** What waits for a place still, after everything that nobody was working on has got one. */
async function withoutPlace(db: Database, which: Prisma.Sql): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`SELECT publications.id::text ${waitingFor(which)}`;
  return rows.map(({ id }) => id);
}

function waitingFor(which: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`FROM publications JOIN teams ON teams.id = publications.team_id
    WHERE publications.status IN ('scheduled', 'retrying') AND ${which} AND ${IN_TIME} AND ${IS_CLAIMABLE}`;
}
