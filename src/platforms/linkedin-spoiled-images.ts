/**
 * Images that LinkedIn, at the create call, turned out not to be able to process (MEDIA_ASSET_PROCESSING_FAILED). Nothing
 * was created then, and LinkedIn's advice is to upload such an image once more and then to give up.
 *
 * Kept in memory: another process, or the next one, finds out by itself, which costs it one attempt.
 */
import type { Outcome } from '../domain/outcome.ts';
import type { CreateRequest } from './platform.ts';

const REDO = ['MEDIA_ASSET_PROCESSING_FAILED', 'EXPIRED_UPLOAD_URL'];
/** As soon as anything is tried again. */
const UPLOAD_AGAIN_MS = 5_000;

export interface SpoiledImages {
  has(imageId: string): boolean;
  /** Told of each id that takes the place of a spoiled one. */
  replaced(imageId: string): void;
  /** Turns the first refusal for this reason into another try, and leaves every other outcome as it is. */
  notice(outcome: Outcome, request: CreateRequest, now: Date): Outcome;
}

export function createSpoiledImages(): SpoiledImages {
  const spoiled = new Set<string>();
  const secondTries = new Set<string>();
  return {
    has: (imageId) => spoiled.has(imageId),
    replaced: (imageId) => void secondTries.add(imageId),
    notice(outcome, request, now) {
      if (outcome.kind !== 'rejected' || !REDO.includes(outcome.errorCode)) return outcome;
      const used = request.body.match(/urn:li:(?:image|digitalmediaAsset):[\w-]+/g) ?? [];
      for (const imageId of used) spoiled.add(imageId);
      if (used.length === 0 || used.some((imageId) => secondTries.has(imageId))) return outcome;
      return {
        ...outcome,
        kind: 'unavailable',
        errorMessage:
          'LinkedIn could not process an image of this post. Nothing was published; it is uploaded once more.',
        retryAt: new Date(now.getTime() + UPLOAD_AGAIN_MS),
      };
    },
  };
}
