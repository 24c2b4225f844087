import type { AuditEvent, Prisma, User } from '@prisma/client';
import { z } from 'zod';
import type { AppContext } from '../context.ts';
import { NOT_APPROVED_IN_TIME } from '../domain/not-approved-in-time.ts';
import {
  deadAccountNotice,
  everythingHeldNotice,
  heldPostsNotice,
  liveTwiceNotice,
  type NoticeText,
  overdueApprovalNotice,
  perhapsLiveTwiceNotice,
  type StuckPublication,
  stuckPublicationNotice,
} from '../domain/notice-text.ts';

/** Posts named in a mail; the rest is a number. */
const POSTS_NAMED = 5;

/** Those not held yet will be within seconds. */
const WAITING = ['held', 'scheduled', 'retrying'] as const;

const STATUS_AFTER: Readonly<Record<string, readonly StuckPublication['status'][]>> = {
  'publication.failed': ['failed'],
  'publication.unconfirmed': ['unconfirmed'],
  'publication.missed': ['missed'],
  'publication.held': ['held', 'awaiting_approval'],
};

type Context = Pick<AppContext, 'db' | 'clock' | 'config'>;

/**
 * What this person is to be told about this event, as things are now.
 * @returns null when it is over: somebody has repaired it meanwhile
 */
export async function composeNotice(
  ctx: Context,
  event: Pick<AuditEvent, 'action' | 'entityId' | 'metadata'>,
  recipient: Pick<User, 'timeZone'>,
): Promise<NoticeText | null> {
  const id = event.entityId ?? '';
  switch (event.action) {
    case 'account.reconnect_required':
      return aboutAccount(ctx, id, recipient.timeZone);
    case 'account.posts_held':
      return aboutHeldPosts(ctx, { accountId: id, errorCode: errorCodeOf(event) }, recipient.timeZone);
    case 'team.posts_held':
      return aboutHeldPosts(ctx, { teamId: id, errorCode: errorCodeOf(event) }, recipient.timeZone);
    case 'hold.created':
      return aboutHold(ctx, id);
    case 'publication.live_twice':
      return aboutLiveTwice(ctx, id, event.metadata);
    case 'publication.perhaps_live_twice':
      return aboutPerhapsLiveTwice(ctx, id, event.metadata);
    case 'post.approval_overdue':
      return aboutOverdueApproval(ctx, id, recipient.timeZone);
    default:
      return aboutPublication(ctx, id, STATUS_AFTER[event.action] ?? [], recipient.timeZone);
  }
}

function errorCodeOf({ metadata }: Pick<AuditEvent, 'metadata'>): string {
  const { errorCode } = (metadata ?? {}) as { errorCode?: unknown };
  return typeof errorCode === 'string' ? errorCode : '';
}

/** Posts of a team or an account that wait for the same reason. */
async function aboutHeldPosts(
  { db, clock, config }: Context,
  { errorCode, ...which }: { accountId?: string; teamId?: string; errorCode: string },
  timeZone: string,
): Promise<NoticeText | null> {
  // Of very many some are not marked yet, but ordered to wait.
  const ordered = await db.databaseIdentity.findUnique({ where: { id: 1 }, select: { holdDueBefore: true } });
  const before = ordered?.holdDueBefore ?? null;
  const where: Prisma.PublicationWhereInput = {
    ...which,
    OR: [
      { status: 'held', errorCode },
      ...(errorCode !== 'restored' || before === null
        ? []
        : [{ status: { in: ['scheduled' as const, 'retrying' as const] }, nextAttemptAt: { lt: before } }]),
    ],
  };
  const [total, first] = await Promise.all([
    db.publication.count({ where }),
    db.publication.findMany({
      where,
      orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
      take: POSTS_NAMED,
      select: {
        dueAt: true,
        text: true,
        errorMessage: true,
        post: { select: { text: true } },
        team: { select: { name: true } },
      },
    }),
  ]);
  const [one] = first;
  if (one === undefined) return null;
  return heldPostsNotice(
    {
      teamName: one.team.name,
      reason: first.find(({ errorMessage }) => errorMessage !== null)?.errorMessage ?? null,
      waiting: { total, first: first.map(({ dueAt, text, post }) => ({ dueAt, text: text ?? post.text })) },
      address:
        which.accountId === undefined
          ? `${config.publicUrl}/admin`
          : `${config.publicUrl}/admin/resources/ConnectedAccount/records/${which.accountId}/show`,
    },
    clock.now(),
    timeZone,
  );
}

