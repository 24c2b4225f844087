/**
 * Whom a LinkedIn identity lets in. An identity is (provider, subject). An e-mail address alone never opens an account:
 * a new identity needs an invitation, either one from whose page he came (http/opened-invitation.ts) or one that is still
 * open for the very address LinkedIn verified.
 */
import type { Invitation } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { loadPerson, type ProvenPerson } from './actor.ts';
import { invitedPerson, redeemInvitation, stillOpen, takeInvitation } from './invitations.ts';
import type { LinkedInProfile } from './linkedin-strategy.ts';
import { insertUser, lockAddress, lockPerson, personName } from './person.ts';

export type Admission =
  | { admitted: true; person: ProvenPerson }
  /** Nobody invited him · his access was switched off · the invited person is somebody who signs in another way. */
  | { admitted: false; reason: 'uninvited' | 'inactive' | 'somebody-else' };

/**
 * Decides and, when he is let in, writes what follows from it: the identity, a new person, a used invitation.
 * @param invitationHash of an invitation link from whose page he came
 */
export async function admitLinkedInMember(
  tx: Tx,
  ctx: AppContext,
  profile: LinkedInProfile,
  invitationHash: string | null,
): Promise<Admission> {
  await lockMember(tx, profile);
  const invitation = await usableInvitation(tx, ctx, profile, invitationHash);
  const identity = await tx.identity.findUnique({
    where: { provider_subject: { provider: 'linkedin', subject: profile.sub } },
  });
  if (identity === null)
    return invitation === null ? { admitted: false, reason: 'uninvited' } : admitInvited(tx, ctx, profile, invitation);

  await tx.identity.update({ where: { id: identity.id }, data: { lastUsedAt: ctx.clock.now() } });
  const person = await loadPerson(tx, identity.userId);
  if (person === null) return { admitted: false, reason: 'inactive' };
  if (invitation === null) return { admitted: true, person };
  const invited = await invitedPerson(tx, invitation);
  if (invited !== null && invited.user.id !== person.actor.id) return { admitted: true, person };
  const user = await tx.user.findUniqueOrThrow({ where: { id: person.actor.id } });
  return { admitted: true, person: await redeemInvitation(tx, ctx, invitation, user) };
}

/**
 * Adds a LinkedIn identity to a signed-in person, who was asked.
 * @throws {Refusal} `conflict` when it is somebody else's, or he has another one
 */
export async function linkLinkedInMember(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  profile: LinkedInProfile,
): Promise<void> {
  await lockMember(tx, profile);
  await lockPerson(tx, actor.id);
  const taken = await tx.identity.findUnique({
    where: { provider_subject: { provider: 'linkedin', subject: profile.sub } },
  });
  if (taken !== null && taken.userId !== actor.id)
    throw new Refusal('conflict', 'This LinkedIn account already signs in somebody else here.');
  if (taken !== null) return;
  if (await hasLinkedIn(tx, actor.id))
    throw new Refusal('conflict', 'You already sign in with another LinkedIn account.');
  await bindIdentity(tx, ctx, actor.id, profile);
}

async function usableInvitation(
  tx: Tx,
  ctx: AppContext,
  profile: LinkedInProfile,
  invitationHash: string | null,
): Promise<Invitation | null> {
  const now = ctx.clock.now();
  const opened = invitationHash === null ? null : await takeInvitation(tx, invitationHash, now);
  if (opened !== null && opened.email !== null) return opened;
  if (profile.email === null) return null;
  await lockAddress(tx, profile.email);
  // What makes a superuser needs the link itself.
  return tx.invitation.findFirst({
    where: { email: profile.email, grantsSuperuser: false, ...stillOpen(now) },
    orderBy: { createdAt: 'desc' },
  });
}

async function admitInvited(
  tx: Tx,
  ctx: AppContext,
  profile: LinkedInProfile,
  invitation: Invitation,
): Promise<Admission> {
  const email = invitation.email;
  if (email === null) return { admitted: false, reason: 'uninvited' };
  const invited = await invitedPerson(tx, invitation);
  if (invited === null) {
    const name = personName(profile.name) ?? email;
    const user = await insertUser(
      tx,
      ctx,
      { email, name, timeZone: 'UTC', isSuperuser: invitation.grantsSuperuser, password: null },
      invitation.invitedById,
    );
    await bindIdentity(tx, ctx, user.id, profile);
    return { admitted: true, person: await redeemInvitation(tx, ctx, invitation, user) };
  }
  if (!invited.user.isActive && !invitation.grantsSuperuser) return { admitted: false, reason: 'inactive' };
  if (await hasLinkedIn(tx, invited.user.id)) return { admitted: false, reason: 'somebody-else' };
  // He has a password: whoever only holds the link is not he, unless LinkedIn vouches for his address.
  if (invited.canSignIn && profile.email !== email) return { admitted: false, reason: 'somebody-else' };
  await bindIdentity(tx, ctx, invited.user.id, profile);
  return { admitted: true, person: await redeemInvitation(tx, ctx, invitation, invited.user) };
}

/** Of the same member in two browsers at once the second sees what the first has become here. */
async function lockMember(tx: Tx, profile: LinkedInProfile): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('linkedin-member'), hashtext(${profile.sub}))`;
}

async function hasLinkedIn(tx: Tx, userId: string): Promise<boolean> {
  return (await tx.identity.count({ where: { userId, provider: 'linkedin' } })) > 0;
}

async function bindIdentity(tx: Tx, ctx: AppContext, userId: string, profile: LinkedInProfile): Promise<void> {
  await tx.identity.create({ data: { userId, provider: 'linkedin', subject: profile.sub } });
  await recordEvent(
    tx,
    {
      actorId: userId,
      action: 'user.updated',
      entity: 'User',
      entityId: userId,
      teamId: null,
      metadata: { changed: ['linkedin identity'] },
    },
    ctx.clock.now(),
  );
}
