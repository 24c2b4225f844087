/**
 * Links that let a person in: single use, expiring, stored as a hash. Whoever holds the link may use it, so a link never
 * gives a new password to somebody who already has a way to sign in, unless an operator made it on the console.
 */
import type { Invitation, TeamRole, User } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Database, Tx } from '../database/client.ts';
import { type Actor, can, TEAM_ROLES } from '../domain/access.ts';
import { notFound, Refusal, refuseFields } from '../domain/refusal.ts';
import { loadPerson, type ProvenPerson } from './actor.ts';
import { emailAddress } from './email-address.ts';
import { createOneTimeToken, hashOneTimeToken } from './one-time-token.ts';
import { checkProfile, insertUser, lockAddress, lockPerson, storePassword } from './person.ts';
import { endSessionsOf } from './sessions.ts';

const VALID_DAYS = 14;
const SUPERUSER_VALID_DAYS = 1;

export interface InvitationTerms {
  email: string | null;
  teamId: string | null;
  role: TeamRole;
  grantsSuperuser: boolean;
  invitedById: string | null;
}

/**
 * Invites somebody into a team. An earlier link to the same team for the same address is worth nothing any more.
 * @returns the link to hand over
 * @throws {Refusal} `forbidden`, or `invalid` with fields email, role
 */
export async function inviteToTeam(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  input: { email: string; teamId: string; role: string },
): Promise<{ url: string; email: string }> {
  const { teamId } = input;
  if (!can(actor, 'Team', 'invite', { ownerId: null, teamId }))
    throw new Refusal('forbidden', 'Only a superuser may invite people.');
  const { email, role } = checkInvited(input);
  await lockAddress(tx, email);
  const known = await tx.user.findUnique({ where: { email }, select: { isActive: true, memberships: true } });
  const problem =
    known?.isActive === false
      ? 'This person is deactivated. Switch the access on again under People first.'
      : known?.memberships.some((membership) => membership.teamId === teamId)
        ? 'This person is in the team already. Change the role under Memberships.'
        : null;
  if (problem !== null) throw new Refusal('invalid', problem, { email: problem });
  const now = ctx.clock.now();
  await tx.invitation.updateMany({ where: { email, teamId, ...stillOpen(now) }, data: { revokedAt: now } });
  const terms = { email, teamId, role, grantsSuperuser: false, invitedById: actor.id };
  return { ...(await issueInvitation(tx, ctx, terms)), email };
}

function checkInvited(input: { email: string; role: string }): { email: string; role: TeamRole } {
  const email = emailAddress(input.email);
  const role = TEAM_ROLES.find((known) => known === input.role);
  const fields: Record<string, string> = {};
  if (email === null) fields.email = 'Enter an e-mail address such as ann@example.com.';
  if (role === undefined) fields.role = `Choose one of: ${TEAM_ROLES.join(', ')}.`;
  const refusal = refuseFields(fields);
  if (refusal !== null || email === null || role === undefined) throw refusal ?? notFound('team');
  return { email, role };
}

/**
 * A link, good for a day, that makes its user a superuser; for the operator's console. If there is a person with this
 * address, it is he who becomes one and gets a new password: so it also helps who forgot his.
 * @throws {Refusal} `invalid` when the address is none
 */
export async function inviteSuperuser(ctx: AppContext, email: string): Promise<{ url: string }> {
  const address = emailAddress(email);
  if (address === null)
    throw new Refusal('invalid', `"${email}" is not an e-mail address. Use one such as ann@example.com.`);
  return ctx.db.$transaction((tx) =>
    issueInvitation(tx, ctx, {
      email: address,
      teamId: null,
      role: 'author',
      grantsSuperuser: true,
      invitedById: null,
    }),
  );
}

