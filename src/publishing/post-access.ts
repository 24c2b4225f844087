/**
 * Loading a post for a verb: locked, with its publications, and only for someone who may do this to it. What of it may be
 * live without this database knowing it is marked first, so that no verb takes it for something that has not left.
 */
import type { ConnectedAccount, Post, Prisma, Publication, Team } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, can } from '../domain/access.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { holdInDoubt } from './hold-publications.ts';
import { imagesOf, type PostImage } from './post-images.ts';
import { lockPost } from './transition.ts';

export type PostForChange = Post & {
  team: Team;
  media: PostImage[];
  publications: (Publication & { account: ConnectedAccount })[];
};

const FOR_CHANGE = {
  team: true,
  publications: { include: { account: true }, orderBy: { id: 'asc' } },
} as const satisfies Prisma.PostInclude;

/** @throws when there is no such post */
export async function readPost(tx: Tx, postId: string): Promise<PostForChange> {
  const post = await tx.post.findUniqueOrThrow({ where: { id: postId }, include: FOR_CHANGE });
  return { ...post, media: await imagesOf(tx, postId) };
}

/**
 * Locks the post's row until the transaction ends.
 * @param action a name from the access policy of Post
 * @throws Refusal not-found (also when it may not even be seen) or forbidden
 */
export async function loadPostFor(
  tx: Tx,
  ctx: Pick<AppContext, 'clock'>,
  actor: Actor,
  action: string,
  postId: string,
): Promise<PostForChange> {
  if (!isUuid(postId) || !(await lockPost(tx, postId))) throw notFound('post');
  await holdInDoubt(tx, ctx, [postId]);
  const post = await readPost(tx, postId);
  const subject = { ownerId: post.authorId, teamId: post.teamId };
  if (!can(actor, 'Post', 'show', subject)) throw notFound('post');
  if (!can(actor, 'Post', action, subject)) {
    const own = post.authorId === actor.id && (action === 'approve' || action === 'sendBack');
    throw new Refusal(
      'forbidden',
      own ? 'Somebody else has to approve your post.' : 'Your role in this team does not allow this.',
    );
  }
  return post;
}

export type PublicationForChange = Publication & { post: PostForChange; account: ConnectedAccount };

/**
 * The same for one publication: locks its post.
 * @param action a name from the access policy of Publication
 * @throws Refusal not-found or forbidden
 */
export async function loadPublicationFor(
  tx: Tx,
  ctx: Pick<AppContext, 'clock'>,
  actor: Actor,
  action: string,
  publicationId: string,
): Promise<PublicationForChange> {
  const found = isUuid(publicationId)
    ? await tx.publication.findUnique({ where: { id: publicationId }, select: { postId: true } })
    : null;
  if (found === null || !(await lockPost(tx, found.postId))) throw notFound('publication');
  await holdInDoubt(tx, ctx, [found.postId]);
  const publication = await tx.publication.findUniqueOrThrow({
    where: { id: publicationId },
    include: { account: true, post: { include: FOR_CHANGE } },
  });
  const subject = { ownerId: publication.post.authorId, teamId: publication.teamId };
  if (!can(actor, 'Publication', 'show', subject)) throw notFound('publication');
  if (!can(actor, 'Publication', action, subject))
    throw new Refusal('forbidden', 'Your role in this team does not allow this.');
  return { ...publication, post: { ...publication.post, media: await imagesOf(tx, publication.postId) } };
}
