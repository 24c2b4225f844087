import type { RequestHandler } from 'express';
import type { AppContext } from '../context.ts';
import { sendProblem } from './problem.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests that another site made the browser send. Browsers say where a request comes from in `Sec-Fetch-Site`;
 * those that do not say it in `Origin`. Who says neither is not let through either.
 */
export function originCheck(ctx: AppContext): RequestHandler {
  return (req, res, next) => {
    if (SAFE_METHODS.has(req.method)) return next();
    const site = req.get('sec-fetch-site');
    const ours = site === undefined ? req.get('origin') === ctx.config.publicUrl : site === 'same-origin';
    if (ours) return next();
    ctx.log.warn(
      { requestId: res.locals.requestId, site, origin: req.get('origin') },
      'refused a request from another site',
    );
    sendProblem(req, res, {
      status: 403,
      title: 'Not from here',
      sentence: `This request did not come from a page of ${ctx.config.publicUrl}, so it was refused and nothing was changed. Open that address and try again there.`,
    });
  };
}
