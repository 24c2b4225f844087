/** What a platform's "this is there already" means: it depends on whether we may have put it there ourselves. */
import type { PublishAttempt } from '@prisma/client';
import type { Tx } from '../database/client.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';
import { boundElsewhere, lockAdoption } from './twins.ts';

const POSSIBLY_OURS = 'duplicate-possibly-ours';

/**
 * After an earlier attempt of this publication that may have made it, a duplicate is evidence: where the platform names the
 * live post (LinkedIn), it is adopted, unless it belongs to another publication with the same text; where it does not (X,
 * Facebook), it is looked for. Without such an attempt somebody else wrote the same, and this one is refused.
 */
export async function readDuplicate(tx: Tx, claim: Claim, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind !== 'duplicate' || (await earlierAttempt(tx, claim.publicationId, claim.attemptId)) === null)
    return outcome;
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
  return { kind: 'accepted', httpStatus, externalId, permalink: permalink ?? externalId };
}

/** When the post of an unknown attempt was made, if it was: after a duplicate, by the attempt before. */
export async function possiblyCreatedAt(tx: Tx, attempt: PublishAttempt): Promise<Date | null> {
  if (attempt.errorCode !== POSSIBLY_OURS) return attempt.sentAt;
  return (await earlierAttempt(tx, attempt.publicationId, attempt.id))?.sentAt ?? attempt.sentAt;
}

/** The latest other attempt that was sent and may have been accepted. */
async function earlierAttempt(tx: Tx, publicationId: string, attemptId: string): Promise<PublishAttempt | null> {
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
