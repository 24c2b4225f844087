/** Connections that are broken, and the posts that wait because of it. */
import type { Platform } from '@prisma/client';
import type { AppContext } from '../context.ts';
import { type Actor, can } from '../domain/access.ts';
import { excerpt } from '../domain/excerpt.ts';
import { reconnectAddress } from './account-address.ts';
import type { Where } from './resource-query.ts';

export interface DeadConnection {
  id: string;
  platform: Platform;
  displayName: string;
  teamId: string;
  reconnectUrl: string;
  /** A sentence; null when the platform gave no reason. */
  statusReason: string | null;
  mayReconnect: boolean;
  /** Of those this person may see. */
  waiting: { total: number; first: { id: string; postId: string; text: string }[] };
}

const MOST_TOLD = 6;
/** Posts named per account; the rest is a number. */
const POSTS_NAMED = 3;
const TEXT_LENGTH = 80;

/** @param accounts and `publications`: what this person may see */
export async function deadConnections(
  ctx: Pick<AppContext, 'db'>,
  actor: Actor,
  accounts: Where,
  publications: Where,
): Promise<DeadConnection[]> {
  const dead = await ctx.db.connectedAccount.findMany({
    where: { AND: [accounts, { status: 'reconnect_required' }] },
    orderBy: [{ displayName: 'asc' }, { id: 'asc' }],
    take: MOST_TOLD,
    select: {
      id: true,
      platform: true,
      kind: true,
      displayName: true,
      teamId: true,
      ownerId: true,
      statusReason: true,
    },
  });
  return Promise.all(
    dead.map(async ({ ownerId, ...account }) => ({
      ...account,
      reconnectUrl: reconnectAddress(account),
      mayReconnect: can(actor, 'ConnectedAccount', 'reconnect', { ownerId, teamId: account.teamId }),
      waiting: await waitingFor(ctx, account.id, publications),
    })),
  );
}

async function waitingFor(
  { db }: Pick<AppContext, 'db'>,
  accountId: string,
  publications: Where,
): Promise<DeadConnection['waiting']> {
  const where = {
    AND: [publications, { accountId, status: { in: ['held', 'scheduled', 'retrying'] } }],
  };
  const [total, first] = await Promise.all([
    db.publication.count({ where }),
    db.publication.findMany({
      where,
      orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
      take: POSTS_NAMED,
      select: { id: true, postId: true, post: { select: { text: true } } },
    }),
  ]);
  return { total, first: first.map(({ id, postId, post }) => ({ id, postId, text: excerpt(post.text, TEXT_LENGTH) })) };
}
