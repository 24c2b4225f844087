import type { Request, Response } from 'express';
import type { AppContext } from '../context.ts';
import { cookieFlags } from './session.ts';

const REMEMBERED_MS = 15 * 60_000;

/** Remembers where a visitor wanted to go, in his own cookie: a visitor who never signs in leaves no row behind. */
export function rememberReturnPath(ctx: AppContext, req: Request, res: Response): void {
  const path = safeReturnPath(req.originalUrl);
  if (req.method === 'GET' && path !== null && path !== '/admin') {
    res.cookie(cookieName(ctx), path, { ...cookieFlags(ctx), maxAge: REMEMBERED_MS });
  }
}

/** @returns where to go after signing in; forgets it */
export function takeReturnPath(ctx: AppContext, req: Request, res: Response): string {
  const value = new RegExp(`(?:^|;\\s*)${cookieName(ctx)}=([^;]*)`).exec(req.get('cookie') ?? '')?.[1];
  if (value === undefined) return '/admin';
  res.clearCookie(cookieName(ctx), cookieFlags(ctx));
  return safeReturnPath(decoded(value)) ?? '/admin';
}

/** Like the session's: with https no other host can plant it. */
function cookieName(ctx: AppContext): string {
  return cookieFlags(ctx).secure ? '__Host-return_to' : 'return_to';
}

/** Only pages of the panel and of one's own sign-in: a path that a browser could read as another host never gets through. */
export function safeReturnPath(path: string): string | null {
  const shaped = /^\/(?:admin|account)(?:[/?][\w\-./~%!$&'()*+,;=:@?]*)?$/.test(path);
  return path.length <= 1000 && shaped && !path.includes('//') && !climbs(path) ? path : null;
}

/** A browser takes `/admin/../login`, however it is written, for another page. */
function climbs(path: string): boolean {
  return new URL(path, 'http://here').pathname !== path.split('?', 1)[0];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    if (error instanceof URIError) return '';
    throw error;
  }
}
