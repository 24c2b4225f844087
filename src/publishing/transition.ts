/**
 * The only place that writes a publication's status. Every move is checked against the table of legal moves, guarded by
 * the status it starts from (and, while publishing, by the claim's fence), and followed by the post's projection.
 *
 * Locks: whoever changes publications holds the row lock of their post first (`lockPost`). The post is the lock for
 * everything below it, which is what keeps two settling publications of one post from losing each other's projection.
 * What comes before the posts and what after them: docs/decisions/0017-the-order-of-locks.md.
 */
import type { Prisma, Publication } from '@prisma/client';
import type { Tx } from '../database/client.ts';
import { postStatus } from '../domain/post.ts';
import {
  assertMove,
  InvalidTransitionError,
  mayBeLive,
  type PublicationStatus,
  RESTORED,
} from '../domain/publication.ts';
import { IS_IN_DOUBT, WHY_IN_DOUBT } from './in-doubt.ts';

/** The fields a move may set beside the status. */
export type MoveFields = Omit<
  Prisma.PublicationUncheckedUpdateManyInput,
  'status' | 'id' | 'postId' | 'accountId' | 'teamId'
>;

/**
 * Takes the row lock of a post. A transaction does this once, for one post; whoever needs several takes them together
 * (`lockPosts`). After the advisory locks of people and accounts, before any row of an account and before a place.
 * @returns false when there is no such post
 */
export async function lockPost(tx: Tx, postId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<{ id: string }[]>`SELECT id FROM posts WHERE id = ${postId}::uuid FOR UPDATE`;
  return rows.length === 1;
}

/** Takes the row locks of all posts that the transaction is going to need, in the order in which everybody takes them: by id. */
export async function lockPosts(tx: Tx, postIds: readonly string[]): Promise<void> {
  const ids = [...new Set(postIds)];
  if (ids.length === 0) return;
  await tx.$queryRaw`SELECT id FROM posts WHERE id = ANY (${ids}::uuid[]) ORDER BY id FOR UPDATE`;
}

/**
 * Moves a publication from the status it was read in.
 * @param fence when given, only the holder of this claim may move it
 * @returns false when it was no longer in that status (or claim): nothing was written
 * @throws InvalidTransitionError for a move that does not exist, or that would take the question whether it is live away
 */
export async function movePublication(
  tx: Tx,
  publication: Pick<Publication, 'id' | 'postId' | 'status' | 'errorCode'>,
  to: PublicationStatus,
  fields: MoveFields = {},
  fence?: number,
): Promise<boolean> {
  assertMove(publication.status, to);
  if (to === 'awaiting_approval' && mayBeLive(publication)) throw new InvalidTransitionError(publication.status, to);
  const { count } = await tx.publication.updateMany({
    where: { id: publication.id, status: publication.status, ...(fence === undefined ? {} : { fence }) },
    data: { ...fields, status: to },
  });
  if (count === 1) await projectPostStatus(tx, publication.postId);
  return count === 1;
}

/** Writes the status that follows from the post's publications onto the post. The caller holds the post's lock. */
export async function projectPostStatus(tx: Tx, postId: string): Promise<void> {
  const publications = await tx.publication.findMany({ where: { postId }, select: { status: true } });
  const status = postStatus(publications.map((publication) => publication.status));
  // updatedAt stays: it is the version that a person's edit form is checked against, and nobody edited anything.
  await tx.$executeRaw`UPDATE posts SET status = ${status}::"PostStatus" WHERE id = ${postId}::uuid AND status <> ${status}::"PostStatus"`;
}

/**
 * Holds many that are scheduled, in a few statements: takes the locks of their posts, in order, moves and projects. What is
 * in doubt (in-doubt.ts) is held for that, whatever else it would be held for: no release answers whether it is live.
 * @returns those that were held, and for what: what has left meanwhile is not among them
 */
export async function holdMany(
  tx: Tx,
  publications: readonly { id: string; postId: string }[],
  { errorCode, errorMessage }: { errorCode: string; errorMessage: string },
): Promise<HeldNow[]> {
  for (const from of WAITING) assertMove(from, 'held');
  const postIds = [...new Set(publications.map(({ postId }) => postId))];
  await lockPosts(tx, postIds);
  const held = await tx.$queryRaw<HeldNow[]>`
    UPDATE publications
    SET status = 'held', next_attempt_at = NULL, updated_at = clock_timestamp(),
      error_code = CASE WHEN ${IS_IN_DOUBT} THEN ${RESTORED} ELSE ${errorCode} END,
      error_message = CASE WHEN ${IS_IN_DOUBT} THEN ${WHY_IN_DOUBT} ELSE ${errorMessage} END
    WHERE id = ANY (${publications.map(({ id }) => id)}::uuid[]) AND status = ANY (${[...WAITING]}::"PublicationStatus"[])
    RETURNING id::text, team_id::text AS "teamId", due_at AS "dueAt", error_code AS "errorCode"`;
  const rows = await tx.publication.findMany({
    where: { postId: { in: postIds } },
    select: { postId: true, status: true },
  });
  const statuses = [...Map.groupBy(rows, ({ postId }) => postId)].map(([id, own]) => ({
    id,
    status: postStatus(own.map(({ status }) => status)),
  }));
  await tx.$executeRaw`
    UPDATE posts SET status = projected.status::"PostStatus"
    FROM jsonb_to_recordset(${JSON.stringify(statuses)}::jsonb) AS projected(id uuid, status text)
    WHERE posts.id = projected.id AND posts.status::text <> projected.status`;
  return held;
}

type HeldNow = Pick<Publication, 'id' | 'teamId' | 'dueAt' | 'errorCode'>;

const WAITING = ['scheduled', 'retrying'] as const;
