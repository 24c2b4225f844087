/** `POST /{page}/photos`: a photo that is posted at once, or kept unpublished for a post to come. */
import type { Request, Router } from 'express';
import type { Answer } from '../transmit.ts';
import { createHandler, type Draft } from './create-post.ts';
import { endpoint, type FacebookContext } from './facebook-context.ts';
import { readText } from './feed.ts';
import { GraphError } from './graph-error.ts';
import { flagOf, type GraphCall, readCall, textOf } from './graph-request.ts';
import { requirePage, requirePublisher, requireSession } from './graph-session.ts';
import { photosDir, readUpload, recordPhoto } from './photo-upload.ts';

export function mountPhotos(router: Router, context: FacebookContext): void {
  const publish = createHandler(context, 'POST /{page-id}/photos', (call, _page, receivedAt) =>
    readPhotoPost(context, call, receivedAt),
  );
  const keep = endpoint(context, (call) => keepUnpublished(context, call));
  router.post('/:id/photos', async (request, response, next) => {
    const handler = (await publishes(request)) ? publish : keep;
    return handler(request, response, next);
  });
}

/** The bytes, for the feed page and for whoever reads a photo's address from Graph. */
export function mountPhotoFiles(router: Router, context: FacebookContext): void {
  router.get('/media/:id', (request, response, next) => {
    const photo = context.state.photos.get(request.params.id);
    if (!photo) return next();
    response.type(photo.mimeType).sendFile(photo.file, { root: photosDir(context), dotfiles: 'allow', maxAge: '1h' });
  });
}

async function publishes(request: Request): Promise<boolean> {
  try {
    return flagOf(await readCall(request), 'published', true);
  } catch (error) {
    if (error instanceof GraphError) return true; // To be refused there, and logged as what it tried to be.
    throw error;
  }
}

async function readPhotoPost(context: FacebookContext, call: GraphCall, receivedAt: Date): Promise<Draft> {
  const caption = readText(call, textOf(call, 'caption') === null ? 'message' : 'caption');
  const upload = await readUpload(context, call);
  return {
    text: caption,
    link: null,
    visibility: 'public',
    publishAt: receivedAt,
    photoIds: [],
    upload,
    body: call.bodyText,
    accepted: (postId, [id]) => ({ status: 200, body: { id, post_id: postId } }),
    acceptedWithoutId: ([id]) => ({ status: 200, body: { id } }),
  };
}

/** Nothing a reader sees: no fault switch, no duplicate guard, and it may be repeated. */
async function keepUnpublished(context: FacebookContext, call: GraphCall): Promise<Answer> {
  const session = requireSession(context, call);
  const page = requirePage(context, session, String(call.request.params.id), 'post');
  requirePublisher(context, session, page);
  readText(call, 'caption');
  const upload = await readUpload(context, call);
  return { status: 200, body: { id: recordPhoto(context, page, upload, context.clock.now()) } };
}
