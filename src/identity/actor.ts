import type { Database, Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';

/**
 * The person with this id as the access rules want to see him, read afresh: roles and deactivation count from the next
 * request on.
 * @returns null when there is no such person or he was deactivated
 */
export async function loadActor(db: Database | Tx, userId: string): Promise<Actor | null> {
  const user = await db.user.findUnique({
    where: { id: userId },
    include: { memberships: { select: { teamId: true, role: true }, orderBy: { createdAt: 'asc' } } },
  });
  if (user === null || !user.isActive) return null;
  const { id, email, name, timeZone, isSuperuser, memberships } = user;
  return { id, email, name, timeZone, isSuperuser, memberships };
}
