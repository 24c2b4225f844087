/**
 * Signing in with LinkedIn: passport and our OpenID Connect strategy fetch who it is and what we may do for him, then we
 * decide whom that lets in. Because the same consent covers publishing, it also connects the member's account to his team.
 */
import type { ConnectedAccount } from '@prisma/client';
import { type Request, type Response, Router } from 'express';
import passport from 'passport';
import type OAuth2Strategy from 'passport-oauth2';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { repeatWhenCrossed } from '../database/repeat-when-crossed.ts';
import { type Admission, admitLinkedInMember, linkLinkedInMember } from '../identity/linkedin-identity.ts';
import { type LinkedInGrant, LinkedInOpenIdStrategy } from '../identity/linkedin-strategy.ts';
import { hasSecondFactor } from '../identity/second-factor.ts';
import { recordSignInFailure } from '../identity/sign-in.ts';
import { consentError } from '../platforms/consent-error.ts';
import { holdForEnded } from '../publishing/take-consent.ts';
import { formText, queryText, readForm } from './form-body.ts';
import { requireActor } from './guard.ts';
import { letIn, SECOND_STEP } from './let-in.ts';
import { linkedInMode } from './linkedin-mode.ts';
import { noteAccepted } from './opened-invitation.ts';
import { connectOwnAccount, linkedInGrant, pagesToConnectAgain, spread } from './own-linkedin-account.ts';
import { linkPage } from './pages/choice-page.ts';
import { beginConsent, takeConsent } from './pending-consent.ts';
import { dropGrant, keepGrant, readGrant } from './pending-grant.ts';
import { goOnAfterwards } from './pending-sign-in.ts';
import { type Problem, sendProblem } from './problem.ts';
import { saveSession } from './session.ts';

const CALLBACK_PATH = '/auth/linkedin/callback';
/** passport-oauth2's own HTTP client knows no deadline. */
const DEADLINE_MS = 30_000;
const AGAIN = { href: '/login', label: 'Back to sign-in' };

export function linkedInRoutes(ctx: AppContext): Router {
  const router = Router();
  if (linkedInMode(ctx) === 'absent') {
    router.get(['/auth/linkedin', CALLBACK_PATH], (req, res) => sendProblem(req, res, NOT_CONFIGURED));
    return router;
  }
  const authenticator = new passport.Passport();
  const strategy = new LinkedInOpenIdStrategy(
    ctx.config.platforms.linkedin,
    ctx.config.publicUrl + CALLBACK_PATH,
    sessionStateStore(ctx),
    ctx.clock,
  );
  authenticator.use('linkedin', strategy);

  // Who is signed in, and may do nothing yet but add a second factor, does not add another way in either.
  router.use('/auth/linkedin', (req, res, next) => {
    if (res.locals.actor === undefined || requireActor(ctx, req, res) !== null) next();
  });

  router.get(
    '/auth/linkedin',
    (req, _res, next) => {
      noteAccepted(req);
      next();
    },
    authenticator.authenticate('linkedin', { session: false }),
  );

  router.get(CALLBACK_PATH, async (req, res) => {
    const problem = problemInCallback(ctx, req);
    if (problem !== null) return sendProblem(req, res, problem);
    const answer = await askLinkedIn(ctx, authenticator, req, res);
    if (!('profile' in answer)) return sendProblem(req, res, answer);
    await admit(ctx, req, res, answer);
  });

  router.post('/auth/linkedin/link', readForm, async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    const kept = readGrant(ctx, req, actor, formText(req, 'pending'), linkedInGrant);
    if (kept === null) return sendProblem(req, res, EXPIRED);
    dropGrant(req);
    const ended = await repeatWhenCrossed(() =>
      ctx.db.$transaction(async (tx) => {
        await linkLinkedInMember(tx, ctx, actor, kept.profile);
        return connectOwnAccount(tx, ctx, actor, kept);
      }),
    );
    await holdForEnded(ctx, ended);
    res.redirect(303, '/admin');
  });

  return router;
}

/** Lets the member in, or tells him kindly why not; and asks first when he is signed in as somebody already. */
async function admit(ctx: AppContext, req: Request, res: Response, answer: LinkedInGrant): Promise<void> {
  const signedIn = res.locals.actor;
  const decide = async (tx: Tx): Promise<Decided> => {
    const decided = await admitLinkedInMember(tx, ctx, answer.profile, req.session.invitationHash ?? null);
    // Who still has to type his second factor has not arrived yet: his account is connected when he has.
    const arrived = decided.admitted && !(await hasSecondFactor(tx, decided.person.actor.id));
    const ended = arrived
      ? await connectOwnAccount(tx, ctx, decided.person.actor, answer)
      : await spread(tx, ctx, null, answer, []);
    return { admission: decided, ended };
  };
  const { admission, ended } = await repeatWhenCrossed(() => ctx.db.$transaction(decide));
  await holdForEnded(ctx, ended);
  if (admission.admitted) {
    const { actor } = admission.person;
    const wayOn = await letIn(ctx, req, res, admission.person, 'linkedin');
    const pages = pagesToConnectAgain(actor, ended);
    if (wayOn === SECOND_STEP) {
      keepGrant(ctx, req, actor, answer);
      goOnAfterwards(req, pages);
      await saveSession(req);
    }
    res.redirect(302, wayOn === SECOND_STEP ? wayOn : (pages ?? wayOn));
    return;
  }
  if (signedIn !== undefined && admission.reason === 'uninvited') {
    const pending = keepGrant(ctx, req, signedIn, answer);
    await saveSession(req);
    res.setHeader('Cache-Control', 'no-store');
    res.type('html').send(linkPage({ pending, linkedInName: answer.profile.name, name: signedIn.name }));
    return;
  }
  ctx.log.info({ requestId: res.locals.requestId, reason: admission.reason }, 'a LinkedIn member was not let in');
  await recordSignInFailure(ctx.db, ctx, {
    method: 'linkedin',
    userId: null,
    email: answer.profile.email,
    address: req.ip ?? 'unknown',
  });
  sendProblem(req, res, NOT_ADMITTED[admission.reason]);
}

