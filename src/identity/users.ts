import type { User } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, can } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { issueInvitation } from './invitations.ts';
import { passwordProblem } from './password.ts';
import { checkProfile, insertUser, lockAddress, storePassword } from './person.ts';
import { endSessionsOf } from './sessions.ts';

/** What a superuser fills in for a new person; raw text as typed. */
export interface NewUser {
  email: string;
  name: string;
  isSuperuser?: boolean;
  timeZone?: string;
  password?: string;
}

/**
 * Makes a person, and an invitation for his address: its link lets him choose a password, and until it expires he may
 * also sign in with a LinkedIn account whose verified e-mail address is this one.
 * @throws {Refusal} `forbidden`, or `invalid` with fields email, name, timeZone, password
 */
export async function createUser(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  input: NewUser,
): Promise<{ user: User; invitationUrl: string }> {
  if (!can(actor, 'User', 'new', { ownerId: null, teamId: null }))
    throw new Refusal('forbidden', 'Only a superuser may add people.');
  const profile = checkProfile({ ...input, password: input.password === '' ? undefined : input.password });
  await lockAddress(tx, profile.email);
  if (await tx.user.findUnique({ where: { email: profile.email } })) {
    const taken = 'There is already a person with this e-mail address.';
    throw new Refusal('invalid', taken, { email: taken });
  }
  const user = await insertUser(tx, ctx, { ...profile, isSuperuser: input.isSuperuser === true }, actor.id);
  const { url } = await issueInvitation(tx, ctx, {
    email: profile.email,
    teamId: null,
    role: 'author',
    grantsSuperuser: false,
    invitedById: actor.id,
  });
  return { user, invitationUrl: url };
}

/**
 * Sets a local password and ends all sessions of that person.
 * @param keepSession the id of the one he is asking from, which goes on; null: none does
 * @throws {Refusal} `forbidden` unless it is his own or a superuser asks; `invalid` with field password
 */
export async function setPassword(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  userId: string,
  password: string,
  keepSession: string | null = null,
): Promise<void> {
  if (actor.id !== userId && !actor.isSuperuser)
    throw new Refusal('forbidden', 'You may only change your own password.');
  const problem = passwordProblem(password);
  if (problem !== null) throw new Refusal('invalid', problem, { password: problem });
  await storePassword(tx, userId, password);
  await endSessionsOf(tx, userId, keepSession);
  await recordEvent(
    tx,
    {
      actorId: actor.id,
      action: 'user.updated',
      entity: 'User',
      entityId: userId,
      teamId: null,
      metadata: { changed: ['password'] },
    },
    ctx.clock.now(),
  );
}
