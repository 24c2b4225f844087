/** Who is calling, and what may they do: bearer tokens and scopes. */
import type { Request } from 'express';
import { digest } from '../digest.ts';
import { type ApiError, bareProblem, notFound } from './problem.ts';
import type { User } from './sample-users.ts';
import type { XContext } from './x-context.ts';
import type { Media, Token } from './x-state.ts';

export interface Session {
  readonly user: User;
  readonly token: Token;
}

/**
 * X says the same of a missing, unknown, expired and revoked token, and sometimes of a healthy one.
 * @throws ApiError 401
 */
export function requireSession(context: XContext, request: Request): Session {
  const bearer = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
  const token = bearer === undefined ? undefined : context.state.tokens.get(digest(bearer));
  const user = token && context.state.users.get(token.userId);
  if (!token || !user || token.revoked || context.clock.now() >= token.expiresAt) throw unauthorized();
  const fault = tokenFault(context, token);
  if (fault) {
    context.write({ platform: 'x', kind: 'fault.used', account: user.id });
    throw unauthorized();
  }
  return { user, token };
}

/** X asks for all the scopes of an endpoint and does not say which is missing. */
export function requireScopes(session: Session, scopes: readonly string[]): void {
  if (!scopes.every((scope) => session.token.scopes.includes(scope))) throw bareProblem(403, 'Forbidden');
}

/** Whether the switch says that the user took the app's access back; the refresh token is dead as well then. */
export function isTakenBack(context: XContext, token: Token): boolean {
  return tokenFault(context, token) === 'revoked';
}

/** The user's own medium that can still be used. @throws ApiError 404 for every other */
export function requireOwnMedia(context: XContext, session: Session, id: string): Media {
  const media = context.state.media.get(id);
  if (!media || media.userId !== session.user.id || context.clock.now() >= media.expiresAt) {
    throw notFound(context.options.fieldNames, 'media', 'id', id);
  }
  return media;
}

/** A token issued after the switch was set is a new connection, or a refreshed one, and works; a blip hits any. */
function tokenFault(context: XContext, token: Token): 'revoked' | 'expired token' | '401 blip' | null {
  const setting = context.faults.get('x', token.userId);
  if (setting?.fault === '401 blip') return setting.fault;
  if (!setting || token.issuedAt > setting.setAt) return null;
  return setting.fault === 'revoked' || setting.fault === 'expired token' ? setting.fault : null;
}

function unauthorized(): ApiError {
  return bareProblem(401, 'Unauthorized');
}
