import type { Publication } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { nextLookUpAt } from '../domain/look-up-policy.ts';
import { setAlarm } from './alarm.ts';
import type { Claim } from './claim.ts';
import { dueTime, recordPublicationEvent } from './publication-event.ts';
import { lockPost, movePublication } from './transition.ts';

/** Attempts in these states have left nothing on the platform, or were never sent. */
const NOT_LIVE = ['prepared', 'rejected', 'absent'] as const;

/**
 * Brings a claim to rest whose lease is over and whose attempt is not there. No way of this product leads here, because
 * claim and attempt come and go together; a repaired or half restored database may. Without an attempt nothing can have
 * been sent, so it is due again, not counted; when another attempt may be live, a person decides.
 * @returns where it went; null when somebody else was faster
 */
export async function settleWithoutAttempt(
  ctx: AppContext,
  claim: Pick<Claim, 'publicationId' | 'postId' | 'fence'>,
): Promise<'scheduled' | 'unconfirmed' | null> {
  const { publicationId } = claim;
  return ctx.db.$transaction(async (tx) => {
    if (!(await lockPost(tx, claim.postId))) return null;
    const publication = await tx.publication.findUnique({
      where: { id: publicationId, status: 'publishing', fence: claim.fence },
    });
    const attempts = await tx.publishAttempt.findMany({ where: { publicationId } });
    if (publication === null || attempts.some(({ fence, state }) => fence === claim.fence && isOpen(state)))
      return null;
    // Of another claim: it was never sent, and would stand in the way of the next one.
    await tx.publishAttempt.deleteMany({ where: { publicationId, state: 'prepared' } });
    const mayBeLive = attempts.some(({ state }) => !NOT_LIVE.some((one) => one === state));
    if (mayBeLive) await park(tx, ctx, publication);
    else await queueAgain(tx, ctx, publication);
    return mayBeLive ? 'unconfirmed' : 'scheduled';
  });
}

function isOpen(state: string): boolean {
  return state === 'prepared' || state === 'sent';
}

async function park(tx: Tx, ctx: AppContext, publication: Publication): Promise<void> {
  const now = ctx.clock.now();
  const unknown = {
    errorCode: 'claim-without-attempt',
    errorMessage:
      'What became of this publication is not on record, and an earlier attempt may be live: look at the account, then say what you found.',
  };
  // Of another claim than the one on record; from now on somebody looks for it.
  const sent = await tx.publishAttempt.findMany({ where: { publicationId: publication.id, state: 'sent' } });
  for (const { id, sentAt } of sent)
    await tx.publishAttempt.update({
      where: { id },
      data: {
        ...unknown,
        state: 'unknown',
        outcome: 'unknown',
        finishedAt: now,
        nextLookUpAt: nextLookUpAt(sentAt ?? now, 0, now),
      },
    });
  await movePublication(tx, publication, 'unconfirmed', { ...unknown, nextAttemptAt: null, leaseUntil: null });
  await recordPublicationEvent(tx, ctx, publication, 'publication.unconfirmed', { by: 'the sweep', ...unknown });
}

async function queueAgain(tx: Tx, ctx: AppContext, publication: Publication): Promise<void> {
  const now = ctx.clock.now();
  const generation = publication.generation + 1;
  await movePublication(tx, publication, 'scheduled', {
    nextAttemptAt: publication.nextAttemptAt ?? publication.dueAt ?? now,
    leaseUntil: null,
    generation,
  });
  await setAlarm(tx, ctx, { id: publication.id, generation }, now);
  await recordPublicationEvent(tx, ctx, publication, 'publication.retrying', {
    by: 'the sweep',
    from: 'publishing',
    errorCode: 'claim-without-attempt',
    dueAt: dueTime(publication),
  });
}
