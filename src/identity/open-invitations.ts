/** Invitations that nobody has used yet: which there are, and taking one back. */
import type { TeamRole } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { stillOpen } from './invitations.ts';

export interface PendingInvitation {
  id: string;
  email: string | null;
  role: TeamRole;
  team: { id: string; name: string } | null;
  invitedBy: string | null;
  createdAt: Date;
  expiresAt: Date;
}

/** Newest first. The link itself is not among it: only its hash is kept. */
export async function listOpenInvitations(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  about: { teamId: string } | { email: string },
): Promise<PendingInvitation[]> {
  const found = await ctx.db.invitation.findMany({
    where: { ...about, ...stillOpen(ctx.clock.now()) },
    orderBy: { createdAt: 'desc' },
    select: {
      id: true,
      email: true,
      role: true,
      team: { select: { id: true, name: true } },
      invitedBy: { select: { name: true } },
      createdAt: true,
      expiresAt: true,
    },
  });
  return found.map(({ invitedBy, ...invitation }) => ({ ...invitation, invitedBy: invitedBy?.name ?? null }));
}

/**
 * Takes an invitation back: its link is worth nothing from now on.
 * @param about the team or the address it has to be of
 * @throws {Refusal} `forbidden`; `not-found` when it is no open one of these
 */
export async function revokeInvitation(
  ctx: AppContext,
  actor: Actor,
  about: { teamId: string } | { email: string },
  invitationId: string,
): Promise<{ email: string }> {
  if (!actor.isSuperuser) throw new Refusal('forbidden', 'Only a superuser may take an invitation back.');
  return ctx.db.$transaction(async (tx) => {
    const now = ctx.clock.now();
    if (!isUuid(invitationId)) throw notFound('open invitation');
    const where = { id: invitationId, ...about };
    const { count } = await tx.invitation.updateMany({
      where: { ...where, ...stillOpen(now) },
      data: { revokedAt: now },
    });
    if (count === 0) throw notFound('open invitation');
    const invitation = await tx.invitation.findUniqueOrThrow({ where });
    const email = invitation.email ?? '';
    await recordEvent(
      tx,
      {
        actorId: actor.id,
        action: 'user.invitation_revoked',
        entity: 'User',
        entityId: null,
        teamId: invitation.teamId,
        metadata: { email, role: invitation.role, invitation: invitation.id },
      },
      now,
    );
    return { email };
  });
}
