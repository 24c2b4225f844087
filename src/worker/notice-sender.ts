import type { AppContext } from '../context.ts';
import { createMailer } from '../notices/mailer.ts';
import { NOTICE_QUEUE, noticePayload } from '../notices/notice-queue.ts';
import { queueNotices } from '../notices/queue-notices.ts';
import { MailPostponedError, sendNotice } from '../notices/send-notice.ts';
import { type BackgroundWork, backgroundWork } from './background-work.ts';

const POLL_SECONDS = 1;

/** Tells people by e-mail, where that is set up. Where it is not, nothing is queued. */
export async function startNoticeSender(ctx: AppContext): Promise<BackgroundWork> {
  const { mail } = ctx.config;
  if (mail === null) return { start: () => undefined, stop: () => Promise.resolve() };
  const mailer = createMailer(mail);
  const queueing = backgroundWork(ctx.log, 'e-mails could not be queued; trying again', async () => {
    await queueNotices(ctx);
  });
  // One at a time: mail servers count.
  await ctx.boss.work(NOTICE_QUEUE, { batchSize: 1, pollingIntervalSeconds: POLL_SECONDS }, async ([job]) => {
    const payload = noticePayload.safeParse(job?.data);
    if (!payload.success) {
      ctx.log.warn({ jobId: job?.id }, 'an e-mail job of another version; it is not sent');
      return;
    }
    try {
      await sendNotice(ctx, mailer, payload.data.noticeId);
    } catch (error) {
      if (error instanceof MailPostponedError) ctx.log.warn({ err: error }, 'an e-mail waits; it is tried again');
      throw error;
    }
  });
  return {
    start: queueing.start,
    stop: async (patienceMs) => {
      await ctx.boss.offWork(NOTICE_QUEUE);
      await queueing.stop(patienceMs);
    },
  };
}
