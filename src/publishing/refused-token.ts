import { expireRefusedToken } from '../accounts/expire-token.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { databaseTime } from '../database/database-time.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';

const TOKEN_REFUSED = 'token-refused';
const RENEWAL_HELPS_WITHIN_MS = 15 * 60_000;

/**
 * A platform that refuses a token created nothing, and has been seen to refuse good tokens for a while. So a token that can
 * be renewed is renewed, once, and the post is sent with the new one. Refused again right after, a person has to connect
 * the account.
 * @param tokenVersion of the token that was sent
 */
export async function renewOnceWhenRefused(
  tx: Tx,
  ctx: AppContext,
  claim: Claim,
  outcome: Outcome,
  accountId: string,
  tokenVersion: number | undefined,
): Promise<Outcome> {
  if (outcome.kind !== 'reauthorization-required' || tokenVersion === undefined) return outcome;
  const before = await tx.publishAttempt.findFirst({
    where: { publicationId: claim.publicationId, id: { not: claim.attemptId } },
    orderBy: { number: 'desc' },
    select: { errorCode: true },
  });
  // A new token may be refused for a while; the tries of that time must not lead to another renewal, and on for ever.
  const now = await databaseTime(tx);
  const renewed = await tx.publishAttempt.count({
    where: {
      publicationId: claim.publicationId,
      errorCode: TOKEN_REFUSED,
      finishedAt: { gte: new Date(now.getTime() - RENEWAL_HELPS_WITHIN_MS) },
    },
  });
  if (
    before?.errorCode === TOKEN_REFUSED ||
    renewed > 0 ||
    !(await expireRefusedToken(tx, ctx, accountId, tokenVersion))
  )
    return outcome;
  return {
    kind: 'unavailable',
    httpStatus: outcome.httpStatus,
    errorCode: TOKEN_REFUSED,
    errorMessage: `${outcome.errorMessage} It is renewed by itself first, and the post sent once more.`,
    retryAt: null,
    uncounted: true,
  };
}
