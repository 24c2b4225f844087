import { fromPrisma } from 'pg-boss';
import { v7 as uuidv7 } from 'uuid';
import type { AppContext } from '../context.ts';
import { LOCK } from '../database/advisory-lock.ts';
import { IS_WORTH_TELLING, recipientsOf, type TellableEvent } from './notice-events.ts';
import { NOTICE_QUEUE } from './notice-queue.ts';

/** The rest waits for the next round, seconds later. */
const BATCH = 200;
/** What happened before is no news: the server was away, or e-mail was set up only now. */
const NEWS_HOURS = 48;

/**
 * Queues an e-mail for everybody who has to be told about an event nobody was told about yet. The rows and the jobs are
 * written in one transaction, and a row is unique per event and person: told once, whichever process looks how often.
 * @returns how many were queued; 0 also when another process is doing it
 */
export async function queueNotices(ctx: Pick<AppContext, 'db' | 'boss' | 'clock'>): Promise<number> {
  return ctx.db.$transaction(async (tx) => {
    const [lock] = await tx.$queryRaw<
      { taken: boolean }[]
    >`SELECT pg_try_advisory_xact_lock(${LOCK.queueNotices}::bigint) AS taken`;
    if (lock?.taken !== true) return 0;
    const since = new Date(ctx.clock.now().getTime() - NEWS_HOURS * 3_600_000);
    const events = await tx.$queryRaw<TellableEvent[]>`
      SELECT id::text, entity, entity_id AS "entityId", team_id::text AS "teamId" FROM audit_events
      WHERE ${IS_WORTH_TELLING} AND occurred_at > ${since} AND entity_id IS NOT NULL
        AND (team_id IS NOT NULL OR entity = 'Hold')
        AND NOT EXISTS (SELECT 1 FROM email_notices WHERE event_id = audit_events.id)
      ORDER BY id DESC LIMIT ${BATCH}`;
    if (events.length === 0) return 0;
    const recipients = await recipientsOf(tx, events);
    const notices = events.flatMap(({ id: eventId }) =>
      (recipients.get(eventId) ?? []).map((recipientId) => ({ id: uuidv7(), eventId, recipientId })),
    );
    await tx.emailNotice.createMany({ data: notices });
    const jobs = notices.map(({ id }) => ({ id, data: { noticeId: id } }));
    if (jobs.length > 0) await ctx.boss.insert(NOTICE_QUEUE, jobs, { db: fromPrisma(tx) });
    return notices.length;
  });
}
