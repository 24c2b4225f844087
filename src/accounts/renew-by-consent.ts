/**
 * What one consent does to the other connections that the same person gave before, in any team of this installation.
 *
 * Asking LinkedIn for another set of scopes ends a member's earlier tokens, and there are two sets: his own, and that with
 * the Pages of organisations. So the new grant takes the place of the old tokens wherever it covers what the account needs
 * and the person may connect it; an account that is left with a dead token is marked at once, while people can still act,
 * and not at the due time of its next post. What was disconnected stays so.
 */
import type { ConnectedAccount } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, roleIn } from '../domain/access.ts';
import type { PlatformAdapter, TokenGrant } from '../platforms/platform.ts';
import { markReconnectRequired } from './access-token.ts';
import { grantedFields } from './connect-account.ts';
import { replaceTokens } from './stored-tokens.ts';

export interface Consent {
  /** Null when it is nobody whom we let in: then tokens may have ended, but nothing is renewed. */
  actor: Actor | null;
  adapter: Pick<PlatformAdapter, 'platform' | 'requiredScopes' | 'organizationScopes'>;
  /** Who consented, by his id at the platform; null where a consent does not touch earlier ones. */
  grantedBy: string | null;
  grant: TokenGrant;
}

export interface RenewedByConsent {
  /** These have the new token. */
  renewed: ConnectedAccount[];
  /** The token of these is dead now. The caller holds what waits for them. */
  ended: ConnectedAccount[];
}

/** The ids of the accounts that a consent may touch beside those it connects. */
export async function earlierAccounts(tx: Tx, { adapter: { platform }, grantedBy }: Consent): Promise<string[]> {
  if (grantedBy === null) return [];
  const where = { platform, grantedBy, status: { not: 'disconnected' } } as const;
  const accounts = await tx.connectedAccount.findMany({ where, select: { id: true }, orderBy: { id: 'asc' } });
  return accounts.map(({ id }) => id);
}

/** @param earlier of `earlierAccounts`, without those that this consent has connected already; the caller has locked them */
export async function renewByConsent(
  tx: Tx,
  ctx: Pick<AppContext, 'tokenCipher' | 'clock'>,
  consent: Consent,
  earlier: readonly string[],
): Promise<RenewedByConsent> {
  const { actor, adapter, grantedBy, grant } = consent;
  const renewed: ConnectedAccount[] = [];
  const ended: ConnectedAccount[] = [];
  if (grantedBy === null) return { renewed, ended };
  const accounts = await tx.connectedAccount.findMany({
    where: { id: { in: [...earlier] }, grantedBy, status: { not: 'disconnected' } },
    orderBy: { id: 'asc' },
  });
  const organizationScopes = adapter.organizationScopes ?? [];
  for (const account of accounts) {
    if (actor !== null && mayRenew(actor, account) && isCovered(consent, account)) {
      const renewal = await renew(tx, ctx, actor, consent, account);
      if (renewal !== null) renewed.push(renewal);
    } else if (includesAll(account.scopes, organizationScopes) !== includesAll(grant.scopes, organizationScopes)) {
      if (await markReconnectRequired(tx, ctx, account.id, ENDED[account.kind])) ended.push(account);
    }
  }
  return { renewed, ended };
}

const ENDED = {
  organization:
    'The person whose permission this Page uses has signed in or connected with LinkedIn without it, and LinkedIn ends the permission for Pages then. Connect the Page again.',
  member:
    'The person has given LinkedIn another permission elsewhere in this installation, and LinkedIn ends the earlier one then. Connect the account again.',
  page: 'The person has given another permission elsewhere, which ended this one. Connect the account again.',
} as const;

/** Somebody else's personal account is not touched, nor that of a team the person does not belong to. */
function mayRenew(actor: Actor, { ownerId, teamId }: ConnectedAccount): boolean {
  if (ownerId !== null && ownerId !== actor.id) return false;
  return actor.isSuperuser || roleIn(actor, teamId) !== null;
}

function isCovered({ adapter, grant }: Consent, { kind }: ConnectedAccount): boolean {
  const needed = kind === 'organization' ? (adapter.organizationScopes ?? []) : adapter.requiredScopes;
  return includesAll(grant.scopes, needed);
}

function includesAll(scopes: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => scopes.includes(scope));
}

/** @returns null when somebody has disconnected it meanwhile */
async function renew(
  tx: Tx,
  ctx: Pick<AppContext, 'tokenCipher' | 'clock'>,
  actor: Actor,
  { adapter, grant }: Consent,
  account: ConnectedAccount,
): Promise<ConnectedAccount | null> {
  const now = ctx.clock.now();
  const { count } = await tx.connectedAccount.updateMany({
    where: { id: account.id, status: { not: 'disconnected' } },
    data: grantedFields(actor, grant, now),
  });
  if (count === 0) return null;
  await replaceTokens(tx, ctx.tokenCipher, account, grant, now);
  await recordEvent(
    tx,
    {
      actorId: actor.id,
      action: 'account.connected',
      entity: 'ConnectedAccount',
      entityId: account.id,
      teamId: account.teamId,
      metadata: {
        platform: adapter.platform,
        externalId: account.externalId,
        displayName: account.displayName,
        personal: account.ownerId !== null,
        renewed: true,
        by: 'another consent of the same person',
        scopes: grant.scopes,
      },
    },
    now,
  );
  return { ...account, status: 'active' };
}
