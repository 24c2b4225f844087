/** What stands in a request's first line, made a path before anything looks at it. */
import type { RequestHandler } from 'express';
import { sendProblem } from './problem.ts';

/**
 * A whole address is the same as its path (RFC 9112, 3.2.2): how we are called is known from PUBLIC_URL alone. Before the
 * log, which tells by the path what it must leave out.
 */
export const plainTarget: RequestHandler = (req, _res, next) => {
  // Not `url`: Express puts a slash before what it takes for no address.
  if (/^https?:/i.test(req.originalUrl) && URL.canParse(req.originalUrl)) {
    const { pathname, search } = new URL(req.originalUrl);
    req.url = pathname + search;
    req.originalUrl = req.url;
  }
  next();
};

/** `*` and the like are for servers of another kind; Express's router would stumble over them. */
export const refuseOtherTargets: RequestHandler = (req, res, next) => {
  if (req.originalUrl.startsWith('/')) return next();
  sendProblem(req, res, {
    status: 400,
    title: 'That did not work',
    sentence: 'The request is malformed. Check the address.',
  });
};
