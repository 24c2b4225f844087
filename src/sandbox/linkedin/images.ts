/** The Images API: initialize an upload, put the bytes, read the status; and what a post may refer to. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Request, type Router, raw } from 'express';
import { z } from 'zod';
import { acceptedImageType } from '../image-facts.ts';
import type { Answer } from '../transmit.ts';
import { saveUpload } from '../upload-file.ts';
import { inputError, refusal } from './api-error.ts';
import { requireActor, requireSession } from './bearer-session.ts';
import { endpoint, type LinkedinContext } from './linkedin-context.ts';
import type { Image } from './linkedin-state.ts';
import { readJson, requireQuery, requireRestHeaders } from './request-rules.ts';

const UPLOAD_LIFE_MS = 60 * 60_000;
const MAX_ALT_TEXT = 4_086;
/** LinkedIn publishes no byte limit; this one only keeps the sandbox's memory in bounds. */
const MAX_UPLOAD = '100mb';

const WRITE_SCOPES = { person: ['w_member_social'], organization: ['w_organization_social'] };
/** With only w_member_social the status of an image cannot be read. */
const READ_SCOPES = { person: ['r_member_social'], organization: ['w_organization_social', 'r_organization_social'] };

const initializeSchema = z.strictObject({ initializeUploadRequest: z.strictObject({ owner: z.string() }) });

export function mountImages(router: Router, context: LinkedinContext): void {
  router.post(
    '/rest/images',
    endpoint(context, (request) => initialize(context, request)),
  );
  router.get(
    '/rest/images/:urn',
    endpoint(context, (request) => readOne(context, request)),
  );
}

/** Mounted before the JSON-as-text parser: this body is bytes. */
export function mountUpload(router: Router, context: LinkedinContext): void {
  router.put(
    '/dms-uploads/:key/image',
    raw({ type: () => true, limit: MAX_UPLOAD }),
    endpoint(context, (request) => upload(context, request)),
  );
  router.get('/media/:id', async (request, response, next) => {
    const image = context.state.images.get(`urn:li:image:${request.params.id}`);
    const mimeType = image?.upload?.mimeType;
    if (!mimeType) return next();
    response.type(mimeType).sendFile(request.params.id, { root: imagesDir(context), dotfiles: 'allow', maxAge: '1h' });
  });
}

/**
 * The images a post refers to, in the form the ledger keeps.
 * @throws ApiError 400 for one that does not exist, is somebody else's, or is not ready
 */
export function readImages(
  context: LinkedinContext,
  author: string,
  images: readonly { id: string; altText?: string | undefined }[],
  fieldPath: string,
): { urn: string; altText: string }[] {
  return images.map(({ id, altText = '' }, index) => {
    const path = images.length === 1 ? `${fieldPath}/id` : `${fieldPath}/${index}/id`;
    if (!id.startsWith('urn:li:image:')) throw inputError('INVALID_URN_TYPE', path, `${id} is not the URN of an image`);
    const image = context.state.images.get(id);
    if (!image) throw inputError('INVALID_IMAGE_ID', path, `${id} does not exist`);
    if (image.owner !== author) throw inputError('INVALID_IMAGE_ID', path, `${id} is not owned by ${author}`);
    if (altText.length > MAX_ALT_TEXT) {
      throw inputError(
        'FIELD_LENGTH_TOO_LONG',
        path.replace(/id$/, 'altText'),
        `altText is at most ${MAX_ALT_TEXT} characters long`,
      );
    }
    const status = statusOf(context, image);
    if (status === 'PROCESSING_FAILED')
      throw inputError('MEDIA_ASSET_PROCESSING_FAILED', path, `${id} could not be processed`);
    if (status !== 'AVAILABLE') throw inputError('MEDIA_ASSET_WAITING_UPLOAD', path, `${id} is ${status}`);
    return { urn: id, altText };
  });
}

