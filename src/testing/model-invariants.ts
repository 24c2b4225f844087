/**
 * What must be true at every moment, whatever happened so far. The judge of "twice" and "lost" is the platform's ledger;
 * the tables are only what is judged.
 */
import type { PublicationStatus } from '@prisma/client';
import { postStatus } from '../domain/post.ts';
import { alarmId } from '../publishing/alarm.ts';
import { GIVEN_UP } from '../publishing/given-up.ts';
import type { World } from './model-world.ts';

/** A publication as read for judging: one statement with everything, because it is read after every command. */
export interface Row {
  id: string;
  postId: string;
  postStatus: string;
  status: PublicationStatus;
  externalId: string | null;
  text: string;
  /** What the kept evidence says was published. */
  evidence: { text: string; externalId: string } | null;
  errorCode: string | null;
  attemptCount: number;
  maxAttempts: number;
  generation: number;
  fence: number;
  hasTime: boolean;
  hasLease: boolean;
  attempts: { number: number; state: string; fence: number }[];
}

export interface Observation {
  rows: ReadonlyMap<string, Row>;
  /** How often each action was recorded, by entity id and for the whole team. */
  events: ReadonlyMap<string, number>;
}

export const NOTHING: Observation = { rows: new Map(), events: new Map() };

/**
 * Looks at everything and compares it with the last look.
 * @throws naming the first rule that is broken
 */
export async function observe(world: World, before: Observation): Promise<Observation> {
  const { db } = world.ctx;
  const [list, recorded] = await Promise.all([
    db.$queryRaw<Row[]>`
      SELECT publications.id::text AS id, post_id::text AS "postId", posts.status::text AS "postStatus", publications.status::text AS status,
        publications.external_id AS "externalId", coalesce(publications.text, posts.text) AS text, publications.error_code AS "errorCode", attempt_count AS "attemptCount",
        max_attempts AS "maxAttempts", generation, publications.fence, next_attempt_at IS NOT NULL AND publications.due_at IS NOT NULL AS "hasTime",
        lease_until IS NOT NULL AS "hasLease",
        (SELECT json_build_object('text', document->>'text', 'externalId', document->>'externalId')
          FROM publication_evidence WHERE publication_id = publications.id) AS evidence,
        coalesce((SELECT json_agg(json_build_object('number', number, 'state', state, 'fence', attempts.fence) ORDER BY number)
          FROM publish_attempts attempts WHERE publication_id = publications.id), '[]') AS attempts
      FROM publications JOIN posts ON posts.id = post_id
      WHERE publications.team_id = ${world.teamId}::uuid ORDER BY publications.id`,
    db.$queryRaw<Recorded[]>`
      SELECT action, entity_id AS "entityId", count(*)::int AS count FROM audit_events
      WHERE team_id = ${world.teamId}::uuid GROUP BY action, entity_id`,
  ]);
  const now: Observation = { rows: new Map(list.map((row) => [row.id, row])), events: count(recorded) };
  for (const row of list) {
    checkLedger(world, row);
    checkAttempts(row);
    checkColumns(row);
    checkHistory(row, before, now);
  }
  for (const [postId, rows] of Map.groupBy(list, (row) => row.postId)) {
    const projected = postStatus(rows.map((row) => row.status));
    must(
      rows[0]?.postStatus === projected,
      postId,
      `the post is ${rows[0]?.postStatus}, its publications say ${projected}`,
    );
  }
  return now;
}

/** Every publication that was ever queued has the alarm of its last generation: both were saved or neither. */
export async function checkAlarms(world: World, observation: Observation): Promise<void> {
  const wanted = [...observation.rows.values()]
    .filter((row) => row.generation > 0)
    .map((row) => ({ row, alarm: alarmId(row.id, row.generation) }));
  const found = await world.ctx.db.$queryRaw<{ id: string }[]>`
    SELECT id::text FROM pgboss.job WHERE id = ANY (${wanted.map(({ alarm }) => alarm)}::uuid[])`;
  const ids = new Set(found.map(({ id }) => id));
  for (const { row, alarm } of wanted) must(ids.has(alarm), row.id, `generation ${row.generation} has no alarm`);
}

/** @throws when `condition` is false */
export function must(condition: boolean, id: string, rule: string): void {
  if (!condition) throw new Error(`${rule} (${id})`);
}

function checkLedger(world: World, row: Row): void {
  const live = world.platform.live(row.id);
  must(live.length <= 1, row.id, `twice: ${live.length} posts are live`);
  if (row.status === 'published')
    must(
      live[0]?.externalId === row.externalId,
      row.id,
      `published as ${row.externalId}, the ledger has ${live[0]?.externalId}`,
    );
  if (row.status === 'published')
    must(live[0]?.text === row.text, row.id, `live as "${live[0]?.text}", but the post says "${row.text}"`);
  if (row.status === 'published')
    must(
      row.evidence?.text === row.text && row.evidence.externalId === row.externalId,
      row.id,
      `published without its evidence: ${JSON.stringify(row.evidence)}`,
    );
  if (row.status === 'failed') must(live.length === 0, row.id, 'failed, but it is live');
  if (row.status === 'missed' || row.status === 'held' || row.status === 'scheduled' || row.status === 'retrying')
    must(live.length === 0, row.id, `${row.status}, so it may be sent again, but it is live`);
}

