/** `/2/media/upload` in one request, the status of an upload, and `/2/media/metadata`; in chunks: see chunked-upload.ts. */
import { type Request, type Router, raw } from 'express';
import { z } from 'zod';
import type { Answer } from '../transmit.ts';
import { requireOwnMedia, type Session } from './bearer-session.ts';
import { mediaDir, saveMedia } from './media-files.ts';
import { mediaObject } from './media-object.ts';
import { CATEGORIES, type Content, contentOf, isProcessedLater } from './media-rules.ts';
import { requireId } from './posts.ts';
import { invalidRequest, notFound } from './problem.ts';
import { apiEndpoint } from './rate-limited.ts';
import { bodyText, invalidQuery, query, readJson, requireQuery } from './request-rules.ts';
import { mediaBytes, readUpload } from './upload-body.ts';
import type { XContext } from './x-context.ts';
import { CATEGORY_NAMES, type CategoryName } from './x-state.ts';

export const MEDIA_SCOPES = ['media.write'];
/** The largest medium that is sent at once, a GIF of 15 MB, in base64. */
const MAX_BODY = '21mb';

/** `media_type` and `shared` were there until API description 2.166. A form has text where JSON has other things. */
const uploadSchema = z.strictObject({
  media: mediaBytes,
  media_category: z.enum(CATEGORY_NAMES),
  media_type: z.string().optional(),
  shared: z.union([z.boolean(), z.enum(['true', 'false'])]).optional(),
  additional_owners: z.union([z.array(z.string()), z.string()]).optional(),
});

const MAX_ALT_TEXT = 1_000;
const metadataSchema = z.strictObject({
  id: z.string().regex(/^[0-9]{1,19}$/, 'does not match the regex pattern ^[0-9]{1,19}$'),
  metadata: z.strictObject({
    alt_text: z.strictObject({ text: z.string().max(MAX_ALT_TEXT, `must be at most ${MAX_ALT_TEXT} characters long`) }),
  }),
});

/** Mounted before the body-as-text parser: this body may be bytes. */
export function mountUpload(router: Router, context: XContext): void {
  router.post(
    '/2/media/upload',
    raw({ type: () => true, limit: MAX_BODY }),
    apiEndpoint(context, 'POST /2/media/upload', MEDIA_SCOPES, (request, session) => upload(context, request, session)),
  );
  router.get('/media/:id', (request, response, next) => {
    const mimeType = context.state.media.get(request.params.id)?.completed?.content?.mimeType;
    if (!mimeType) return next();
    response.type(mimeType).sendFile(request.params.id, { root: mediaDir(context), dotfiles: 'allow', maxAge: '1h' });
  });
}

export function mountMedia(router: Router, context: XContext): void {
  router.get(
    '/2/media/upload',
    apiEndpoint(context, 'GET /2/media/upload', MEDIA_SCOPES, (request, session) => status(context, request, session)),
  );
  router.post(
    '/2/media/metadata',
    apiEndpoint(context, 'POST /2/media/metadata', MEDIA_SCOPES, (request, session) =>
      describe(context, request, session),
    ),
  );
}

async function upload(context: XContext, request: Request, session: Session): Promise<Answer> {
  requireQuery(context, request, []);
  const { media: bytes, media_category: category } = await readUpload(context, request, uploadSchema);
  const { maxBytes } = CATEGORIES[category];
  if (bytes.length === 0) throw refused(context, 'The media has no bytes.');
  if (bytes.length > maxBytes) throw refused(context, `${category} file size must be <= ${maxBytes} bytes.`);
  const content = contentOf(category, bytes);
  if (!content) throw refused(context, 'media type unrecognized.');

  const now = context.clock.now();
  const id = context.state.nextId(now);
  context.write({
    platform: 'x',
    kind: 'media.initialized',
    ...{ id, userId: session.user.id, category, mediaType: content.mimeType, totalBytes: bytes.length },
    expiresAt: new Date(now.getTime() + context.options.mediaLifeS * 1000),
  });
  await saveMedia(context, id, bytes);
  return completeMedia(context, { id, category, size: bytes.length, content });
}

/** Ends an upload whose bytes are on the disk. */
export function completeMedia(
  context: XContext,
  {
    id,
    category,
    size,
    content,
  }: {
    readonly id: string;
    readonly category: CategoryName;
    readonly size: number;
    readonly content: Content | null;
  },
): Answer {
  const { mediaProcessingMs } = context.options;
  context.write({
    platform: 'x',
    kind: 'media.completed',
    ...{ id, content, size },
    asynchronous: isProcessedLater(category) || mediaProcessingMs > 0,
    availableAt: new Date(context.clock.now().getTime() + mediaProcessingMs),
  });
  const media = context.state.media.get(id);
  if (!media) throw notFound(context.options.fieldNames, 'media', 'id', id);
  return { status: 200, body: { data: mediaObject(context, media) } };
}

function status(context: XContext, request: Request, session: Session): Answer {
  requireQuery(context, request, ['command', 'media_id']);
  const command = query(context, request, 'command') ?? 'STATUS';
  if (command !== 'STATUS') {
    throw invalidQuery(
      context,
      'command',
      command,
      `The \`command\` query parameter value [${command}] is not one of [STATUS]`,
    );
  }
  const id = requireId(context, query(context, request, 'media_id') ?? '', 'media_id');
  const media = requireOwnMedia(context, session, id);
  return { status: 200, body: { data: mediaObject(context, media) } };
}

function describe(context: XContext, request: Request, session: Session): Answer {
  requireQuery(context, request, []);
  const body = readJson(context, request, bodyText(request), metadataSchema);
  const { id } = requireOwnMedia(context, session, body.id);
  const altText = body.metadata.alt_text.text;
  context.write({ platform: 'x', kind: 'media.described', id, altText });
  return { status: 200, body: { data: { id, associated_metadata: { alt_text: { text: altText } } } } };
}

export function refused(context: XContext, message: string): Error {
  return invalidRequest(context.options.fieldNames, message);
}
