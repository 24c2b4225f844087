import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { AppContext } from '../context.ts';
import { collision } from '../database/collision.ts';
import { CANNOT_SAVE, noteResourceFailure, resourceFailure } from '../database/resource-failures.ts';
import { REFUSAL_STATUS, Refusal } from '../domain/refusal.ts';
import { isDatabaseOutage } from './database-outage.ts';
import { type Problem, sendProblem } from './problem.ts';

export const notFoundPage: RequestHandler = (req, res) => {
  sendProblem(req, res, { status: 404, title: 'Nothing here', sentence: 'There is no page at this address.' });
};

/** The last resort: whatever a route threw becomes a plain answer without internals; the log gets the details. */
export function errorPage(ctx: AppContext): ErrorRequestHandler {
  return (thrown: unknown, req, res, _next) => {
    const { requestId } = res.locals;
    noteResourceFailure(thrown);
    const collided = collision(thrown);
    if (collided !== null) ctx.log.warn({ requestId, err: thrown }, 'somebody else was faster');
    const error = collided ?? thrown;
    const problem = describe(error);
    if (problem.status >= 500) ctx.log.error({ requestId, err: error }, 'request failed');
    // Without the error itself: what a body parser stumbled over is in its message, and may be a password.
    else ctx.log.debug({ requestId, status: problem.status, reason: nameOf(error) }, 'request refused');
    if (res.headersSent) {
      // Express's own handler would cut the connection, which is right only while the answer is incomplete.
      if (!res.writableEnded) res.destroy();
      return;
    }
    if (problem.status === 503) res.setHeader('Retry-After', '10');
    sendProblem(req, res, problem);
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}

function describe(error: unknown): Problem {
  if (error instanceof Refusal) {
    const status = REFUSAL_STATUS[error.code];
    return { status, title: REFUSAL_TITLE[error.code], sentence: error.message, fields: error.fields };
  }
  const status = statusOf(error);
  if (status !== null)
    return {
      status,
      title: 'That did not work',
      sentence: CLIENT_SENTENCE[status] ?? 'The request could not be understood.',
    };
  if (isDatabaseOutage(error)) {
    return {
      status: 503,
      title: 'Back in a moment',
      sentence: 'The database does not answer just now, so nothing could be read or saved. Try again in a few seconds.',
    };
  }
  if (resourceFailure(error) !== null) return { status: 503, title: 'Nothing can be saved', sentence: CANNOT_SAVE };
  return {
    status: 500,
    title: 'Something went wrong',
    sentence: 'This was our fault, not yours. Try again; if it stays, tell your administrator the request id.',
  };
}

const REFUSAL_TITLE = {
  invalid: 'Please check',
  forbidden: 'Not allowed',
  'not-found': 'Nothing here',
  conflict: 'That does not fit any more',
  'too-many': 'Too many tries',
} as const;

/** What Express, its body parsers and AdminJS mark with a status of their own. Their messages are not for people. */
function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null;
  const status = 'statusCode' in error ? error.statusCode : 'status' in error ? error.status : null;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

const CLIENT_SENTENCE: Readonly<Record<number, string>> = {
  400: 'The request is malformed. Check the address, or go back and send the form again.',
  403: 'You may not do this.',
  404: 'There is no such thing here, or you may not see it.',
  413: 'This is too large to be sent here.',
  415: 'This kind of content is not accepted here. Files cannot be uploaded, and text has to be UTF-8.',
};
