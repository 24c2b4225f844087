/**
 * Sends one queued e-mail, at most once. The row goes from `queued` to `sending`, committed, before the mail server is
 * asked; whoever finds it `sending` (the process died, the connection broke after the text was out) leaves it so.
 */
import type { AppContext } from '../context.ts';
import { composeNotice } from './compose-notice.ts';
import type { Mailer } from './mailer.ts';
import { recipientsOf } from './notice-events.ts';

/** The mail server did not take it now. Thrown to the queue, which tries again later. */
export class MailPostponedError extends Error {
  override readonly name = 'MailPostponedError';
  readonly code = 'MAIL_POSTPONED';
}

/** @throws MailPostponedError */
export async function sendNotice(ctx: AppContext, mailer: Mailer, noticeId: string): Promise<void> {
  const notice = await ctx.db.emailNotice.findUnique({
    where: { id: noticeId },
    include: { event: true, recipient: true },
  });
  if (notice?.state === 'sending')
    ctx.log.error({ noticeId }, 'an e-mail was interrupted and may have arrived; it is not sent again');
  if (notice?.state !== 'queued') return;
  const { event, recipient } = notice;
  const text = (await isStillForHim(ctx, event, recipient.id)) ? await composeNotice(ctx, event, recipient) : null;
  if (text === null) {
    await move(ctx, noticeId, 'queued', 'not_needed');
    return;
  }
  if (!(await move(ctx, noticeId, 'queued', 'sending'))) return;
  const messageId = `<${noticeId}@${new URL(ctx.config.publicUrl).hostname}>`;
  const delivery = await mailer.send({ to: recipient.email, ...text, messageId });
  switch (delivery.outcome) {
    case 'accepted':
      await move(ctx, noticeId, 'sending', 'sent');
      return;
    case 'refused':
      ctx.log.error({ noticeId, reason: delivery.reason }, 'the mail server refuses an e-mail; it is not sent again');
      await move(ctx, noticeId, 'sending', 'refused');
      return;
    case 'unknown':
      ctx.log.error({ noticeId, reason: delivery.reason }, 'an e-mail may have been sent; it is not sent again');
      return;
    case 'later':
      await move(ctx, noticeId, 'sending', 'queued');
      throw new MailPostponedError(`the mail server did not take it (${delivery.reason})`);
    default:
      delivery satisfies never;
  }
}

type State = 'queued' | 'sending' | 'sent' | 'not_needed' | 'refused';

async function move({ db, clock }: AppContext, id: string, from: State, to: State): Promise<boolean> {
  const settledAt = to === 'queued' || to === 'sending' ? null : clock.now();
  const { count } = await db.emailNotice.updateMany({ where: { id, state: from }, data: { state: to, settledAt } });
  return count === 1;
}

/** Days may pass while a mail server is away: who left the team meanwhile is told nothing of it any more. */
async function isStillForHim(
  { db }: AppContext,
  event: { id: string; entity: string; entityId: string | null; teamId: string | null },
  recipientId: string,
): Promise<boolean> {
  const { id, entity, entityId, teamId } = event;
  if (entityId === null || (teamId === null && entity !== 'Hold')) return false;
  const recipients = await recipientsOf(db, [{ id, entity, entityId, teamId }]);
  return recipients.get(id)?.includes(recipientId) === true;
}
