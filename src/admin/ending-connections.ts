/** Connections that end although nothing is wrong with them yet, because only a person can renew them: told in time. */
import type { Platform } from '@prisma/client';
import type { AppContext } from '../context.ts';
import { type Actor, can } from '../domain/access.ts';
import { isEndWorthTelling } from '../domain/connection-end.ts';
import { reconnectAddress } from './account-address.ts';
import type { Where } from './resource-query.ts';

export interface EndingConnection {
  id: string;
  platform: Platform;
  displayName: string;
  endsAt: Date;
  /** Scheduled posts, of those this person may see, that come after it. */
  postsAfter: number;
  reconnectUrl: string;
  mayReconnect: boolean;
}

/** More would push the page out of sight; those that end first are told first. */
const MOST_TOLD = 6;
/** Accounts looked at, those that end first. */
const MOST_LOOKED_AT = 200;

/**
 * @param accounts which accounts, and within them which publications (`publications`), this person may see
 * @returns those whose end is near or has scheduled posts after it, the nearest end first
 */
export async function endingConnections(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  actor: Actor,
  accounts: Where,
  publications: Where,
): Promise<EndingConnection[]> {
  const { db } = ctx;
  const candidates = await db.connectedAccount.findMany({
    where: { AND: [accounts, { status: 'active', permissionEndsAt: { not: null } }] },
    orderBy: [{ permissionEndsAt: 'asc' }, { id: 'asc' }],
    take: MOST_LOOKED_AT,
    select: {
      id: true,
      platform: true,
      kind: true,
      displayName: true,
      teamId: true,
      ownerId: true,
      permissionEndsAt: true,
    },
  });
  if (candidates.length === 0) return [];
  const counts = await db.publication.groupBy({
    by: ['accountId'],
    where: {
      AND: [publications, { OR: candidates.map(({ id, permissionEndsAt }) => comesAfter(id, permissionEndsAt)) }],
    },
    _count: true,
  });
  const now = ctx.clock.now();
  return candidates
    .flatMap(({ permissionEndsAt: endsAt, teamId, ownerId, ...account }) => {
      const postsAfter = counts.find(({ accountId }) => accountId === account.id)?._count ?? 0;
      if (endsAt === null || !isEndWorthTelling(endsAt, postsAfter, now)) return [];
      const mayReconnect = can(actor, 'ConnectedAccount', 'reconnect', { ownerId, teamId });
      const reconnectUrl = reconnectAddress({ ...account, teamId });
      return [{ ...account, endsAt, postsAfter, reconnectUrl, mayReconnect }];
    })
    .slice(0, MOST_TOLD);
}

/** What waits for approval has no due time of its own yet: its post has. */
function comesAfter(accountId: string, endsAt: Date | null): Where {
  const after = { gte: endsAt };
  return {
    accountId,
    OR: [
      { status: { in: ['scheduled', 'retrying', 'held'] }, dueAt: after },
      { status: 'awaiting_approval', post: { scheduledAt: after } },
    ],
  };
}
