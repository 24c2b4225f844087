import type { ConnectedAccount } from '@prisma/client';
import { z } from 'zod';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, roleIn } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import type { LinkedInGrant } from '../identity/linkedin-strategy.ts';
import { connectAndRelease, renewAndRelease } from '../publishing/take-consent.ts';
import { organizationsAddress } from './connect-journey.ts';
import { tokenGrant } from './pending-grant.ts';

const profile = z.object({ sub: z.string(), name: z.string(), email: z.string().nullable() });

/** LinkedIn's answer to a sign-in, as it waits in a session for the person's next step. */
export const linkedInGrant = z.object({ profile, grant: tokenGrant });

/**
 * Signing in connects the member's own account, as his personal one, to his first team; without a team there is nothing to
 * connect to. What he connected before gets the new token too, where it is enough.
 * @returns the accounts whose token this consent has ended
 */
export async function connectOwnAccount(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  answer: LinkedInGrant,
): Promise<ConnectedAccount[]> {
  const { profile, grant } = answer;
  const teamId = actor.memberships[0]?.teamId;
  const granted = ctx.platforms.linkedin?.requiredScopes.every((scope) => grant.scopes.includes(scope)) === true;
  if (teamId === undefined || !granted) return spread(tx, ctx, actor, answer, []);
  const candidate = {
    externalId: profile.sub,
    kind: 'member',
    displayName: profile.name,
    profileUrl: null,
    email: profile.email,
    grant: null,
    grantedBy: profile.sub,
  } as const;
  const connected = [];
  try {
    const connection = { actor, teamId, personal: true, platform: 'linkedin', candidate, grant } as const;
    connected.push(await connectAndRelease(tx, ctx, connection));
  } catch (error) {
    // Somebody else of the team has it as his own: that keeps nobody from signing in.
    if (!(error instanceof Refusal)) throw error;
    ctx.log.info({ user: actor.id, reason: error.message }, 'signing in with LinkedIn did not connect the account');
  }
  return spread(tx, ctx, actor, answer, connected);
}

/** @param actor null when nobody is let in: then earlier tokens may end, but nothing is renewed */
export async function spread(
  tx: Tx,
  ctx: AppContext,
  actor: Actor | null,
  { profile, grant }: LinkedInGrant,
  connected: readonly ConnectedAccount[],
): Promise<ConnectedAccount[]> {
  const adapter = ctx.platforms.linkedin;
  if (adapter === undefined) return [];
  const { ended } = await renewAndRelease(tx, ctx, { actor, adapter, grantedBy: profile.sub, grant }, connected);
  return ended;
}

/** LinkedIn has just ended the permission for these Pages: the person is asked for it again while he is here. */
export function pagesToConnectAgain(actor: Actor, ended: readonly ConnectedAccount[]): string | null {
  const page = ended.find(
    ({ kind, teamId }) => kind === 'organization' && (actor.isSuperuser || roleIn(actor, teamId) !== null),
  );
  return page === undefined ? null : organizationsAddress('linkedin', page.teamId);
}
