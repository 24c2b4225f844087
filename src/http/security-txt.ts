/** Where to report a weakness of this installation, for machines and people who look for it: RFC 9116. */
import { type RequestHandler, Router } from 'express';
import type { AppContext } from '../context.ts';

const PATH = '/.well-known/security.txt';
/** RFC 9116 wants an end of less than a year; whoever reads it later asks again. */
const GOOD_FOR_MS = 180 * 86_400_000;

/** Nothing is there unless the operator says who is to be told (SECURITY_CONTACT). */
export function securityTxt(ctx: Pick<AppContext, 'config' | 'clock'>): RequestHandler {
  const router = Router();
  const { securityContact, publicUrl } = ctx.config;
  if (securityContact === null) return router;
  router.get(PATH, (_req, res) => {
    const expires = new Date(ctx.clock.now().getTime() + GOOD_FOR_MS).toISOString();
    const lines = [`Contact: ${securityContact}`, `Expires: ${expires}`, `Canonical: ${publicUrl}${PATH}`];
    res.type('text/plain').setHeader('Cache-Control', 'public, max-age=3600');
    res.send(`${[...lines, 'Preferred-Languages: en'].join('\n')}\n`);
  });
  return router;
}
