/**
 * Front door 1. Everything a browser or a probe can reach, in the order a request passes it: id and log, security
 * headers, health (no session), our pages' style, web session, origin check, the ways in, images, the guard, the panel.
 */
import compression from 'compression';
import type { Express, Router } from 'express';
import pg from 'pg';
import type { AppContext } from '../context.ts';
import { poolConfig } from '../database/connection.ts';
import { createSignInLimiter } from '../identity/sign-in-limiter.ts';
import { accountRoutes } from './account-routes.ts';
import { adminBody } from './admin-body.ts';
import { connectRoutes } from './connect-routes.ts';
import { errorPage, notFoundPage } from './error-page.ts';
import { refuseMultipart } from './form-body.ts';
import { panelGuard } from './guard.ts';
import type { HealthOptions } from './health-routes.ts';
import { baseApp } from './health-server.ts';
import { linkedInRoutes } from './linkedin-routes.ts';
import { loginRoutes } from './login-routes.ts';
import { mediaRoutes } from './media-routes.ts';
import { originCheck } from './origin-check.ts';
import { pageAssets } from './page-assets.ts';
import { proxyHint } from './proxy-hint.ts';
import { secondStepRoutes } from './second-step-routes.ts';
import { securityTxt } from './security-txt.ts';
import { webSession } from './session.ts';
import { welcomeRoutes } from './welcome-routes.ts';

export interface ServerOptions extends HealthOptions {
  /** AdminJS, mounted at /admin behind the guard. */
  admin: Router;
  /** The first signs session cookies, all are accepted. */
  sessionSecrets: readonly string[];
  /** Where sessions and the sign-in limiter keep their rows: the product's database. */
  databaseUrl: string;
}

/** An Express app, and how to let go of what it holds once its last request is answered. */
export interface WebServer {
  app: Express;
  close(): Promise<void>;
}

const SESSION_CONNECTIONS = 4;

export function createServer(
  ctx: AppContext,
  { admin, sessionSecrets, databaseUrl, ...health }: ServerOptions,
): WebServer {
  const pool = new pg.Pool(poolConfig(databaseUrl, SESSION_CONNECTIONS));
  // Without a listener a connection that breaks while idle would end the process.
  pool.on('error', (error) => ctx.log.warn({ err: error }, 'a database connection of the sessions broke'));

  const app = baseApp(ctx, health);
  app.use(proxyHint(ctx));
  app.use(compression());
  app.use(pageAssets());
  app.use(securityTxt(ctx));
  app.use(originCheck(ctx));
  app.use(refuseMultipart);
  app.use(webSession(ctx, pool, sessionSecrets));
  app.get('/', (_req, res) => res.redirect(302, '/admin'));
  app.use(loginRoutes(ctx, createSignInLimiter(pool)));
  app.use(secondStepRoutes(ctx));
  app.use(accountRoutes(ctx));
  app.use(welcomeRoutes(ctx));
  app.use(linkedInRoutes(ctx));
  app.use(connectRoutes(ctx));
  app.use(mediaRoutes(ctx));
  app.use('/admin', panelGuard(ctx), adminBody(), admin);
  app.use(notFoundPage);
  app.use(errorPage(ctx));
  return { app, close: () => pool.end() };
}
