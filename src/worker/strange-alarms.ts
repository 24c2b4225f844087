import { z } from 'zod';
import type { AppContext } from '../context.ts';
import { alarmPayload } from '../publishing/alarm.ts';

/** What any version of an alarm has named its publication by. */
const named = z.object({ publicationId: z.string() });

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
    else
      ctx.log.warn(
        { jobId, publicationId: named.safeParse(data).data?.publicationId ?? null },
        'an alarm of another version; the rows decide, nothing is lost',
      );
  }
  const rows = await ctx.db.publication.findMany({ where: { id: { in: [...asked.keys()] } }, select: { id: true } });
  for (const { id } of rows) asked.delete(id);
  for (const [publicationId, jobId] of asked)
    ctx.log.info({ jobId, publicationId }, 'an alarm for a publication that is gone; nothing to do');
}
