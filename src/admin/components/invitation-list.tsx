/** Invitations that nobody has used yet, each with a way to take it back. */
import { useRecordAction } from './action-buttons.tsx';
import { choiceName } from './choice-labels.ts';
import { Moment } from './moments.tsx';
import { Card } from './page-frame.tsx';

/** As identity/open-invitations.ts lists it. */
export interface PendingInvitation {
  id: string;
  email: string | null;
  role: string;
  team: { id: string; name: string } | null;
  invitedBy: string | null;
  expiresAt: string;
}

export function InvitationList({
  resource,
  recordId,
  invitations,
  onDone,
  empty,
}: {
  resource: 'Team' | 'User';
  recordId: string;
  invitations: readonly PendingInvitation[];
  onDone(): void;
  /** What is said when there are none; null: then there is no card. */
  empty: string | null;
}) {
  const { busy, run } = useRecordAction(resource, recordId, onDone);
  if (invitations.length === 0 && empty === null) return null;
  return (
    <Card title="Open invitations" flush={invitations.length > 0}>
      {invitations.length === 0 ? <p className="ss-muted">{empty}</p> : null}
      {invitations.map((invitation) => (
        <div className="ss-line" key={invitation.id}>
          <div className="ss-line-main">
            <span className="ss-line-title">{invitation.email}</span>
            <div className="ss-line-sub">
              {invitation.team === null
                ? 'to sign in'
                : `${choiceName('role', invitation.role)} in ${invitation.team.name}`}
              {invitation.invitedBy === null ? '' : ` · invited by ${invitation.invitedBy}`} · good until{' '}
              <Moment value={invitation.expiresAt} layout="line" />
            </div>
          </div>
          <div className="ss-line-side">
            <button
              type="button"
              className="ss-button ss-danger-quiet"
              disabled={busy}
              aria-label={`Take back the invitation of ${invitation.email}`}
              onClick={() => void run('revokeInvitation', { invitation: invitation.id })}
            >
              Take back
            </button>
          </div>
        </div>
      ))}
    </Card>
  );
}
