/**
 * The end of the pipeline: what is written down as sent is sent, once, and what came of it is saved (steps P3 and P4).
 * Both ways lead here: a publication that was claimed and then prepared, and one that was prepared before it was due.
 */
import type { AppContext } from '../context.ts';
import type { Outcome } from '../domain/outcome.ts';
import { elapsedMs, type Instant } from '../instant.ts';
import type { CreateRequest } from '../platforms/platform.ts';
import { putOffResting } from './account-rest.ts';
import type { Claim } from './claim.ts';
import { createGate } from './gate.ts';
import { holdForAccount } from './hold-account.ts';
import { watchForHold } from './hold-watch.ts';
import { PROCESS_PAUSED } from './paused-often.ts';
import type { ReadyPreparation } from './prepare.ts';
import { settle } from './settle.ts';
import { settleAccepted } from './settle-accepted.ts';

/**
 * A request may only start this soon after its write-ahead record was begun. A process that was paused in between (a
 * suspended laptop, SIGSTOP) must not send what others have meanwhile declared unknown or absent.
 */
const LONGEST_PAUSE_BEFORE_SENDING_MS = 2_000;

/** Enough to keep one process and its database busy; more would only make more of them unknown when it dies. */
export const unsettled = createGate(4);

/** An attempt that is on disk as sent, and not a byte of it has left yet. */
export interface Recorded {
  claim: Claim;
  accountId: string;
  preparation: ReadyPreparation;
  /** By the database's clock. */
  sentAt: Date;
  /** Just before the record was begun: a process paused after the commit learns of it only later. */
  recordingAt: Instant;
}

/** @param signal aborted by a stop that has run out of patience */
export async function sendRecorded(ctx: AppContext, recorded: Recorded, signal: AbortSignal): Promise<void> {
  const { claim, accountId, preparation, sentAt, recordingAt } = recorded;
  const { tokenVersion, frozen, requestHash } = preparation;
  const recordedAt = performance.now();
  ctx.onStep('sent', claim.publicationId);

  const answer: Outcome =
    elapsedMs(recordingAt) > LONGEST_PAUSE_BEFORE_SENDING_MS
      ? ourDoing(PROCESS_PAUSED, 'The server was paused just before sending, so nothing was sent.')
      : await sendUnlessHeld(ctx, recorded, byProcessTime(preparation.request, ctx.clock.now(), sentAt), signal);
  // Database time plus what passed since, by a clock that cannot jump: comparable with due and sent.
  const answeredAt = new Date(sentAt.getTime() + (performance.now() - recordedAt));
  const outcome = byDatabaseTime(answer, ctx.clock.now(), answeredAt);
  ctx.onStep('answered', claim.publicationId);

  await unsettled.pass(
    async () => {
      if (outcome.kind === 'accepted' && (await settleAccepted(ctx, claim, outcome, sentAt, answeredAt, frozen)))
        return;
      await settle(ctx, claim, outcome, answeredAt, signal, tokenVersion, { sentAt, requestHash, frozen });
    },
    { urgent: true },
  );
  if (outcome.kind === 'reauthorization-required') await holdForAccount(ctx, accountId);
  ctx.onStep('settled', claim.publicationId);
  if (outcome.kind === 'rate-limited') await putOffResting(ctx.db, ctx.lastBeat?.());
}

/**
 * A platform's file says when to try again by this process's clock, the only one it knows; due is what the database's
 * clock says. What counts is how long to wait.
 */
function byDatabaseTime(outcome: Outcome, processTime: Date, databaseTime: Date): Outcome {
  if ((outcome.kind !== 'unavailable' && outcome.kind !== 'rate-limited') || outcome.retryAt === null) return outcome;
  const waitMs = outcome.retryAt.getTime() - processTime.getTime();
  return { ...outcome, retryAt: new Date(databaseTime.getTime() + waitMs) };
}

/** The other way round: what counts is how old the token is. */
function byProcessTime(request: CreateRequest, processTime: Date, databaseTime: Date): CreateRequest {
  if (!request.tokenIssuedAt) return request;
  const ageMs = databaseTime.getTime() - request.tokenIssuedAt.getTime();
  return { ...request, tokenIssuedAt: new Date(processTime.getTime() - ageMs) };
}

/** A hold that is ordered while it is still connecting gets it: nothing is sent, and the next claim finds the hold. */
async function sendUnlessHeld(
  ctx: AppContext,
  { claim, accountId, preparation: { publisher } }: Recorded,
  request: CreateRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const watch = watchForHold(ctx, accountId);
  let connected = false;
  const outcome = await publisher
    .send(request, AbortSignal.any([signal, watch.signal]), (progress) => {
      if (progress === 'connected') {
        connected = true;
        watch.end();
      }
      ctx.onStep(progress, claim.publicationId);
    })
    .finally(watch.end);
  if (connected || outcome.kind !== 'unavailable') return outcome;
  const hold = watch.found();
  if (hold !== null) return ourDoing('hold', `On hold: ${hold.reason} Nothing was sent.`);
  return signal.aborted ? ourDoing('server-stopped', 'The server stopped before it was sent.') : outcome;
}

/** Nothing is wrong with the platform, so it does not count, and is tried again at once. */
function ourDoing(errorCode: string, errorMessage: string): Outcome {
  return { kind: 'unavailable', httpStatus: null, errorCode, errorMessage, retryAt: null, uncounted: true };
}
