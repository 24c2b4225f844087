/**
 * Images: the only way for a file into the product, and the way out of it. Both only for people who are signed in, and in
 * the team; both answer in JSON when there is something to say, because it is the panel that asks.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { recordImageReading } from '../admin/post-viewing.ts';
import type { AppContext } from '../context.ts';
import { UPLOAD_LIMIT } from '../domain/image-rules.ts';
import { addImage, teamForImage } from '../media/add-image.ts';
import { findImage, imageSlices } from '../media/read-image.ts';
import type { StoredImage } from '../media/stored-image.ts';
import { pathText, queryText } from './form-body.ts';
import { requireActor } from './guard.ts';
import { sendProblem } from './problem.ts';
import { readUpload } from './upload-body.ts';

/** Uploads on their way in one process; each takes up to ten megabytes of memory until it is stored. */
const AT_ONCE = { all: 12, perPerson: 3 } as const;

export function mediaRoutes(ctx: AppContext): Router {
  const router = Router();
  const uploading = new Map<string, number>();
  router
    .route('/media')
    .post(async (req, res) => {
      const actor = requireActor(ctx, req, res);
      if (actor === null) return;
      const own = uploading.get(actor.id) ?? 0;
      const all = [...uploading.values()].reduce((sum, count) => sum + count, 0);
      if (own >= AT_ONCE.perPerson || all >= AT_ONCE.all) {
        res.setHeader('Retry-After', '3');
        sendProblem(req, res, {
          status: own >= AT_ONCE.perPerson ? 429 : 503,
          title: 'One after another',
          sentence: 'Too many images are being sent at once. Try again in a few seconds.',
        });
        return;
      }
      uploading.set(actor.id, own + 1);
      try {
        const teamId = await teamForImage(ctx.db, actor, queryText(req, 'team'));
        const upload = await readUpload(req, res, UPLOAD_LIMIT.bytes);
        if (upload === null) return;
        const { image, added } = await addImage(ctx, actor, teamId, upload);
        res.status(added ? 201 : 200).setHeader('Location', addressOf(image));
        res.setHeader('Cache-Control', 'no-store').json(shown(image));
      } finally {
        const left = (uploading.get(actor.id) ?? 1) - 1;
        if (left > 0) uploading.set(actor.id, left);
        else uploading.delete(actor.id);
      }
    })
    .all(refuseMethod('POST', 'An image is added with POST.'));
  router
    .route('/media/:id')
    .get(async (req, res) => {
      const actor = requireActor(ctx, req, res);
      if (actor === null) return;
      const image = await findImage(ctx.db, actor, pathText(req, 'id'));
      await recordImageReading(ctx, actor, image.id);
      await sendImage(ctx, req, res, image);
    })
    .all(
      refuseMethod('GET, HEAD', 'An image is read with GET. One that no post uses is removed by itself after a day.'),
    );
  return router;
}

function shown({ id, contentType, byteSize, width, height, animated }: StoredImage) {
  return { id, contentType, byteSize, width, height, animated };
}

function addressOf({ id }: Pick<StoredImage, 'id'>): string {
  return `/media/${id}`;
}

/**
 * An id always names the same bytes. Whatever they are, a browser shows them as an image or not at all. It may keep them, but
 * asks before it shows them again, so that who may see them is decided each time: a 304 costs a look at two rows.
 */
async function sendImage(ctx: AppContext, req: Request, res: Response, image: StoredImage): Promise<void> {
  const { contentType, byteSize, sha256 } = image;
  const extension = contentType.replace('image/', '').replace('jpeg', 'jpg');
  res
    .setHeader('Content-Type', contentType)
    .setHeader('Content-Disposition', `inline; filename="image-${sha256.slice(0, 12)}.${extension}"`)
    .setHeader('Content-Security-Policy', "default-src 'none'; sandbox")
    .setHeader('Cache-Control', 'private, no-cache')
    .setHeader('ETag', `"${sha256}"`);
  if (req.fresh) {
    res.status(304).end();
    return;
  }
  res.setHeader('Content-Length', byteSize);
  if (req.method === 'HEAD') res.end();
  else await pipeline(Readable.from(imageSlices(ctx, image), { objectMode: false }), res).catch(ignoreGoneReader);
}

/** Who closed the page does not need the rest of its images. */
function ignoreGoneReader(error: unknown): void {
  const gone = error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
  if (!gone) throw error;
}

function refuseMethod(allowed: string, sentence: string): RequestHandler {
  return (req, res) => {
    res.setHeader('Allow', allowed);
    sendProblem(req, res, { status: 405, title: 'Not in this way', sentence });
  };
}
