/** One's own way in, at /account: where one is signed in, and ending that; the second factor, set up, changed and removed. */
import { type Request, type Response, Router } from 'express';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { createGuessLimiter } from '../identity/guess-limiter.ts';
import { currentPasswordProblem, hasPassword } from '../identity/own-password.ts';
import {
  addSecondFactor,
  enrolmentUri,
  newSecret,
  recoveryCodesLeft,
  removeSecondFactor,
  replaceRecoveryCodes,
} from '../identity/second-factor.ts';
import { endOtherSessions, endOwnSession, listSessions } from '../identity/sessions.ts';
import { formText, readForm } from './form-body.ts';
import { requireActor, requireSignedIn } from './guard.ts';
import {
  accountPage,
  enrolPage,
  manageSecondFactorPage,
  recoveryCodesPage,
  startSecondFactorPage,
} from './pages/account-pages.ts';
import { dropSecret, keepSecret, readSecret } from './pending-secret.ts';
import { saveSession } from './session.ts';

const SECOND_FACTOR = '/account/second-factor';
/** Who has no password proves that it is he by having signed in just now. */
const JUST_NOW_MS = 10 * 60_000;

export function accountRoutes(ctx: AppContext): Router {
  const router = Router();
  const guesses = createGuessLimiter(ctx.db, 'own-password');

  router.get('/account', async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor !== null) await showAccount(req, res, actor);
  });

  router.post('/account/sessions/end', readForm, async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    await endOwnSession(ctx, actor, formText(req, 'session'));
    res.redirect(303, '/account');
  });

  router.post('/account/sessions/end-others', async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    await endOtherSessions(ctx, actor, req.sessionID);
    res.redirect(303, '/account');
  });

  router.get(SECOND_FACTOR, async (req, res) => {
    const actor = requireSignedIn(ctx, req, res);
    if (actor !== null) await showSecondFactor(req, res, actor);
  });

  router.post(`${SECOND_FACTOR}/start`, readForm, async (req, res) => {
    const actor = requireSignedIn(ctx, req, res);
    if (actor === null) return;
    const problem = await proofProblem(req, actor);
    if (problem !== null) return showSecondFactor(req, res, actor, problem);
    keepSecret(ctx, req, actor, newSecret());
    await saveSession(req);
    res.redirect(303, SECOND_FACTOR);
  });

  router.post(SECOND_FACTOR, readForm, async (req, res) => {
    const actor = requireSignedIn(ctx, req, res);
    if (actor === null) return;
    const secret = readSecret(ctx, req, actor);
    if (secret === null) return showSecondFactor(req, res, actor, 'That took longer than ten minutes. Start again.');
    try {
      const codes = await addSecondFactor(ctx, actor, {
        secret,
        code: formText(req, 'code'),
        sessionId: req.sessionID,
      });
      dropSecret(req);
      await saveSession(req);
      send(res, 200, recoveryCodesPage(codes));
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'invalid')) throw error;
      send(res, 400, enrolPage({ uri: enrolmentUri(secret, actor.email), secret, problem: error.message }));
    }
  });

  router.post(`${SECOND_FACTOR}/change`, readForm, async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    const change = formText(req, 'change');
    if (change !== 'codes' && change !== 'off') throw new Refusal('invalid', 'Choose what to change.');
    if (change === 'off' && isRequired(actor))
      throw new Refusal('forbidden', 'Superusers need two-step sign-in here, so it cannot be switched off.');
    const problem = await proofProblem(req, actor);
    if (problem !== null) return showSecondFactor(req, res, actor, problem);
    if (change === 'codes') return send(res, 200, recoveryCodesPage(await replaceRecoveryCodes(ctx, actor)));
    await removeSecondFactor(ctx, actor, actor.id);
    await endOtherSessions(ctx, actor, req.sessionID);
    res.redirect(303, '/account');
  });

  async function showAccount(req: Request, res: Response, actor: Actor): Promise<void> {
    const [sessions, codesLeft, withPassword] = await Promise.all([
      listSessions(ctx, actor.id, req.sessionID),
      recoveryCodesLeft(ctx.db, actor.id),
      hasPassword(ctx, actor),
    ]);
    send(res, 200, accountPage({ actor, sessions, recoveryCodesLeft: codesLeft, hasPassword: withPassword }));
  }

  /** @param problem what is wrong with the proof that it is he */
  async function showSecondFactor(req: Request, res: Response, actor: Actor, problem?: string): Promise<void> {
    const [codesLeft, withPassword] = await Promise.all([recoveryCodesLeft(ctx.db, actor.id), hasPassword(ctx, actor)]);
    const form = { hasPassword: withPassword, problem, required: isRequired(actor) };
    const status = problem === undefined ? 200 : 400;
    if (codesLeft !== null) return send(res, status, manageSecondFactorPage({ ...form, codesLeft }));
    const secret = problem === undefined ? readSecret(ctx, req, actor) : null;
    if (secret === null) return send(res, status, startSecondFactorPage(form));
    send(res, status, enrolPage({ uri: enrolmentUri(secret, actor.email), secret }));
  }

  /** @returns a sentence when it is not shown that this is he; null when it is. @throws {Refusal} `too-many` */
  async function proofProblem(req: Request, actor: Actor): Promise<string | null> {
    if (await hasPassword(ctx, actor))
      return currentPasswordProblem(ctx, actor, formText(req, 'password'), { guesses, address: req.ip ?? 'unknown' });
    const age = ctx.clock.now().getTime() - Date.parse(req.session.signedInAt ?? '');
    return age < JUST_NOW_MS ? null : 'Sign out and in again first: this needs a sign-in of the last ten minutes.';
  }

  function isRequired(actor: Actor): boolean {
    return ctx.config.requireSuperuserTotp && actor.isSuperuser;
  }

  return router;
}

function send(res: Response, status: number, page: string): void {
  res.status(status).setHeader('Cache-Control', 'no-store');
  res.type('html').send(page);
}
