/**
 * The pipeline: what happens to one claimed publication, from top to bottom.
 *
 *   claimed (P0) → prepared (P1) → sent, on disk (P2) → answered (P3, one request) → settled (P4)
 *
 * Guarantees: the attempt is written and committed before the request leaves; there is one request and no repetition; a
 * crash before P2 costs nothing; a crash after P2 leaves an open attempt that nobody sends again on a guess.
 */
import type { AppContext } from '../context.ts';
import { databaseTime } from '../database/database-time.ts';
import type { Outcome } from '../domain/outcome.ts';
import { instant } from '../instant.ts';
import { accountRests, putOffResting } from './account-rest.ts';
import { type Claim, holdsClaim } from './claim.ts';
import { holdForAccount } from './hold-account.ts';
import { activeHoldFor, onHold } from './holds.ts';
import { type ClaimedPublication, FOR_PUBLISHING, type Preparation, prepare } from './prepare.ts';
import { sendRecorded, unsettled } from './send-recorded.ts';
import { handBack, settle, settleWaiting } from './settle.ts';
import { recordSent } from './write-ahead.ts';

/**
 * @param signal aborted by a stop that has run out of patience
 * @throws only for surprises (database down, a mistake of ours): the sweep recovers the claim then
 */
export async function publishPublication(ctx: AppContext, claim: Claim, signal: AbortSignal): Promise<void> {
  ctx.onStep('claimed', claim.publicationId);
  const publication = await load(ctx, claim);
  if (publication === null) return;
  ctx.onStep('loaded', claim.publicationId);

  const preparation = await prepareOrExplain(ctx, publication, signal);
  ctx.onStep('prepared', claim.publicationId);
  if (!preparation.ready) {
    if ('waiting' in preparation) await settleWaiting(ctx, claim, preparation.waiting, signal);
    // What a stop cut short, an upload perhaps, is no failure of the post.
    else if (signal.aborted) await handBack(ctx, claim);
    else await settleUnsent(ctx, claim, publication, preparation, signal);
    return;
  }
  if (signal.aborted) {
    await handBack(ctx, claim);
    return;
  }

  let recordingAt = instant();
  const sentAt = await unsettled.pass(() => {
    ctx.onStep('recording', claim.publicationId);
    recordingAt = instant();
    return recordSent(ctx, claim, preparation);
  });
  if (sentAt === null) await refusedAtTheLastMoment(ctx, claim, publication, signal);
  else {
    const { accountId } = publication;
    await sendRecorded(ctx, { claim, accountId, preparation, sentAt, recordingAt }, signal);
  }
}

async function settleUnsent(
  ctx: AppContext,
  claim: Claim,
  { accountId }: ClaimedPublication,
  { outcome, tokenVersion }: { outcome: Outcome; tokenVersion?: number },
  signal: AbortSignal,
): Promise<void> {
  await settle(ctx, claim, outcome, await databaseTime(ctx.db), signal, tokenVersion);
  if (outcome.kind === 'reauthorization-required') await holdForAccount(ctx, accountId);
  if (outcome.kind === 'rate-limited') await putOffResting(ctx.db, ctx.lastBeat?.());
}

/** A hold or a rest of the account was ordered while we prepared, or the claim was lost. Nothing was sent. */
async function refusedAtTheLastMoment(
  ctx: AppContext,
  claim: Claim,
  publication: ClaimedPublication,
  signal: AbortSignal,
): Promise<void> {
  const hold = await activeHoldFor(ctx.db, publication.account);
  if (hold === null) {
    if (await accountRests(ctx.db, publication.accountId)) {
      await handBack(ctx, claim);
      await putOffResting(ctx.db, ctx.lastBeat?.());
    } else ctx.log.warn({ publicationId: claim.publicationId }, 'the claim was lost before sending; nothing was sent');
  } else {
    const errorMessage = onHold(hold);
    await settleWaiting(ctx, claim, { status: 'held', errorCode: 'hold', errorMessage }, signal);
  }
}

/**
 * A surprise before sending (a mistake of ours) must not be tried for ever in silence:
 * it becomes a failed attempt that counts. A database that is away is no surprise; the sweep takes over then.
 */
async function prepareOrExplain(
  ctx: AppContext,
  publication: ClaimedPublication,
  signal: AbortSignal,
): Promise<Preparation> {
  try {
    return await prepare(ctx, publication, await databaseTime(ctx.db), signal);
  } catch (error) {
    await ctx.db.$queryRaw`SELECT 1`;
    ctx.log.error({ err: error, publicationId: publication.id }, 'preparing a publication failed; nothing was sent');
    const errorMessage =
      'Something unexpected went wrong on this server before sending. Nothing was sent; the log says more.';
    return {
      ready: false,
      outcome: { kind: 'unavailable', httpStatus: null, errorCode: 'internal-error', errorMessage, retryAt: null },
    };
  }
}

async function load(ctx: AppContext, claim: Claim): Promise<ClaimedPublication | null> {
  const publication = await ctx.db.publication.findUnique({
    where: { id: claim.publicationId },
    include: FOR_PUBLISHING,
  });
  if (publication === null || !holdsClaim(publication, claim)) {
    ctx.log.warn(
      { publicationId: claim.publicationId },
      'a claimed publication is gone or was taken over; leaving it alone',
    );
    return null;
  }
  return publication;
}
