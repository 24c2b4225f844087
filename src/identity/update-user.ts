import type { User } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, roleIn } from '../domain/access.ts';
import { notFound, Refusal, refuseFields } from '../domain/refusal.ts';
import { loadActor } from './actor.ts';
import { emailAddress } from './email-address.ts';
import { checkProfile, lockAddress } from './person.ts';
import { endSessionsOf } from './sessions.ts';

/** Values as typed; an absent key means: leave it as it is. The last three are changed by superusers only. */
export interface UserChange {
  name?: string;
  timeZone?: string;
  email?: string;
  isSuperuser?: boolean;
  isActive?: boolean;
}

/**
 * Changes a person's details: his own name and zone by himself, everything by a superuser. Deactivating ends all sessions
 * of that person, for good: they do not come back with him. Other powers count from his next request on.
 * @param expectedUpdatedAt the version that was looked at
 * @throws Refusal
 */
export async function updateUser(
  tx: Tx,
  ctx: AppContext,
  asking: Actor,
  userId: string,
  change: UserChange,
  expectedUpdatedAt?: Date,
): Promise<User> {
  const wanted = change.email === undefined ? null : emailAddress(change.email);
  if (wanted !== null) await lockAddress(tx, wanted);
  const user = isUuid(userId) ? await lockUser(tx, userId) : null;
  // He may have lost his own powers while he waited.
  const actor = await loadActor(tx, asking.id);
  if (actor === null) throw new Refusal('forbidden', 'Your access was switched off. Ask a superuser.');
  if (user === null || !(actor.isSuperuser || actor.id === userId || (await isColleague(tx, actor, userId))))
    throw notFound('person');
  if (!actor.isSuperuser && actor.id !== userId)
    throw new Refusal('forbidden', 'Only a superuser may change other people.');
  if (expectedUpdatedAt !== undefined && expectedUpdatedAt.getTime() !== user.updatedAt.getTime()) {
    throw new Refusal(
      'conflict',
      'Somebody changed this person while you were editing. Look at the saved version, then save yours again.',
    );
  }
  if (!actor.isSuperuser) refuseWhatSuperusersChange(user, change);
  const { email, name, timeZone } = checkProfile(
    {
      email: change.email ?? user.email,
      name: change.name ?? user.name,
      timeZone: change.timeZone ?? user.timeZone,
    },
    user.name,
  );
  const data = {
    email,
    name,
    timeZone,
    isSuperuser: change.isSuperuser ?? user.isSuperuser,
    isActive: change.isActive ?? user.isActive,
  };
  await refuseTakenEmail(tx, data.email, userId);
  refuseLockingOneselfOut(actor, user, data);
  await refuseTakingTheLastSuperuser(tx, user, data);
  const updated = await tx.user.update({ where: { id: userId }, data });
  if (!updated.isActive) await endSessionsOf(tx, userId, null);
  const changed = (Object.keys(data) as (keyof typeof data)[]).filter((key) => user[key] !== updated[key]);
  const metadata = { changed, ...Object.fromEntries(changed.map((key) => [key, updated[key]])) };
  await recordEvent(
    tx,
    { actorId: actor.id, action: 'user.updated', entity: 'User', entityId: userId, teamId: null, metadata },
    ctx.clock.now(),
  );
  return updated;
}

/** A form may send along what it shows; only another value than the saved one is a wish that has to be refused. */
function refuseWhatSuperusersChange(user: User, change: UserChange): void {
  const fields: Record<string, string> = {};
  if (change.email !== undefined && (emailAddress(change.email) ?? change.email) !== user.email)
    fields.email = 'Only a superuser may change an e-mail address. Ask one.';
  if (change.isSuperuser !== undefined && change.isSuperuser !== user.isSuperuser)
    fields.isSuperuser = 'Only a superuser may change who is one.';
  if (change.isActive !== undefined && change.isActive !== user.isActive)
    fields.isActive = 'Only a superuser may deactivate people. Ask one.';
  const refusal = refuseFields(fields);
  if (refusal !== null) throw refusal;
}

/**
 * Together with every superuser, in one order for all: who is one is decided by one person after the other. Not `for
 * update`, which would wait for, and hold up, whoever only names one of them in the audit.
 */
async function lockUser(tx: Tx, userId: string): Promise<User | null> {
  await tx.$queryRaw`
    select 1 from users where id = ${userId}::uuid or (is_superuser and is_active) order by id for no key update`;
  return tx.user.findUnique({ where: { id: userId } });
}

async function isColleague(tx: Tx, actor: Actor, userId: string): Promise<boolean> {
  const memberships = await tx.membership.findMany({ where: { userId }, select: { teamId: true } });
  return memberships.some(({ teamId }) => roleIn(actor, teamId) !== null);
}

async function refuseTakenEmail(tx: Tx, email: string, exceptId: string): Promise<void> {
  const taken = await tx.user.findFirst({ where: { email, id: { not: exceptId } }, select: { id: true } });
  if (taken === null) return;
  const message = 'There is already a person with this e-mail address.';
  throw new Refusal('invalid', message, { email: message });
}

/** Whatever way led here: without a superuser nobody could let anybody in any more. */
async function refuseTakingTheLastSuperuser(
  tx: Tx,
  user: User,
  data: { isSuperuser: boolean; isActive: boolean },
): Promise<void> {
  if (!(user.isSuperuser && user.isActive) || (data.isSuperuser && data.isActive)) return;
  const others = await tx.user.count({ where: { isSuperuser: true, isActive: true, id: { not: user.id } } });
  if (others > 0) return;
  const message = 'This is the last superuser. Make somebody else one first.';
  throw new Refusal('invalid', message, { [data.isActive ? 'isSuperuser' : 'isActive']: message });
}

/** Another superuser can do it; so there is always one left. */
function refuseLockingOneselfOut(actor: Actor, user: User, data: { isSuperuser: boolean; isActive: boolean }): void {
  if (actor.id !== user.id) return;
  const field =
    user.isActive && !data.isActive ? 'isActive' : user.isSuperuser && !data.isSuperuser ? 'isSuperuser' : null;
  if (field === null) return;
  const message = 'You cannot take this from yourself. Ask another superuser.';
  throw new Refusal('invalid', message, { [field]: message });
}