/** Writes the invitation and puts it on record; access was checked before. */
export async function issueInvitation(tx: Tx, ctx: AppContext, terms: InvitationTerms): Promise<{ url: string }> {
  const { token, tokenHash } = createOneTimeToken();
  const days = terms.grantsSuperuser ? SUPERUSER_VALID_DAYS : VALID_DAYS;
  const now = ctx.clock.now();
  const invitation = await tx.invitation.create({
    data: { ...terms, tokenHash, expiresAt: new Date(now.getTime() + days * 86_400_000) },
  });
  if (terms.email !== null) {
    await recordEvent(
      tx,
      {
        actorId: terms.invitedById,
        action: 'user.invited',
        entity: 'User',
        entityId: null,
        teamId: terms.teamId,
        metadata: {
          email: terms.email,
          role: terms.role,
          grantsSuperuser: terms.grantsSuperuser,
          invitation: invitation.id,
        },
      },
      now,
    );
  }
  const page = terms.email === null ? 'setup' : 'invitations';
  return { url: `${ctx.config.publicUrl}/${page}/${token}` };
}

export type OpenInvitation = Invitation & { team: { name: string } | null };

/** Neither used nor taken back nor too old. */
export function stillOpen(now: Date) {
  return { acceptedAt: null, revokedAt: null, expiresAt: { gt: now } };
}

/** @returns the invitation of this link while it can be used, else null */
export async function findOpenInvitation(db: Database | Tx, token: string, now: Date): Promise<OpenInvitation | null> {
  return findOpenInvitationByHash(db, hashOneTimeToken(token), now);
}

async function findOpenInvitationByHash(
  db: Database | Tx,
  tokenHash: string,
  now: Date,
): Promise<OpenInvitation | null> {
  return db.invitation.findFirst({
    where: { tokenHash, ...stillOpen(now) },
    include: { team: { select: { name: true } } },
  });
}

/** The same for whoever is going to use it: until his transaction ends nobody else accepts anything for this address. */
export async function takeInvitation(tx: Tx, tokenHash: string, now: Date): Promise<OpenInvitation | null> {
  const seen = await findOpenInvitationByHash(tx, tokenHash, now);
  if (seen === null || seen.email === null) return seen;
  await lockAddress(tx, seen.email);
  return findOpenInvitationByHash(tx, tokenHash, now);
}

/** The person an invitation is meant for, if he is known, and whether he can already sign in. */
export async function invitedPerson(
  db: Database | Tx,
  invitation: Pick<Invitation, 'email'>,
): Promise<{ user: User; canSignIn: boolean } | null> {
  if (invitation.email === null) return null;
  const found = await db.user.findUnique({
    where: { email: invitation.email },
    include: { credential: true, identities: true },
  });
  if (found === null) return null;
  const { credential, identities, ...user } = found;
  return { user, canSignIn: credential !== null || identities.length > 0 };
}

/**
 * Accepts an invitation by choosing a name and a password.
 * @throws {Refusal} `not-found` when the link is used up, expired or unknown; `conflict` when the person has to sign in
 * instead; `invalid` with fields name, password
 */
export async function acceptInvitation(
  ctx: AppContext,
  token: string,
  typed: { name: string; password: string; timeZone?: string },
): Promise<ProvenPerson> {
  return ctx.db.$transaction(async (tx) => {
    const invitation = await takeInvitation(tx, hashOneTimeToken(token), ctx.clock.now());
    if (invitation?.email == null) throw usedUp();
    const profile = checkProfile({ ...typed, email: invitation.email });
    const person = await invitedPerson(tx, invitation);
    if (person?.canSignIn && !invitation.grantsSuperuser) {
      throw new Refusal(
        'conflict',
        'You already have a way to sign in. Sign in as you always do, then open this link again.',
      );
    }
    const user =
      person?.user ??
      (await insertUser(tx, ctx, { ...profile, isSuperuser: invitation.grantsSuperuser }, invitation.invitedById));
    if (person !== null) {
      await tx.user.update({
        where: { id: user.id },
        data: { name: profile.name, ...(typed.timeZone ? { timeZone: profile.timeZone } : {}) },
      });
      await storePassword(tx, user.id, typed.password);
      await endSessionsOf(tx, user.id, null);
      const changed = user.name === profile.name ? ['password'] : ['name', 'password'];
      await recordEvent(
        tx,
        {
          actorId: user.id,
          action: 'user.updated',
          entity: 'User',
          entityId: user.id,
          teamId: null,
          metadata: { changed, by: 'invitation', invitation: invitation.id },
        },
        ctx.clock.now(),
      );
    }
    return redeemInvitation(tx, ctx, invitation, user);
  });
}