function initialize(context: LinkedinContext, request: Request): Answer {
  const session = requireSession(context, request);
  const version = requireRestHeaders(request, context.clock.now());
  requireQuery(request, ['action']);
  if (request.query.action !== 'initializeUpload')
    throw refusal(400, 'ILLEGAL_ARGUMENT', 'Only the action initializeUpload is offered');
  const { owner } = readJson(request, initializeSchema).initializeUploadRequest;
  const resource = `partnerApiImages.ACTION-initializeUpload.${version}`;
  requireActor(context, session, { urn: owner, fieldPath: 'initializeUploadRequest/owner' }, WRITE_SCOPES, resource);

  const urn = `urn:li:image:C4E${randomBytes(12).toString('hex')}`;
  const uploadKey = randomBytes(24).toString('base64url');
  const uploadExpiresAt = new Date(context.clock.now().getTime() + UPLOAD_LIFE_MS);
  context.write({ platform: 'linkedin', kind: 'image.initialized', urn, owner, uploadKey, uploadExpiresAt });
  const uploadUrl = `${context.baseUrl()}/linkedin/dms-uploads/${uploadKey}/image`;
  return { status: 200, body: { value: { uploadUrlExpiresAt: uploadExpiresAt.getTime(), uploadUrl, image: urn } } };
}

async function upload(context: LinkedinContext, request: Request): Promise<Answer> {
  const session = requireSession(context, request);
  const image = [...context.state.images.values()].find((candidate) => candidate.uploadKey === request.params.key);
  if (!image) throw refusal(404, 'RESOURCE_NOT_FOUND', 'No such upload');
  requireActor(context, session, { urn: image.owner, fieldPath: 'owner' }, WRITE_SCOPES, 'dms-uploads.PUT');
  const now = context.clock.now();
  if (now >= image.uploadExpiresAt) throw inputError('EXPIRED_UPLOAD_URL', 'uploadUrl', 'The upload URL has expired');
  const bytes: unknown = request.body;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) throw refusal(411, 'LENGTH_REQUIRED', 'The upload has no bytes');

  await saveUpload(imagesDir(context), mediaId(image.urn), bytes);
  const availableAt = new Date(now.getTime() + context.options.imageProcessingMs);
  context.write({
    platform: 'linkedin',
    kind: 'image.uploaded',
    urn: image.urn,
    mimeType: acceptedImageType(bytes),
    availableAt,
  });
  return { status: 201 };
}

export function imagesDir(context: Pick<LinkedinContext, 'filesDir'>): string {
  return join(context.filesDir, 'linkedin-images');
}

/** The last part of an image's URN; made by us, so safe as a file's name. */
export function mediaId(urn: string): string {
  return urn.slice('urn:li:image:'.length);
}

function readOne(context: LinkedinContext, request: Request): Answer {
  const session = requireSession(context, request);
  const version = requireRestHeaders(request, context.clock.now());
  const urn = String(request.params.urn);
  const image = context.state.images.get(urn);
  const owner = image?.owner ?? `urn:li:person:${session.member.sub}`;
  requireActor(context, session, { urn: owner, fieldPath: 'owner' }, READ_SCOPES, `partnerApiImages.GET.${version}`);
  if (!image) throw refusal(404, 'NOT_FOUND', `Could not find entity ${urn}`);
  const status = statusOf(context, image);
  const downloadUrl =
    status === 'AVAILABLE' ? { downloadUrl: `${context.baseUrl()}/linkedin/media/${mediaId(urn)}` } : {};
  return { status: 200, body: { id: urn, owner, status, ...downloadUrl } };
}

function statusOf(
  context: LinkedinContext,
  image: Image,
): 'WAITING_UPLOAD' | 'PROCESSING' | 'AVAILABLE' | 'PROCESSING_FAILED' {
  if (!image.upload) return 'WAITING_UPLOAD';
  if (context.clock.now() < image.upload.availableAt) return 'PROCESSING';
  return image.upload.mimeType ? 'AVAILABLE' : 'PROCESSING_FAILED';
}
