/**
 * Connecting an account: out to the platform's consent page and back. Starting changes nothing but the web session;
 * coming back saves an account only when the state is ours, everything needed was granted, and it is clear which account.
 */
import type { ConnectedAccount } from '@prisma/client';
import { Router } from 'express';
import type { AppContext } from '../context.ts';
import { type Actor, can, roleIn } from '../domain/access.ts';
import { isPlatform, PLATFORM_LABEL, type Platform } from '../domain/platform-name.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import type { PlatformAdapter, Reach } from '../platforms/platform.ts';
import { canPublish, choiceContent, finishConnecting, pendingChoice, saveAccounts } from './connect-finish.ts';
import { ACCOUNTS_PAGE, callbackUrl, startAddress } from './connect-journey.ts';
import { declined, expired } from './connect-problems.ts';
import { formText, formTexts, pathText, queryText, readLongForm } from './form-body.ts';
import { requireActor } from './guard.ts';
import { choicePage } from './pages/choice-page.ts';
import { organizationsPage } from './pages/organizations-page.ts';
import { beginConsent, takeConsent } from './pending-consent.ts';
import { dropGrant, readGrant } from './pending-grant.ts';
import { sendProblem } from './problem.ts';
import { saveSession } from './session.ts';

export function connectRoutes(ctx: AppContext): Router {
  const router = Router();

  router.get('/connect/:platform', async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    const adapter = availablePlatform(ctx, pathText(req, 'platform'));
    const team = await chosenTeam(ctx, actor, queryText(req, 'team'), req.query.team !== undefined);
    const reach: Reach = queryText(req, 'organizations') === null ? 'own' : 'organizations';
    if (reach === 'organizations') requireOrganizations(adapter);
    const renew = queryText(req, 'renew') !== null;
    const accountId = renew ? queryText(req, 'account') : null;
    await accountAgain(ctx, actor, team, adapter, accountId);
    const { platform } = adapter;
    const purpose = { kind: 'connect', platform, teamId: team.id, userId: actor.id, renew, accountId, reach } as const;
    const journey = beginConsent(req, purpose, ctx.clock.now());
    await saveSession(req);
    const asked = (await hasOrganizations(ctx, actor, adapter)) ? 'organizations' : reach;
    const redirectUri = callbackUrl(ctx, platform);
    res.redirect(302, adapter.connector.authorizeUrl({ redirectUri, ...journey, reach: asked }));
  });

  router.get('/connect/:platform/organizations', async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    const adapter = availablePlatform(ctx, pathText(req, 'platform'));
    requireOrganizations(adapter);
    const team = await chosenTeam(ctx, actor, queryText(req, 'team'), req.query.team !== undefined);
    const waiting = await ctx.db.connectedAccount.findMany({
      where: { ...organizationsOf(actor, adapter), teamId: team.id, status: 'reconnect_required' },
      orderBy: { displayName: 'asc' },
      select: { displayName: true },
    });
    res.setHeader('Cache-Control', 'no-store');
    res.type('html').send(
      organizationsPage({
        platformLabel: PLATFORM_LABEL[adapter.platform],
        teamName: team.name,
        waiting: waiting.map(({ displayName }) => displayName),
        start: startAddress({ team, adapter, reach: 'organizations' }),
      }),
    );
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
    const account = await accountAgain(ctx, actor, team, adapter, consent.accountId ?? null);
    const connecting = { actor, team, adapter, renew: consent.renew, account, reach: consent.reach };
    const code = queryText(req, 'code');
    if (code === null) return sendProblem(req, res, declined(connecting, queryText(req, 'error')));
    await finishConnecting(ctx, req, res, connecting, { code, codeVerifier: consent.codeVerifier });
  });

  router.post('/connect/:platform/choice', readLongForm, async (req, res) => {
    const actor = requireActor(ctx, req, res);
    if (actor === null) return;
    const adapter = availablePlatform(ctx, pathText(req, 'platform'));
    const kept = readGrant(ctx, req, actor, formText(req, 'pending'), pendingChoice);
    if (kept === null || kept.platform !== adapter.platform) return sendProblem(req, res, expired(adapter.platform));
    const team = await chosenTeam(ctx, actor, kept.teamId, true);
    const connecting = { actor, team, adapter, renew: kept.renew, account: null, reach: kept.reach };
    const chosen = formTexts(req, 'account');
    const candidates = kept.candidates.filter((one) => canPublish(one) && chosen.includes(one.externalId));
    if (candidates.length === 0) {
      const again = choicePage({
        ...choiceContent(connecting, kept.candidates, formText(req, 'pending')),
        problem: 'Choose at least one of these accounts.',
      });
      res.status(400).type('html').send(again);
      return;
    }
    dropGrant(req);
    await saveAccounts(ctx, connecting, candidates, kept.grant);
    res.redirect(303, ACCOUNTS_PAGE);
  });

  return router;
}

/** @throws {Refusal} `not-found` with what to configure */
function availablePlatform(ctx: AppContext, name: string): PlatformAdapter {
  if (!isPlatform(name))
    throw new Refusal('not-found', `There is no such platform. Accounts can be connected on ${ALL_PLATFORMS}.`);
  const adapter = ctx.platforms[name];
  if (adapter === undefined) {
    throw new Refusal(
      'not-found',
      `${PLATFORM_LABEL[name]} is not available here. An administrator has to set ${CREDENTIALS[name]} and start the server again.`,
    );
  }
  return adapter;
}

/** @throws {Refusal} `not-found` */
function requireOrganizations({ platform, organizationScopes }: PlatformAdapter): void {
  if (organizationScopes === undefined)
    throw new Refusal('not-found', `On ${PLATFORM_LABEL[platform]} there are no Pages to connect apart from the rest.`);
}

/**
 * The account that is to be connected again.
 * @param id null: any
 * @throws {Refusal} `not-found` for one of another team or platform, and for one he may not see
 */
async function accountAgain(
  ctx: AppContext,
  actor: Actor,
  team: { id: string },
  { platform }: PlatformAdapter,
  id: string | null,
): Promise<ConnectedAccount | null> {
  if (id === null) return null;
  const where = { id: id.toLowerCase(), teamId: team.id, platform };
  const account = UUID.test(id) ? await ctx.db.connectedAccount.findFirst({ where }) : null;
  if (account === null || !can(actor, 'ConnectedAccount', 'show', account)) throw notFound('account');
  return account;
}

/**
 * Whether the person has connected Pages of organisations here. Then the wider consent is asked for whatever is to be
 * connected: the narrow one would end the permission for the Pages.
 */
async function hasOrganizations(ctx: AppContext, actor: Actor, adapter: PlatformAdapter): Promise<boolean> {
  if (adapter.organizationScopes === undefined) return false;
  const where = { ...organizationsOf(actor, adapter), status: { not: 'disconnected' } } as const;
  return (await ctx.db.connectedAccount.count({ where })) > 0;
}

function organizationsOf(actor: Actor, { platform }: PlatformAdapter) {
  return { platform, kind: 'organization', connectedById: actor.id } as const;
}

const ALL_PLATFORMS = new Intl.ListFormat('en-GB').format(Object.values(PLATFORM_LABEL));

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
