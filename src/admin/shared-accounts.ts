/** Accounts that another team has connected too: to the platform they are one, whose limits the posts of both teams use up. */
import type { AppContext } from '../context.ts';
import { type Actor, roleIn } from '../domain/access.ts';
import { PLATFORM_LABEL } from '../domain/platform-name.ts';
import type { Where } from './resource-query.ts';

export interface SharedAccount {
  id: string;
  /** Says who shares it; a team that this person may not see is not named. */
  sentence: string;
}

/** Whoever connected one is told on the list, where connecting ends, for this long. */
const TOLD_MS = 60 * 60_000;
const MOST_TOLD = 6;

/** Of those that this person has connected a short while ago. @param accounts what he may see */
export function justConnectedShared(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  actor: Actor,
  accounts: Where,
): Promise<SharedAccount[]> {
  const connectedAt = { gt: new Date(ctx.clock.now().getTime() - TOLD_MS) };
  return sharedAccounts(ctx, actor, { AND: [accounts, { connectedById: actor.id, connectedAt }] });
}

/** @param accounts which ones, of those that this person may see */
export async function sharedAccounts(
  { db }: Pick<AppContext, 'db'>,
  actor: Actor,
  accounts: Where,
): Promise<SharedAccount[]> {
  const own = await db.connectedAccount.findMany({
    where: { AND: [accounts, { status: { not: 'disconnected' } }] },
    orderBy: [{ connectedAt: 'desc' }, { id: 'asc' }],
    take: MOST_TOLD,
    select: { id: true, platform: true, externalId: true, displayName: true, teamId: true },
  });
  if (own.length === 0) return [];
  const elsewhere = await db.connectedAccount.findMany({
    where: {
      status: { not: 'disconnected' },
      OR: own.map(({ platform, externalId, teamId }) => ({ platform, externalId, teamId: { not: teamId } })),
    },
    orderBy: { team: { name: 'asc' } },
    select: { platform: true, externalId: true, team: { select: { id: true, name: true } } },
  });
  return own.flatMap(({ id, platform, externalId, displayName, teamId }) => {
    const teams = elsewhere
      .filter((one) => one.platform === platform && one.externalId === externalId && one.team.id !== teamId)
      .map(({ team }) => team);
    if (teams.length === 0) return [];
    const whose = teams.length === 1 ? 'both teams share its limits' : 'all these teams share its limits';
    const sentence = `${displayName} is also connected to ${inWords(actor, teams)}. At ${PLATFORM_LABEL[platform]} it is one account, so the posts of ${whose}.`;
    return [{ id, sentence }];
  });
}

function inWords(actor: Actor, teams: readonly { id: string; name: string }[]): string {
  const seen = teams.filter(({ id }) => actor.isSuperuser || roleIn(actor, id) !== null);
  const others = teams.length - seen.length;
  const names = seen.map(({ name }) => `the team ${name}`);
  if (others > 0) names.push(others === 1 ? 'another team' : `${others} other teams`);
  return new Intl.ListFormat('en-GB').format(names);
}
