/**
 * Connecting an account: out to the platform's consent page and back. Starting changes nothing but the web session;
 * coming back saves an account only when the state is ours, everything needed was granted, and it is clear which account.
 */
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { connectAccount } from '../accounts/connect-account.ts';
import type { AppContext } from '../context.ts';
import { type Actor, roleIn } from '../domain/access.ts';
import { isPlatform, PLATFORM_LABEL, PLATFORMS, type Platform } from '../domain/platform-name.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { consentError } from '../platforms/consent-error.ts';
import { type AccountCandidate, ConnectError, type PlatformAdapter, type TokenGrant } from '../platforms/platform.ts';
import { releaseAccountHolds } from '../publishing/release-account.ts';
import { formText, pathText, queryText, readForm } from './form-body.ts';
import { requireActor } from './guard.ts';
import { choicePage } from './pages/choice-page.ts';
import { beginConsent, takeConsent } from './pending-consent.ts';
import { accountCandidate, dropGrant, keepGrant, readGrant, tokenGrant } from './pending-grant.ts';
import { type Problem, sendProblem } from './problem.ts';
import { saveSession } from './session.ts';

/** What is known when the person comes back: for whom, for which team, on which platform. */
interface Connecting {
  actor: Actor;
  team: { id: string; name: string };
  adapter: PlatformAdapter;
  renew: boolean;
}

const ACCOUNTS_PAGE = '/admin/resources/ConnectedAccount';

export function connectRoutes(ctx: AppContext): Router {
  const router = Router();

  router.get('/connect/:platform', async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    const adapter = availablePlatform(ctx, pathText(req, 'platform'));
    const team = await chosenTeam(ctx, actor, queryText(req, 'team'), req.query.team !== undefined);
    const journey = beginConsent(
      req,
      {
        kind: 'connect',
        platform: adapter.platform,
        teamId: team.id,
        userId: actor.id,
        renew: queryText(req, 'renew') !== null,
      },
      ctx.clock.now(),
    );
    await saveSession(req);
    res.redirect(302, adapter.connector.authorizeUrl({ redirectUri: callbackUrl(ctx, adapter.platform), ...journey }));
  });

  router.get('/connect/:platform/callback', async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    const adapter = availablePlatform(ctx, pathText(req, 'platform'));
    const consent = takeConsent(req, queryText(req, 'state'), 'connect', ctx.clock.now());
    // Used up before the platform is asked: whatever happens now, this state is worth nothing any more.
    await saveSession(req);
    if (consent === null || consent.platform !== adapter.platform || consent.userId !== actor.id) {
      return sendProblem(req, res, expired(adapter.platform));
    }
    const team = await chosenTeam(ctx, actor, consent.teamId, true);
    const connecting = { actor, team, adapter, renew: consent.renew };
    const code = queryText(req, 'code');
    if (code === null) return sendProblem(req, res, declined(connecting, queryText(req, 'error')));
    await finish(ctx, req, res, connecting, { code, codeVerifier: consent.codeVerifier });
  });

  router.post('/connect/:platform/choice', readForm, async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    const adapter = availablePlatform(ctx, pathText(req, 'platform'));
    const kept = readGrant(ctx, req, actor, formText(req, 'pending'), pendingChoice);
    if (kept === null || kept.platform !== adapter.platform) return sendProblem(req, res, expired(adapter.platform));
    const team = await chosenTeam(ctx, actor, kept.teamId, true);
    const candidate = kept.candidates.find(({ externalId }) => externalId === formText(req, 'account'));
    if (candidate === undefined) {
      const again = choicePage({
        ...choiceContent({ actor, team, adapter, renew: kept.renew }, kept.candidates, formText(req, 'pending')),
        problem: 'Choose one of these accounts.',
      });
      res.status(400).type('html').send(again);
      return;
    }
    dropGrant(req);
    await save(ctx, { actor, team, adapter, renew: kept.renew }, candidate, kept.grant);
    res.redirect(303, ACCOUNTS_PAGE);
  });

  return router;
}

/** Exchanges the code and connects the one account it gives, or asks which of several. */
async function finish(
  ctx: AppContext,
  req: Request,
  res: Response,
  connecting: Connecting,
  answer: { code: string; codeVerifier: string },
): Promise<void> {
  const { actor, team, adapter } = connecting;
  const { connector, platform } = adapter;
  const label = PLATFORM_LABEL[platform];
  let grant: TokenGrant;
  let candidates: AccountCandidate[];
  try {
    const now = ctx.clock.now();
    grant = await connector.exchangeCode({ ...answer, redirectUri: callbackUrl(ctx, platform) }, now);
    const missing = adapter.requiredScopes.filter((scope) => !grant.scopes.includes(scope));
    if (missing.length > 0) return sendProblem(req, res, incomplete(connecting, missing));
    candidates = await connector.candidates(grant, now);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    ctx.log.warn({ requestId: res.locals.requestId, platform, reason: error.code }, 'connecting failed');
    return sendProblem(req, res, {
      status: 400,
      title: `${label} was not connected`,
      sentence: `${error.message} Nothing was saved.`,
      link: startAgain(connecting),
    });
  }
  const [only, ...others] = candidates;
  if (only === undefined) return sendProblem(req, res, nothingToConnect(connecting));
  if (others.length === 0) {
    await save(ctx, connecting, only, grant);
    res.redirect(302, ACCOUNTS_PAGE);
    return;
  }
  const pending = keepGrant(ctx, req, actor, { platform, teamId: team.id, renew: connecting.renew, candidates, grant });
  await saveSession(req);
  res.setHeader('Cache-Control', 'no-store');
  res.type('html').send(choicePage(choiceContent(connecting, candidates, pending)));
}

