/**
 * The web session: a row in Postgres, named by a signed cookie that only our own host gets and no script can read. It
 * ends 12 hours after the last request and 7 days after signing in, whichever comes first; signing in always gives it a
 * new id, signing out deletes it. It holds ids and pending sign-ins, never a readable token.
 */
import connectPgSimple from 'connect-pg-simple';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import session from 'express-session';
import type pg from 'pg';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { loadActor } from '../identity/actor.ts';
import type { PendingConsent } from './pending-consent.ts';
import type { PendingGrant } from './pending-grant.ts';

declare module 'express-session' {
  interface SessionData {
    userId: string;
    /** ISO 8601. */
    signedInAt: string;
    /** Hash of an invitation link that was opened in this session. */
    invitationHash: string;
    pendingConsents: PendingConsent[];
    pendingGrant: PendingGrant;
    /** What AdminJS reads; set by the guard for one request and never stored. */
    adminUser: Actor & { title: string };
  }
}

const IDLE_MS = 12 * 3_600_000;
const ABSOLUTE_MS = 7 * 86_400_000;

/** @param secrets the first signs, all are accepted */
export function webSession(ctx: AppContext, pool: pg.Pool, secrets: readonly string[]): RequestHandler {
  const Store = connectPgSimple(session);
  const https = isHttps(ctx);
  const router = Router();
  router.use((req, _res, next) => {
    // PUBLIC_URL says how browsers reach us. Otherwise a TLS proxy without TRUST_PROXY would keep everybody from signing in.
    if (https) Object.defineProperty(req, 'secure', { value: true, configurable: true });
    next();
  });
  router.use(
    session({
      store: new Store({
        pool,
        tableName: 'session',
        createTableIfMissing: false,
        errorLog: (...details) => ctx.log.error({ details }, 'session store'),
      }),
      name: sessionCookieName(ctx),
      secret: [...secrets],
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: { ...cookieFlags(ctx), maxAge: IDLE_MS },
    }),
  );
  router.use(identify(ctx));
  return router;
}

/** Starts a session for a person under a new id, so that an id known before signing in is worth nothing afterwards. */
export async function startSession(ctx: AppContext, req: Request, res: Response, actor: Actor): Promise<void> {
  await settled((done) => req.session.regenerate(done));
  req.session.userId = actor.id;
  req.session.signedInAt = ctx.clock.now().toISOString();
  res.locals.actor = actor;
  await saveSession(req);
}

/** Ends the session on the server and in the browser. */
export async function endSession(ctx: AppContext, req: Request, res: Response): Promise<void> {
  await settled((done) => req.session.destroy(done));
  delete res.locals.actor;
  res.clearCookie(sessionCookieName(ctx), cookieFlags(ctx));
}

/** Waits until the session is written: a redirect must not be faster than what it relies on. */
export async function saveSession(req: Request): Promise<void> {
  await settled((done) => req.session.save(done));
}

/** `__Host-` binds the cookie to this host and to https; browsers accept it in no other way. */
export function sessionCookieName(ctx: AppContext): string {
  return isHttps(ctx) ? '__Host-session' : 'session';
}

/** Lax, not Strict: a platform's redirect back to us is a cross-site navigation and must carry the cookie. */
export function cookieFlags(ctx: AppContext) {
  return { httpOnly: true, sameSite: 'lax', secure: isHttps(ctx), path: '/' } as const;
}

/** Finds out who asks. A session that is too old, or whose person was deactivated, ends here. */
function identify(ctx: AppContext): RequestHandler {
  return async (req, res, next) => {
    const { userId, signedInAt } = req.session;
    if (userId === undefined) return next();
    const fresh = ctx.clock.now().getTime() - Date.parse(signedInAt ?? '') < ABSOLUTE_MS;
    const actor = fresh ? await loadActor(ctx.db, userId) : null;
    if (actor === null) await settled((done) => req.session.regenerate(done));
    else res.locals.actor = actor;
    next();
  };
}

function isHttps(ctx: AppContext): boolean {
  return ctx.config.publicUrl.startsWith('https:');
}

async function settled(start: (done: (error?: unknown) => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    start((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}
