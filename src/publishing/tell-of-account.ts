import type { Publication } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';

/**
 * Records, with the first post that waits for this reason, that posts of an account wait: its people are written to once,
 * not once per post. The caller has just moved the publication to `held`.
 */
export async function tellOfAccount(
  tx: Tx,
  ctx: Pick<AppContext, 'clock'>,
  { id, accountId, teamId }: Pick<Publication, 'id' | 'accountId' | 'teamId'>,
  errorCode: string,
): Promise<void> {
  // Of two at the same moment one is the first.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`posts held for ${accountId}`}, 0))`;
  const others = await tx.publication.count({ where: { id: { not: id }, accountId, status: 'held', errorCode } });
  if (others > 0) return;
  await recordEvent(
    tx,
    {
      actorId: null,
      action: 'account.posts_held',
      entity: 'ConnectedAccount',
      entityId: accountId,
      teamId,
      metadata: { errorCode },
    },
    ctx.clock.now(),
  );
}
