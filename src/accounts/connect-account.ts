import type { ConnectedAccount } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { type Actor, roleIn } from '../domain/access.ts';
import { PLATFORM_LABEL, type Platform } from '../domain/platform-name.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import type { AccountCandidate, TokenGrant } from '../platforms/platform.ts';
import { type AccountKey, lockConnecting } from './lock-accounts.ts';
import { permissionEnd } from './permission-end.ts';
import { replaceTokens } from './stored-tokens.ts';

export interface Connection {
  actor: Actor;
  teamId: string;
  /** True: only the actor may publish to it. False: every member of the team; needs a manager. */
  personal: boolean;
  /** Whose account it is stays as it is, where it was connected before. */
  keepOwner?: boolean;
  platform: Platform;
  candidate: AccountCandidate;
  grant: TokenGrant;
}

/**
 * Connects an account to a team, or renews the connection it has: the same (team, platform, external id) is the same row
 * with the same id, so history and scheduled posts stay. An account of the team stays the team's when one person connects
 * it for himself; a personal one becomes the team's when a manager connects it for the team.
 *
 * The caller releases what was held because of the account, in the same transaction. Who connects several has locked them
 * together before (`lockConnecting`, `lockAccounts`).
 * @throws Refusal forbidden, not-found (team), or conflict: it is somebody else's personal account
 */
export async function connectAccount(
  tx: Tx,
  ctx: Pick<AppContext, 'tokenCipher' | 'clock'>,
  connection: Connection,
): Promise<ConnectedAccount> {
  const { actor, teamId, platform, candidate, grant } = connection;
  assertMayConnect(connection);
  const key = keyOf(connection);
  await lockConnecting(tx, [key]);
  if ((await tx.team.findUnique({ where: { id: teamId }, select: { id: true } })) === null) throw notFound('team');

  const before = await tx.connectedAccount.findUnique({ where: { teamId_platform_externalId: key } });
  const now = ctx.clock.now();
  const data = {
    kind: candidate.kind,
    displayName: candidate.displayName,
    profileUrl: candidate.profileUrl,
    ownerId: ownerAfter(connection, before),
    grantedBy: candidate.grantedBy ?? null,
    ...grantedFields(actor, grant, now),
  };
  const account = before
    ? await tx.connectedAccount.update({ where: { id: before.id }, data })
    : await tx.connectedAccount.create({ data: { ...key, ...data } });

  await replaceTokens(tx, ctx.tokenCipher, account, grant, now);
  await recordEvent(
    tx,
    {
      actorId: actor.id,
      action: 'account.connected',
      entity: 'ConnectedAccount',
      entityId: account.id,
      teamId,
      metadata: {
        platform,
        externalId: account.externalId,
        displayName: account.displayName,
        personal: account.ownerId !== null,
        renewed: before !== null,
        scopes: grant.scopes,
      },
    },
    now,
  );
  return account;
}

export function keyOf({ teamId, platform, candidate: { externalId } }: Connection): AccountKey {
  return { teamId, platform, externalId };
}

/** The ids of those that have a row already. */
export async function connectedBefore(tx: Tx, connections: readonly Connection[]): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT account.id::text
    FROM jsonb_to_recordset(${JSON.stringify(connections.map(keyOf))}::jsonb) AS wanted("teamId" uuid, platform text, "externalId" text)
    JOIN connected_accounts account ON account.team_id = wanted."teamId"
      AND account.platform = wanted.platform::"Platform" AND account.external_id = wanted."externalId"`;
  return rows.map(({ id }) => id);
}

/** What every consent writes, whether the account is new or not. */
export function grantedFields(actor: Actor, grant: TokenGrant, now: Date) {
  return {
    status: 'active' as const,
    statusReason: null,
    rightProblem: null,
    scopes: [...grant.scopes],
    connectedById: actor.id,
    connectedAt: now,
    tokenExpiresAt: grant.accessTokenExpiresAt,
    permissionEndsAt: permissionEnd(grant),
    // Goes with the refresh token: an old one that stays keeps its own end.
    ...(grant.refreshToken && { refreshTokenExpiresAt: grant.refreshTokenExpiresAt }),
  };
}

function assertMayConnect({ actor, teamId, personal }: Connection): void {
  if (actor.isSuperuser) return;
  const role = roleIn(actor, teamId);
  if (role === null) throw notFound('team');
  if (!personal && role !== 'manager') {
    throw new Refusal(
      'forbidden',
      'Only a manager can connect an account for the whole team. Connect it for yourself, or ask a manager.',
    );
  }
}

function ownerAfter(
  { actor, personal, keepOwner, platform }: Connection,
  before: ConnectedAccount | null,
): string | null {
  if (keepOwner === true && before?.ownerId === actor.id) return actor.id;
  if (!personal) return null;
  if (before === null || before.status === 'disconnected') return actor.id;
  // Posts of the whole team may be waiting for it.
  if (before.ownerId === null) return null;
  if (before.ownerId === actor.id) return actor.id;
  throw new Refusal(
    'conflict',
    `${before.displayName} on ${PLATFORM_LABEL[platform]} is already connected in this team as somebody else’s personal account. That person can disconnect it, or a manager can connect it for the team.`,
  );
}
