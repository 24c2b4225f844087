import { randomBytes } from 'node:crypto';
import { type RequestHandler, Router } from 'express';
import helmet from 'helmet';
import type { AppContext } from '../context.ts';

/**
 * Headers of every answer. Scripts run only from our own host or with this request's nonce (`res.locals.cspNonce`, which
 * the panel puts on AdminJS's inline scripts); nothing is loaded from other hosts.
 */
export function securityHeaders(ctx: AppContext): RequestHandler {
  const https = ctx.config.publicUrl.startsWith('https:');
  const router = Router();
  router.use((_req, res, next) => {
    res.locals.cspNonce = randomBytes(16).toString('base64');
    // Nothing here uses any of these, so no script that got in shall either.
    res.setHeader('Permissions-Policy', UNUSED_FEATURES.map((feature) => `${feature}=()`).join(', '));
    next();
  });
  router.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          scriptSrc: ["'self'", (_req, res) => `'nonce-${nonceOf(res)}'`],
          scriptSrcAttr: ["'none'"],
          // styled-components, which AdminJS is built with, writes style elements at run time.
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          fontSrc: ["'self'", 'data:'],
          connectSrc: ["'self'"],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
      xFrameOptions: { action: 'deny' },
      // Not `no-referrer`: under it browsers send `Origin: null` with our own forms, and the origin check would refuse them.
      referrerPolicy: { policy: 'same-origin' },
    }),
  );
  return router;
}

const UNUSED_FEATURES = [
  'accelerometer',
  'browsing-topics',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'hid',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'usb',
  'xr-spatial-tracking',
];

/** helmet knows the response only as Node's own. */
function nonceOf(res: object): string {
  const locals = 'locals' in res ? res.locals : null;
  return typeof locals === 'object' && locals !== null && 'cspNonce' in locals ? String(locals.cspNonce) : '';
}
