import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';

/** Somebody may still be writing the post it is for, or have taken it out by mistake. */
const KEPT_UNUSED_MS = 24 * 3_600_000;
/** Rows taken at once; the rest waits for the next time. */
const BATCH = 200;

/**
 * Removes images that no post has used for a day, and forgets what platforms no longer keep. Safe beside a save: who puts an
 * image into a post touches its row first (post-images.ts), and the condition is looked at again once that lock is free.
 * @returns how many images were removed
 */
export async function removeUnusedImages(ctx: AppContext): Promise<number> {
  const now = ctx.clock.now();
  await ctx.db.imageUpload.deleteMany({ where: { usableUntil: { lt: now } } });
  return ctx.db.$transaction(async (tx) => {
    const removed = await tx.$queryRaw<{ id: string; team_id: string; sha256: string; byte_size: number }[]>`
      DELETE FROM media WHERE id IN (
        SELECT id FROM media
        WHERE last_used_at < ${new Date(now.getTime() - KEPT_UNUSED_MS)}
          AND NOT EXISTS (SELECT 1 FROM post_media WHERE media_id = media.id)
        ORDER BY last_used_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
      RETURNING id, team_id, sha256, byte_size`;
    for (const { id, team_id: teamId, sha256, byte_size: byteSize } of removed) {
      const metadata = { reason: 'no post used it for a day', sha256, byteSize };
      await recordEvent(
        tx,
        { actorId: null, action: 'media.removed', entity: 'Media', entityId: id, teamId, metadata },
        now,
      );
    }
    return removed.length;
  });
}
