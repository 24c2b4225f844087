import type { Database, Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';

/** Who somebody is, and the version of his credentials under which he has proved it: a session is good for that one only. */
export interface ProvenPerson {
  actor: Actor;
  credentialVersion: number;
}

/**
 * The person with this id as the access rules want to see him, read afresh: roles and deactivation count from the next
 * request on.
 * @returns null when there is no such person or he was deactivated
 */
export async function loadActor(db: Database | Tx, userId: string): Promise<Actor | null> {
  return (await loadPerson(db, userId))?.actor ?? null;
}

/** The same, with the version that his credentials have now. Before a session is begun it is read before the proof. */
export async function loadPerson(db: Database | Tx, userId: string): Promise<ProvenPerson | null> {
  const user = await db.user.findUnique({
    where: { id: userId },
    include: { memberships: { select: { teamId: true, role: true }, orderBy: { createdAt: 'asc' } } },
  });
  if (user === null || !user.isActive) return null;
  const { id, email, name, timeZone, isSuperuser, memberships, credentialVersion } = user;
  return { actor: { id, email, name, timeZone, isSuperuser, memberships }, credentialVersion };
}

/**
 * The same for a decision that must not outrun the person's leaving: his row and his memberships stay as they are until the
 * transaction ends; what is being changed of them right now is waited for. Lock this before any post: handing over does.
 * @returns null as above
 */
export async function lockActor(tx: Tx, userId: string): Promise<Actor | null> {
  await tx.$queryRaw`select 1 from users where id = ${userId}::uuid for share`;
  await tx.$queryRaw`select 1 from memberships where user_id = ${userId}::uuid order by id for share`;
  return loadActor(tx, userId);
}
