/**
 * A superuser may look into every team; that he read a post of a team he is not in is on record. Looking at one post is an
 * event each time. What else shows the words of posts (lists, the dashboard, histories, images) is one event for each team,
 * naming the posts that he had not seen within the last hour: a page that refreshes itself does not fill the audit.
 */
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { type Actor, roleIn } from '../domain/access.ts';

/** A post whose words somebody is shown. */
export interface ShownPost {
  postId: string;
  teamId: string | null;
}

/** What shows them: such as `Post list` and `status=draft`. */
export interface Showing {
  where: string;
  filter?: readonly string[];
}

type Recording = Pick<AppContext, 'db' | 'clock'>;

const TOLD_AGAIN_MS = 3_600_000;
/** An image may be in any number of posts. */
const MOST_POSTS_OF_AN_IMAGE = 20;

/** Somebody opened this post. */
export async function recordViewing(ctx: Recording, actor: Actor, { postId, teamId }: ShownPost): Promise<void> {
  if (!isLookingIn(actor, teamId)) return;
  await ctx.db.$transaction((tx) =>
    recordEvent(
      tx,
      { actorId: actor.id, action: 'post.viewed', entity: 'Post', entityId: postId, teamId, metadata: {} },
      ctx.clock.now(),
    ),
  );
}

/** Somebody is shown these posts together, with more or less of their words. */
export async function recordListing(
  ctx: Recording,
  actor: Actor,
  { where, filter = [] }: Showing,
  shown: readonly ShownPost[],
): Promise<void> {
  const foreign = shown.filter(({ teamId }) => isLookingIn(actor, teamId));
  if (foreign.length === 0) return;
  const seen = await seenLately(ctx, actor);
  const fresh = foreign.filter(({ postId }) => !seen.has(postId));
  if (fresh.length === 0) return;
  await ctx.db.$transaction(async (tx) => {
    for (const teamId of new Set(fresh.map((post) => post.teamId))) {
      const posts = new Set(fresh.filter((post) => post.teamId === teamId).map(({ postId }) => postId));
      await recordEvent(
        tx,
        {
          actorId: actor.id,
          action: 'post.listed',
          entity: 'Post',
          entityId: null,
          teamId,
          metadata: { where, ...(filter.length === 0 ? {} : { filter }), posts: [...posts] },
        },
        ctx.clock.now(),
      );
    }
  });
}

/** Somebody is sent this image: he is shown a bit of each post it is in, unless he has just seen one of them. */
export async function recordImageReading(ctx: Recording, actor: Actor, imageId: string): Promise<void> {
  if (!actor.isSuperuser) return;
  const uses = await ctx.db.postMedia.findMany({
    where: { mediaId: imageId },
    orderBy: { id: 'desc' },
    take: MOST_POSTS_OF_AN_IMAGE,
    select: { post: { select: { id: true, teamId: true } } },
  });
  const posts = uses.map(({ post }) => ({ postId: post.id, teamId: post.teamId }));
  if (posts.some(({ teamId }) => isLookingIn(actor, teamId))) {
    const seen = await seenLately(ctx, actor);
    if (posts.some(({ postId }) => seen.has(postId))) return;
  }
  await recordListing(ctx, actor, { where: 'image' }, posts);
}

function isLookingIn(actor: Actor, teamId: string | null): boolean {
  return actor.isSuperuser && roleIn(actor, teamId) === null;
}

/** The audit itself remembers, for all processes. */
async function seenLately(ctx: Recording, actor: Actor): Promise<Set<string>> {
  const events = await ctx.db.auditEvent.findMany({
    where: {
      actorId: actor.id,
      action: { in: ['post.viewed', 'post.listed'] },
      occurredAt: { gt: new Date(ctx.clock.now().getTime() - TOLD_AGAIN_MS) },
    },
    select: { entityId: true, metadata: true },
  });
  return new Set(
    events.flatMap(({ entityId, metadata }) => {
      const { posts } = metadata as { posts?: unknown };
      return [entityId, ...(Array.isArray(posts) ? posts : [])].filter((id) => typeof id === 'string');
    }),
  );
}