const OPEN: readonly string[] = ['prepared', 'sent', 'unknown'];

function checkAttempts(row: Row): void {
  const open = row.attempts.filter(({ state }) => OPEN.includes(state));
  const states = open.map(({ state }) => state).join();
  must(open.length <= 1, row.id, `two open attempts: ${states}`);
  if (row.status === 'publishing')
    must(
      (states === 'prepared' || states === 'sent') && open[0]?.fence === row.fence,
      row.id,
      `publishing with the open attempt "${states}"`,
    );
  // Given up: nobody knows, and nobody looks any more.
  else if (row.status === 'unconfirmed' || (row.status === 'cancelled' && row.errorCode === GIVEN_UP.errorCode))
    must(states === 'unknown', row.id, `${row.status} with the open attempt "${states}"`);
  else must(states === '', row.id, `${row.status} with the open attempt "${states}"`);
  row.attempts.forEach((attempt, index) => {
    must(attempt.number === index + 1, row.id, `attempt ${index + 1} has number ${attempt.number}`);
  });
  const kept = row.attempts.filter(({ state }) => state === 'acked' || state === 'present');
  must(
    kept.length === (row.status === 'published' ? 1 : 0),
    row.id,
    `${row.status} with ${kept.length} accepted attempts`,
  );
}

function checkColumns(row: Row): void {
  must(
    row.attemptCount <= row.maxAttempts,
    row.id,
    `${row.attemptCount} counted attempts of at most ${row.maxAttempts}`,
  );
  must(
    row.attemptCount <= row.attempts.length,
    row.id,
    `${row.attemptCount} counted, ${row.attempts.length} on record`,
  );
  if (row.status === 'failed' && row.errorCode === 'connection-refused')
    must(row.attemptCount === row.maxAttempts, row.id, `gave up after ${row.attemptCount} of ${row.maxAttempts}`);
  if (row.status === 'failed' || row.status === 'unconfirmed')
    must(row.attemptCount > 0, row.id, `${row.status} without a counted attempt`);
  if (row.status === 'scheduled' || row.status === 'retrying')
    must(row.hasTime, row.id, `${row.status} without a time`);
  if (row.status !== 'publishing') must(!row.hasLease, row.id, `${row.status} with a lease`);
}

/** For each status, the events that may have led there: on the publication, on its post, or on anything of the team. */
const RECORDED_AS: Partial<Record<PublicationStatus, { own?: string[]; post?: string[]; team?: string[] }>> = {
  published: { own: ['publication.published', 'publication.resolved'] },
  failed: { own: ['publication.failed'] },
  unconfirmed: { own: ['publication.unconfirmed'] },
  retrying: { own: ['publication.retrying'] },
  missed: { own: ['publication.missed'] },
  held: { own: ['publication.held'] },
  cancelled: { own: ['publication.cancelled', 'publication.resolved'], post: ['post.cancelled'] },
  scheduled: {
    own: ['publication.retrying', 'publication.resolved'],
    post: ['post.scheduled'],
    team: ['hold.released', 'account.connected'],
  },
};

function checkHistory(row: Row, before: Observation, now: Observation): void {
  const was = before.rows.get(row.id);
  if (was?.status === 'published') {
    must(row.status === 'published' && row.externalId === was.externalId, row.id, `was published, is ${row.status}`);
    return;
  }
  const published = now.events.get(`publication.published ${row.id}`) ?? 0;
  must(published <= 1, row.id, `published ${published} times according to the audit`);
  if (was === undefined || was.status === row.status) return;
  // A claim, and a claim handed back, are not events: nothing happened that a person could see.
  if (row.status === 'publishing') return;
  if (row.status === 'scheduled' && (was.status === 'publishing' || was.fence < row.fence)) return;
  const { own = [], post = [], team = [] } = RECORDED_AS[row.status] ?? {};
  const keys = [
    ...own.map((action) => `${action} ${row.id}`),
    ...post.map((action) => `${action} ${row.postId}`),
    ...team.map((action) => `${action} *`),
  ];
  const grew = keys.some((key) => (now.events.get(key) ?? 0) > (before.events.get(key) ?? 0));
  must(grew, row.id, `went from ${was.status} to ${row.status} without an audit event`);
}

interface Recorded {
  action: string;
  entityId: string | null;
  count: number;
}

function count(recorded: readonly Recorded[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { action, entityId, count: times } of recorded) {
    for (const key of [`${action} ${entityId}`, `${action} *`]) counts.set(key, (counts.get(key) ?? 0) + times);
  }
  return counts;
}
