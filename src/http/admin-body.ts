/**
 * Reads the bodies of the panel's requests before AdminJS would. Its own parser (formidable 1.x) writes every file part,
 * and every octet-stream, to disk; ours refuses them first, and bounds everything else. What is read is handed over in
 * the form express-formidable leaves behind, which makes AdminJS skip its own reading.
 */
import { isUtf8 } from 'node:buffer';
import express, { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';
import formidable from 'express-formidable';
import { Refusal } from '../domain/refusal.ts';
import { notUtf8, verifyForm, verifyJson } from './utf8-text.ts';

const MEGABYTE = 1024 * 1024;

declare global {
  namespace Express {
    interface Request {
      fields?: Record<string, unknown>;
      files?: Record<string, unknown>;
      express_formidable?: { parsed: boolean };
    }
  }
}

/** Mounted on /admin, behind the guard. */
export function adminBody(): RequestHandler {
  const router = Router();
  router.use(refuseUnknownTypes);
  router.use(express.json({ limit: MEGABYTE, strict: true, type: 'json', verify: verifyJson }));
  router.use(express.urlencoded({ extended: false, limit: MEGABYTE, parameterLimit: 1000, verify: verifyForm }));
  router.use(readMultipart);
  router.use((req, _res, next) => {
    const body: unknown = req.body;
    const fields = req.fields ?? (typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : {});
    req.fields = fields;
    req.files = {};
    req.express_formidable = { parsed: true };
    if (isTooDeep(fields)) next(new Refusal('invalid', TOO_DEEP));
    else next(Object.keys(fields).some(isTreacherous) ? new BodyRefused(400) : undefined);
  });
  return router;
}

/** formidable refuses parts of a form that are files before it opens one, and text that is none before it is handed on. */
const formidableOptions = {
  maxFields: 1000,
  maxFieldsSize: MEGABYTE,
  maxFileSize: 1,
  onPart(this: formidable.IncomingForm, part: formidable.Part): void {
    if (part.filename !== undefined) {
      this._error(new BodyRefused(415));
      return;
    }
    // No more than maxFieldsSize of it is ever here: handlePart counts.
    const pieces: Buffer[] = [];
    part.on('data', (piece: Buffer) => void pieces.push(piece));
    part.on('end', () => {
      if (!isUtf8(Buffer.concat(pieces))) this._error(notUtf8());
    });
    this.handlePart(part);
  },
};

class BodyRefused extends Error {
  override readonly name = 'BodyRefused';
  readonly status: number;

  constructor(status: number) {
    super('The body of this request is not accepted.');
    this.status = status;
  }
}

/** No form of ours goes beyond four. AdminJS folds and unfolds what is sent level by level, on the stack. */
const DEEPEST = 20;
const TOO_DEEP =
  'What was sent is nested too deeply to be one of our forms, so it was not read. Reload the page and try again.';

/** A name with dots is as deep as the objects it stands for. Without recursion: the stack is what this saves. */
function isTooDeep(fields: Record<string, unknown>): boolean {
  const waiting: { value: unknown; depth: number }[] = [{ value: fields, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, depth } = next;
    if (depth > DEEPEST) return true;
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, inner] of Object.entries(value))
      waiting.push({ value: inner, depth: depth + name.split('.').length });
  }
  return false;
}

/** AdminJS unfolds `a.b.c` into nested objects; these names would reach every object's prototype. */
function isTreacherous(name: string): boolean {
  return name.split('.').some((part) => part === '__proto__' || part === 'constructor' || part === 'prototype');
}

function refuseUnknownTypes(req: Request, _res: Response, next: NextFunction): void {
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  next(hasBody && req.is(['json', 'urlencoded', 'multipart/form-data']) === false ? new BodyRefused(415) : undefined);
}

function readMultipart(req: Request, res: Response, next: NextFunction): void {
  if (!req.is('multipart/form-data')) {
    next();
    return;
  }
  // formidable 1.x keeps only the last value of a repeated key; a plain form keeps them all, so this does too.
  const values = new Map<string, string[]>();
  const collect: formidable.FieldEvent = {
    event: 'field',
    action: (_req: Request, _res: Response, _next: NextFunction, name: string, value: string) => {
      values.set(name, [...(values.get(name) ?? []), value]);
    },
  };
  // express-formidable reports a failure twice, and passing on the second would answer the request twice.
  let passed = false;
  formidable(formidableOptions, [collect])(req, res, (error?: unknown) => {
    if (passed) return;
    passed = true;
    req.fields = Object.fromEntries([...values].map(([name, given]) => [name, given.length === 1 ? given[0] : given]));
    // What formidable complains about is always what was sent: a missing boundary, a broken part, too much.
    if (error === undefined || error instanceof BodyRefused || error instanceof Refusal) next(error);
    else next(new BodyRefused(/exceeded/.test(String(error)) ? 413 : 400));
  });
}
