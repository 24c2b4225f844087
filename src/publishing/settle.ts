/**
 * Writing down what an attempt ended in (step P4): attempt, publication, audit event and, for a retry, the next alarm, in
 * one transaction. Deciding is domain/retry-policy.ts; this file saves.
 *
 * A late answer wins: a worker that was taken for dead may still record the id it was given and lift the publication to
 * `published`. It may never start a request.
 */
import type { Publication } from '@prisma/client';
import { markReconnectRequired } from '../accounts/access-token.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import type { AuditAction } from '../domain/audit-event.ts';
import type { Outcome } from '../domain/outcome.ts';
import { type Decision, decide } from '../domain/retry-policy.ts';
import { restAccount } from './account-rest.ts';
import { setAlarm } from './alarm.ts';
import { type Claim, holdsClaim } from './claim.ts';
import { closeAttempt } from './close-attempt.ts';
import { readDuplicate, timesOf } from './duplicate.ts';
import { isForgotten, recordAnew, type SentRecord } from './forgotten-attempt.ts';
import { forgetUploads } from './image-uploads.ts';
import { parkForeignAnswer, recordLateAnswer } from './late-answer.ts';
import { countWhenPausedOften } from './paused-often.ts';
import type { Waiting } from './prepare.ts';
import { dueTime, recordPublicationEvent as record } from './publication-event.ts';
import { renewOnceWhenRefused } from './refused-token.ts';
import { tellOfAccount } from './tell-of-account.ts';
import { lockPost, type MoveFields, movePublication } from './transition.ts';
import { refuseForeignId } from './twins.ts';
import { untilSaved } from './until-saved.ts';

/**
 * Settles an attempt. Tries again for as long as the database is away: an outcome that is known but not saved is the worst
 * case. Whatever others have believed meanwhile, an id is still recorded then.
 * @param answeredAt by the database's clock
 * @param stopping aborted by a stop that has run out of patience
 * @param sentTokenVersion of the token that was sent: only that one counts as dead, not one that was connected meanwhile.
 *   Absent when nothing was sent, or when it is not this process that sent it
 * @param sent what is on record of it, for the case that the database is rolled back meanwhile
 * @throws when it was stopped before the database came back; the sweep then finds the open attempt, and the log has the answer
 */
export async function settle(
  ctx: AppContext,
  claim: Claim,
  outcome: Outcome,
  answeredAt: Date,
  stopping: AbortSignal,
  sentTokenVersion?: number,
  sent?: SentRecord,
): Promise<void> {
  const { publicationId, attemptId } = claim;
  const save = () => settleOnce(ctx, claim, outcome, answeredAt, sentTokenVersion, sent);
  await untilSaved(ctx, { publicationId, attemptId, outcome }, save, stopping);
}

/** The same, tried once: for whoever comes back to it anyway. @throws what the database says */
export async function settleOnce(
  ctx: AppContext,
  claim: Claim,
  outcome: Outcome,
  answeredAt: Date,
  sentTokenVersion?: number,
  sent?: SentRecord,
): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    const isThere = await lockPost(tx, claim.postId);
    const publication = isThere ? await tx.publication.findUnique({ where: { id: claim.publicationId } }) : null;
    if (publication === null) {
      ctx.log.error(
        { publicationId: claim.publicationId, outcome },
        'the post of an answer is gone: it cannot be saved',
      );
      return;
    }
    const named = await refuseForeignId(tx, claim, await readDuplicate(tx, claim, outcome));
    const forgotten = await isForgotten(tx, claim);
    const answer = named.kind === 'accepted' ? named : outcome;
    if (forgotten && answer.kind === 'accepted') await recordAnew(tx, ctx, claim, publication, answer, sent);
    // Of a forgotten one the fence says nothing: another claim may have been given the same.
    if (forgotten || !holdsClaim(publication, claim)) {
      if (named.kind === 'accepted') await recordLateAnswer(tx, ctx, claim, publication, named, answeredAt);
      else if (outcome.kind === 'accepted' && named.kind === 'unknown')
        await parkForeignAnswer(tx, ctx, claim, publication, named, answeredAt);
      return;
    }
    const usual = await countWhenPausedOften(tx, claim, named);
    const final = await renewOnceWhenRefused(tx, ctx, claim, usual, publication.accountId, sentTokenVersion);
    const settings = { baseSeconds: publication.retryBaseSeconds, maxAttempts: publication.maxAttempts };
    const limitedBefore =
      final.kind === 'rate-limited'
        ? await tx.publishAttempt.count({ where: { publicationId: publication.id, outcome: 'rate-limited' } })
        : 0;
    const decision = decide(final, publication.attemptCount, settings, answeredAt, limitedBefore);
    const evidenceSha256 = await closeAttempt(tx, claim, final, answeredAt);
    await carryOut(tx, ctx, publication, final, decision, answeredAt, evidenceSha256);
    if (final.kind === 'accepted' || final.kind === 'rejected') await forgetUploads(tx, publication);
    if (final.kind === 'reauthorization-required')
      await markReconnectRequired(tx, ctx, publication.accountId, final.errorMessage, sentTokenVersion);
    if (final.kind === 'rate-limited' && decision.next === 'retrying')
      await restAccount(tx, publication.accountId, momentAfter(decision.at));
    ctx.onStep('settling', claim.publicationId);
  });
}

