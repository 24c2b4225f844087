import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Database, Tx } from '../database/client.ts';
import { isBlank } from '../domain/invisible-characters.ts';
import { Refusal } from '../domain/refusal.ts';
import { isTimeZone } from '../domain/schedule-time.ts';
import type { ProvenPerson } from './actor.ts';
import { findOpenInvitation, issueInvitation, joinTeam, type OpenInvitation, redeemInvitation } from './invitations.ts';
import { checkProfile, hiddenProblem, insertUser, lockAddress, storePassword } from './person.ts';
import { endSessionsOf } from './sessions.ts';

/**
 * Sees to it that an installation can be entered: while nobody is a superuser, makes the one of SUPERUSER_EMAIL (with a
 * first team, so that he can write at once), or else issues a set-up link that is good for a day. Safe for several
 * processes starting at once.
 */
export async function ensureFirstSuperuser(ctx: AppContext): Promise<{ setupUrl: string | null }> {
  return ctx.db.$transaction(async (tx) => {
    await lockSetup(tx);
    if (await hasSuperuser(tx)) return { setupUrl: null };
    const { superuser } = ctx.config;
    if (superuser !== null) {
      await createFirstSuperuser(tx, ctx, superuser);
      return { setupUrl: null };
    }
    // Earlier links stay good until they expire: another process may just have printed one.
    const { url } = await issueInvitation(tx, ctx, {
      email: null,
      teamId: null,
      role: 'author',
      grantsSuperuser: true,
      invitedById: null,
    });
    return { setupUrl: url };
  });
}

/** @returns the set-up link's invitation, or null when it is unknown, used, expired, or set-up is done */
export async function findSetup(ctx: AppContext, token: string): Promise<OpenInvitation | null> {
  const invitation = await findOpenInvitation(ctx.db, token, ctx.clock.now());
  if (invitation === null || invitation.email !== null || !invitation.grantsSuperuser) return null;
  return (await hasSuperuser(ctx.db)) ? null : invitation;
}

/** What the set-up page asks for; raw text as typed. */
export interface SetupForm {
  name: string;
  email: string;
  password: string;
  teamName: string;
  timeZone: string;
}

/**
 * Makes the first superuser, his team and his membership from the set-up page. Of two people at once one gets through.
 * @throws {Refusal} `not-found` when the link is no longer good; `invalid` with a message per field
 */
export async function completeSetup(ctx: AppContext, token: string, form: SetupForm): Promise<ProvenPerson> {
  const { profile, teamName } = checkSetup(form);
  return ctx.db.$transaction(async (tx) => {
    await lockSetup(tx);
    const invitation = await findOpenInvitation(tx, token, ctx.clock.now());
    if (invitation === null || invitation.email !== null || !invitation.grantsSuperuser || (await hasSuperuser(tx))) {
      throw new Refusal(
        'not-found',
        'This set-up link was already used, or it has expired. Start the server again to get a new one.',
      );
    }
    await lockAddress(tx, profile.email);
    const existing = await tx.user.findUnique({ where: { email: profile.email } });
    const user = existing ?? (await insertUser(tx, ctx, { ...profile, isSuperuser: true }, null));
    if (existing !== null) {
      await storePassword(tx, user.id, form.password);
      await endSessionsOf(tx, user.id, null);
    }
    await createFirstTeam(tx, ctx, user.id, teamName, profile.timeZone);
    return redeemInvitation(tx, ctx, invitation, user);
  });
}

function checkSetup(form: SetupForm) {
  const teamName = form.teamName.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();
  const hidden = hiddenProblem(teamName);
  const badTeam =
    isBlank(teamName) || [...teamName].length > 100
      ? { teamName: 'Give the team a name of at most 100 characters.' }
      : hidden === null
        ? {}
        : { teamName: hidden };
  const badZone = isTimeZone(form.timeZone) ? {} : { timeZone: 'Choose a time zone such as Europe/Warsaw.' };
  try {
    const profile = checkProfile(form);
    const fields = { ...badTeam, ...badZone };
    const first = Object.values(fields)[0];
    if (first !== undefined) throw new Refusal('invalid', first, fields);
    return { profile, teamName };
  } catch (error) {
    if (error instanceof Refusal)
      throw new Refusal('invalid', error.message, { ...error.fields, ...badTeam, ...badZone });
    throw error;
  }
}

async function createFirstSuperuser(
  tx: Tx,
  ctx: AppContext,
  { email, password }: { email: string; password: string },
): Promise<void> {
  const existing = await tx.user.findUnique({ where: { email } });
  if (existing === null) {
    const name = email.split('@')[0] ?? email;
    const user = await insertUser(tx, ctx, { email, name, timeZone: 'UTC', isSuperuser: true, password }, null);
    await createFirstTeam(tx, ctx, user.id, 'My team', 'UTC');
    return;
  }
  await tx.user.update({ where: { id: existing.id }, data: { isSuperuser: true, isActive: true } });
  await storePassword(tx, existing.id, password);
  await endSessionsOf(tx, existing.id, null);
  await recordEvent(
    tx,
    {
      actorId: null,
      action: 'user.updated',
      entity: 'User',
      entityId: existing.id,
      teamId: null,
      metadata: { changed: ['isSuperuser', 'password'], by: 'SUPERUSER_EMAIL' },
    },
    ctx.clock.now(),
  );
}

async function createFirstTeam(tx: Tx, ctx: AppContext, userId: string, name: string, timeZone: string): Promise<void> {
  const team = (await tx.team.findUnique({ where: { name } })) ?? (await createTeam());
  await joinTeam(tx, ctx, userId, { teamId: team.id, role: 'manager', actorId: userId });

  async function createTeam() {
    const made = await tx.team.create({ data: { name, timeZone } });
    await recordEvent(
      tx,
      {
        actorId: userId,
        action: 'team.created',
        entity: 'Team',
        entityId: made.id,
        teamId: made.id,
        metadata: { name, timeZone },
      },
      ctx.clock.now(),
    );
    return made;
  }
}

async function hasSuperuser(db: Database | Tx): Promise<boolean> {
  return (await db.user.count({ where: { isSuperuser: true, isActive: true } })) > 0;
}

/** Held until the transaction ends, so that whoever comes second sees what the first one made. */
async function lockSetup(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('first-superuser'))`;
}
