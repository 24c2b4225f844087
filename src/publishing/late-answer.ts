import type { Publication } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';
import { closeAttempt } from './close-attempt.ts';
import { POSSIBLY_OURS, timesOf } from './duplicate.ts';
import { recordPublicationEvent } from './publication-event.ts';
import { readEvidence } from './read-evidence.ts';
import { projectPostStatus } from './transition.ts';

/**
 * A worker that was taken for dead has an answer with a real id after all. It goes on its own attempt, and lifts the
 * publication to `published`, whatever was believed meanwhile: what the platform says is there, is there. Where another post
 * of it is, or may be, live by then (a person had not seen the first), people are told of both. Nobody looks any more.
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
  if (publication.status === 'published') return addToPublished(tx, ctx, claim, publication, outcome, at);
  await supersedeOthers(tx, claim, at);
  const evidenceSha256 = await closeAttempt(tx, claim, outcome, at);
  // It was sent when this attempt was, however often it was sent since.
  const { sentAt } = await tx.publishAttempt.findUniqueOrThrow({ where: { id: claim.attemptId } });
  // Not through movePublication: this is the one move that the table does not have. Whatever the publication was made
  // meanwhile, a draft with another text too, it is published as it was sent, which is what the evidence says.
  await tx.publication.update({
    where: { id: publication.id },
    data: {
      status: 'published',
      sentAt,
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
  await tx.publishAttempt.updateMany({ where: { publicationId: publication.id }, data: { nextLookUpAt: null } });
  if (await mayHaveMadeAnother(tx, claim))
    await recordPublicationEvent(tx, ctx, publication, 'publication.perhaps_live_twice', {
      known: outcome.permalink,
      second: null,
    });
}

/** The record stays as it is. That two are live is said only where the platform itself has named both. */
async function addToPublished(
  tx: Tx,
  ctx: AppContext,
  claim: Claim,
  publication: Publication,
  outcome: Outcome & { kind: 'accepted' },
  at: Date,
): Promise<void> {
  const isSame = publication.externalId === outcome.externalId;
  const byPlatform = await isNamedByPlatform(tx, publication.id);
  // Refused as a duplicate of what is on record: a second evidence of one post would contradict the first.
  if (outcome.madeBy === undefined || (!isSame && byPlatform)) await closeAttempt(tx, claim, outcome, at);
  if (isSame) return;
  ctx.log.error(
    { publicationId: publication.id, externalId: outcome.externalId, known: publication.externalId },
    'a late answer names another post than the one on record: look at the account',
  );
  const action = byPlatform ? 'publication.live_twice' : 'publication.perhaps_live_twice';
  await recordPublicationEvent(tx, ctx, publication, action, {
    known: publication.permalink,
    second: outcome.permalink,
    secondId: outcome.externalId,
  });
}

/**
 * Whether the id on record is the platform's own. The link that a person copies may name the same post by another one:
 * LinkedIn's says urn:li:activity where its API says urn:li:share, Facebook's says pfbid where its API says page_post.
 */
async function isNamedByPlatform(tx: Tx, publicationId: string): Promise<boolean> {
  const evidence = await readEvidence(tx, publicationId);
  return evidence !== null && evidence.document.confirmedBy !== 'a person';
}

/** Whether another attempt was sent and nobody knows what became of it; one that was refused as a duplicate made nothing. */
async function mayHaveMadeAnother(tx: Tx, claim: Claim): Promise<boolean> {
  const others = await tx.publishAttempt.findMany({
    where: { publicationId: claim.publicationId, id: { not: claim.attemptId }, state: 'unknown' },
    select: { errorCode: true },
  });
  return others.some(({ errorCode }) => errorCode !== POSSIBLY_OURS);
}

/**
 * The same as recordLateAnswer, but the id is that of another publication's post (twins.ts): what is there only a person can
 * say, so nothing that was decided meanwhile may send it again. The caller holds the post's lock.
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
