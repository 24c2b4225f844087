/**
 * Keeps other websites from flipping switches or consenting through a visitor's browser.
 *
 * A browser says where a request comes from (`Sec-Fetch-Site`, `Origin`); programs such as curl and the tests send neither
 * and pass. `Origin` is compared with known addresses and not with `Host`, which a rebound DNS name would satisfy.
 */
import type { Request, RequestHandler } from 'express';

/** @param origins the addresses under which the sandbox's own pages are served, e.g. `http://localhost:3001` */
export function requireSameOrigin(origins: () => readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD' || isTrusted(request, origins())) return next();
    response.status(403).json({ error: 'This request came from another website. Use the sandbox’s own page.' });
  };
}

function isTrusted(request: Request, origins: readonly string[]): boolean {
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  if (site !== undefined && site !== 'same-origin') return false;
  return origin === undefined || origins.includes(origin);
}
