/**
 * The web session: a row in Postgres, named by a signed cookie that only our own host gets and no script can read. It
 * ends 12 hours after somebody last did something and 7 days after signing in, whichever comes first; signing in always
 * gives it a new id, signing out deletes it. It holds ids and pending sign-ins, never a readable token.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import session from 'express-session';
import type pg from 'pg';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { loadPerson, type ProvenPerson } from '../identity/actor.ts';
import { hasSecondFactor } from '../identity/second-factor.ts';
import { SESSION_ABSOLUTE_MS, SESSION_IDLE_MS } from '../identity/sessions.ts';
import type { OpenedInvitation } from './opened-invitation.ts';
import type { PendingConsent } from './pending-consent.ts';
import type { PendingGrant } from './pending-grant.ts';
import type { PendingSignIn } from './pending-sign-in.ts';
import { createSessionStore } from './session-store.ts';

declare module 'express-session' {
  interface SessionData {
    userId: string;
    /** Of the person's credentials when he signed in; absent: from before there were versions. */
    credentialVersion: number;
    /** ISO 8601. */
    signedInAt: string;
    /** Where from, and with what, at sign-in: for the person's own list of sessions. */
    address: string;
    userAgent: string;
    /** Somebody who has yet to type his second factor: signed in as nobody so far. */
    pendingSignIn: PendingSignIn;
    /** A new second factor that waits for its first code. */
    pendingSecondFactor: PendingGrant;
    /** The invitation whose page was last shown in this session. */
    openedInvitation: OpenedInvitation;
    /** Hash of an invitation link whose page the person left with its LinkedIn button. */
    invitationHash: string;
    pendingConsents: PendingConsent[];
    pendingGrant: PendingGrant;
    /** What AdminJS reads; set by the guard for one request and never stored. */
    adminUser: Actor & { title: string };
  }
}

declare global {
  namespace Express {
    interface Locals {
      /** A superuser who has to add a second factor before he may do anything else here (REQUIRE_SUPERUSER_TOTP). */
      secondFactorMissing?: true;
    }
  }
}

/** @param secrets the first signs, all are accepted */
export function webSession(ctx: AppContext, pool: pg.Pool, secrets: readonly string[]): RequestHandler {
  const store = createSessionStore(ctx, pool);
  const https = isHttps(ctx);
  const router = Router();
  router.use((req, _res, next) => {
    // PUBLIC_URL says how browsers reach us. Otherwise a TLS proxy without TRUST_PROXY would keep everybody from signing in.
    if (https) Object.defineProperty(req, 'secure', { value: true, configurable: true });
    next();
  });
  router.use(
    session({
      store,
      name: sessionCookieName(ctx),
      secret: [...secrets],
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: { ...cookieFlags(ctx), maxAge: SESSION_IDLE_MS },
    }),
  );
  router.use((req, _res, next) => {
    if (refreshesItself(req)) store.leaveUntouched(req);
    next();
  });
  router.use(identify(ctx));
  return router;
}

/** Starts a session for a person under a new id, so that an id known before signing in is worth nothing afterwards. */
export async function startSession(
  ctx: AppContext,
  req: Request,
  res: Response,
  { actor, credentialVersion }: ProvenPerson,
): Promise<void> {
  await renewSession(req);
  req.session.userId = actor.id;
  req.session.credentialVersion = credentialVersion;
  req.session.signedInAt = ctx.clock.now().toISOString();
  req.session.address = req.ip ?? '';
  req.session.userAgent = (req.get('user-agent') ?? '').replaceAll(/[^\x20-\x7e]/g, '').slice(0, 300);
  res.locals.actor = actor;
  await saveSession(req);
}

/** An empty session under a new id in the place of the old one. */
export async function renewSession(req: Request): Promise<void> {
  await settled((done) => req.session.regenerate(done));
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

/** Finds out who asks. A session that is too old, or whose person was deactivated or has other credentials now, ends here. */
function identify(ctx: AppContext): RequestHandler {
  return async (req, res, next) => {
    const { userId, signedInAt, credentialVersion = 0 } = req.session;
    if (userId === undefined) return next();
    const fresh = ctx.clock.now().getTime() - Date.parse(signedInAt ?? '') < SESSION_ABSOLUTE_MS;
    const person = fresh ? await loadPerson(ctx.db, userId) : null;
    if (person === null || person.credentialVersion !== credentialVersion) {
      await renewSession(req);
      return next();
    }
    const { actor } = person;
    res.locals.actor = actor;
    if (ctx.config.requireSuperuserTotp && actor.isSuperuser && !(await hasSecondFactor(ctx.db, actor.id)))
      res.locals.secondFactorMissing = true;
    next();
  };
}

/** Sent by the panel's own timers, not because somebody did something; the banners of holds are never more than that. */
function refreshesItself(req: Request): boolean {
  return req.get('x-background') !== undefined || /^\/admin\/api\/standing-orders\/?$/i.test(req.path);
}

function isHttps(ctx: AppContext): boolean {
  return ctx.config.publicUrl.startsWith('https:');
}

async function settled(start: (done: (error?: unknown) => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    start((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}
