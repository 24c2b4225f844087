/** Holding many at once: an emergency stop over thousands of posts is a few statements, not a transaction that runs out of time. */
import type { Prisma } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { repeatWhenCrossed } from '../database/repeat-when-crossed.ts';
import { RESTORED } from '../domain/publication.ts';
import { IS_IN_DOUBT, WHY_IN_DOUBT } from './in-doubt.ts';
import { dueTime } from './publication-event.ts';
import { holdMany } from './transition.ts';

/** Rows locked together; more would keep people waiting who edit one of them. */
const AT_ONCE = 200;

export interface HoldReason {
  errorCode: string;
  errorMessage: string;
  /** Null: the system. */
  actorId: string | null;
  metadata: Prisma.InputJsonObject;
}

/** Holds those of these publications that are still scheduled, some hundred per transaction. @returns how many */
export async function holdPublications(
  ctx: AppContext,
  publications: readonly { id: string; postId: string }[],
  reason: HoldReason,
): Promise<number> {
  let held = 0;
  for (let index = 0; index < publications.length; index += AT_ONCE) {
    const some = publications.slice(index, index + AT_ONCE);
    held += await repeatWhenCrossed(() =>
      ctx.db.$transaction((tx) => holdTogether(tx, ctx, some, reason), { timeout: 30_000 }),
    );
  }
  return held;
}

/** The same in the caller's transaction. */
export async function holdTogether(
  tx: Tx,
  ctx: Pick<AppContext, 'clock'>,
  publications: readonly { id: string; postId: string }[],
  { errorCode, errorMessage, actorId, metadata }: HoldReason,
): Promise<number> {
  const held = await holdMany(tx, publications, { errorCode, errorMessage });
  await tx.auditEvent.createMany({
    data: held.map(({ id, teamId, dueAt, errorCode: marked }) => ({
      actorId,
      action: 'publication.held',
      entity: 'Publication',
      entityId: id,
      teamId,
      metadata: { ...metadata, ...(marked === RESTORED && { errorCode: marked }), dueAt: dueTime({ dueAt }) },
      occurredAt: ctx.clock.now(),
    })),
  });
  return held.length;
}

/** Marks what of these posts is in doubt, before anything is done to them. The caller holds their locks. @returns how many */
export async function holdInDoubt(tx: Tx, ctx: Pick<AppContext, 'clock'>, postIds: readonly string[]): Promise<number> {
  const doubtful = await tx.$queryRaw<{ id: string; postId: string }[]>`
    SELECT id::text, post_id::text AS "postId" FROM publications
    WHERE post_id = ANY (${[...postIds]}::uuid[]) AND status IN ('scheduled', 'retrying') AND ${IS_IN_DOUBT}`;
  if (doubtful.length === 0) return 0;
  const reason = { errorCode: RESTORED, errorMessage: WHY_IN_DOUBT, actorId: null, metadata: { errorCode: RESTORED } };
  return holdTogether(tx, ctx, doubtful, reason);
}
