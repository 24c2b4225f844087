/**
 * Reads the one kind of body that is a file: collected once, in memory of exactly its size, and never more than allowed.
 * Whatever is wrong with it is answered before it is read.
 */
import type { Request, Response } from 'express';
import { sizeInWords } from '../domain/image-rules.ts';
import { sendProblem } from './problem.ts';

/** @returns null when it was answered already, or when the sender went away */
export async function readUpload(req: Request, res: Response, limit: number): Promise<Buffer<ArrayBuffer> | null> {
  const refuse = (status: number, title: string, sentence: string) => {
    sendProblem(req, res, { status, title, sentence });
    return null;
  };
  if (req.is('multipart/form-data') || req.is('application/x-www-form-urlencoded') || req.is('json'))
    return refuse(
      415,
      'Send the file itself',
      'Send the bytes of the image as the body of the request, with its own Content-Type, not inside a form or JSON.',
    );
  if ((req.get('content-encoding') ?? 'identity') !== 'identity')
    return refuse(415, 'Send it unpacked', 'Send the image as it is, without Content-Encoding.');
  const length = lengthOf(req);
  if (length === null)
    return refuse(
      411,
      'How long is it?',
      'Say in Content-Length how many bytes the image has, and send it in one piece.',
    );
  if (length > limit)
    return refuse(
      413,
      'Too large',
      `This file has ${sizeInWords(length)}; an image may have ${Math.floor(limit / 1_000_000)} MB at most. Save it smaller, or as JPEG, and add it again.`,
    );
  return collect(req, length);
}

function lengthOf(req: Request): number | null {
  const given = req.get('content-length');
  if (given !== undefined && /^\d{1,15}$/.test(given)) return Number(given);
  // A POST without a body may come without a length.
  return req.headers['transfer-encoding'] === undefined ? 0 : null;
}

/** Node gives no more than was announced. */
async function collect(req: Request, length: number): Promise<Buffer<ArrayBuffer> | null> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  try {
    for await (const chunk of req) filled += (chunk as Buffer).copy(bytes, filled);
  } catch (error) {
    if (req.complete) throw error;
    return null; // broken off: nobody is there to be answered
  }
  return bytes;
}