async function aboutHold({ db, config }: Context, id: string): Promise<NoticeText | null> {
  const hold = await db.hold.findUnique({ where: { id, releasedAt: null } });
  if (hold === null) return null;
  return everythingHeldNotice({
    reason: hold.reason,
    address: `${config.publicUrl}/admin/resources/Hold/records/${id}/show`,
  });
}

/** Over when it was approved, sent back, cancelled, or given a new time. */
async function aboutOverdueApproval(
  { db, clock, config }: Context,
  id: string,
  timeZone: string,
): Promise<NoticeText | null> {
  const { errorCode, errorMessage } = NOT_APPROVED_IN_TIME;
  const post = await db.post.findFirst({
    where: { id, publications: { some: { status: 'awaiting_approval', errorCode } } },
    select: { text: true, scheduledAt: true, team: { select: { name: true } } },
  });
  if (post === null) return null;
  return overdueApprovalNotice(
    {
      teamName: post.team.name,
      text: post.text,
      scheduledAt: post.scheduledAt,
      reason: errorMessage,
      address: `${config.publicUrl}/admin/resources/Post/records/${id}/show`,
    },
    clock.now(),
    timeZone,
  );
}

async function aboutAccount({ db, clock, config }: Context, id: string, timeZone: string): Promise<NoticeText | null> {
  const account = await db.connectedAccount.findUnique({
    where: { id },
    include: { team: { select: { name: true } } },
  });
  if (account?.status !== 'reconnect_required') return null;
  const waiting = { accountId: id, status: { in: [...WAITING] } };
  const [total, first] = await Promise.all([
    db.publication.count({ where: waiting }),
    db.publication.findMany({
      where: waiting,
      orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
      take: POSTS_NAMED,
      select: { dueAt: true, text: true, post: { select: { text: true } } },
    }),
  ]);
  return deadAccountNotice(
    {
      teamName: account.team.name,
      accountName: account.displayName,
      platform: account.platform,
      reason: account.statusReason,
      waiting: { total, first: first.map(({ dueAt, text, post }) => ({ dueAt, text: text ?? post.text })) },
      address: `${config.publicUrl}/admin/resources/ConnectedAccount/records/${id}/show`,
    },
    clock.now(),
    timeZone,
  );
}

async function aboutLiveTwice(
  { db, config }: Context,
  id: string,
  metadata: Prisma.JsonValue,
): Promise<NoticeText | null> {
  const publication = await db.publication.findUnique({ where: { id }, include: NAMES });
  const links = z.object({ known: z.string(), second: z.string() }).safeParse(metadata);
  if (publication === null || !links.success) return null;
  return liveTwiceNotice({ ...links.data, ...named(publication, config) });
}

async function aboutPerhapsLiveTwice(
  { db, config }: Context,
  id: string,
  metadata: Prisma.JsonValue,
): Promise<NoticeText | null> {
  const publication = await db.publication.findUnique({ where: { id }, include: NAMES });
  const links = z.object({ known: z.string(), second: z.string().nullable() }).safeParse(metadata);
  if (publication === null || !links.success) return null;
  return perhapsLiveTwiceNotice({ ...links.data, ...named(publication, config) });
}

async function aboutPublication(
  { db, clock, config }: Context,
  id: string,
  stillWaits: readonly StuckPublication['status'][],
  timeZone: string,
): Promise<NoticeText | null> {
  const publication = await db.publication.findUnique({ where: { id }, include: NAMES });
  const status = stillWaits.find((candidate) => candidate === publication?.status);
  if (publication === null || status === undefined) return null;
  return stuckPublicationNotice(
    {
      status,
      ...named(publication, config),
      dueAt: publication.dueAt,
      errorMessage: publication.errorMessage,
    },
    clock.now(),
    timeZone,
  );
}

const NAMES = {
  account: { select: { displayName: true, platform: true } },
  team: { select: { name: true } },
  post: { select: { text: true } },
} satisfies Prisma.PublicationInclude;

function named(
  { id, account, team, post, text }: Prisma.PublicationGetPayload<{ include: typeof NAMES }>,
  { publicUrl }: AppContext['config'],
) {
  return {
    teamName: team.name,
    accountName: account.displayName,
    platform: account.platform,
    text: text ?? post.text,
    address: `${publicUrl}/admin/resources/Publication/records/${id}/show`,
  };
}
