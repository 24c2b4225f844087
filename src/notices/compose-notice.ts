import type { AuditEvent, User } from '@prisma/client';
import type { AppContext } from '../context.ts';
import {
  deadAccountNotice,
  type NoticeText,
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
  event: Pick<AuditEvent, 'action' | 'entityId'>,
  recipient: Pick<User, 'timeZone'>,
): Promise<NoticeText | null> {
  const id = event.entityId ?? '';
  return event.action === 'account.reconnect_required'
    ? aboutAccount(ctx, id, recipient.timeZone)
    : aboutPublication(ctx, id, STATUS_AFTER[event.action] ?? [], recipient.timeZone);
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

async function aboutPublication(
  { db, clock, config }: Context,
  id: string,
  stillWaits: readonly StuckPublication['status'][],
  timeZone: string,
): Promise<NoticeText | null> {
  const publication = await db.publication.findUnique({
    where: { id },
    include: {
      account: { select: { displayName: true, platform: true } },
      team: { select: { name: true } },
      post: { select: { text: true } },
    },
  });
  const status = stillWaits.find((candidate) => candidate === publication?.status);
  if (publication === null || status === undefined) return null;
  return stuckPublicationNotice(
    {
      status,
      teamName: publication.team.name,
      accountName: publication.account.displayName,
      platform: publication.account.platform,
      text: publication.text ?? publication.post.text,
      dueAt: publication.dueAt,
      errorMessage: publication.errorMessage,
      address: `${config.publicUrl}/admin/resources/Publication/records/${id}/show`,
    },
    clock.now(),
    timeZone,
  );
}
