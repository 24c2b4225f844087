import { createHash } from 'node:crypto';
import type { AuditEvent } from '@prisma/client';
import { canonicalJson } from './canonical-json.ts';

/** What the first event of a chain follows on. */
export const CHAIN_START = '0'.repeat(64);

export type ChainedFields = Pick<
  AuditEvent,
  'id' | 'actorId' | 'action' | 'entity' | 'entityId' | 'teamId' | 'metadata' | 'occurredAt'
>;

/** What to select of an event to hash it. */
export const CHAINED_FIELDS = {
  id: true,
  actorId: true,
  action: true,
  entity: true,
  entityId: true,
  teamId: true,
  metadata: true,
  occurredAt: true,
} as const satisfies Record<keyof ChainedFields, true>;

/**
 * sha256 (hex) of the previous hash and a canonical form of the event: keys sorted at every depth, instants as ISO 8601.
 * Changing, removing or reordering one event breaks every hash after it.
 */
export function chainHash(previousHash: string, event: ChainedFields): string {
  const { id, actorId, action, entity, entityId, teamId, metadata, occurredAt } = event;
  const canonical = canonicalJson({
    id,
    actorId,
    action,
    entity,
    entityId,
    teamId,
    metadata,
    occurredAt: occurredAt.toISOString(),
  });
  return createHash('sha256').update(previousHash).update(canonical).digest('hex');
}
