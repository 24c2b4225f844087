/**
 * A post whose time comes while it waits for approval stays where it is: nothing leaves that nobody has approved. It is
 * marked, so that its page and the dashboard say why, and its event is told by e-mail, once for each time it has had.
 */
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { NOT_APPROVED_IN_TIME } from '../domain/not-approved-in-time.ts';
import type { PostForChange } from './post-access.ts';
import { lockPost } from './transition.ts';

/** Posts told of at once; the rest waits for the next round, seconds later. */
const BATCH = 100;

/**
 * Marks and records what still waits for approval at its time. What a worker found not to be approved at its time was told
 * of then (prepare.ts) and is left alone.
 * @returns how many posts
 */
export async function markOverdueApprovals(ctx: Pick<AppContext, 'db' | 'clock'>): Promise<number> {
  const posts = await ctx.db.$queryRaw<{ id: string }[]>`
    SELECT posts.id::text FROM posts
    WHERE posts.status = 'awaiting_approval' AND scheduled_at < clock_timestamp() AND EXISTS (
      SELECT 1 FROM publications
      WHERE post_id = posts.id AND publications.status = 'awaiting_approval' AND error_code IS NULL)
    ORDER BY scheduled_at, posts.id LIMIT ${BATCH}`;
  let marked = 0;
  for (const { id } of posts) if (await ctx.db.$transaction((tx) => mark(tx, ctx, id))) marked += 1;
  return marked;
}

/** @returns false when it was approved, moved or marked by somebody else meanwhile */
async function mark(tx: Tx, ctx: Pick<AppContext, 'clock'>, postId: string): Promise<boolean> {
  await lockPost(tx, postId);
  const waiting = await tx.$queryRaw<{ id: string; teamId: string; scheduledAt: Date }[]>`
    SELECT publications.id::text, posts.team_id::text AS "teamId", scheduled_at AS "scheduledAt"
    FROM posts JOIN publications ON post_id = posts.id
    WHERE posts.id = ${postId}::uuid AND scheduled_at < clock_timestamp()
      AND publications.status = 'awaiting_approval' AND error_code IS NULL`;
  const [first] = waiting;
  if (first === undefined) return false;
  const ids = waiting.map(({ id }) => id);
  await tx.publication.updateMany({ where: { id: { in: ids } }, data: NOT_APPROVED_IN_TIME });
  // It said until when it could be approved.
  await tx.preflightCheck.deleteMany({ where: { publicationId: { in: ids } } });
  const metadata = { scheduledAt: first.scheduledAt.toISOString() };
  await recordEvent(
    tx,
    {
      actorId: null,
      action: 'post.approval_overdue',
      entity: 'Post',
      entityId: postId,
      teamId: first.teamId,
      metadata,
    },
    ctx.clock.now(),
  );
  return true;
}

/** At a new time what waits is not overdue any more. The caller holds the post's lock. */
export async function forgetOverdueApproval(tx: Tx, post: Pick<PostForChange, 'id'>): Promise<void> {
  await tx.publication.updateMany({
    where: { postId: post.id, status: 'awaiting_approval' },
    data: { errorCode: null, errorMessage: null },
  });
}
