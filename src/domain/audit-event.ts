/** Everything the audit knows how to say, in the past tense. A verb that changes state records one in its own transaction. */
export const AUDIT_ACTIONS = [
  'team.created',
  'team.updated',
  'team.posts_held',
  'user.created',
  'user.updated',
  'user.invited',
  'user.signed_in',
  'user.sign_in_failed',
  'user.sign_in_blocked',
  'user.signed_out',
  'user.sessions_ended',
  'user.second_factor_added',
  'user.second_factor_removed',
  'user.recovery_codes_replaced',
  'user.invitation_revoked',
  'user.handed_over',
  'membership.created',
  'membership.updated',
  'membership.deleted',
  'account.connected',
  'account.refreshed',
  'account.reconnect_required',
  'account.posts_held',
  'account.disconnected',
  'account.shared',
  'account.handed_over',
  'post.created',
  'post.edited',
  'post.deleted',
  'post.scheduled',
  'post.approval_requested',
  'post.approval_overdue',
  'post.approved',
  'post.approval_voided',
  'post.sent_back',
  'post.handed_over',
  'post.cancelled',
  'post.viewed',
  'post.listed',
  'publication.sent',
  'publication.published',
  'publication.retrying',
  'publication.failed',
  'publication.unconfirmed',
  'publication.resolved',
  'publication.cancelled',
  'publication.held',
  'publication.released',
  'publication.missed',
  'publication.live_twice',
  'publication.perhaps_live_twice',
  'media.added',
  'media.removed',
  'hold.created',
  'hold.released',
  'audit.exported',
  'audit.verified',
  'audit.head_exported',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export const AUDIT_ENTITIES = [
  'Post',
  'Publication',
  'ConnectedAccount',
  'Team',
  'Membership',
  'User',
  'Hold',
  'Media',
  'AuditEvent',
] as const;
export type AuditEntity = (typeof AUDIT_ENTITIES)[number];

/** One thing that happened. `actorId` is null when the system did it. Metadata is small, plain and free of secrets. */
export interface AuditRecord {
  actorId: string | null;
  action: AuditAction;
  entity: AuditEntity;
  entityId: string | null;
  teamId: string | null;
  metadata: Record<string, string | number | boolean | null | readonly string[]>;
}

const ANSWERS: Readonly<Record<string, string>> = {
  live: 'It is there',
  absent: 'It is not there, sent again',
  abandon: 'Given up',
};

/** What somebody, or repeated look-ups, said about a publication whose outcome was unknown. */
export function answerInWords(resolution: unknown, by: unknown): string {
  if (by === 'look-ups') return 'Repeatedly not found there, sent again';
  return ANSWERS[String(resolution)] ?? 'Answered';
}