/** A manager's or superuser's account is the team's; anybody else's is his own. */
async function save(
  ctx: AppContext,
  { actor, team, adapter, renew }: Connecting,
  candidate: AccountCandidate,
  grant: TokenGrant,
): Promise<void> {
  const personal = !actor.isSuperuser && roleIn(actor, team.id) !== 'manager';
  await ctx.db.$transaction(async (tx) => {
    const account = await connectAccount(tx, ctx, {
      actor,
      teamId: team.id,
      personal,
      keepOwner: renew,
      platform: adapter.platform,
      candidate,
      grant: candidate.grant ?? grant,
    });
    await releaseAccountHolds(tx, ctx, account.id);
  });
}

const pendingChoice = z.object({
  platform: z.enum(PLATFORMS),
  teamId: z.string(),
  renew: z.boolean(),
  candidates: z.array(accountCandidate),
  grant: tokenGrant,
});

/** @throws {Refusal} `not-found` with what to configure */
function availablePlatform(ctx: AppContext, name: string): PlatformAdapter {
  if (!isPlatform(name))
    throw new Refusal('not-found', 'There is no such platform. Accounts can be connected on LinkedIn, Facebook and X.');
  const adapter = ctx.platforms[name];
  if (adapter === undefined) {
    throw new Refusal(
      'not-found',
      `${PLATFORM_LABEL[name]} is not available here. An administrator has to set ${CREDENTIALS[name]} and start the server again.`,
    );
  }
  return adapter;
}

const CREDENTIALS: Readonly<Record<Platform, string>> = {
  linkedin: 'LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET',
  facebook: 'FACEBOOK_APP_ID and FACEBOOK_APP_SECRET',
  x: 'X_CLIENT_ID and X_CLIENT_SECRET',
};

/**
 * The team to connect to: the named one, or the only one.
 * @throws {Refusal} `not-found` for an unknown team as for somebody else's; `invalid` when it has to be named
 */
async function chosenTeam(
  ctx: AppContext,
  actor: Actor,
  teamId: string | null,
  named: boolean,
): Promise<{ id: string; name: string }> {
  const [membership, ...others] = actor.memberships;
  if (!named && (membership === undefined || others.length > 0)) {
    throw new Refusal(
      'invalid',
      membership === undefined
        ? 'You are in no team yet. Ask a superuser to add you to one.'
        : 'You are in several teams: start from the team whose account this is to be.',
    );
  }
  const id = named ? teamId : (membership?.teamId ?? null);
  const mayEnter = id !== null && UUID.test(id) && (actor.isSuperuser || roleIn(actor, id.toLowerCase()) !== null);
  const team = mayEnter
    ? await ctx.db.team.findUnique({ where: { id: id.toLowerCase() }, select: { id: true, name: true } })
    : null;
  if (team === null) throw notFound('team');
  return team;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** One address per platform, exactly as it is registered there. */
function callbackUrl(ctx: AppContext, platform: Platform): string {
  return `${ctx.config.publicUrl}/connect/${platform}/callback`;
}

function choiceContent({ team, adapter }: Connecting, candidates: readonly AccountCandidate[], pending: string) {
  return {
    action: `/connect/${adapter.platform}/choice`,
    pending,
    platformLabel: PLATFORM_LABEL[adapter.platform],
    teamName: team.name,
    candidates,
  };
}

function startAgain({ team, adapter }: Connecting) {
  return { href: `/connect/${adapter.platform}?team=${team.id}`, label: 'Try again' };
}

function expired(platform: Platform): Problem {
  return {
    status: 400,
    title: 'This connection has expired',
    sentence: `It took too long, was used already, or began in another browser. Nothing was saved. Start again from the accounts page to connect ${PLATFORM_LABEL[platform]}.`,
    link: { href: ACCOUNTS_PAGE, label: 'Go to the accounts' },
  };
}

/** The platform sent the person back without a code. */
function declined(connecting: Connecting, error: string | null): Problem {
  const { platform } = connecting.adapter;
  const { message } = consentError(platform, error ?? '');
  return {
    status: 400,
    title: `${PLATFORM_LABEL[platform]} was not connected`,
    sentence: message,
    link: startAgain(connecting),
  };
}

function incomplete(connecting: Connecting, missing: readonly string[]): Problem {
  return {
    status: 400,
    title: 'A permission is missing',
    sentence: `Without ${missing.join(', ')} nothing can be published, so the account was not connected. Try again and leave every permission ticked.`,
    link: startAgain(connecting),
  };
}

function nothingToConnect(connecting: Connecting): Problem {
  const label = PLATFORM_LABEL[connecting.adapter.platform];
  const sentence = `${label} gave no account that you may publish to, so nothing was saved. Check that you manage one there and that you allowed access to it, then try again.`;
  return { status: 400, title: 'Nothing to connect', sentence, link: startAgain(connecting) };
}
