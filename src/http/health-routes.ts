import { createHash, timingSafeEqual } from 'node:crypto';
import { type Request, Router } from 'express';
import type { Registry } from 'prom-client';
import type { AppContext } from '../context.ts';
import { createMetrics } from './metrics.ts';

/** One part of the process: fine, or not, and a sentence that says what is wrong. */
export interface PartHealth {
  ok: boolean;
  message?: string;
  /** For the worker: how long the publication that waits longest has been due. */
  oldestOverdueSeconds?: number;
  /** For the worker: how many there are, in whichever process. */
  workersAlive?: number;
}

/** Looks at every part this process needs, such as `database`, `migrations`, `worker`. */
export type Readiness = () => Promise<Readonly<Record<string, PartHealth>>>;

export interface HealthOptions {
  readiness: Readiness;
  /** Left out: the product's figures and the process's own. */
  metrics?: Registry;
}

const READINESS_DEADLINE_MS = 5_000;

/** For whoever watches the process: alive, ready, and its figures. No session, no secrets. */
export function healthRoutes(ctx: AppContext, { readiness, metrics = createMetrics(ctx) }: HealthOptions): Router {
  const router = Router();

  router.get('/healthz', (_req, res) => {
    res.setHeader('Cache-Control', 'no-store').json({ status: 'ok' });
  });

  router.get('/readyz', async (req, res) => {
    const parts = await lookWithDeadline(ctx, readiness);
    const ready = Object.values(parts).every((part) => part.ok);
    if (!ready) ctx.log.warn({ requestId: res.locals.requestId, parts }, 'not ready');
    res.status(ready ? 200 : 503).setHeader('Cache-Control', 'no-store');
    res.json({
      status: ready ? 'ready' : 'not ready',
      checks: parts,
      ...(req.query.verbose === undefined ? {} : { role: ctx.config.role }),
    });
  });

  router.get('/metrics', async (req, res) => {
    if (!mayReadMetrics(ctx, req)) {
      res
        .status(403)
        .type('text/plain')
        .send('Metrics are for this machine only, or for whoever sends METRICS_TOKEN as a bearer token.\n');
      return;
    }
    res
      .setHeader('Cache-Control', 'no-store')
      .type(metrics.contentType)
      .send(await metrics.metrics());
  });

  return router;
}

/** A check that hangs, as a database behind a dead network does, counts as failed. */
async function lookWithDeadline(ctx: AppContext, readiness: Readiness): Promise<Readonly<Record<string, PartHealth>>> {
  const { promise: tooLate, resolve } = Promise.withResolvers<Record<string, PartHealth>>();
  const timer = setTimeout(
    () =>
      resolve({
        readiness: { ok: false, message: `The checks did not finish within ${READINESS_DEADLINE_MS / 1000} s.` },
      }),
    READINESS_DEADLINE_MS,
  );
  try {
    return await Promise.race([readiness(), tooLate]);
  } catch (error) {
    ctx.log.error({ err: error }, 'readiness check failed');
    return { readiness: { ok: false, message: 'A check failed unexpectedly; the log says more.' } };
  } finally {
    clearTimeout(timer);
  }
}

function mayReadMetrics(ctx: AppContext, req: Request): boolean {
  const { metricsToken } = ctx.config;
  const given = /^Bearer (.+)$/i.exec(req.get('authorization') ?? '')?.[1];
  if (metricsToken !== null && given !== undefined && sameText(given, metricsToken)) return true;
  return isLocal(ctx, req);
}

/**
 * Whether the real client is this machine. A proxy on this machine is a local peer too, and tells by a forwarding header
 * that the client is somebody else; only a proxy we were told to trust may say that it is not.
 */
function isLocal(ctx: AppContext, req: Request): boolean {
  if (!isLoopback(req.socket.remoteAddress)) return false;
  const forwarded = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-forwarded-host'].some(
    (name) => req.headers[name] !== undefined,
  );
  return (
    !forwarded ||
    (ctx.config.trustProxy !== false && req.headers['x-forwarded-for'] !== undefined && isLoopback(req.ip))
  );
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/.test(address);
}

/** Compares in a time that does not depend on where the texts differ. */
function sameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
