/** The bytes of a photo: taken from a call, checked, kept in a file, and recorded. A recorded photo is invisible until a post shows it. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SandboxContext } from '../sandbox-platform.ts';
import { saveUpload } from '../upload-file.ts';
import type { FacebookContext } from './facebook-context.ts';
import type { Photo } from './facebook-state.ts';
import { GraphError } from './graph-error.ts';
import { flagOf, type GraphCall, textOf } from './graph-request.ts';
import { requirePhoto } from './photo-rules.ts';
import type { Page } from './sample-people.ts';

export type Upload = Omit<Photo, 'id' | 'pageId' | 'createdAt' | 'postId'>;

/** @throws GraphError 324 without a file, 100/1366046 for one that is no photo Facebook takes */
export async function readUpload(context: FacebookContext, call: GraphCall): Promise<Upload> {
  const source = call.files.get('source');
  if (!source) throw noFile(call);
  const facts = requirePhoto(Buffer.from(source));
  const file = randomBytes(16).toString('hex');
  await saveUpload(photosDir(context), file, source);
  return {
    ...facts,
    file,
    caption: textOf(call, 'caption') ?? textOf(call, 'message') ?? '',
    altText: textOf(call, 'alt_text_custom') ?? '',
    temporary: flagOf(call, 'temporary', false),
  };
}

/** @returns the photo's id */
export function recordPhoto(context: FacebookContext, page: Page, upload: Upload, createdAt: Date): string {
  const id = context.state.nextId(createdAt);
  context.write({ platform: 'facebook', kind: 'photo.uploaded', id, pageId: page.id, createdAt, ...upload });
  return id;
}

export function photosDir({ filesDir }: Pick<SandboxContext, 'filesDir'>): string {
  return join(filesDir, 'facebook-photos');
}

function noFile(call: GraphCall): GraphError {
  // A limit of the sandbox, not of Facebook: it opens no connections, so it cannot fetch a picture from an address.
  if (textOf(call, 'url') !== null)
    return new GraphError(
      324,
      '(#324) Missing or invalid image file: the sandbox fetches no url, send the bytes as source',
    );
  return new GraphError(324, '(#324) Requires upload file');
}
