import type { RequestHandler } from 'express';
import type { AppContext } from '../context.ts';

/**
 * Warns once when requests come through a proxy that TRUST_PROXY does not know: everybody then has the proxy's address, so
 * that the sign-in limits of one are the limits of all, and the audit names no address worth having.
 */
export function proxyHint({ config, log }: Pick<AppContext, 'config' | 'log'>): RequestHandler {
  let warned = config.trustProxy !== false;
  return (req, _res, next) => {
    if (!warned && req.headers['x-forwarded-for'] !== undefined) {
      warned = true;
      log.warn(
        { address: req.ip },
        'a request came with X-Forwarded-For, which is not believed: if a proxy of yours stands in front, set TRUST_PROXY (1, or its address), or all visitors look like one',
      );
    }
    next();
  };
}