/** Nothing was sent and nothing failed: the publication waits, and its attempt never happened. */
export async function settleWaiting(
  ctx: AppContext,
  claim: Claim,
  waiting: Waiting,
  stopping: AbortSignal,
): Promise<void> {
  const { publicationId, attemptId } = claim;
  const save = () =>
    withdraw(ctx, claim, async (tx, publication) => {
      const { status, errorCode, errorMessage } = waiting;
      await movePublication(tx, publication, status, {
        errorCode,
        errorMessage,
        nextAttemptAt: null,
        leaseUntil: null,
        // By the database's clock, not by this process's: what waits for the operator is tried again by it.
        updatedAt: await databaseTime(tx),
      });
      const action: AuditAction = status === 'missed' ? 'publication.missed' : 'publication.held';
      await record(tx, ctx, publication, action, { errorCode, errorMessage, dueAt: dueTime(publication) });
      if (errorCode === 'token-unreadable' || errorCode === 'account-personal')
        await tellOfAccount(tx, ctx, publication, errorCode);
    });
  await untilSaved(ctx, { publicationId, attemptId, waiting }, save, stopping);
}

/** Gives a claim back that was prepared but never sent (a stop, a crash): due again at once, not counted. */
export async function handBack(ctx: AppContext, claim: Claim): Promise<void> {
  await withdraw(ctx, claim, async (tx, publication) => {
    const generation = publication.generation + 1;
    const now = ctx.clock.now();
    if (
      await movePublication(tx, publication, 'scheduled', {
        // Its own time stays: a later try is late by that, and not by the time that was promised first.
        nextAttemptAt: publication.nextAttemptAt ?? publication.dueAt ?? now,
        leaseUntil: null,
        generation,
      })
    ) {
      await setAlarm(tx, ctx, { id: publication.id, generation }, now);
    }
    ctx.onStep('handing-back', claim.publicationId);
  });
}

/** Removes the prepared attempt and lets `move` put the publication elsewhere, if the claim still holds. */
async function withdraw(
  ctx: AppContext,
  claim: Claim,
  move: (tx: Tx, publication: Publication) => Promise<void>,
): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    if (!(await lockPost(tx, claim.postId))) return;
    const publication = await tx.publication.findUnique({ where: { id: claim.publicationId } });
    if (publication === null || !holdsClaim(publication, claim)) return;
    const { count } = await tx.publishAttempt.deleteMany({ where: { id: claim.attemptId, state: 'prepared' } });
    if (count === 1) await move(tx, publication);
  });
}

/** So that what was refused is put in line with the others: of fifty refused at once, not all are tried again together. */
function momentAfter(nextTry: Date): Date {
  return new Date(nextTry.getTime() + 1);
}

async function carryOut(
  tx: Tx,
  ctx: AppContext,
  publication: Publication,
  outcome: Outcome,
  decision: Decision,
  at: Date,
  evidenceSha256: string | null,
): Promise<void> {
  const fields: MoveFields = {
    leaseUntil: null,
    attemptCount: publication.attemptCount + (decision.counted ? 1 : 0),
    nextAttemptAt: null,
  };
  if (outcome.kind === 'accepted') {
    Object.assign(fields, {
      ...(await timesOf(tx, outcome, at)),
      externalId: outcome.externalId,
      permalink: outcome.permalink,
      errorCode: null,
      errorMessage: null,
    });
    await markUsed(tx, publication.accountId, at);
  } else {
    Object.assign(fields, { errorCode: outcome.errorCode, errorMessage: outcome.errorMessage });
  }
  if (decision.next === 'retrying') {
    fields.generation = publication.generation + 1;
    fields.nextAttemptAt = decision.at;
    // A later try is late by its own time: the platform put it off until then. What we did ourselves makes it late.
    if (decision.at > at) fields.putOffUntil = decision.at;
    await setAlarm(tx, ctx, { id: publication.id, generation: publication.generation + 1 }, decision.at);
    ctx.onStep('rescheduling', publication.id);
  }
  await movePublication(tx, publication, decision.next, fields, publication.fence);
  await record(tx, ctx, publication, ACTION[decision.next], {
    outcome: outcome.kind,
    ...(outcome.kind === 'accepted'
      ? { externalId: outcome.externalId, permalink: outcome.permalink, evidenceSha256 }
      : { errorCode: outcome.errorCode, errorMessage: outcome.errorMessage }),
    ...(decision.next === 'retrying' ? { nextAttemptAt: decision.at.toISOString() } : {}),
    ...(decision.next === 'retrying' || decision.next === 'held' ? { dueAt: dueTime(publication) } : {}),
  });
}

const USED_GRANULARITY_MS = 60_000;

/** To the minute only: otherwise a hundred posts of one account would queue for the lock of its row while they settle. */
async function markUsed(tx: Tx, accountId: string, at: Date): Promise<void> {
  const minuteAgo = new Date(at.getTime() - USED_GRANULARITY_MS);
  await tx.connectedAccount.updateMany({
    where: { id: accountId, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: minuteAgo } }] },
    data: { lastUsedAt: at },
  });
}

const ACTION = {
  published: 'publication.published',
  retrying: 'publication.retrying',
  failed: 'publication.failed',
  held: 'publication.held',
  unconfirmed: 'publication.unconfirmed',
} as const satisfies Record<Decision['next'], AuditAction>;
