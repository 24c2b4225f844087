/**
 * A restored database may have forgotten that a post was sent. The worker looks, at its start and with every sweep, whether
 * this is still the database it knew. Another system identifier or timeline, or nobody working for hours while posts fell
 * due: then a hold on everything is ordered, which a superuser releases, and what is overdue by then waits for a person's
 * answer, also after the release, instead of going out a second time.
 *
 * Between two looks nothing slips through: every claim and every write-ahead record asks `claimable_since()` (a function of
 * the database) in its own statement, on its own connection. The order is committed first and is one row; marking what it
 * covers as held comes after that, some hundred at a time, and may be cut short: the next sweep goes on. Who would move one
 * that is not marked yet marks it first (in-doubt.ts).
 *
 * A worker that lived through it has a third sign, which a restore within the same cluster shows, too: its own heartbeat is
 * older than it remembers, or gone (own-beat.ts). Every claim and write-ahead record of its process asks for that as well.
 *
 * Limit: a restore within the same cluster, while no worker runs, onto a moment a few minutes ago, shows none of them.
 */
import { Prisma } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext, Beat } from '../context.ts';
import { LOCK } from '../database/advisory-lock.ts';
import type { Tx } from '../database/client.ts';
import { RESTORED } from '../domain/publication.ts';
import { holdPublications } from './hold-publications.ts';
import { WHY_IN_DOUBT } from './in-doubt.ts';
import { mayBeRemoved, orderedSince, remembers } from './own-beat.ts';

/** Nobody worked for this long: a restored copy shows such a gap, and so does a long outage. */
const GAP_HOURS = 6;
/** Publications marked between two looks at what is left. */
const MARKED_AT_ONCE = 1_000;

const WHAT_TO_DO =
  'Look at the accounts, then release this hold. Posts that were due by then go on waiting: say of each whether it is there.';
const AFTER_A_RESTORE = `This database seems to have been restored from a copy, which may not know what was sent since. ${WHAT_TO_DO}`;

function afterGap(hours: number): string {
  return `No worker ran for ${hours} hours while posts fell due. If the database was restored from a copy meanwhile, it may not know what was sent. ${WHAT_TO_DO}`;
}

type Finding = 'restored' | 'gap';

/**
 * Orders that what is due by now waits for a person, if this is another database or nobody worked for hours. Committed when
 * this resolves: `holdWhatWasDue` does the rest.
 * @returns what was found, for the log; null when all is as it was
 */
export async function guardAgainstRestore(ctx: AppContext): Promise<Finding | null> {
  const beat = ctx.lastBeat?.() ?? null;
  const seen = await look(ctx.db, beat);
  if (seen.noted && !seen.changed && !seen.doubtful && !seen.gap) return null;
  return ctx.db.$transaction(async (tx) => {
    // One worker at a time: the second to start finds the identity already noted.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK.orderHoldAfterRestore}::bigint)`;
    const { changed, doubtful, gap, silentHours } = await look(tx, beat);
    await noteIdentity(tx);
    const isOther = changed || (doubtful && (await isAnythingDue(tx)));
    const finding = isOther ? 'restored' : gap && (await isAnythingDue(tx)) ? 'gap' : null;
    if (finding !== null) {
      await holdEverything(tx, ctx, finding, isOther ? AFTER_A_RESTORE : afterGap(silentHours));
      // Also what fell due by the clock of a server that was ahead of this one. Later than the heartbeat: it is seen to.
      await tx.$executeRaw`
        UPDATE database_identity
        SET hold_due_before = greatest(clock_timestamp(), ${beat?.at ?? null}::timestamptz + interval '1 millisecond') WHERE id = 1`;
      await tellTeams(tx, ctx, finding);
    }
    return finding;
  });
}

/**
 * Marks as held whatever fell due before the latest order, if there ever was one: also what somebody had claimed then and
 * gave back later.
 * @returns how many
 */
export async function holdWhatWasDue(ctx: AppContext): Promise<number> {
  let held = 0;
  for (;;) {
    const some = await ctx.db.$queryRaw<{ id: string; postId: string }[]>`
      SELECT publications.id::text, post_id::text AS "postId"
      FROM publications JOIN database_identity identity ON publications.next_attempt_at < identity.hold_due_before
      WHERE publications.status IN ('scheduled', 'retrying')
      ORDER BY next_attempt_at, publications.id LIMIT ${MARKED_AT_ONCE}`;
    const marked = await holdPublications(ctx, some, {
      errorCode: RESTORED,
      errorMessage: WHY_IN_DOUBT,
      actorId: null,
      metadata: { errorCode: RESTORED },
    });
    held += marked;
    // Nothing left, or others were faster: the next sweep looks again.
    if (marked === 0) return held;
  }
}

