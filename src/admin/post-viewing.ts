import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { type Actor, roleIn } from '../domain/access.ts';

/** A superuser may look into every team; that he read a post of a team he is not in is on record. */
export async function recordViewing(
  ctx: AppContext,
  actor: Actor,
  { postId, teamId }: { postId: string; teamId: string | null },
): Promise<void> {
  if (!actor.isSuperuser || roleIn(actor, teamId) !== null) return;
  await ctx.db.$transaction((tx) =>
    recordEvent(
      tx,
      { actorId: actor.id, action: 'post.viewed', entity: 'Post', entityId: postId, teamId, metadata: {} },
      ctx.clock.now(),
    ),
  );
}
