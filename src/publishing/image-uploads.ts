import type { Publication } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { ContentImage } from '../domain/content-rules.ts';
import { readImage } from '../media/read-image.ts';
import type { ImageUploads } from '../platforms/platform.ts';
import type { PostImage } from './post-images.ts';

/**
 * How long an upload is used where its platform does not say. X says about a day for its own, Facebook removes photos that
 * stay unpublished, LinkedIn says nothing: after a day it is uploaded again, which costs seconds and shows nowhere.
 */
const USABLE_MS = 24 * 3_600_000;
/** What may end while it is being used is not used: an attempt takes a minute at most, and clocks differ. */
const MARGIN_MS = 10 * 60_000;

/**
 * Forgets the uploads that an attempt used up, whether the platform took the post or refused it: one platform lets an
 * upload be used once, another no longer knows it. Another post uploads its images anew.
 */
export async function forgetUploads(tx: Tx, publication: Pick<Publication, 'postId' | 'accountId'>): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM image_uploads USING post_media JOIN media ON media.id = post_media.media_id
    WHERE post_media.post_id = ${publication.postId}::uuid AND account_id = ${publication.accountId}::uuid
      AND image_uploads.sha256 = media.sha256`;
}

/**
 * The images of one post for one account, with what was uploaded for that account before, by whichever process.
 * @param onUploaded told after each upload, once its id is on disk
 * @param images as loaded with the post; without any, the database is not asked
 */
export async function imageUploads(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  accountId: string,
  images: readonly PostImage[],
  onUploaded: () => void,
): Promise<ImageUploads> {
  const mediaIds = new Map(images.map(({ media }) => [media.sha256, media.id]));
  const known = new Map<string, string>();
  if (images.length > 0) {
    const usableUntil = { gt: new Date(ctx.clock.now().getTime() + MARGIN_MS) };
    const rows = await ctx.db.imageUpload.findMany({
      where: { accountId, sha256: { in: [...mediaIds.keys()] }, usableUntil },
    });
    for (const { sha256, uploadId } of rows) known.set(sha256, uploadId);
  }
  return {
    recall: ({ sha256 }) => known.get(sha256) ?? null,
    async read({ sha256 }: ContentImage) {
      const mediaId = mediaIds.get(sha256);
      if (mediaId === undefined) throw new Error(`the image ${sha256} is not part of this post`);
      return readImage(ctx.db, mediaId);
    },
    async remember({ sha256 }, uploadId, until) {
      known.set(sha256, uploadId);
      const usableUntil = until ?? new Date(ctx.clock.now().getTime() + USABLE_MS);
      await ctx.db.imageUpload.upsert({
        where: { accountId_sha256: { accountId, sha256 } },
        create: { accountId, sha256, uploadId, usableUntil },
        update: { uploadId, usableUntil, createdAt: ctx.clock.now() },
      });
      onUploaded();
    },
  };
}
