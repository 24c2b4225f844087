import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';

declare global {
  namespace Express {
    /** What our middleware has found out about a request so far. */
    interface Locals {
      requestId: string;
      cspNonce: string;
      /** The signed-in person, read afresh for this request; absent for a visitor. */
      actor?: Actor;
    }
  }
}

/**
 * Gives every request an id, sent back as `X-Request-Id` and shown on error pages, and writes one log line when it is
 * answered. Query strings (authorization codes, state) and the secret part of links never reach the log.
 */
export function requestLog(ctx: AppContext): RequestHandler {
  return (req, res, next) => {
    const started = process.hrtime.bigint();
    const requestId = idFromProxy(ctx, req.get('x-request-id')) ?? randomUUID();
    res.locals.requestId = requestId;
    res.setHeader('X-Request-Id', requestId);
    const path = loggablePath(req.originalUrl);
    res.on('close', () => {
      const line = {
        requestId,
        method: req.method,
        path,
        status: res.statusCode,
        ms: Math.round(Number(process.hrtime.bigint() - started) / 1e4) / 100,
        address: req.ip,
        ...(res.locals.actor === undefined ? {} : { user: res.locals.actor.id }),
        ...(res.writableFinished ? {} : { aborted: true }),
      };
      if (isNoise(path)) ctx.log.debug(line, 'request');
      else ctx.log.info(line, 'request');
    });
    next();
  };
}

/** An id given by our own proxy ties its log to ours; anybody else's is not taken. */
function idFromProxy(ctx: AppContext, id: string | undefined): string | null {
  return ctx.config.trustProxy !== false && id !== undefined && /^[\w-]{8,64}$/.test(id) ? id : null;
}

/** @returns the path without its query, without the token of a set-up or invitation link, and without words that are searched for */
export function loggablePath(originalUrl: string): string {
  const path = originalUrl.split(/[?#]/, 1)[0] ?? '/';
  return withoutWords(path.replace(/^\/(setup|invitations)\/[^/]+/i, '/$1/[token]')).slice(0, 300);
}

/** In the panel's API what follows the name of an action is text of a person: `search/…` and `actions/search/…`. */
function withoutWords(path: string): string {
  const [api, kind, ...rest] = path.split(/^(\/admin\/api\/resources\/[^/]*)\/([^/]*)/i).slice(1);
  if (api === undefined || kind === undefined) return path;
  const [, ...parts] = (rest[0] ?? '').split('/');
  // However it is written: Express finds a route in whatever letters, and the gate reads what is encoded.
  const known = /^search$/i.test(decoded(kind)) ? 0 : /^records$/i.test(decoded(kind)) ? 2 : 1;
  return [api, kind, ...parts.slice(0, known), ...(parts.length > known ? ['[words]'] : [])].join('/');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

function isNoise(path: string): boolean {
  return /^\/(healthz|readyz|metrics|assets\/|admin\/frontend\/)/.test(path);
}
