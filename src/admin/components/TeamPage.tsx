/** A team: its rules; for superusers inviting people into it, and the invitations that are still open. */
import { type ActionProps, useNotice } from 'adminjs';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router-dom';
import { ActionButtons } from './action-buttons.tsx';
import { choiceLabel } from './choice-labels.ts';
import { SelectField, TextField } from './form-fields.tsx';
import { HistoryCard } from './history-list.tsx';
import { InvitationList, type PendingInvitation } from './invitation-list.tsx';
import { Banner, Card, Page } from './page-frame.tsx';
import { api, hasAction, type PanelRecord } from './panel-client.ts';
import { RecordValues } from './record-values-list.tsx';
import { useFreshRecord } from './use-fresh-record.ts';

const ROLES = ['author', 'approver', 'manager'] as const;

export default function TeamPage({ resource, record: given }: ActionProps) {
  const { record, reload } = useFreshRecord('Team', given as PanelRecord, () => false);
  const invitations = (record.details?.invitations as PendingInvitation[] | undefined) ?? [];
  const mayInvite = hasAction(record.recordActions, 'invite');
  return (
    <Page
      name={record.title}
      title={record.title}
      back={{ to: '/admin/resources/Team', label: 'Teams' }}
      actions={<ActionButtons resource="Team" record={record} onDone={reload} only={['edit']} />}
    >
      <div className="ss-columns">
        <div>
          <Card>
            <RecordValues properties={resource.showProperties} record={record}>
              <div>
                <dt>Members</dt>
                <dd>
                  <Link to={`/admin/resources/Membership?filters.team=${record.id}`}>Who is in this team</Link>
                </dd>
              </div>
            </RecordValues>
          </Card>
          {mayInvite ? (
            <>
              <InviteCard teamId={record.id} onDone={reload} />
              <InvitationList
                resource="Team"
                recordId={record.id}
                invitations={invitations}
                onDone={reload}
                empty="Nobody is invited at the moment."
              />
            </>
          ) : null}
        </div>
        <div>
          <HistoryCard resource="Team" id={record.id} history={record.details?.history} />
        </div>
      </div>
    </Page>
  );
}

/** The link is shown here and nowhere else: only its hash is stored. */
function InviteCard({ teamId, onDone }: { teamId: string; onDone(): void }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState('author');
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [invited, setInvited] = useState<{ email: string; url: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const notify = useNotice();
  const invite = async () => {
    setBusy(true);
    const answer = await api.act('Team', teamId, 'invite', { email, role });
    setBusy(false);
    setErrors(answer.fields);
    if (!answer.ok) {
      if (Object.keys(answer.fields).length === 0) notify({ message: answer.message, type: 'error' });
      return;
    }
    setInvited({ email: email.trim(), url: /https?:\/\/\S+/.exec(answer.message)?.[0] ?? '' });
    setEmail('');
    onDone();
  };
  return (
    <Card title="Invite somebody">
      {invited === null ? null : (
        <Banner tone="blue" icon="Link" title={`Give this link to ${invited.email}. It works once, within 14 days.`}>
          <input
            className="ss-input"
            readOnly
            aria-label="Invitation link"
            value={invited.url}
            onFocus={(event) => event.target.select()}
          />
          It is not shown again. Nothing is mailed: hand it over yourself.
        </Banner>
      )}
      <form
        className="ss-inline-form"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void invite();
        }}
      >
        <TextField
          name="email"
          label="E-mail address"
          type="email"
          required
          autoComplete="off"
          value={email}
          onChange={setEmail}
          error={errors.email}
        />
        <SelectField
          name="role"
          label="Role"
          required
          value={role}
          onChange={setRole}
          error={errors.role}
          options={ROLES.map((value) => ({ value, label: choiceLabel('role', value) }))}
        />
        <button type="submit" className="ss-button ss-primary" disabled={busy} data-testid="invite">
          Make a link
        </button>
      </form>
    </Card>
  );
}