interface Look {
  noted: boolean;
  changed: boolean;
  /** Its own heartbeat is gone after a suspension so long that others may have removed it: a sign only if posts were due. */
  doubtful: boolean;
  /** Nobody worked for hours, and nobody has seen to it yet. */
  gap: boolean;
  /** Since the last heartbeat of any worker; whole ones. */
  silentHours: number;
}

async function look(db: Pick<Tx, '$queryRaw'>, beat: Beat | null): Promise<Look> {
  const forgotten = Prisma.sql`(NOT ${remembers(beat)} AND NOT ${orderedSince(beat)})`;
  const [row] = await db.$queryRaw<Look[]>`
    SELECT EXISTS (SELECT 1 FROM database_identity WHERE id = 1) AS noted,
      claimable_since() = 'infinity' OR (${forgotten} AND NOT ${mayBeRemoved(beat)}) AS changed,
      ${forgotten} AND ${mayBeRemoved(beat)} AS doubtful,
      coalesce(last_beat < clock_timestamp() - ${GAP_HOURS} * interval '1 hour', false)
        -- Another worker, which has not beaten yet, was a moment faster.
        AND NOT EXISTS (SELECT 1 FROM holds WHERE created_by_id IS NULL AND released_at IS NULL AND created_at > last_beat) AS gap,
      coalesce(floor(extract(epoch FROM clock_timestamp() - last_beat) / 3600), 0)::int AS "silentHours"
    FROM (SELECT max(beat_at) AS last_beat FROM worker_processes) workers`;
  if (row === undefined) throw new Error('the database did not say which one it is');
  return row;
}

/** What the database user may not ask stays as it was noted: the gap is then the only sign. */
async function noteIdentity(tx: Tx): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO database_identity AS noted (id, system_identifier, timeline, seen_at)
    VALUES (1, coalesce(current_system_identifier(), ''), coalesce(current_timeline(), 0), clock_timestamp())
    ON CONFLICT (id) DO UPDATE
    SET system_identifier = coalesce(nullif(EXCLUDED.system_identifier, ''), noted.system_identifier),
        timeline = coalesce(nullif(EXCLUDED.timeline, 0), noted.timeline), seen_at = EXCLUDED.seen_at`;
}

async function isAnythingDue(tx: Tx): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ due: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM publications WHERE status IN ('scheduled', 'retrying') AND next_attempt_at < clock_timestamp()) AS due`;
  return row?.due ?? false;
}

/** One event for each team that has something due, from which its people are written to: not one for each post. */
async function tellTeams(tx: Tx, ctx: AppContext, finding: Finding): Promise<void> {
  const teams = await tx.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT team_id::text AS id FROM publications
    WHERE status IN ('scheduled', 'retrying') AND next_attempt_at < clock_timestamp()`;
  for (const { id } of teams)
    await recordEvent(
      tx,
      {
        actorId: null,
        action: 'team.posts_held',
        entity: 'Team',
        entityId: id,
        teamId: id,
        metadata: { errorCode: RESTORED, found: finding },
      },
      ctx.clock.now(),
    );
}

/**
 * One that the server ordered before and nobody has released is enough: after a gap, and for a restore that says so already.
 * Workers that remember different heartbeats find the same rollback one after another.
 */
async function holdEverything(tx: Tx, ctx: AppContext, finding: Finding, reason: string): Promise<void> {
  const standing = { scope: 'everything', createdById: null, releasedAt: null } as const;
  const says = finding === 'gap' ? {} : { reason };
  if ((await tx.hold.count({ where: { ...standing, ...says } })) > 0) return;
  const now = ctx.clock.now();
  const hold = await tx.hold.create({ data: { scope: 'everything', reason, createdAt: now } });
  await recordEvent(
    tx,
    {
      actorId: null,
      action: 'hold.created',
      entity: 'Hold',
      entityId: hold.id,
      teamId: null,
      metadata: { scope: 'everything', reason },
    },
    now,
  );
}
