/** What hangs on one person: posts that are not finished, and accounts that nobody else can publish to or renew. */
import type { Platform } from '@prisma/client';
import type { AppContext } from '../context.ts';
import { UNFINISHED } from './hand-over.ts';

export interface HandOverReport {
  /** Where the person has something to hand over, and who could take it. */
  teams: readonly {
    id: string;
    name: string;
    posts: number;
    accounts: number;
    candidates: readonly { id: string; name: string }[];
  }[];
  /** What counts as not finished: statuses of posts. */
  unfinished: readonly string[];
  hanging: readonly HangingAccount[];
}

export interface HangingAccount {
  id: string;
  platform: Platform;
  displayName: string;
  team: { id: string; name: string };
  /**
   * personal: only he may publish to it · deactivated, left-team: he connected it for the team and cannot renew it any
   * more · only-manager: nobody else in the team could.
   */
  why: 'personal' | 'deactivated' | 'left-team' | 'only-manager';
}

type Db = Pick<AppContext, 'db'>;

export async function handOverReport({ db }: Db, userId: string): Promise<HandOverReport> {
  const mine = { authorId: userId, status: { in: [...UNFINISHED] } };
  const [posts, personal] = await Promise.all([
    db.post.groupBy({ by: ['teamId'], where: mine, _count: true }),
    db.connectedAccount.groupBy({ by: ['teamId'], where: { ownerId: userId }, _count: true }),
  ]);
  const teamIds = [...new Set([...posts, ...personal].map(({ teamId }) => teamId))];
  const teams = await db.team.findMany({
    where: { id: { in: teamIds } },
    orderBy: { name: 'asc' },
    select: {
      id: true,
      name: true,
      memberships: {
        where: { userId: { not: userId }, user: { isActive: true } },
        select: { user: { select: { id: true, name: true } } },
        orderBy: { user: { name: 'asc' } },
      },
    },
  });
  return {
    teams: teams.map(({ id, name, memberships }) => ({
      id,
      name,
      posts: posts.find(({ teamId }) => teamId === id)?._count ?? 0,
      accounts: personal.find(({ teamId }) => teamId === id)?._count ?? 0,
      candidates: memberships.map(({ user }) => user),
    })),
    unfinished: UNFINISHED,
    hanging: await hangingAccounts({ db }, userId),
  };
}

async function hangingAccounts({ db }: Db, userId: string): Promise<HangingAccount[]> {
  const person = await db.user.findUniqueOrThrow({ where: { id: userId }, include: { memberships: true } });
  const accounts = await db.connectedAccount.findMany({
    where: { status: { not: 'disconnected' }, OR: [{ ownerId: userId }, { ownerId: null, connectedById: userId }] },
    orderBy: [{ displayName: 'asc' }, { id: 'asc' }],
    select: { id: true, platform: true, displayName: true, ownerId: true, team: { select: { id: true, name: true } } },
  });
  const otherManagers = await db.membership.groupBy({
    by: ['teamId'],
    where: {
      teamId: { in: accounts.map(({ team }) => team.id) },
      role: 'manager',
      userId: { not: userId },
      user: { isActive: true },
    },
    _count: true,
  });
  return accounts.flatMap(({ ownerId, ...account }) => {
    const member = person.memberships.some(({ teamId }) => teamId === account.team.id);
    const alone = !otherManagers.some(({ teamId }) => teamId === account.team.id);
    const why =
      ownerId === userId
        ? 'personal'
        : !person.isActive
          ? 'deactivated'
          : !member && !person.isSuperuser
            ? 'left-team'
            : alone
              ? 'only-manager'
              : null;
    return why === null ? [] : [{ ...account, why }];
  });
}

/** Deactivated people who still have something to hand over, for the first page of who can do that. */
export async function peopleToHandOver({
  db,
}: Db): Promise<{ id: string; name: string; posts: number; accounts: number }[]> {
  const unfinished = { status: { in: [...UNFINISHED] } };
  const owned = { status: { not: 'disconnected' as const } };
  const people = await db.user.findMany({
    where: { isActive: false, OR: [{ posts: { some: unfinished } }, { ownedAccounts: { some: owned } }] },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    take: 20,
    select: {
      id: true,
      name: true,
      _count: { select: { posts: { where: unfinished }, ownedAccounts: { where: owned } } },
    },
  });
  return people.map(({ _count, ...person }) => ({ ...person, posts: _count.posts, accounts: _count.ownedAccounts }));
}
