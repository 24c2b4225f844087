/** The second step of signing in: a code of the authenticator app, or a recovery code. Whoever is here is signed in as nobody yet. */
import { type Request, type Response, Router } from 'express';
import type { AppContext } from '../context.ts';
import { repeatWhenCrossed } from '../database/repeat-when-crossed.ts';
import type { Actor } from '../domain/access.ts';
import { createGuessLimiter, TooManyGuesses } from '../identity/guess-limiter.ts';
import type { LinkedInGrant } from '../identity/linkedin-strategy.ts';
import { passSecondFactor } from '../identity/second-factor.ts';
import { recordSignIn, recordSignInFailure } from '../identity/sign-in.ts';
import { recordSignInBlock } from '../identity/sign-in-block.ts';
import { holdForEnded } from '../publishing/take-consent.ts';
import { formText, readForm } from './form-body.ts';
import { SECOND_STEP } from './let-in.ts';
import { connectOwnAccount, linkedInGrant, pagesToConnectAgain } from './own-linkedin-account.ts';
import { secondStepPage } from './pages/second-step-page.ts';
import { readGrant } from './pending-grant.ts';
import { pendingSignIn, personAtTheDoor } from './pending-sign-in.ts';
import { type Problem, sendProblem } from './problem.ts';
import { takeReturnPath } from './return-path.ts';
import { startSession } from './session.ts';

export function secondStepRoutes(ctx: AppContext): Router {
  const router = Router();
  const guesses = createGuessLimiter(ctx.db, 'second-factor');

  router.get(SECOND_STEP, (req, res) => {
    if (pendingSignIn(ctx, req) === null) res.redirect(302, '/login');
    else send(res, 200, secondStepPage());
  });

  router.post(SECOND_STEP, readForm, async (req, res) => {
    const pending = pendingSignIn(ctx, req);
    const person = pending === null ? null : await personAtTheDoor(ctx, pending);
    if (pending === null || person === null) return sendProblem(req, res, EXPIRED);
    const { actor } = person;
    const code = formText(req, 'code').trim();
    if (code === '') return send(res, 400, secondStepPage({ field: 'Type the code.' }));
    const address = req.ip ?? 'unknown';
    try {
      const secondFactor = await passSecondFactor(ctx, guesses, actor.id, code);
      if (secondFactor === null) {
        await recordSignInFailure(ctx.db, ctx, {
          method: 'second factor',
          userId: actor.id,
          email: actor.email,
          address,
        });
        return send(res, 401, secondStepPage({ field: WRONG }));
      }
      const answer = waitingGrant(ctx, req, actor);
      const ended = await repeatWhenCrossed(() =>
        ctx.db.$transaction(async (tx) => {
          await recordSignIn(tx, ctx, actor, { method: pending.method, secondFactor, address });
          return answer === null ? [] : connectOwnAccount(tx, ctx, actor, answer);
        }),
      );
      await startSession(ctx, req, res, person);
      await holdForEnded(ctx, ended);
      const wanted = takeReturnPath(ctx, req, res);
      const path = pending.goOnAt ?? pagesToConnectAgain(actor, ended) ?? wanted;
      // There it says how many are left.
      res.redirect(303, secondFactor === 'recovery code' ? '/account' : path);
    } catch (error) {
      if (!(error instanceof TooManyGuesses)) throw error;
      ctx.log.warn({ requestId: res.locals.requestId, user: actor.id, address }, 'too many wrong second factors');
      await recordSignInBlock(ctx, {
        method: 'second factor',
        by: 'person',
        email: actor.email,
        address,
        refused: error.refused,
        waitSeconds: error.wait,
      });
      send(res, 429, secondStepPage({ problem: error.message }));
    }
  });

  return router;
}

/** What LinkedIn answered, when that was the first step: read before the session is renewed. */
function waitingGrant(ctx: AppContext, req: Request, actor: Actor): LinkedInGrant | null {
  const id = req.session.pendingGrant?.id;
  return id === undefined ? null : readGrant(ctx, req, actor, id, linkedInGrant);
}

function send(res: Response, status: number, page: string): void {
  res.status(status).setHeader('Cache-Control', 'no-store');
  res.type('html').send(page);
}

const WRONG = 'This code is wrong, too old, or was used already. Wait for the next one and type it.';

const EXPIRED: Problem = {
  status: 400,
  title: 'This sign-in has expired',
  sentence: 'It took longer than ten minutes, began in another browser, or your password has changed. Start again.',
  link: { href: '/login', label: 'Back to sign-in' },
};