/**
 * Accepts an invitation as a signed-in person.
 * @throws {Refusal} `not-found` when the link is used up, expired or unknown; `forbidden` when it is meant for somebody else
 */
export async function joinByInvitation(ctx: AppContext, token: string, actor: Actor): Promise<ProvenPerson> {
  return ctx.db.$transaction(async (tx) => {
    const invitation = await takeInvitation(tx, hashOneTimeToken(token), ctx.clock.now());
    if (invitation === null) throw usedUp();
    if (invitation.email !== actor.email)
      throw new Refusal(
        'forbidden',
        'This invitation is for somebody else. Sign out first if it is for you under another address.',
      );
    return redeemInvitation(tx, ctx, invitation, await tx.user.findUniqueOrThrow({ where: { id: actor.id } }));
  });
}

/**
 * Uses the invitation up for this person and gives him what it promises. Of two requests at once one gets through.
 * @throws {Refusal} `not-found` when it was used meanwhile; `forbidden` when the person was deactivated
 */
export async function redeemInvitation(
  tx: Tx,
  ctx: AppContext,
  invitation: Invitation,
  user: User,
): Promise<ProvenPerson> {
  const now = ctx.clock.now();
  const { count } = await tx.invitation.updateMany({
    where: { id: invitation.id, ...stillOpen(now) },
    data: { acceptedAt: now, acceptedById: user.id },
  });
  if (count !== 1) throw usedUp();
  if (invitation.grantsSuperuser && !(user.isSuperuser && user.isActive)) {
    await tx.user.update({ where: { id: user.id }, data: { isSuperuser: true, isActive: true } });
    await recordEvent(
      tx,
      {
        actorId: user.id,
        action: 'user.updated',
        entity: 'User',
        entityId: user.id,
        teamId: null,
        metadata: { changed: ['isSuperuser'], isSuperuser: true, by: 'operator' },
      },
      now,
    );
  }
  if (invitation.teamId !== null)
    await joinTeam(tx, ctx, user.id, {
      teamId: invitation.teamId,
      role: invitation.role,
      actorId: invitation.invitedById ?? user.id,
    });
  const person = await loadPerson(tx, user.id);
  if (person === null)
    throw new Refusal('forbidden', 'Your access was switched off. Ask a superuser to switch it on again.');
  return person;
}

/** Makes a person a member; a role he already has there is never lowered. */
export async function joinTeam(
  tx: Tx,
  ctx: AppContext,
  userId: string,
  terms: { teamId: string; role: TeamRole; actorId: string },
): Promise<void> {
  const { teamId, role, actorId } = terms;
  await lockPerson(tx, userId);
  const existing = await tx.membership.findUnique({ where: { userId_teamId: { userId, teamId } } });
  if (existing !== null && TEAM_ROLES.indexOf(existing.role) >= TEAM_ROLES.indexOf(role)) return;
  const membership = await tx.membership.upsert({
    where: { userId_teamId: { userId, teamId } },
    create: { userId, teamId, role },
    update: { role },
  });
  await recordEvent(
    tx,
    {
      actorId,
      action: existing === null ? 'membership.created' : 'membership.updated',
      entity: 'Membership',
      entityId: membership.id,
      teamId,
      metadata: { user: userId, role },
    },
    ctx.clock.now(),
  );
}

function usedUp(): Refusal {
  return new Refusal('not-found', 'This link was already used, or it has expired. Ask for a new one.');
}
