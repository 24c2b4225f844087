import type { Tx } from '../database/client.ts';
import { nextLookUpAt } from '../domain/look-up-policy.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';
import { type FrozenContent, writeEvidence } from './evidence.ts';

/** What this process knows of what it sent. */
export interface Sent {
  /** Only this token is declared dead, not one that was connected meanwhile. */
  tokenVersion: number;
  frozen: FrozenContent;
}

/**
 * Writes what an attempt ended in: with evidence when it was accepted, with a first look-up when nobody knows.
 * @param at by the database's clock
 * @returns the sha256 of the evidence, when it was accepted and we know what was sent
 */
export async function closeAttempt(
  tx: Tx,
  claim: Claim,
  outcome: Outcome,
  at: Date,
  sent: Sent | undefined,
): Promise<string | null> {
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
  if (outcome.kind === 'accepted' && sent !== undefined) return writeEvidence(tx, attempt, sent.frozen, outcome, at);
  if (outcome.kind === 'unknown') {
    await tx.publishAttempt.update({
      where: { id: attempt.id },
      data: { nextLookUpAt: nextLookUpAt(attempt.sentAt ?? at, 0, at) },
    });
  }
  return null;
}
