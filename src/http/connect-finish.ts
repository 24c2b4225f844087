/**
 * What happens once the platform has sent a person back with a code: the code becomes a grant, what he connected before gets
 * it, and the account it is about is connected, or a choice is shown where there are several.
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { AppContext } from '../context.ts';
import { repeatWhenCrossed } from '../database/repeat-when-crossed.ts';
import { roleIn } from '../domain/access.ts';
import { PLATFORM_LABEL, PLATFORMS } from '../domain/platform-name.ts';
import { type AccountCandidate, ConnectError, type TokenGrant } from '../platforms/platform.ts';
import { holdForEnded, takeConsent } from '../publishing/take-consent.ts';
import { ACCOUNTS_PAGE, type Connecting, callbackUrl } from './connect-journey.ts';
import { anotherAccount, failed, incomplete, mayNotPublish, nothingToConnect } from './connect-problems.ts';
import { choicePage } from './pages/choice-page.ts';
import { accountCandidate, keepGrant, tokenGrant } from './pending-grant.ts';
import { sendProblem } from './problem.ts';
import { saveSession } from './session.ts';

/** What waits for the person's choice. */
export const pendingChoice = z.object({
  platform: z.enum(PLATFORMS),
  teamId: z.string(),
  renew: z.boolean(),
  reach: z.enum(['own', 'organizations']).default('own'),
  candidates: z.array(accountCandidate),
  grant: tokenGrant,
});

/** Some ten milliseconds for each of up to 2,000 Pages. */
const MANY_ACCOUNTS = { timeout: 120_000 };

/** Answers the callback. */
export async function finishConnecting(
  ctx: AppContext,
  req: Request,
  res: Response,
  connecting: Connecting,
  answer: { code: string; codeVerifier: string },
): Promise<void> {
  const { platform, connector } = connecting.adapter;
  try {
    const redirectUri = callbackUrl(ctx, platform);
    const grant = await connector.exchangeCode({ ...answer, redirectUri }, ctx.clock.now());
    const missing = neededScopes(connecting).filter((scope) => !grant.scopes.includes(scope));
    if (missing.length > 0) return sendProblem(req, res, incomplete(connecting, missing));
    const own = await connector.candidates(grant, ctx.clock.now());
    if (connecting.reach === 'organizations') await offerOrganizations(ctx, req, res, connecting, grant, own);
    else await offerOwn(ctx, req, res, connecting, grant, own);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    ctx.log.warn({ requestId: res.locals.requestId, platform, reason: error.code }, 'connecting failed');
    sendProblem(req, res, failed(connecting, error));
  }
}

function neededScopes({ adapter, reach }: Connecting): readonly string[] {
  return reach === 'own' ? adapter.requiredScopes : [...adapter.requiredScopes, ...(adapter.organizationScopes ?? [])];
}

/** The person's own accounts; from "Connect again" that one and no other. */
async function offerOwn(
  ctx: AppContext,
  req: Request,
  res: Response,
  connecting: Connecting,
  grant: TokenGrant,
  own: readonly AccountCandidate[],
): Promise<void> {
  const { account } = connecting;
  const offered = account === null ? own : own.filter(isThe(account));
  if (account !== null && offered.length === 0) return sendProblem(req, res, anotherAccount(connecting, account, own));
  const [reason] = account === null ? [] : offered.flatMap(({ cannotPublish }) => cannotPublish ?? []);
  if (account !== null && reason !== undefined)
    return sendProblem(req, res, mayNotPublish(connecting, account, reason));
  await offer(ctx, req, res, connecting, grant, offered);
}

/** Whether it may be chosen. */
export function canPublish({ cannotPublish }: AccountCandidate): boolean {
  return cannotPublish === undefined;
}

function isThe(account: Pick<AccountCandidate, 'externalId' | 'kind'>) {
  return ({ externalId, kind }: AccountCandidate) => externalId === account.externalId && kind === account.kind;
}

