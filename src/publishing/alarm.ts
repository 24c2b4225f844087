/**
 * The alarm clock of a publication: a pg-boss job that says "look at this one now". The row is the truth; a lost, late or
 * doubled alarm changes nothing, because whoever it wakes asks the row. Written in the same transaction as the row.
 */
import { createHash } from 'node:crypto';
import { fromPrisma } from 'pg-boss';
import { z } from 'zod';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';

export const ALARM_QUEUE = 'publish-publication';

/** What an alarm carries: ids only. Read with this schema, because an older or newer version may have written it. */
export const alarmPayload = z.object({ publicationId: z.uuid(), generation: z.number().int() });

/** pg-boss finds future jobs by polling, so the alarm rings early and the worker's own timer keeps the exact instant. */
const RING_EARLY_MS = 5_000;

/**
 * Sets the alarm of a publication. The job's id follows from (publication, generation): setting it twice is one alarm.
 * @param dueAt when it is to leave
 */
export async function setAlarm(
  tx: Tx,
  ctx: Pick<AppContext, 'boss'>,
  publication: { id: string; generation: number },
  dueAt: Date,
): Promise<void> {
  await ctx.boss.send(
    ALARM_QUEUE,
    { publicationId: publication.id, generation: publication.generation },
    {
      id: alarmId(publication.id, publication.generation),
      startAfter: new Date(dueAt.getTime() - RING_EARLY_MS),
      db: fromPrisma(tx),
    },
  );
}

/** A UUID (version 8: made by a rule of our own) from the publication and its generation. */
export function alarmId(publicationId: string, generation: number): string {
  const hex = createHash('sha256').update(`${publicationId}/${generation}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
