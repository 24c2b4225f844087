/** Rows for the access matrix: of every resource, in every team, of everybody, in a state in which an action is possible. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../database/client.ts';
import type { ResourceName } from '../domain/access.ts';

export type TeamName = 'A' | 'B';

/** Where a row is and whose it is. `nobody`: the team's, or the system's. */
export interface Placement {
  team: TeamName | null;
  owner: 'self' | 'colleague' | 'nobody';
}

export interface PlacedRow {
  resource: ResourceName;
  id: string;
  placement: Placement;
  /** What has to be sent along so that the action is about this row, besides `payloadOf`. */
  payload: Record<string, unknown>;
  /** Everything that is stored of it, to see whether somebody changed something. */
  stored(): Promise<string>;
}

/** Words in rows. Found in an answer to somebody who may not see the row, something leaks. */
export const CANARY = {
  /** In team B, and in everything of it. */
  otherTeam: 'canary-of-team-b',
  /** In what belongs to one person of team A: those who look after the team may see it. */
  colleague: 'canary-of-a-colleague',
  /** In tokens: nobody may see it. */
  secret: 'canary-secret',
} as const;

export interface RowMakerOptions {
  db: Database;
  teams: Record<TeamName, string>;
  colleagues: Record<TeamName, string>;
  /** Adds a person who is an author in this team. */
  newMember(team: TeamName): Promise<string>;
}

