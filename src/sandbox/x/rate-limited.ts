/** Runs an API endpoint for a signed-in user: token, window, scopes, then the endpoint itself; the window shows on every reply. */
import type { Request, RequestHandler } from 'express';
import { type Answer, whole } from '../transmit.ts';
import { requireScopes, requireSession, type Session } from './bearer-session.ts';
import { ApiError, rateLimited } from './problem.ts';
import { APPLICATION, type LimitName, NOBODY, type Standing } from './rate-limits.ts';
import { respond, type XContext } from './x-context.ts';

/** @param scopes all of them are needed */
export function apiEndpoint(
  context: XContext,
  limit: LimitName,
  scopes: readonly string[],
  decide: (request: Request, session: Session) => Answer | Promise<Answer>,
): RequestHandler {
  return async (request, response) => {
    let answer: Answer;
    let who = NOBODY;
    try {
      const session = requireSession(context, request);
      who = session.user.id;
      spendCall(context, limit, who);
      requireScopes(session, scopes);
      answer = await decide(request, session);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      answer = error.answer;
    }
    await respond(context, response, whole(answer), windowHeaders(context, limit, who));
  };
}

/** Reading and uploading may forget their windows over a restart; what creating posts spends is journalled instead. */
function spendCall(context: XContext, limit: LimitName, who: string): void {
  if (!context.options.rateLimits) return;
  const now = context.clock.now();
  if (context.state.limits.standing(limit, who, now).remaining === 0) throw rateLimited();
  context.state.limits.spend(limit, who, now);
}

/**
 * Counts a create call against its three windows.
 * @throws ApiError 429 when one of them is used up; the headers tell which
 */
export function spendCreate(context: XContext, userId: string, receivedAt: Date): void {
  if (!context.options.rateLimits) return;
  const { limits } = context.state;
  const used = [
    limits.standing('POST /2/tweets', userId, receivedAt),
    limits.standing('posts of a user', userId, receivedAt),
    limits.standing('posts of the app', APPLICATION, receivedAt),
  ].some(({ remaining }) => remaining === 0);
  if (used) throw rateLimited();
  context.write({ platform: 'x', kind: 'create.counted', userId, countedAt: receivedAt });
}

/** @param who a user's id, or `NOBODY`, whose window is always full */
export function windowHeaders(context: XContext, limit: LimitName, who: string): Record<string, string> {
  return headersOf('x-rate-limit', standing(context, limit, who));
}

/** Creating posts also shows the windows of 24 hours. */
export function createHeaders(context: XContext, who: string): Record<string, string> {
  return {
    ...windowHeaders(context, 'POST /2/tweets', who),
    ...headersOf('x-user-limit-24hour', standing(context, 'posts of a user', who)),
    ...headersOf('x-app-limit-24hour', standing(context, 'posts of the app', APPLICATION)),
  };
}

function standing(context: XContext, limit: LimitName, who: string): Standing {
  return context.state.limits.standing(limit, who, context.clock.now());
}

function headersOf(prefix: string, { limit, remaining, reset }: Standing): Record<string, string> {
  return {
    [`${prefix}-limit`]: String(limit),
    [`${prefix}-remaining`]: String(remaining),
    [`${prefix}-reset`]: String(reset),
  };
}