interface Decided {
  admission: Admission;
  /** Accounts whose token this consent has ended. */
  ended: ConnectedAccount[];
}

/** Runs the strategy: exchanges the code and asks who it is. @returns LinkedIn's answer, or what to tell the person */
async function askLinkedIn(
  ctx: AppContext,
  authenticator: passport.Authenticator,
  req: Request,
  res: Response,
): Promise<LinkedInGrant | Problem> {
  const { promise, resolve } = Promise.withResolvers<LinkedInGrant | Problem>();
  const timer = setTimeout(() => resolve(NO_ANSWER), DEADLINE_MS);
  const settle = (error: unknown, user?: Express.User | false | null) => {
    if (error)
      ctx.log.warn({ requestId: res.locals.requestId, reason: plainReason(error) }, 'signing in with LinkedIn failed');
    resolve(error ? (isRefusedCode(error) ? EXPIRED : NO_ANSWER) : user || EXPIRED);
  };
  authenticator.authenticate('linkedin', { session: false }, settle)(req, res, (error: unknown) =>
    settle(error ?? new Error('the strategy passed')),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** passport-oauth2 keeps `state` through this: in the web session, single use. */
function sessionStateStore(ctx: AppContext): OAuth2Strategy.StateStore {
  return {
    store(req: Request, ...rest: unknown[]) {
      const { state } = beginConsent(req, { kind: 'sign-in' }, ctx.clock.now());
      const callback = rest.at(-1);
      saveSession(req).then(
        () => typeof callback === 'function' && callback(null, state),
        (error) => typeof callback === 'function' && callback(error),
      );
    },
    verify(req: Request, state: string, ...rest: unknown[]) {
      const taken = takeConsent(req, state, 'sign-in', ctx.clock.now());
      const callback = rest.at(-1);
      if (typeof callback === 'function') callback(null, taken !== null, 'unknown state');
    },
  };
}

/** Looks at what came back before the strategy does: without a code it would start a new journey, and loop. */
function problemInCallback(ctx: AppContext, req: Request): Problem | null {
  const error = queryText(req, 'error');
  if (error === null) return queryText(req, 'code') === null || queryText(req, 'state') === null ? EXPIRED : null;
  const known = takeConsent(req, queryText(req, 'state'), 'sign-in', ctx.clock.now()) !== null;
  if (!known) return EXPIRED;
  return {
    status: 400,
    title: 'You are not signed in',
    sentence: consentError('linkedin', error).message,
    link: AGAIN,
  };
}

/** The token endpoint said no to the code, as opposed to not answering. */
function isRefusedCode(error: unknown): boolean {
  return error instanceof Error && error.name === 'TokenError';
}

/** For the log: what failed, without the answer's body. */
function plainReason(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
}

const NOT_CONFIGURED: Problem = {
  status: 404,
  title: 'LinkedIn is not set up',
  sentence:
    'Signing in with LinkedIn needs a LinkedIn app. Set LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET and start the server again, or sign in with a password.',
  link: AGAIN,
};
const EXPIRED: Problem = {
  status: 400,
  title: 'This sign-in has expired',
  sentence: 'It took too long, was used already, or began in another browser. Nothing was changed. Start again.',
  link: AGAIN,
};
const NO_ANSWER: Problem = {
  status: 502,
  title: 'LinkedIn does not answer',
  sentence:
    'LinkedIn could not be reached, or gave an answer we do not understand. Nothing was changed. Try again in a minute.',
  link: AGAIN,
};
const NOT_ADMITTED: Readonly<Record<'uninvited' | 'inactive' | 'somebody-else', Problem>> = {
  uninvited: {
    status: 403,
    title: 'Nobody has invited you yet',
    sentence:
      'LinkedIn knows you, but this scheduler does not, and no account was made. Ask a superuser of your organisation to invite the e-mail address you use at LinkedIn, then sign in again.',
    link: AGAIN,
  },
  inactive: {
    status: 403,
    title: 'Your access is switched off',
    sentence: 'Ask a superuser of your organisation to switch it on again.',
    link: AGAIN,
  },
  'somebody-else': {
    status: 403,
    title: 'This invitation is for somebody else',
    sentence:
      'The invited person already signs in another way. If that is you, sign in as you always do; you can link LinkedIn afterwards.',
    link: AGAIN,
  },
};
