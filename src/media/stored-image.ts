/** What is known of an image without its bytes. */
import type { Prisma } from '@prisma/client';

/** For every query that does not send the bytes somewhere: an image may have ten megabytes of them. */
export const IMAGE_FACTS = {
  id: true,
  sha256: true,
  contentType: true,
  byteSize: true,
  width: true,
  height: true,
  animated: true,
} as const satisfies Prisma.MediaSelect;

export type StoredImage = Prisma.MediaGetPayload<{ select: typeof IMAGE_FACTS }>;
