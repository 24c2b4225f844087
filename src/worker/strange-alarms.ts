import { z } from 'zod';
import type { AppContext } from '../context.ts';
import { cutOff } from '../domain/cut-off.ts';
import { alarmPayload } from '../publishing/alarm.ts';

/** What every version of an alarm so far has named its publication by. */
const named = z.object({ publicationId: z.uuid() });
const ANY_UUID = /\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/i;
const PAYLOAD_SHOWN = 300;

/**
 * Tells in the log of alarms that another version wrote, and of those whose publication is gone. They ring like any other:
 * nothing is decided by an alarm, so nothing is lost or sent by a wrong one.
 */
export async function reportStrangeAlarms(
  ctx: Pick<AppContext, 'db' | 'log'>,
  jobs: readonly { id: string; data: unknown }[],
): Promise<void> {
  const asked = new Map<string, string>();
  for (const { id: jobId, data } of jobs) {
    const alarm = alarmPayload.safeParse(data);
    if (alarm.success) asked.set(alarm.data.publicationId, jobId);
    else ctx.log.warn({ jobId, ...whatItSays(data) }, 'an alarm of another version; the rows decide, nothing is lost');
  }
  const rows = await ctx.db.publication.findMany({ where: { id: { in: [...asked.keys()] } }, select: { id: true } });
  for (const { id } of rows) asked.delete(id);
  for (const [publicationId, jobId] of asked)
    ctx.log.info({ jobId, publicationId }, 'an alarm for a publication that is gone; nothing to do');
}

/** Its publication, by whatever key; where it names none, what it carries. */
function whatItSays(data: unknown): { publicationId: string | null; payload?: string } {
  const text = JSON.stringify(data) ?? 'undefined';
  const publicationId = named.safeParse(data).data?.publicationId ?? ANY_UUID.exec(text)?.[0].toLowerCase();
  return publicationId === undefined
    ? { publicationId: null, payload: cutOff(text, PAYLOAD_SHOWN) }
    : { publicationId };
}
