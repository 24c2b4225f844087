import type { Request, RequestHandler, Response } from 'express';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { sendProblem, wantsJson } from './problem.ts';
import { rememberReturnPath } from './return-path.ts';

/**
 * Lets only signed-in people into the panel. Gives AdminJS its `currentAdmin`: the whole Actor, plus the `title` its
 * menu shows. It is set on the session object for this request only and never stored.
 */
export function panelGuard(ctx: AppContext): RequestHandler {
  return (req, res, next) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    Object.defineProperty(req.session, 'adminUser', {
      value: { ...actor, title: actor.name },
      enumerable: false,
      configurable: true,
    });
    res.setHeader('Cache-Control', 'no-store');
    next();
  };
}

/**
 * @returns the signed-in person; or null after having answered: programs get 401, people the sign-in page; and who has to
 * add a second factor first gets 403, or the page where he can
 */
export function requireActor(ctx: AppContext, req: Request, res: Response): Actor | null {
  const actor = requireSignedIn(ctx, req, res);
  if (actor === null || res.locals.secondFactorMissing === undefined) return actor;
  if (wantsJson(req))
    sendProblem(req, res, {
      status: 403,
      title: 'Two-step sign-in is required',
      sentence: 'Superusers need two-step sign-in here. Reload the page to set it up.',
    });
  else res.redirect(302, '/account/second-factor');
  return null;
}

/** The same without asking for a second factor, for the pages where one is added. */
export function requireSignedIn(ctx: AppContext, req: Request, res: Response): Actor | null {
  const { actor } = res.locals;
  if (actor !== undefined) return actor;
  if (wantsJson(req))
    sendProblem(req, res, {
      status: 401,
      title: 'Sign in',
      sentence: 'You are not signed in, or your session has ended. Sign in and try again.',
    });
  else {
    rememberReturnPath(ctx, req, res);
    res.redirect(302, '/login');
  }
  return null;
}
