import type { Tx } from '../database/client.ts';
import { nextLookUpAt } from '../domain/look-up-policy.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';
import { writeEvidence } from './evidence.ts';
import { ID_OF_ANOTHER } from './twins.ts';

/**
 * Writes what an attempt ended in: with evidence when it was accepted, with a first look-up when nobody knows.
 * @param at by the database's clock
 * @returns the sha256 of the evidence, when it was accepted
 */
export async function closeAttempt(tx: Tx, claim: Claim, outcome: Outcome, at: Date): Promise<string | null> {
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
