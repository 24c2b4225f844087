/** Where a platform that takes images would publish, inside the test's own process: it knows what was uploaded, and what a post refers to. */
import { createHash } from 'node:crypto';
import type { Publisher } from '../platforms/platform.ts';

export interface ImagesPlatform {
  publisher: Publisher;
  /** sha256 (hex) of the bytes of every upload, in order. */
  uploads: string[];
  /** What each accepted post had. */
  posts: { text: string; images: { id: string; altText: string | null }[] }[];
}

/** @param usableUntil what it says about each upload */
export function createImagesPlatform(usableUntil: () => Date | null): ImagesPlatform {
  const uploads: string[] = [];
  const posts: ImagesPlatform['posts'] = [];
  const publisher: Publisher = {
    async prepare(content, _account, images) {
      const used: { id: string; altText: string | null }[] = [];
      for (const image of content.images) {
        let id = images.recall(image);
        if (id === null) {
          uploads.push(
            createHash('sha256')
              .update(await images.read(image))
              .digest('hex'),
          );
          id = `upload-${uploads.length}`;
          await images.remember(image, id, usableUntil());
        }
        used.push({ id, altText: image.altText });
      }
      const body = JSON.stringify({ text: content.text, images: used });
      return {
        ready: true,
        request: { method: 'POST', url: 'https://platform.example.com/posts', headers: {}, body },
      };
    },
    send(request) {
      posts.push(JSON.parse(request.body));
      const externalId = `post-${process.pid}-${posts.length}`;
      return Promise.resolve({
        kind: 'accepted',
        httpStatus: 201,
        externalId,
        permalink: `https://platform.example.com/${externalId}`,
      });
    },
  };
  return { publisher, uploads, posts };
}
