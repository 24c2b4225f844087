import type { Tx } from '../database/client.ts';
import { nextLookUpAt } from '../domain/look-up-policy.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';
import { recordPresence } from './duplicate.ts';
import { writeEvidence } from './evidence.ts';
import { ID_OF_ANOTHER } from './twins.ts';

/**
 * Writes what an attempt ended in: with evidence when it was accepted, with a first look-up when nobody knows.
 * @param at by the database's clock
 * @returns the sha256 of the evidence, when it was accepted
 */
export async function closeAttempt(tx: Tx, claim: Claim, outcome: Outcome, at: Date): Promise<string | null> {
  if (outcome.kind === 'accepted' && outcome.madeBy !== undefined)
    return closeAdopting(tx, claim, outcome, outcome.madeBy, at);
  const attempt = await tx.publishAttempt.update({
    where: { id: claim.attemptId },
    data: {
      outcome: outcome.kind,
      httpStatus: outcome.httpStatus,
      finishedAt: at,
      ...(outcome.kind === 'accepted'
        ? { state: 'acked', acceptedAt: at, externalId: outcome.externalId, nextLookUpAt: null }
        : {
            state: outcome.kind === 'unknown' ? 'unknown' : 'rejected',
            errorCode: outcome.errorCode,
            errorMessage: outcome.errorMessage,
          }),
    },
  });
  if (outcome.kind === 'accepted') {
    const { httpStatus, externalId, permalink } = outcome;
    return writeEvidence(tx, attempt, { httpStatus, externalId, permalink, acceptedAt: at });
  }
  if (outcome.kind === 'unknown') {
    await tx.publishAttempt.update({
      where: { id: attempt.id },
      data: {
        nextLookUpAt: outcome.errorCode === ID_OF_ANOTHER ? null : nextLookUpAt(attempt.sentAt ?? at, 0, at),
      },
    });
  }
  return null;
}

/** This one was refused, because an earlier one had made the post. When that was accepted nobody has seen: when it was sent. */
async function closeAdopting(
  tx: Tx,
  claim: Claim,
  { httpStatus, externalId, permalink }: Outcome & { kind: 'accepted' },
  madeBy: string,
  at: Date,
): Promise<string | null> {
  await tx.publishAttempt.update({
    where: { id: claim.attemptId },
    data: { outcome: 'duplicate', httpStatus, errorCode: 'duplicate' },
  });
  const maker = await tx.publishAttempt.findUniqueOrThrow({ where: { id: madeBy } });
  const acceptance = {
    httpStatus: null,
    externalId,
    permalink,
    acceptedAt: maker.sentAt ?? at,
    confirmedBy: 'a refused duplicate',
  } as const;
  return recordPresence(tx, { id: claim.attemptId }, { maker, acceptance }, at);
}
