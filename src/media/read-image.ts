/** Handing out images: to whom, and in pieces, so that a page full of them does not fill the memory. */
import { validate as isUuid } from 'uuid';
import type { AppContext } from '../context.ts';
import type { Database } from '../database/client.ts';
import { type Actor, roleIn } from '../domain/access.ts';
import { notFound } from '../domain/refusal.ts';
import { IMAGE_FACTS, type StoredImage } from './stored-image.ts';

const SLICE_BYTES = 256 * 1024;

/**
 * An image belongs to its team: every member may see it, and superusers may see all.
 * @throws Refusal not-found, also for an image of another team
 */
export async function findImage(db: Database, actor: Actor, imageId: string): Promise<StoredImage> {
  const found = isUuid(imageId)
    ? await db.media.findUnique({ where: { id: imageId }, select: { ...IMAGE_FACTS, teamId: true } })
    : null;
  if (found === null || !(actor.isSuperuser || roleIn(actor, found.teamId) !== null)) throw notFound('image');
  const { teamId, ...image } = found;
  return image;
}

/** The bytes from first to last. @throws when the image is removed meanwhile */
export async function* imageSlices(
  ctx: Pick<AppContext, 'db'>,
  { id, byteSize }: Pick<StoredImage, 'id' | 'byteSize'>,
): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < byteSize; from += SLICE_BYTES) {
    const [row] = await ctx.db.$queryRaw<{ slice: Uint8Array }[]>`
      SELECT substring(bytes FROM ${from + 1}::int FOR ${SLICE_BYTES}::int) AS slice FROM media WHERE id = ${id}::uuid`;
    if (row === undefined) throw new Error(`image ${id} was removed while it was read`);
    yield row.slice;
  }
}

/** All bytes at once, for a platform that wants them. @throws when there is no such image */
export async function readImage(db: Database, imageId: string): Promise<Uint8Array> {
  const { bytes } = await db.media.findUniqueOrThrow({ where: { id: imageId }, select: { bytes: true } });
  return bytes;
}
