/**
 * Which events of the audit people are written to about, and whom: those who can repair it. An event is written in the
 * same transaction as what happened, so it is the outbox: nothing happens without it, and nothing is in it that did not.
 */
import { Prisma, type TeamRole } from '@prisma/client';
import type { Tx } from '../database/client.ts';

/** SQL: an event (a row of `audit_events`) that somebody has to be told about. */
export const IS_WORTH_TELLING = Prisma.sql`
  action IN ('account.reconnect_required', 'account.posts_held', 'team.posts_held', 'hold.created',
    'publication.failed', 'publication.unconfirmed', 'publication.missed', 'publication.held', 'publication.live_twice',
    'publication.perhaps_live_twice', 'post.approval_overdue')
  -- Who ordered a hold knows of it. One that the system ordered is told to those who may release it.
  AND (action <> 'hold.created' OR actor_id IS NULL)
  -- What is held because of an account, a restore or an outage is told once, with the account or the team.
  AND (action <> 'publication.held' OR metadata ->> 'errorCode' IN ('late', 'not-approved'))`;

export interface TellableEvent {
  id: string;
  entity: string;
  entityId: string;
  /** Null: the whole product's, for the superusers. */
  teamId: string | null;
}

/**
 * The active people who can repair what these events are about: the managers of the team and, of a personal account or a
 * post, the person it belongs to, as long as he is in the team; of a post that waits for approval, also who may approve.
 * Where nobody is left, the superusers.
 * @returns ids of people, by event
 */
export async function recipientsOf(tx: Tx, events: readonly TellableEvent[]): Promise<Map<string, string[]>> {
  const idsOf = (entity: string) => events.filter((event) => event.entity === entity).map(({ entityId }) => entityId);
  const [accounts, publications, posts, members, superusers] = await Promise.all([
    tx.connectedAccount.findMany({
      where: { id: { in: idsOf('ConnectedAccount') } },
      select: { id: true, ownerId: true },
    }),
    tx.publication.findMany({
      where: { id: { in: idsOf('Publication') } },
      select: { id: true, post: { select: { authorId: true } } },
    }),
    tx.post.findMany({ where: { id: { in: idsOf('Post') } }, select: { id: true, authorId: true } }),
    tx.membership.findMany({
      where: { teamId: { in: events.flatMap(({ teamId }) => teamId ?? []) }, user: { isActive: true } },
      select: { teamId: true, userId: true, role: true },
    }),
    tx.user.findMany({ where: { isSuperuser: true, isActive: true }, select: { id: true } }),
  ]);
  const owners = new Map([
    ...accounts.map(({ id, ownerId }) => [id, ownerId] as const),
    ...publications.map(({ id, post }) => [id, post.authorId] as const),
    ...posts.map(({ id, authorId }) => [id, authorId] as const),
  ]);
  const everything = superusers.map(({ id }) => id);
  return new Map(
    events.map(({ id, entity, entityId, teamId }) => {
      const owner = owners.get(entityId) ?? null;
      const people = members
        .filter((member) => member.teamId === teamId && (repairs(member.role, entity) || member.userId === owner))
        .map(({ userId }) => userId);
      if (owner !== null && !people.includes(owner) && everything.includes(owner)) people.push(owner);
      return [id, people.length > 0 ? people : everything];
    }),
  );
}

/** Of posts only those are told that wait for approval. */
function repairs(role: TeamRole, entity: string): boolean {
  return role === 'manager' || (role === 'approver' && entity === 'Post');
}
