/**
 * The pre-flight: a day and an hour before its time (at once when it is scheduled for sooner) every publication is looked
 * at without being claimed, and what would keep it from leaving is written down, shown and counted while somebody can
 * still do something. Nothing here moves or locks a publication: whatever is found, its instant decides.
 *
 * Processes share the work: whoever takes a publication writes that down, one process at a time; if he dies over it,
 * somebody takes it again minutes later. What was changed since is looked at again, and so is, twice a minute, whatever
 * has a finding: it goes as soon as its cause has gone.
 */
import type { AppContext } from '../context.ts';
import { LOCK } from '../database/advisory-lock.ts';
import { preflightFindings } from '../domain/preflight.ts';
import { gatherFacts } from './preflight-facts.ts';

const BATCH = 100;
const FIRST_LOOK_HOURS = 24;
const SECOND_LOOK_HOURS = 1;
/** What is due sooner is being prepared for sending: nobody could do anything any more. */
const TOO_LATE_SECONDS = 30;
const LOOK_AGAIN_SECONDS = 30;
/** A check that has taken this long is not going to end. */
const GIVEN_UP_AFTER_SECONDS = 300;

/**
 * Looks at the publications whose turn it is, a batch of them.
 * @returns how many were looked at; 0 also when another process is taking some just now
 */
export async function preflight(ctx: AppContext, signal: AbortSignal): Promise<number> {
  await forgetWhatLeft(ctx);
  const taken = await take(ctx);
  if (taken.length === 0) return 0;
  const facts = await gatherFacts(ctx, taken, signal);
  const now = ctx.clock.now();
  const found = [...facts].flatMap(([publicationId, known]) =>
    preflightFindings(known, now).map((finding) => ({ publicationId, ...finding })),
  );
  await write(ctx, [...facts.keys()], found);
  return facts.size;
}

/**
 * Publications that fall due, or would if they were approved, and were not looked at since they came within a day, or an
 * hour, of it. By `now()`, which stands still during the statement: for a clock that does not, no index would be used.
 */
async function take({ db }: AppContext): Promise<string[]> {
  return db.$transaction(async (tx) => {
    const [lock] = await tx.$queryRaw<
      { taken: boolean }[]
    >`SELECT pg_try_advisory_xact_lock(${LOCK.lookAhead}::bigint) AS taken`;
    if (lock?.taken !== true) return [];
    const rows = await tx.$queryRaw<{ id: string }[]>`
      WITH ahead AS (
        SELECT id, post_id, updated_at, due_at FROM publications
        WHERE status = 'scheduled' AND due_at BETWEEN now() + ${TOO_LATE_SECONDS} * interval '1 second'
          AND now() + ${FIRST_LOOK_HOURS} * interval '1 hour'
        UNION ALL
        SELECT publications.id, post_id, publications.updated_at, scheduled_at
        FROM posts JOIN publications ON publications.post_id = posts.id
        WHERE posts.status = 'awaiting_approval' AND publications.status = 'awaiting_approval'
          AND scheduled_at BETWEEN now() AND now() + ${FIRST_LOOK_HOURS} * interval '1 hour'
      ), due AS (
        SELECT ahead.id, concat_ws(' ', ahead.updated_at, posts.updated_at) AS version, due_at, earlier.publication_id
        FROM ahead JOIN posts ON posts.id = ahead.post_id
        LEFT JOIN preflight_checks earlier ON earlier.publication_id = ahead.id
        WHERE earlier.publication_id IS NULL
          OR earlier.version <> concat_ws(' ', ahead.updated_at, posts.updated_at)
          OR (due_at - ${SECOND_LOOK_HOURS} * interval '1 hour' <= now()
            AND earlier.taken_at < due_at - ${SECOND_LOOK_HOURS} * interval '1 hour')
          OR (earlier.checked_at IS NULL AND earlier.taken_at < now() - ${GIVEN_UP_AFTER_SECONDS} * interval '1 second')
          OR (earlier.checked_at < now() - ${LOOK_AGAIN_SECONDS} * interval '1 second'
            AND EXISTS (SELECT 1 FROM preflight_findings WHERE preflight_findings.publication_id = ahead.id))
        -- What nobody has looked at yet comes first, however many have findings.
        ORDER BY earlier.publication_id IS NOT NULL, due_at, ahead.id LIMIT ${BATCH}
      )
      INSERT INTO preflight_checks (publication_id, version, taken_at)
      SELECT id, version, clock_timestamp() FROM due
      ON CONFLICT (publication_id) DO UPDATE SET version = excluded.version, taken_at = excluded.taken_at, checked_at = NULL
      RETURNING publication_id::text AS id`;
    return rows.map(({ id }) => id);
  });
}

/** Writes what stands in the way of these publications now, in the place of what did. */
async function write(
  { db }: AppContext,
  checked: readonly string[],
  found: readonly { publicationId: string; kind: string; message: string }[],
): Promise<void> {
  const ids = found.map(({ publicationId }) => publicationId);
  const kinds = found.map(({ kind }) => kind);
  await db.$transaction([
    db.$executeRaw`
      DELETE FROM preflight_findings
      WHERE publication_id = ANY (${[...checked]}::uuid[])
        AND (publication_id, kind) NOT IN (SELECT * FROM unnest(${ids}::uuid[], ${kinds}::text[]))`,
    // Joined: a post may have been deleted meanwhile, and its checks with it.
    db.$executeRaw`
      INSERT INTO preflight_findings (publication_id, kind, message)
      SELECT found.id, found.kind, found.message
      FROM unnest(${ids}::uuid[], ${kinds}::text[], ${found.map(({ message }) => message)}::text[]) AS found(id, kind, message)
      JOIN preflight_checks ON preflight_checks.publication_id = found.id
      ON CONFLICT (publication_id, kind) DO UPDATE SET message = excluded.message`,
    db.$executeRaw`UPDATE preflight_checks SET checked_at = clock_timestamp() WHERE publication_id = ANY (${[...checked]}::uuid[])`,
  ]);
}

/** What is on its way, done or called off needs no looking ahead; should it be scheduled again, it is looked at afresh. */
async function forgetWhatLeft({ db }: AppContext): Promise<void> {
  await db.$executeRaw`
    DELETE FROM preflight_checks WHERE publication_id IN (
      SELECT publication_id FROM preflight_checks JOIN publications ON publications.id = publication_id
      WHERE publications.status NOT IN ('scheduled', 'awaiting_approval') LIMIT 1000)`;
}
