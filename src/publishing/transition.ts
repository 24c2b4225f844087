/**
 * The only place that writes a publication's status. Every move is checked against the table of legal moves, guarded by
 * the status it starts from (and, while publishing, by the claim's fence), and followed by the post's projection.
 *
 * Locks: whoever changes publications holds the row lock of their post first (`lockPost`). The post is the lock for
 * everything below it, which is what keeps two settling publications of one post from losing each other's projection.
 */
import type { Prisma, Publication } from '@prisma/client';
import type { Tx } from '../database/client.ts';
import { postStatus } from '../domain/post.ts';
import { assertMove, type PublicationStatus } from '../domain/publication.ts';

/** The fields a move may set beside the status. */
export type MoveFields = Omit<
  Prisma.PublicationUncheckedUpdateManyInput,
  'status' | 'id' | 'postId' | 'accountId' | 'teamId'
>;

/** Takes the row lock of a post. @returns false when there is no such post */
export async function lockPost(tx: Tx, postId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<{ id: string }[]>`SELECT id FROM posts WHERE id = ${postId}::uuid FOR UPDATE`;
  return rows.length === 1;
}

/**
 * Moves a publication from the status it was read in.
 * @param fence when given, only the holder of this claim may move it
 * @returns false when it was no longer in that status (or claim): nothing was written
 * @throws InvalidTransitionError for a move that does not exist
 */
export async function movePublication(
  tx: Tx,
  publication: Pick<Publication, 'id' | 'postId' | 'status'>,
  to: PublicationStatus,
  fields: MoveFields = {},
  fence?: number,
): Promise<boolean> {
  assertMove(publication.status, to);
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
