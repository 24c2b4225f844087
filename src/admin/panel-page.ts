/**
 * AdminJS's HTML made fit for a strict content policy: its inline scripts get the request's nonce, the state it inlines
 * is escaped, nothing is loaded from another host, and the bundles carry a version, so that they can be cached for long.
 */
import type { RequestHandler } from 'express';

/** What one page of the panel is made from. */
export interface PageParts {
  /** Changes whenever a script or the stylesheet does. */
  version: string;
  faviconPath: string;
}

/** Wraps `res.send` for the pages; `res.locals.cspNonce` is set by the front door. */
export function panelPages(parts: PageParts): RequestHandler {
  return (_req, res, next) => {
    const send = res.send.bind(res);
    res.send = (body: unknown) => {
      if (typeof body !== 'string' || !body.includes('window.REDUX_STATE')) return send(body);
      res.setHeader('Cache-Control', 'no-store');
      return send(securePage(body, parts, nonceOf(res.locals)));
    };
    next();
  };
}

/** Pure. @param nonce null when there is no content policy (a test without a front door) */
export function securePage(html: string, { version, faviconPath }: PageParts, nonce: string | null): string {
  const withState = escapeState(html);
  const versioned = withState
    .replace(
      /<link rel="stylesheet" href="https:\/\/fonts\.googleapis\.com[^>]*>/,
      `<link rel="icon" type="image/svg+xml" href="${faviconPath}?v=${version}">`,
    )
    .replace(/<html lang=[^>]*>/, '<html lang="en">')
    .replaceAll(/(\/frontend\/assets\/[\w.-]+\.(?:js|css))"/g, `$1?v=${version}"`);
  return nonce === null ? versioned : versioned.replaceAll('<script', `<script nonce="${nonce}"`);
}

/** The JSON between these two markers comes partly from people (names, titles): no character of it may end the script. */
const STATE_START = 'window.REDUX_STATE = ';
const STATE_END = ';\n        window.THEME = ';

function escapeState(html: string): string {
  const start = html.indexOf(STATE_START) + STATE_START.length;
  // JSON holds no raw line break, so the marker cannot be part of it.
  const end = html.indexOf(STATE_END, start);
  if (end === -1)
    throw new Error('the panel page has another shape than expected: its inlined state cannot be escaped');
  const state = html
    .slice(start, end)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return html.slice(0, start) + state + html.slice(end);
}

function nonceOf(locals: Record<string, unknown>): string | null {
  return typeof locals.cspNonce === 'string' ? locals.cspNonce : null;
}
