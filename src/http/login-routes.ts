import { Router } from 'express';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { Refusal } from '../domain/refusal.ts';
import { checkPassword } from '../identity/sign-in.ts';
import { recordSignInBlock } from '../identity/sign-in-block.ts';
import type { SignInLimiter } from '../identity/sign-in-limiter.ts';
import { formText, readForm } from './form-body.ts';
import { letIn } from './let-in.ts';
import { linkedInMode } from './linkedin-mode.ts';
import { type SignInPage, signInPage, signOutPage } from './pages/sign-in-page.ts';
import { endSession } from './session.ts';

/** Signing in with a local password, and signing out. */
export function loginRoutes(ctx: AppContext, limiter: SignInLimiter): Router {
  const router = Router();
  const page = (content: Omit<SignInPage, 'linkedIn'> = {}) => signInPage({ linkedIn: linkedInMode(ctx), ...content });

  router.get('/login', (_req, res) => {
    res.setHeader('Cache-Control', 'no-store');
    if (res.locals.actor !== undefined) res.redirect(302, '/admin');
    else res.type('html').send(page());
  });

  router.post('/login', readForm, async (req, res) => {
    res.setHeader('Cache-Control', 'no-store').type('html');
    const email = formText(req, 'email').slice(0, 300);
    const password = formText(req, 'password');
    const address = req.ip ?? 'unknown';
    const fields = {
      ...(email.trim() === '' ? { email: 'Enter your e-mail address.' } : {}),
      ...(password === '' ? { password: 'Enter your password.' } : {}),
    };
    if (Object.keys(fields).length > 0) {
      res.status(400).send(page({ email, fields }));
      return;
    }
    const block = await limiter.attempt(email, address);
    if (block !== null) {
      const { waitSeconds } = block;
      ctx.log.warn({ requestId: res.locals.requestId, address, waitSeconds }, 'too many failed sign-ins');
      await recordSignInBlock(ctx, { method: 'password', email, address, ...block });
      res.status(429).setHeader('Retry-After', String(waitSeconds));
      const minutes = Math.ceil(waitSeconds / 60);
      res.send(
        page({
          email,
          problem: `Too many failed attempts. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, then try again.`,
        }),
      );
      return;
    }
    try {
      const person = await checkPassword(ctx, email, password, address);
      await limiter.succeeded(email, address);
      res.redirect(303, await letIn(ctx, req, res, person, 'password'));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      res.status(401).send(page({ email, problem: error.message }));
    }
  });

  // A page that asks, not the act: AdminJS's own button is a link, and links change nothing.
  router.get('/logout', (_req, res) => {
    res.setHeader('Cache-Control', 'no-store');
    const { actor } = res.locals;
    if (actor === undefined) res.redirect(302, '/login');
    else res.type('html').send(signOutPage(actor.name));
  });

  router.post('/logout', async (req, res) => {
    const { actor } = res.locals;
    if (actor !== undefined) {
      await recordEvent(
        ctx.db,
        {
          actorId: actor.id,
          action: 'user.signed_out',
          entity: 'User',
          entityId: actor.id,
          teamId: null,
          metadata: {},
        },
        ctx.clock.now(),
      );
    }
    await endSession(ctx, req, res);
    res.redirect(303, '/login');
  });

  return router;
}