/** Connects the one account there is, or asks which of several. */
async function offer(
  ctx: AppContext,
  req: Request,
  res: Response,
  connecting: Connecting,
  grant: TokenGrant,
  candidates: readonly AccountCandidate[],
): Promise<void> {
  const { actor, team, adapter, renew, reach } = connecting;
  const [only, ...others] = candidates.filter(canPublish);
  if (only === undefined) return sendProblem(req, res, nothingToConnect(connecting));
  if (others.length === 0) {
    await saveAccounts(ctx, connecting, [only], grant);
    res.redirect(302, ACCOUNTS_PAGE);
    return;
  }
  const kept = { platform: adapter.platform, teamId: team.id, renew, reach, candidates, grant };
  const pending = keepGrant(ctx, req, actor, kept);
  await saveSession(req);
  res.setHeader('Cache-Control', 'no-store');
  res.type('html').send(choicePage(choiceContent(connecting, candidates, pending)));
}

/**
 * The consent for Pages has ended the tokens that the person gave before, so these are renewed first of all: whatever
 * becomes of the Pages, nothing that worked must stop. Pages that had been connected are among them, and the others are
 * offered. Only somebody else than before, who is to renew one Page, has to show first that he administers it.
 */
async function offerOrganizations(
  ctx: AppContext,
  req: Request,
  res: Response,
  connecting: Connecting,
  grant: TokenGrant,
  own: readonly AccountCandidate[],
): Promise<void> {
  const { actor, adapter, team, renew, account } = connecting;
  const grantedBy = own[0]?.grantedBy ?? null;
  const list = async () =>
    (await adapter.connector.candidates(grant, ctx.clock.now(), 'organizations')).filter(
      ({ kind }) => kind === 'organization',
    );
  const listed = account !== null && account.grantedBy !== grantedBy ? await list() : null;
  if (account !== null && listed !== null && !listed.some(isThe(account)))
    return sendProblem(req, res, anotherAccount(connecting, account, own));
  const consent = { actor, adapter, grantedBy, grant };
  const { renewed, ended } = await repeatWhenCrossed(() =>
    ctx.db.$transaction((tx) => takeConsent(tx, ctx, consent, [])),
  );
  await holdForEnded(ctx, ended);
  const pages = renewed.filter(({ kind }) => kind === 'organization');
  // From "Connect again": it is done, and nobody asked for more.
  if (renew && pages.some(({ id }) => account === null || id === account.id)) return res.redirect(302, ACCOUNTS_PAGE);
  const organizations = listed ?? (await list());
  if (account !== null) return offerOwn(ctx, req, res, connecting, grant, organizations);
  const others = organizations.filter(
    ({ externalId }) => !pages.some((page) => page.teamId === team.id && page.externalId === externalId),
  );
  if (organizations.length > 0 && others.length === 0) return res.redirect(302, ACCOUNTS_PAGE);
  await offer(ctx, req, res, connecting, grant, others);
}

/** A manager's or superuser's account is the team's; anybody else's is his own. */
export async function saveAccounts(
  ctx: AppContext,
  { actor, team, adapter, renew, reach }: Connecting,
  candidates: readonly AccountCandidate[],
  grant: TokenGrant,
): Promise<void> {
  const personal = !actor.isSuperuser && roleIn(actor, team.id) !== 'manager';
  const { platform } = adapter;
  const connections = candidates.map((candidate) => {
    const connection = { actor, teamId: team.id, personal, keepOwner: renew, platform, candidate };
    return { ...connection, grant: candidate.grant ?? grant };
  });
  // With Pages the others have been renewed already, before they were offered.
  const grantedBy = reach === 'own' ? (candidates[0]?.grantedBy ?? null) : null;
  const consent = { actor, adapter, grantedBy, grant };
  // The code is used up: nobody can come back with it a second time.
  const { ended } = await repeatWhenCrossed(() =>
    ctx.db.$transaction((tx) => takeConsent(tx, ctx, consent, connections), MANY_ACCOUNTS),
  );
  await holdForEnded(ctx, ended);
}

export function choiceContent({ team, adapter }: Connecting, candidates: readonly AccountCandidate[], pending: string) {
  return {
    action: `/connect/${adapter.platform}/choice`,
    pending,
    platformLabel: PLATFORM_LABEL[adapter.platform],
    teamName: team.name,
    candidates,
  };
}
