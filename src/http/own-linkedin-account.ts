import type { ConnectedAccount } from '@prisma/client';
import { z } from 'zod';
import type { Connection } from '../accounts/connect-account.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, roleIn } from '../domain/access.ts';
import type { LinkedInGrant } from '../identity/linkedin-strategy.ts';
import { takeConsent } from '../publishing/take-consent.ts';
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
  return spread(tx, ctx, actor, answer, [{ actor, teamId, personal: true, platform: 'linkedin', candidate, grant }]);
}

/** @param actor null when nobody is let in: then earlier tokens may end, but nothing is renewed */
export async function spread(
  tx: Tx,
  ctx: AppContext,
  actor: Actor | null,
  { profile, grant }: LinkedInGrant,
  connections: readonly Connection[],
): Promise<ConnectedAccount[]> {
  const adapter = ctx.platforms.linkedin;
  if (adapter === undefined) return [];
  const consent = { actor, adapter, grantedBy: profile.sub, grant };
  // Somebody else of the team has it as his own: that keeps nobody from signing in.
  const { ended } = await takeConsent(tx, ctx, consent, connections, ({ message }) =>
    ctx.log.info({ user: actor?.id, reason: message }, 'signing in with LinkedIn did not connect the account'),
  );
  return ended;
}

/** LinkedIn has just ended the permission for these Pages: the person is asked for it again while he is here. */
export function pagesToConnectAgain(actor: Actor, ended: readonly ConnectedAccount[]): string | null {
  const page = ended.find(
    ({ kind, teamId }) => kind === 'organization' && (actor.isSuperuser || roleIn(actor, teamId) !== null),
  );
  return page === undefined ? null : organizationsAddress('linkedin', page.teamId);
}
