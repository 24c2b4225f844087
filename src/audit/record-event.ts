import type { Tx } from '../database/client.ts';
import type { AuditRecord } from '../domain/audit-event.ts';

/**
 * Appends one event to the audit, in the caller's transaction: what is rolled back never happened, what is committed is
 * on record. The hash chain is sealed later by one writer (seal-chain.ts), so that publishing is not serialised by it.
 * @param at the instant of the change, from the context's clock
 */
export async function recordEvent(tx: Tx, record: AuditRecord, at: Date): Promise<void> {
  await tx.auditEvent.create({
    data: {
      actorId: record.actorId,
      action: record.action,
      entity: record.entity,
      entityId: record.entityId,
      teamId: record.teamId,
      metadata: record.metadata,
      occurredAt: at,
    },
  });
}