/** @returns a function that makes a row for one question; `selfId` is who is meant by the owner `self` */
export async function rowMaker({ db, teams, colleagues, newMember }: RowMakerOptions) {
  const place = async (
    resource: ResourceName,
    placement: Placement,
    selfId: string,
    action: string,
  ): Promise<PlacedRow> => {
    const { team, owner } = placement;
    const teamId = team === null ? null : teams[team];
    const ownerId = owner === 'self' ? selfId : owner === 'colleague' ? colleagues[team ?? 'A'] : null;
    const word = team === 'B' ? CANARY.otherTeam : owner === 'colleague' ? CANARY.colleague : 'a word';
    const text = `${word} ${randomUUID()}`;
    const id = await rows[resource]({ teamId: teamId ?? '', ownerId, text, action });
    const payload = (await prepared[`${resource}.${action}`]?.(id, team ?? 'A')) ?? {};
    return { resource, id, placement, payload, stored: async () => JSON.stringify(await storedRow(resource, id)) };
  };

  interface Wanted {
    teamId: string;
    ownerId: string | null;
    text: string;
    action: string;
  }

  async function account({ teamId, ownerId, text }: Omit<Wanted, 'action'>): Promise<string> {
    const { id } = await db.connectedAccount.create({
      data: {
        teamId,
        platform: 'linkedin',
        externalId: randomUUID(),
        displayName: text,
        ownerId,
        connectedById: ownerId ?? colleagues.A,
        credential: { create: { accessToken: CANARY.secret, refreshToken: CANARY.secret } },
      },
    });
    return id;
  }

  const teamAccounts = {
    [teams.A]: await account({ teamId: teams.A, ownerId: null, text: 'account of team A' }),
    [teams.B]: await account({ teamId: teams.B, ownerId: null, text: `account ${CANARY.otherTeam}` }),
  };

  async function publication(
    { teamId, ownerId, text }: Omit<Wanted, 'action'>,
    status: 'draft' | 'scheduled' | 'awaiting_approval' | 'failed' | 'unconfirmed',
  ): Promise<{ postId: string; publicationId: string }> {
    const scheduledAt = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 3_600_000);
    const [postId, publicationId] = [randomUUID(), randomUUID()];
    await db.post.create({
      data: {
        id: postId,
        teamId,
        authorId: ownerId ?? colleagues.A,
        text,
        scheduledAt,
        timeZone: 'UTC',
        wallClock: scheduledAt.toISOString().slice(0, 16),
        status,
        publications: {
          create: {
            id: publicationId,
            teamId,
            accountId: teamAccounts[teamId] ?? '',
            status,
            dueAt: scheduledAt,
            errorMessage: text,
          },
        },
      },
    });
    return { postId, publicationId };
  }

  const rows: Record<ResourceName, (wanted: Wanted) => Promise<string>> = {
    Post: async (wanted) => {
      const status =
        wanted.action === 'approve' || wanted.action === 'sendBack'
          ? 'awaiting_approval'
          : wanted.action === 'cancel'
            ? 'scheduled'
            : 'draft';
      return (await publication(wanted, status)).postId;
    },
    Publication: async (wanted) =>
      (await publication(wanted, wanted.action === 'resolve' ? 'unconfirmed' : 'failed')).publicationId,
    PublishAttempt: async (wanted) => {
      const { publicationId } = await publication(wanted, 'failed');
      const { id } = await db.publishAttempt.create({
        data: { publicationId, number: 1, fence: 1, state: 'rejected', errorMessage: wanted.text },
      });
      return id;
    },
    ConnectedAccount: account,
    Team: async ({ teamId }) => teamId,
    Membership: async ({ teamId, ownerId }) => {
      const existing =
        ownerId === null || ownerId === colleagues.A || ownerId === colleagues.B
          ? null
          : await db.membership.findUnique({ where: { userId_teamId: { userId: ownerId, teamId } } });
      if (existing !== null) return existing.id;
      const userId = await newMember(teamId === teams.A ? 'A' : 'B');
      return (await db.membership.findFirstOrThrow({ where: { userId } })).id;
    },
    User: async ({ teamId, ownerId }) =>
      ownerId !== null && ownerId !== colleagues.A && ownerId !== colleagues.B
        ? ownerId
        : newMember(teamId === teams.A ? 'A' : 'B'),
    AuditEvent: async ({ teamId, ownerId, text }) => {
      const { id } = await db.auditEvent.create({
        data: {
          actorId: ownerId,
          action: 'post.edited',
          entity: 'Post',
          teamId: teamId === '' ? null : teamId,
          metadata: { text },
        },
      });
      return id;
    },
    Hold: async ({ teamId, ownerId, text }) => {
      const accountId = ownerId === null ? null : await account({ teamId, ownerId, text });
      const scope = accountId === null ? 'team' : 'account';
      const data = { scope, teamId, accountId, reason: text, createdById: colleagues.A } as const;
      return (await db.hold.create({ data })).id;
    },
  };

  /** What some actions need beside the row itself. */
  const prepared: Record<string, (id: string, team: TeamName) => Promise<Record<string, unknown>>> = {
    'Team.revokeInvitation': (teamId) => invitation({ teamId, email: `${randomUUID()}@example.com` }),
    'User.revokeInvitation': async (id) => {
      const { email } = await db.user.findUniqueOrThrow({ where: { id } });
      return invitation({ email });
    },
    'User.removeSecondFactor': async (userId) => {
      const factor = { userId, secret: CANARY.secret, lastStep: 1 };
      await db.secondFactor.upsert({ where: { userId }, create: factor, update: {} });
      return {};
    },
    'User.handOver': async (userId, team) => {
      await publication({ teamId: teams[team], ownerId: userId, text: 'to be handed over' }, 'draft');
      return { to: await newMember(team), team: teams[team] };
    },
  };

  async function invitation(terms: { email: string; teamId?: string }): Promise<{ invitation: string }> {
    const expiresAt = new Date(Date.now() + 86_400_000);
    const { id } = await db.invitation.create({ data: { ...terms, tokenHash: randomUUID(), expiresAt } });
    return { invitation: id };
  }

  async function storedRow(resource: ResourceName, id: string): Promise<unknown> {
    const where = { id };
    switch (resource) {
      case 'Post':
        return db.post.findUnique({ where, include: { publications: { omit: { updatedAt: true } } } });
      case 'Publication':
        return db.publication.findUnique({ where, include: { attempts: true } });
      case 'PublishAttempt':
        return db.publishAttempt.findUnique({ where });
      case 'ConnectedAccount':
        return db.connectedAccount.findUnique({ where, include: { credential: true } });
      case 'Team':
        return db.team.findUnique({ where, include: { invitations: true } });
      case 'Membership':
        return db.membership.findUnique({ where });
      case 'User':
        return db.user.findUnique({
          where,
          include: { credential: true, identities: true, secondFactor: true, posts: true },
        });
      case 'AuditEvent':
        return db.auditEvent.findUnique({ where });
      case 'Hold':
        return db.hold.findUnique({ where });
      default:
        return resource satisfies never;
    }
  }

  return place;
}
