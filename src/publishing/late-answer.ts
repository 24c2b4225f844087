import type { Publication } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';
import { closeAttempt } from './close-attempt.ts';
import { timesOf } from './duplicate.ts';
import { recordPublicationEvent } from './publication-event.ts';
import { projectPostStatus } from './transition.ts';

/**
 * A worker that was taken for dead has an answer with a real id after all. It goes on its own attempt, and lifts the
 * publication to `published`, whatever was believed meanwhile: what the platform says is there, is there. Where another post
 * of it is live by then (a person had not seen the first), people are told of both.
 * The caller holds the post's lock.
 */
export async function recordLateAnswer(
  tx: Tx,
  ctx: AppContext,
  claim: Claim,
  publication: Publication,
  outcome: Outcome & { kind: 'accepted' },
  at: Date,
): Promise<void> {
  if (publication.status === 'published') {
    await closeAttempt(tx, claim, outcome, at);
    if (publication.externalId !== outcome.externalId) {
      ctx.log.error(
        { publicationId: publication.id, externalId: outcome.externalId, known: publication.externalId },
        'a late answer names another post than the one on record: look at the account',
      );
      await recordPublicationEvent(tx, ctx, publication, 'publication.live_twice', {
        known: publication.permalink,
        second: outcome.permalink,
        secondId: outcome.externalId,
      });
    }
    return;
  }
  await supersedeOthers(tx, claim, at);
  const evidenceSha256 = await closeAttempt(tx, claim, outcome, at);
  // Not through movePublication: this is the one move that the table does not have. Whatever the publication was made
  // meanwhile, a draft with another text too, it is published as it was sent, which is what the evidence says.
  await tx.publication.update({
    where: { id: publication.id },
    data: {
      status: 'published',
      ...(await timesOf(tx, outcome, at)),
      externalId: outcome.externalId,
      permalink: outcome.permalink,
      nextAttemptAt: null,
      leaseUntil: null,
      errorCode: null,
      errorMessage: null,
    },
  });
  await projectPostStatus(tx, publication.postId);
  await recordPublicationEvent(tx, ctx, publication, 'publication.published', {
    outcome: 'accepted',
    externalId: outcome.externalId,
    permalink: outcome.permalink,
    evidenceSha256,
    late: true,
    from: publication.status,
  });
}

/**
 * The same, but the id is that of another publication's post (twins.ts): what is there only a person can say, so nothing
 * that was decided meanwhile may send it again. The caller holds the post's lock.
 */
export async function parkForeignAnswer(
  tx: Tx,
  ctx: AppContext,
  claim: Claim,
  publication: Publication,
  { errorCode, errorMessage }: Outcome & { kind: 'unknown' },
  at: Date,
): Promise<void> {
  ctx.log.error({ publicationId: publication.id, errorCode, errorMessage }, 'a late answer names another’s post');
  if (publication.status === 'published') return;
  await supersedeOthers(tx, claim, at);
  const others = await tx.publishAttempt.count({
    where: { publicationId: claim.publicationId, id: { not: claim.attemptId }, state: 'unknown' },
  });
  // Open again, or still, but nobody looks: one open attempt is all there may be.
  await tx.publishAttempt.update({
    where: { id: claim.attemptId },
    data: { ...(others === 0 && { state: 'unknown' }), errorCode, errorMessage, finishedAt: at, nextLookUpAt: null },
  });
  await tx.publishAttempt.updateMany({ where: { publicationId: claim.publicationId }, data: { nextLookUpAt: null } });
  // As above, a move that the table does not have.
  await tx.publication.update({
    where: { id: publication.id },
    data: { status: 'unconfirmed', nextAttemptAt: null, leaseUntil: null, errorCode, errorMessage },
  });
  await projectPostStatus(tx, publication.postId);
  await recordPublicationEvent(tx, ctx, publication, 'publication.unconfirmed', {
    errorCode,
    errorMessage,
    late: true,
    from: publication.status,
  });
}

/** Whoever claimed the publication meanwhile is too late: what it has not sent it never will, what it has sent nobody waits for. */
async function supersedeOthers(tx: Tx, claim: Claim, at: Date): Promise<void> {
  const others = { publicationId: claim.publicationId, id: { not: claim.attemptId } };
  await tx.publishAttempt.deleteMany({ where: { ...others, state: 'prepared' } });
  await tx.publishAttempt.updateMany({
    where: { ...others, state: 'sent' },
    data: { state: 'unknown', outcome: 'unknown', finishedAt: at, errorCode: 'superseded' },
  });
}
