/** What a person can do about one publication that stopped: send it again, or give it up. */
import type { Publication } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import { type Actor, mayPublishTo } from '../domain/access.ts';
import { canCancel, canRetry, mayBeLive } from '../domain/publication.ts';
import { Refusal } from '../domain/refusal.ts';
import { endRest } from './account-rest.ts';
import { refuseUnapprovedRetry } from './approval.ts';
import { loadPublicationFor, type PublicationForChange } from './post-access.ts';
import { dueTime } from './publication-event.ts';
import { personalOfAnother, queuePublication } from './schedule-post.ts';
import { movePublication } from './transition.ts';

/**
 * Sends a failed, missed, held or waiting publication again.
 * @param sendAt by the database's clock; now, unless many are sent again at once
 * @throws Refusal
 */
export async function retryPublication(
  ctx: AppContext,
  actor: Actor,
  publicationId: string,
  sendAt?: Date,
): Promise<Publication> {
  await ctx.db.$transaction(async (tx) => {
    const publication = await loadPublicationFor(tx, ctx, actor, 'retry', publicationId);
    if (!canRetry(publication)) throw new Refusal('conflict', cannot(publication, 'sent again'));
    if (!mayPublishTo(publication.account, publication.post)) {
      throw new Refusal('conflict', personalOfAnother(publication.account));
    }
    if (publication.account.status !== 'active') {
      throw new Refusal(
        'conflict',
        `${publication.account.displayName} is not connected. Open Accounts, press “Connect again”, then use “Send again” here.`,
      );
    }
    await refuseUnapprovedRetry(tx, actor, publication);
    await queuePublication(tx, ctx, publication, sendAt ?? (await databaseTime(tx)));
    if (sendAt === undefined) await endRest(tx, [publication.accountId]);
    const { status: from, attemptCount } = publication;
    const metadata = { by: 'a person', from, attemptCount, wasDueAt: dueTime(publication) };
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'publication.retrying',
        entity: 'Publication',
        entityId: publication.id,
        teamId: publication.teamId,
        metadata,
      },
      ctx.clock.now(),
    );
  });
  ctx.wake();
  return ctx.db.publication.findUniqueOrThrow({ where: { id: publicationId } });
}

/** Gives one publication up; its siblings go on. @throws Refusal */
export async function cancelPublication(ctx: AppContext, actor: Actor, publicationId: string): Promise<Publication> {
  await ctx.db.$transaction(async (tx) => {
    const publication = await loadPublicationFor(tx, ctx, actor, 'cancel', publicationId);
    if (!canCancel(publication)) throw new Refusal('conflict', cannot(publication, 'cancelled'));
    await movePublication(tx, publication, 'cancelled', { nextAttemptAt: null });
    const metadata = { from: publication.status };
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'publication.cancelled',
        entity: 'Publication',
        entityId: publication.id,
        teamId: publication.teamId,
        metadata,
      },
      ctx.clock.now(),
    );
  });
  return ctx.db.publication.findUniqueOrThrow({ where: { id: publicationId } });
}

function cannot(publication: PublicationForChange, what: string): string {
  if (mayBeLive(publication))
    return `This publication may already be live, so it cannot be ${what}. Resolve it: look at the account, then say what you found.`;
  switch (publication.status) {
    case 'publishing':
      return 'This publication is on its way right now.';
    case 'published':
      return 'This publication is already live.';
    case 'draft':
      return 'This is a draft. Schedule the post.';
    default:
      return `A publication that is ${publication.status.replaceAll('_', ' ')} cannot be ${what}.`;
  }
}
