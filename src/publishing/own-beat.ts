/**
 * What a process remembers of its own heartbeat, against what the database says of it. A row that is older than its process
 * knows it to be committed, or is gone, belongs to an earlier state of this database: a copy that was put back under a
 * living worker, on the same system and timeline, or a standby that had not received everything.
 */
import { Prisma } from '@prisma/client';
import type { Beat } from '../context.ts';

/** Rows of workers that have been silent for this long are removed by whoever starts next. */
export const BEATS_KEPT_DAYS = 7;

/** SQL: the database knows of this process's latest heartbeat. True for a process that has no worker. */
export function remembers(beat: Beat | null | undefined): Prisma.Sql {
  if (beat === null || beat === undefined) return Prisma.sql`true`;
  return Prisma.sql`EXISTS (SELECT 1 FROM worker_processes WHERE id = ${beat.workerId}::uuid AND beat_at >= ${beat.at}::timestamptz)`;
}

/** SQL: an order to hold what was due was given after this heartbeat, by whichever worker: a rollback has been seen to. */
export function orderedSince(beat: Beat | null): Prisma.Sql {
  if (beat === null) return Prisma.sql`false`;
  return Prisma.sql`EXISTS (SELECT 1 FROM database_identity WHERE id = 1 AND hold_due_before > ${beat.at}::timestamptz)`;
}

/** SQL: the row is gone, and this process was suspended for so long that others may have removed it as a dead one's. */
export function mayBeRemoved(beat: Beat | null): Prisma.Sql {
  if (beat === null) return Prisma.sql`false`;
  return Prisma.sql`(${beat.at}::timestamptz < clock_timestamp() - ${BEATS_KEPT_DAYS} * interval '1 day'
    AND NOT EXISTS (SELECT 1 FROM worker_processes WHERE id = ${beat.workerId}::uuid))`;
}
