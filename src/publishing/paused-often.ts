import type { Tx } from '../database/client.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';

/** Of an attempt that was not sent because too much time passed while it was written down. */
export const PROCESS_PAUSED = 'process-paused';

/** A process is paused now and then; a database whose commits always take seconds is something that people have to be told. */
const OFTEN = 3;

/**
 * Being paused before sending uses up none of the attempts a publication has, and is tried again at once; from the fourth
 * time on it counts and is tried later, so that it comes to an end and somebody is told.
 */
export async function countWhenPausedOften(tx: Tx, claim: Claim, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind !== 'unavailable' || outcome.errorCode !== PROCESS_PAUSED) return outcome;
  const before = await tx.publishAttempt.count({
    where: { publicationId: claim.publicationId, errorCode: PROCESS_PAUSED },
  });
  if (before < OFTEN) return outcome;
  const { uncounted: _, ...counted } = outcome;
  const errorMessage = `${outcome.errorMessage} That has happened ${before + 1} times: the database takes seconds to save, or the server is overloaded.`;
  return { ...counted, errorMessage };
}
