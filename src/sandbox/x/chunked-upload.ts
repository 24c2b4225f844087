/** `/2/media/upload/initialize`, `…/{id}/append` and `…/{id}/finalize`: a medium in pieces. */
import { type Request, type Router, raw } from 'express';
import { z } from 'zod';
import type { Answer } from '../transmit.ts';
import { requireOwnMedia, type Session } from './bearer-session.ts';
import { completeMedia, MEDIA_SCOPES, refused } from './media.ts';
import { joinSegments, readMedia, removeSegments, saveSegment } from './media-files.ts';
import { mediaObject } from './media-object.ts';
import { CATEGORIES, contentOf, isProcessedLater } from './media-rules.ts';
import { bareProblem } from './problem.ts';
import { apiEndpoint } from './rate-limited.ts';
import { bodyText, readJson, requireQuery } from './request-rules.ts';
import { mediaBytes, readUpload, wholeNumber } from './upload-body.ts';
import type { XContext } from './x-context.ts';
import { CATEGORY_NAMES, type Media } from './x-state.ts';

/** X's pages keep segments at or below 5 MB; larger ones are refused with 413. */
const MAX_SEGMENT = 5 * 1024 * 1024;
/** One in base64. */
const MAX_BODY = '7mb';
const MAX_INDEX = 999;

const initializeSchema = z.strictObject({
  media_type: z.string(),
  total_bytes: z.int().min(1, 'must be at least 1'),
  media_category: z.enum(CATEGORY_NAMES),
  shared: z.boolean().optional(),
  additional_owners: z.array(z.string()).optional(),
});
const appendSchema = z.strictObject({ media: mediaBytes, segment_index: wholeNumber(0, MAX_INDEX) });

/** Uploads whose pieces are being put together: whoever finalizes one again meanwhile waits for the same. */
type Running = Map<string, Promise<Answer>>;

/** Mounted before the body-as-text parser: this body may be bytes. */
export function mountAppend(router: Router, context: XContext): void {
  router.post(
    '/2/media/upload/:id/append',
    raw({ type: () => true, limit: MAX_BODY }),
    apiEndpoint(context, 'POST /2/media/upload/:id/append', MEDIA_SCOPES, (request, session) =>
      append(context, request, session),
    ),
  );
}

export function mountChunkedUpload(router: Router, context: XContext): void {
  const running: Running = new Map();
  router.post(
    '/2/media/upload/initialize',
    apiEndpoint(context, 'POST /2/media/upload/initialize', MEDIA_SCOPES, (request, session) =>
      initialize(context, request, session),
    ),
  );
  router.post(
    '/2/media/upload/:id/finalize',
    apiEndpoint(context, 'POST /2/media/upload/:id/finalize', MEDIA_SCOPES, (request, session) =>
      finalize(context, request, session, running),
    ),
  );
}

function initialize(context: XContext, request: Request, session: Session): Answer {
  requireQuery(context, request, []);
  const body = readJson(context, request, bodyText(request), initializeSchema);
  const { maxBytes, mediaTypes } = CATEGORIES[body.media_category];
  if (!mediaTypes.some((type) => type === body.media_type)) {
    throw refused(context, `media_type ${body.media_type} does not go with media_category ${body.media_category}.`);
  }
  if (body.total_bytes > maxBytes)
    throw refused(context, `${body.media_category} file size must be <= ${maxBytes} bytes.`);
  const now = context.clock.now();
  const id = context.state.nextId(now);
  context.write({
    platform: 'x',
    kind: 'media.initialized',
    ...{ id, userId: session.user.id, category: body.media_category, mediaType: body.media_type },
    totalBytes: body.total_bytes,
    expiresAt: new Date(now.getTime() + context.options.mediaLifeS * 1000),
  });
  const media = requireOwnMedia(context, session, id);
  return { status: 200, body: { data: mediaObject(context, media) } };
}

async function append(context: XContext, request: Request, session: Session): Promise<Answer> {
  requireQuery(context, request, []);
  const media = requireOwnMedia(context, session, String(request.params.id));
  const { media: bytes, segment_index: segment } = await readUpload(context, request, appendSchema);
  if (bytes.length > MAX_SEGMENT) throw tooLarge();
  if (bytes.length === 0) throw refused(context, 'The segment has no bytes.');
  if (media.completed) throw refused(context, 'This upload has been finalized.');
  await saveSegment(context, media.id, segment, bytes);
  context.write({ platform: 'x', kind: 'media.appended', id: media.id, segment, size: bytes.length });
  return { status: 200, body: { data: { expires_at: Math.floor(media.expiresAt.getTime() / 1000) } } };
}

async function finalize(context: XContext, request: Request, session: Session, running: Running): Promise<Answer> {
  requireQuery(context, request, []);
  const media = requireOwnMedia(context, session, String(request.params.id));
  // Sent again, because the first answer was lost, it says the same.
  if (media.completed) return { status: 200, body: { data: mediaObject(context, media) } };
  const joining = running.get(media.id) ?? join(context, media);
  running.set(media.id, joining);
  try {
    return await joining;
  } finally {
    running.delete(media.id);
  }
}

async function join(context: XContext, media: Media): Promise<Answer> {
  const segments = [...media.segments.keys()].sort((a, b) => a - b);
  const size = [...media.segments.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (segments.some((segment, index) => segment !== index) || size !== media.totalBytes) {
    throw refused(context, `Segments do not add up to provided total file size: ${size} of ${media.totalBytes} bytes.`);
  }
  const { id, category } = media;
  await joinSegments(context, id, segments);
  const content = contentOf(category, await readMedia(context, id, category.endsWith('video')));
  if (!content && !isProcessedLater(category)) throw refused(context, 'media type unrecognized.');
  const answer = completeMedia(context, { id, category, size, content });
  await context.durable();
  await removeSegments(context, id, segments);
  return answer;
}

function tooLarge(): Error {
  return bareProblem(413, 'Request Entity Too Large');
}
