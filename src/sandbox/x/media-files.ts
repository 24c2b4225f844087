/** Uploaded media on the disk: one file each, and while a chunked upload runs one file per segment. */
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { saveUpload } from '../upload-file.ts';
import type { XContext } from './x-context.ts';

/** Enough to tell a container by. */
const BEGINNING = 64;

export function mediaDir(context: Pick<XContext, 'filesDir'>): string {
  return join(context.filesDir, 'x-media');
}

export async function saveMedia(context: XContext, id: string, bytes: Buffer): Promise<void> {
  await saveUpload(mediaDir(context), id, bytes);
}

/** Sent again, a segment replaces itself. */
export async function saveSegment(context: XContext, id: string, segment: number, bytes: Buffer): Promise<void> {
  await saveUpload(mediaDir(context), segmentName(id, segment), bytes);
}

/** Puts the segments together in order, one at a time through memory, and removes them. On the disk when it resolves. */
export async function joinSegments(context: XContext, id: string, segments: readonly number[]): Promise<void> {
  const file = await open(join(mediaDir(context), id), 'w', 0o600);
  try {
    for (const segment of segments) {
      for await (const part of createReadStream(join(mediaDir(context), segmentName(id, segment)))) {
        await file.write(part);
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function removeSegments(context: XContext, id: string, segments: readonly number[]): Promise<void> {
  for (const segment of segments) await rm(join(mediaDir(context), segmentName(id, segment)), { force: true });
}

/** The whole file, or its first bytes when that is enough. */
export async function readMedia(context: XContext, id: string, beginningOnly: boolean): Promise<Buffer> {
  const file = await open(join(mediaDir(context), id), 'r');
  try {
    if (!beginningOnly) return await file.readFile();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Uploaded bytes, which no longer belong to anything after a reset. */
export async function removeMediaFiles(filesDir: string): Promise<void> {
  await rm(mediaDir({ filesDir }), { recursive: true, force: true });
}

function segmentName(id: string, segment: number): string {
  return `${id}.${segment}`;
}
