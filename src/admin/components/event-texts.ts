/** Audit actions in a person's words. */
import { type AuditAction, answerInWords } from '../../domain/audit-event.ts';
import { words } from './badges.tsx';
import { labelOf } from './value-labels.ts';

const TEXTS: Partial<Record<AuditAction, string>> = {
  'post.created': 'Post written',
  'post.edited': 'Post edited',
  'post.deleted': 'Draft deleted',
  'post.scheduled': 'Post scheduled',
  'post.approval_requested': 'Approval requested',
  'post.approval_overdue': 'Not approved before its time',
  'post.approved': 'Post approved',
  'post.approval_voided': 'Approval no longer counts',
  'post.sent_back': 'Post sent back',
  'post.handed_over': 'Post handed over',
  'post.cancelled': 'Post cancelled',
  'post.viewed': 'Post looked at by a superuser',
  'post.listed': 'Posts seen by a superuser',
  'publication.sent': 'Sent to the platform',
  'publication.published': 'Published',
  'publication.retrying': 'Did not work, will be tried again',
  'publication.failed': 'Publication failed',
  'publication.unconfirmed': 'Outcome unknown',
  'publication.resolved': 'Unconfirmed publication resolved',
  'publication.cancelled': 'Publication cancelled',
  'publication.held': 'Put on hold',
  'publication.released': 'Released, goes on',
  'publication.missed': 'Missed its time',
  'publication.live_twice': 'A second post of it is live',
  'publication.perhaps_live_twice': 'Perhaps a second post of it is live',
  'account.connected': 'Account connected',
  'account.refreshed': 'Connection renewed',
  'account.reconnect_required': 'Account has to be connected again',
  'account.posts_held': 'Posts for this account wait for a person',
  'account.disconnected': 'Account disconnected',
  'account.handed_over': 'Personal account handed over',
  'user.signed_in': 'Signed in',
  'user.sign_in_failed': 'Sign-in failed',
  'user.sign_in_blocked': 'Sign-in stopped for a while: too many failures',
  'user.signed_out': 'Signed out',
  'user.sessions_ended': 'Signed out elsewhere',
  'user.second_factor_added': 'Two-step sign-in switched on',
  'user.second_factor_removed': 'Two-step sign-in switched off',
  'user.recovery_codes_replaced': 'New recovery codes made',
  'user.invitation_revoked': 'Invitation taken back',
  'user.handed_over': 'Work handed over',
  'user.created': 'Person added',
  'user.updated': 'Person changed',
  'user.invited': 'Person invited',
  'media.added': 'Image added',
  'media.removed': 'Unused image removed',
  'hold.created': 'Hold ordered',
  'hold.released': 'Hold released',
  'team.created': 'Team made',
  'team.updated': 'Team changed',
  'team.posts_held': 'What was due waits for a person',
  'membership.created': 'Added to the team',
  'membership.updated': 'Role changed',
  'membership.deleted': 'Removed from the team',
  'account.shared': 'Shared with the team',
  'audit.exported': 'Evidence or audit exported',
  'audit.verified': 'Audit verified',
  'audit.head_exported': 'Head of the audit written to the log',
};

/** @param metadata of the event; `by` says what a publication goes on by */
export function eventText(
  action: string,
  metadata: Readonly<Record<string, unknown>> | null = null,
  actor: string | null = null,
): string {
  const by = metadata?.by;
  if (action === 'publication.retrying' && by === 'a person')
    return actor === null ? 'Sent again' : `Sent again by ${actor}`;
  if (action === 'publication.retrying' && by === 'the sweep') return 'Nothing stands in its way any more, goes on';
  return TEXTS[action as AuditAction] ?? words(action);
}

/** What an event changed, in a few words; null when its name says it all. */
export function eventNote(metadata: Record<string, unknown> | null): string | null {
  const { changed, role, before, resolution, errorMessage, format, refused, posts, where } = metadata ?? {};
  if (typeof role === 'string')
    return typeof before === 'string' ? `was ${words(before)}, now ${words(role)}` : words(role);
  if (Array.isArray(changed) && changed.length > 0)
    return changed.map((name) => describe(String(name), metadata?.[String(name)])).join(', ');
  if (typeof resolution === 'string') return answerInWords(resolution, metadata?.by);
  if (typeof errorMessage === 'string') return errorMessage;
  if (Array.isArray(posts) && typeof where === 'string') return where;
  if (typeof refused === 'number') return refused === 1 ? 'from here on' : `${refused} refused so far`;
  return typeof format === 'string' ? `as ${format.toUpperCase()}` : null;
}

/** Such as `Needs approval: yes`; only the name where the new value is long, or was not kept. */
function describe(name: string, value: unknown): string {
  const label = labelOf(name);
  if (typeof value === 'boolean') return `${label}: ${value ? 'yes' : 'no'}`;
  const short = typeof value === 'number' || (typeof value === 'string' && value.length <= 60 && name !== 'text');
  return short && name !== 'scheduledAt' ? `${label}: ${value}` : label;
}
