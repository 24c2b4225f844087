/**
 * The head of the hash chain goes to the log once a day, and with the log to wherever logs are kept: who owns the database
 * can cut the chain off or make it anew, but not without disagreeing with a head that is kept elsewhere.
 */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { LOCK } from '../database/advisory-lock.ts';
import type { Database } from '../database/client.ts';
import { recordEvent } from './record-event.ts';
import type { KnownHead } from './verify-chain.ts';

/**
 * Writes the head to the log (level info) unless that was done on this day (UTC), by whichever process; the event it
 * appends is what the others see. A crash in between makes the log have it twice, never not at all.
 * @returns the head; null when it is not the time, or nothing is sealed yet
 */
export async function exportChainHead(ctx: { db: Database; clock: Clock; log: Logger }): Promise<KnownHead | null> {
  const now = ctx.clock.now();
  if ((await lastExportDay(ctx.db)) === dayOf(now)) return null;
  return ctx.db.$transaction(async (tx) => {
    const [lock] = await tx.$queryRaw<
      { taken: boolean }[]
    >`SELECT pg_try_advisory_xact_lock(${LOCK.exportAuditHead}::bigint) AS taken`;
    // Asked again under the lock: another process may just have done it.
    if (lock?.taken !== true || (await lastExportDay(tx)) === dayOf(now)) return null;
    const last = await tx.auditEvent.findFirst({
      where: { position: { not: null } },
      orderBy: { position: 'desc' },
      select: { position: true, hash: true },
    });
    if (last?.position == null || last.hash === null) return null;
    const head = { position: last.position, hash: last.hash };
    await recordEvent(
      tx,
      {
        actorId: null,
        action: 'audit.head_exported',
        entity: 'AuditEvent',
        entityId: null,
        teamId: null,
        metadata: head,
      },
      now,
    );
    // In the form in which `npm run audit:verify -- --head` takes it.
    ctx.log.info(
      { auditHead: `${head.position}:${head.hash}` },
      'head of the audit chain; keep it outside the database',
    );
    return head;
  });
}

async function lastExportDay(db: Pick<Database, 'auditEvent'>): Promise<string | null> {
  const last = await db.auditEvent.findFirst({
    where: { action: 'audit.head_exported' },
    orderBy: { occurredAt: 'desc' },
    select: { occurredAt: true },
  });
  return last === null ? null : dayOf(last.occurredAt);
}

function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}
