/** The images of a post: in order, each with its description. The bytes stay where they are; see media/. */
import type { Prisma } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import type { Tx } from '../database/client.ts';
import { type ContentImage, IMAGE_TYPES } from '../domain/content-rules.ts';
import { isImageType } from '../domain/image-rules.ts';
import { isBlank } from '../domain/invisible-characters.ts';
import { IMAGE_FACTS, type StoredImage } from '../media/stored-image.ts';

/** As typed. */
export interface ImageInput {
  /** Of an image that was added to the team before. */
  id: string;
  altText?: string | null;
}

export interface PostImage {
  altText: string | null;
  media: StoredImage;
}

/** For the query of every post whose content matters. */
export const POST_IMAGES = {
  select: { altText: true, media: { select: IMAGE_FACTS } },
  orderBy: { position: 'asc' },
} as const satisfies Prisma.Post$mediaArgs;

/**
 * The images of one post. Within a transaction they are asked for on their own: two lists in one query of Prisma's are
 * two queries at once on one connection, which the driver is about to forbid.
 */
export async function imagesOf(tx: Tx, postId: string): Promise<PostImage[]> {
  return tx.postMedia.findMany({ where: { postId }, ...POST_IMAGES });
}

/** More is not even looked up; what each platform takes is a matter of domain/image-rules.ts. */
const MOST_IMAGES = 20;

export function contentImage({ altText, media }: PostImage): ContentImage {
  const { sha256, contentType, byteSize, width, height, animated } = media;
  // A constraint of the database says the same.
  if (!isImageType(contentType)) throw new Error(`an image is ${IMAGE_TYPES.join(', ')}, not ${contentType}`);
  return { sha256, contentType, byteSize, width, height, animated, altText };
}

/**
 * Finds the images somebody chose, and keeps them from being removed as unused until the caller's transaction ends.
 * @param before the post's own until now: locked together with them, because they may be let go
 * @param fields gets a message at `media` for an image that is not there or not the team's, in the same words
 */
export async function findImages(
  tx: Tx,
  wanted: readonly ImageInput[],
  before: readonly PostImage[],
  teamId: string,
  now: Date,
  fields: Record<string, string>,
): Promise<PostImage[]> {
  if (wanted.length > MOST_IMAGES) {
    fields.media = `A post may have at most ${MOST_IMAGES} images; these are ${wanted.length}. Remove some.`;
    return [];
  }
  const ids = wanted.map(({ id }) => id).filter((id) => isUuid(id));
  await touchImages(tx, [...ids, ...before.map(({ media }) => media.id)], now);
  const found = await tx.media.findMany({ where: { id: { in: ids }, teamId }, select: IMAGE_FACTS });
  const images = wanted.flatMap(({ id, altText }) => {
    const media = found.find((one) => one.id === id.toLowerCase());
    return media === undefined ? [] : [{ altText: tidied(altText), media }];
  });
  if (images.length < wanted.length)
    fields.media = 'One of these images is no longer there, or is not your team’s. Remove it and add it again.';
  return images;
}

/** Puts these images into the post in the place of those it had. */
export async function replaceImages(
  tx: Tx,
  postId: string,
  before: readonly PostImage[],
  images: readonly PostImage[],
  now: Date,
): Promise<void> {
  if (sameImages(before, images)) return;
  await releaseImages(tx, before, now);
  await tx.postMedia.deleteMany({ where: { postId } });
  await tx.postMedia.createMany({
    data: images.map(({ altText, media }, position) => ({ postId, mediaId: media.id, position, altText })),
  });
}

/** From now on they have a day, unless another post uses them. */
export async function releaseImages(tx: Tx, images: readonly PostImage[], now: Date): Promise<void> {
  await touchImages(
    tx,
    images.map(({ media }) => media.id),
    now,
  );
}

export function sameImages(some: readonly PostImage[], others: readonly PostImage[]): boolean {
  return (
    some.length === others.length &&
    some.every(
      ({ altText, media }, index) => altText === others[index]?.altText && media.id === others[index]?.media.id,
    )
  );
}

/** Always in the same order, so that two people who save posts with the same images cannot block each other. */
async function touchImages(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  if (ids.length === 0) return;
  await tx.$executeRaw`
    UPDATE media SET last_used_at = greatest(last_used_at, ${now})
    FROM (SELECT id FROM media WHERE id = ANY(${[...ids]}::uuid[]) ORDER BY id FOR NO KEY UPDATE) touched
    WHERE media.id = touched.id`;
}

function tidied(altText: string | null | undefined): string | null {
  const text = (altText ?? '').replace(/\r\n?/g, '\n').trim();
  // A description that nobody can see is none.
  return isBlank(text) ? null : text;
}
