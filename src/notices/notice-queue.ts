/** The queue of e-mails. Its job says which one; the row (`email_notices`) decides whether it is still to be sent. */
import type { PgBoss } from 'pg-boss';
import { z } from 'zod';

export const NOTICE_QUEUE = 'send-email-notice';

export const noticePayload = z.object({ noticeId: z.uuid() });

/** A mail server that is away is asked again, after minutes first and every hour in the end, for most of a day. */
export async function createNoticeQueue(boss: PgBoss): Promise<void> {
  await boss.createQueue(NOTICE_QUEUE, {
    retryLimit: 20,
    retryDelay: 60,
    retryBackoff: true,
    retryDelayMax: 3600,
    expireInSeconds: 120,
  });
}
