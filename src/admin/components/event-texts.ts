/** Audit actions in a person's words. */
import type { AuditAction } from '../../domain/audit-event.ts';
import { words } from './badges.tsx';

const TEXTS: Partial<Record<AuditAction, string>> = {
  'post.created': 'Post written',
  'post.edited': 'Post edited',
  'post.deleted': 'Draft deleted',
  'post.scheduled': 'Post scheduled',
  'post.approval_requested': 'Approval requested',
  'post.approved': 'Post approved',
  'post.sent_back': 'Post sent back',
  'post.handed_over': 'Post handed over',
  'post.cancelled': 'Post cancelled',
  'post.viewed': 'Post looked at by a superuser',
  'publication.sent': 'Sent to the platform',
  'publication.published': 'Published',
  'publication.retrying': 'Did not work, will be tried again',
  'publication.failed': 'Publication failed',
  'publication.unconfirmed': 'Outcome unknown',
  'publication.resolved': 'Unconfirmed publication resolved',
  'publication.cancelled': 'Publication cancelled',
  'publication.held': 'Put on hold',
  'publication.missed': 'Missed its time',
  'account.connected': 'Account connected',
  'account.refreshed': 'Connection renewed',
  'account.reconnect_required': 'Account has to be connected again',
  'account.disconnected': 'Account disconnected',
  'account.handed_over': 'Personal account handed over',
  'user.signed_in': 'Signed in',
  'user.sign_in_failed': 'Sign-in failed',
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
  'audit.exported': 'Evidence downloaded',
};

export function eventText(action: string): string {
  return TEXTS[action as AuditAction] ?? words(action);
}
