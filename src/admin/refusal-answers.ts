/**
 * Every "no" of the panel's API, in one shape: a 4xx status and `{"error": "<a sentence>"}`, together with the notice
 * that AdminJS's front end shows. AdminJS by itself answers 200 to what it refuses and 500, with the query in it, to
 * what it does not understand.
 */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { collision } from '../database/collision.ts';
import { CANNOT_SAVE, noteResourceFailure } from '../database/resource-failures.ts';
import { REFUSAL_STATUS, Refusal } from '../domain/refusal.ts';

/** Answers with a refusal. `fields` are messages for form fields. */
export function refuse(
  res: Response,
  status: number,
  message: string,
  fields: Readonly<Record<string, string>> = {},
): void {
  const errors = Object.fromEntries(
    Object.entries(fields).map(([field, text]) => [field, { type: 'invalid', message: text }]),
  );
  const type = status === 404 ? 'NotFoundError' : status === 403 ? 'ForbiddenError' : 'AppError';
  res.status(status).json({
    error: message,
    ...(Object.keys(fields).length > 0 ? { fields } : {}),
    notice: { message, type: 'error' },
    record: { params: {}, populated: {}, errors, baseError: { message, type } },
    records: [],
  });
}

/** Gives AdminJS's own refusals, which it sends as 200, their status and a sentence. */
export const refusalStatuses: RequestHandler = (_req, res, next) => {
  const send = res.send.bind(res);
  res.send = (body: unknown) => {
    const type = refusalTypeOf(body);
    if (type === null) return send(body);
    res.send = send;
    if (type === 'NotFoundError') refuse(res, 404, 'There is no such record, or you may not see it.');
    else refuse(res, 403, 'You may not do this.');
    return res;
  };
  next();
};

/** @param log where surprises go; the answer to them says nothing about the inside */
export function refusalAnswers(log: Logger): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) return next(error);
    const { requestId } = res.locals;
    if (error instanceof Refusal) return refuse(res, REFUSAL_STATUS[error.code], error.message, error.fields);
    const collided = collision(error);
    if (collided !== null) {
      log.warn({ requestId, err: error }, 'somebody else was faster');
      return refuse(res, REFUSAL_STATUS[collided.code], collided.message);
    }
    const { name, status } = describe(error);
    if (name === 'NotFoundError') return refuse(res, 404, 'There is no such record, or you may not see it.');
    if (name === 'ForbiddenError') return refuse(res, 403, 'You may not do this.');
    if (status === 413) return refuse(res, 413, 'This is too large. Shorten it and try again.');
    if (status === 415) return refuse(res, 415, 'The request must be JSON or a form without files.');
    if (status >= 400 && status < 500)
      return refuse(res, status, 'The request could not be read. Reload the page and try again.');
    log.error({ requestId, err: error }, 'the panel could not answer');
    if (noteResourceFailure(error) !== null) {
      res.setHeader('Retry-After', '10');
      return refuse(res, 503, CANNOT_SAVE);
    }
    return refuse(
      res,
      500,
      `Something went wrong on our side; nothing you typed is at fault. Try again, and if it stays tell an administrator the request id ${requestId}.`,
    );
  };
}

function describe(error: unknown): { name: string; status: number } {
  if (typeof error !== 'object' || error === null) return { name: '', status: 0 };
  const { name, status } = error as { name?: unknown; status?: unknown };
  return { name: typeof name === 'string' ? name : '', status: typeof status === 'number' ? status : 0 };
}

/** The type of the refusal inside an AdminJS answer; null when it is not one, or a form with field errors. */
function refusalTypeOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const { notice, record, error } = body as {
    notice?: { type?: unknown };
    record?: { baseError?: { type?: unknown } | null };
    error?: unknown;
  };
  if (error !== undefined || notice?.type !== 'error') return null;
  const type = record?.baseError?.type;
  return type === 'NotFoundError' || type === 'ForbiddenError' ? type : null;
}
