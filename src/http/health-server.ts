import express, { type Express } from 'express';
import type { AppContext } from '../context.ts';
import { errorPage, notFoundPage } from './error-page.ts';
import { type HealthOptions, healthRoutes } from './health-routes.ts';
import { requestLog } from './request-log.ts';
import { plainTarget, refuseOtherTargets } from './request-target.ts';
import { securityHeaders } from './security-headers.ts';

/** What a process with ROLE=worker serves: whether it lives, whether it is ready, its figures. Nothing else. */
export function createHealthServer(ctx: AppContext, options: HealthOptions): Express {
  const app = baseApp(ctx, options);
  app.use(notFoundPage);
  app.use(errorPage(ctx));
  return app;
}

/** What every process serves first: id and log, security headers, health. */
export function baseApp(ctx: AppContext, health: HealthOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', ctx.config.trustProxy);
  app.use(plainTarget);
  app.use(requestLog(ctx));
  app.use(securityHeaders(ctx));
  app.use(refuseOtherTargets);
  app.use(healthRoutes(ctx, health));
  return app;
}
