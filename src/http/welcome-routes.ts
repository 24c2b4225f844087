import { type Request, type Response, Router } from 'express';
import type { AppContext } from '../context.ts';
import { Refusal } from '../domain/refusal.ts';
import { completeSetup, findSetup } from '../identity/first-superuser.ts';
import {
  acceptInvitation,
  findOpenInvitation,
  invitedPerson,
  joinByInvitation,
  type OpenInvitation,
} from '../identity/invitations.ts';
import { formText, pathText, readForm } from './form-body.ts';
import { requireActor } from './guard.ts';
import { letIn } from './let-in.ts';
import { linkedInMode } from './linkedin-mode.ts';
import { wayThroughLinkedIn } from './opened-invitation.ts';
import { invitationPage, joinPage, setupPage } from './pages/welcome-pages.ts';
import { sendProblem } from './problem.ts';

/** The pages behind one-time links: the set-up of a fresh installation, and invitations. */
export function welcomeRoutes(ctx: AppContext): Router {
  const router = Router();

  router.get('/setup/:token', async (req, res) => {
    if ((await findSetup(ctx, pathText(req, 'token'))) === null)
      return deadLink(req, res, 'Start the server again to get a new one, or sign in if set-up is done.');
    sendForm(res, 200, setupPage({ action: req.path }));
  });

  router.post('/setup/:token', readForm, async (req, res) => {
    const typed = texts(req, ['name', 'email', 'teamName', 'timeZone']);
    try {
      const person = await completeSetup(ctx, pathText(req, 'token'), {
        ...typed,
        password: formText(req, 'password'),
      });
      res.redirect(303, await letIn(ctx, req, res, person, 'link'));
    } catch (error) {
      if (!isInvalid(error)) throw error;
      sendForm(
        res,
        400,
        setupPage({ action: req.path, typed, problem: 'Please check what is marked below.', fields: error.fields }),
      );
    }
  });

  router.get('/invitations/:token', async (req, res) => {
    const invitation = await findOpenInvitation(ctx.db, pathText(req, 'token'), ctx.clock.now());
    if (invitation?.email == null)
      return deadLink(req, res, 'Ask whoever invited you for a new one, or sign in if you used it already.');
    await sendInvitation(req, res, 200, invitation);
  });

  router.post('/invitations/:token', readForm, async (req, res) => {
    const token = pathText(req, 'token');
    const typed = texts(req, ['name', 'timeZone']);
    if (res.locals.actor !== undefined) {
      const actor = requireActor(ctx, req, res);
      if (actor === null) return;
      await joinByInvitation(ctx, token, actor);
      res.redirect(303, '/admin');
      return;
    }
    try {
      const accepted = await acceptInvitation(ctx, token, { ...typed, password: formText(req, 'password') });
      res.redirect(303, await letIn(ctx, req, res, accepted, 'link'));
    } catch (error) {
      const invitation = isInvalid(error) ? await findOpenInvitation(ctx.db, token, ctx.clock.now()) : null;
      if (!isInvalid(error) || invitation === null) throw error;
      await sendInvitation(req, res, 400, invitation, {
        typed,
        problem: 'Please check what is marked below.',
        fields: error.fields,
      });
    }
  });

  async function sendInvitation(
    req: Request,
    res: Response,
    status: number,
    invitation: OpenInvitation,
    filled: object = {},
  ): Promise<void> {
    const teamName = invitation.team?.name ?? null;
    const { actor } = res.locals;
    if (actor !== undefined && actor.email === invitation.email)
      return sendForm(res, status, joinPage({ action: req.path, teamName, name: actor.name }));
    const person = await invitedPerson(ctx.db, invitation);
    const canSignIn = person?.canSignIn === true && !invitation.grantsSuperuser;
    sendForm(
      res,
      status,
      invitationPage({
        action: req.path,
        email: invitation.email ?? '',
        teamName,
        canSignIn,
        linkedIn: linkedInMode(ctx),
        wayThroughLinkedIn: wayThroughLinkedIn(req, pathText(req, 'token')),
        ...filled,
      }),
    );
  }

  return router;
}

function texts<const N extends readonly string[]>(req: Request, names: N): Record<N[number], string> {
  return Object.fromEntries(names.map((name) => [name, formText(req, name)])) as Record<N[number], string>;
}

function isInvalid(error: unknown): error is Refusal {
  return error instanceof Refusal && error.code === 'invalid';
}

function sendForm(res: Response, status: number, page: string): void {
  res.status(status).setHeader('Cache-Control', 'no-store');
  res.type('html').send(page);
}

function deadLink(req: Request, res: Response, whatToDo: string): void {
  sendProblem(req, res, {
    status: 404,
    title: 'This link is no longer good',
    sentence: `It was already used, or it has expired, or a part of it got lost. ${whatToDo}`,
    link: { href: '/login', label: 'Sign in' },
  });
}
