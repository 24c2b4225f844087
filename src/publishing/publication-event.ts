import type { Publication } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { AuditAction } from '../domain/audit-event.ts';

/** When it was due, for the audit: a later answer or another time must not make a lateness disappear. */
export function dueTime({ dueAt }: Pick<Publication, 'dueAt'>): string | null {
  return dueAt?.toISOString() ?? null;
}

/** Records what the system did to a publication. */
export async function recordPublicationEvent(
  tx: Tx,
  ctx: Pick<AppContext, 'clock'>,
  publication: Pick<Publication, 'id' | 'teamId'>,
  action: AuditAction,
  metadata: Record<string, string | number | boolean | null>,
): Promise<void> {
  await recordEvent(
    tx,
    { actorId: null, action, entity: 'Publication', entityId: publication.id, teamId: publication.teamId, metadata },
    ctx.clock.now(),
  );
}
