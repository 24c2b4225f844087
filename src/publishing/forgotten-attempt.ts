/**
 * An attempt that the database does not know (any more): an earlier state of it was put back while the answer was on its
 * way. The process that sent it still has everything that was on record.
 */
import type { Publication } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Claim } from './claim.ts';
import type { FrozenContent } from './evidence.ts';

/** What write-ahead.ts had put on record of an attempt. */
export interface SentRecord {
  /** By the database's clock. */
  sentAt: Date;
  requestHash: string;
  frozen: FrozenContent;
}

export async function isForgotten(tx: Tx, { attemptId }: Claim): Promise<boolean> {
  return (await tx.publishAttempt.count({ where: { id: attemptId } })) === 0;
}

/**
 * Puts an attempt that the platform has accepted on record anew, as one that is over, because another may be open: whoever
 * records the answer says what became of it. The caller holds the post's lock.
 * @param sent absent when it is not at hand: then there will be no evidence
 */
export async function recordAnew(
  tx: Tx,
  ctx: Pick<AppContext, 'log'>,
  claim: Claim,
  publication: Publication,
  outcome: Outcome & { kind: 'accepted' },
  sent: SentRecord | undefined,
): Promise<void> {
  const { publicationId, attemptId, fence } = claim;
  ctx.log.error(
    { publicationId, attemptId, outcome, withEvidence: sent !== undefined },
    'the platform accepted a post of which the database has forgotten that it was sent: it was rolled back',
  );
  const { _max } = await tx.publishAttempt.aggregate({ where: { publicationId }, _max: { number: true } });
  await tx.publishAttempt.create({
    data: {
      ...{ id: attemptId, publicationId, number: (_max.number ?? 0) + 1, fence, state: 'absent' },
      dueAt: publication.dueAt,
      ...(sent && {
        sentAt: sent.sentAt,
        requestHash: sent.requestHash,
        frozen: { ...sent.frozen, media: [...sent.frozen.media] },
      }),
    },
  });
  if (sent !== undefined && publication.status !== 'published')
    await tx.publication.update({ where: { id: publicationId }, data: { sentAt: sent.sentAt } });
}
