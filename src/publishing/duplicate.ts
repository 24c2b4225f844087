/** What a platform's "this is there already" means: it depends on whether we may have put it there ourselves. */
import type { PublishAttempt } from '@prisma/client';
import type { Tx } from '../database/client.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';
import { type Acceptance, writeEvidence } from './evidence.ts';
import { boundElsewhere, lockAdoption } from './twins.ts';

/** Of an attempt that was refused, perhaps because an earlier one of this publication had made the post. */
export const POSSIBLY_OURS = 'duplicate-possibly-ours';

/**
 * After an earlier attempt of this publication that may have made it, a duplicate is evidence: where the platform names the
 * live post (LinkedIn), it is adopted, unless it belongs to another publication with the same text; where it does not (X,
 * Facebook), it is looked for. Without such an attempt somebody else wrote the same, and this one is refused.
 */
export async function readDuplicate(tx: Tx, claim: Claim, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind !== 'duplicate') return outcome;
  const earlier = await earlierAttempt(tx, claim.publicationId, claim.attemptId);
  if (earlier === null) return outcome;
  const { httpStatus, externalId, permalink } = outcome;
  if (externalId === null)
    return {
      kind: 'unknown',
      httpStatus,
      errorCode: POSSIBLY_OURS,
      errorMessage: `${outcome.errorMessage} An earlier attempt of this very publication may have put it there: look at the account.`,
    };
  await lockAdoption(tx, claim.publicationId);
  if (await boundElsewhere(tx, claim, externalId)) return outcome;
  return { kind: 'accepted', httpStatus, externalId, permalink: permalink ?? externalId, madeBy: earlier.id };
}

/** Which attempt made the post of an unknown one, if it is there: after a duplicate, the one before. */
export async function possibleMaker(tx: Pick<Tx, 'publishAttempt'>, attempt: PublishAttempt): Promise<PublishAttempt> {
  if (attempt.errorCode !== POSSIBLY_OURS) return attempt;
  return (await earlierAttempt(tx, attempt.publicationId, attempt.id)) ?? attempt;
}

/** When a post was sent and accepted; an adopted one by an earlier attempt, and when that was accepted nobody has seen. */
export async function timesOf(
  tx: Tx,
  { madeBy }: Outcome & { kind: 'accepted' },
  answeredAt: Date,
): Promise<{ sentAt?: Date | null; acceptedAt: Date }> {
  if (madeBy === undefined) return { acceptedAt: answeredAt };
  const { sentAt } = await tx.publishAttempt.findUniqueOrThrow({ where: { id: madeBy } });
  return { sentAt, acceptedAt: sentAt ?? answeredAt };
}

/** What made the post. */
export interface Made {
  maker: PublishAttempt;
  acceptance: Acceptance;
}

/**
 * Writes down that the post of an open attempt is there, with evidence of what it was made from: the attempt that made it
 * is `present`, and one that was only refused as its duplicate is `rejected`.
 * @param at by the database's clock
 * @returns the sha256 of the evidence; null when what was sent is not on record
 */
export async function recordPresence(
  tx: Tx,
  open: Pick<PublishAttempt, 'id'>,
  { maker, acceptance }: Made,
  at: Date,
): Promise<string | null> {
  const { externalId, acceptedAt } = acceptance;
  if (maker.id !== open.id)
    await tx.publishAttempt.update({
      where: { id: open.id },
      data: { state: 'rejected', finishedAt: at, nextLookUpAt: null },
    });
  await tx.publishAttempt.update({
    where: { id: maker.id },
    data: { state: 'present', finishedAt: at, nextLookUpAt: null, acceptedAt, externalId },
  });
  return writeEvidence(tx, maker, acceptance);
}

/** The latest other attempt that was sent and may have been accepted. */
async function earlierAttempt(
  tx: Pick<Tx, 'publishAttempt'>,
  publicationId: string,
  attemptId: string,
): Promise<PublishAttempt | null> {
  return tx.publishAttempt.findFirst({
    where: {
      publicationId,
      id: { not: attemptId },
      sentAt: { not: null },
      state: { in: ['absent', 'unknown', 'present'] },
    },
    orderBy: { number: 'desc' },
  });
}
