/** A person: details; for oneself the way to one's sign-in; for superusers what hangs on this person and how it is handed over. */
import { type ActionProps, useCurrentAdmin } from 'adminjs';
import { ActionButtons } from './action-buttons.tsx';
import { HandOverCard, type HandOverReport, HangingAccounts } from './hand-over.tsx';
import { HistoryCard } from './history-list.tsx';
import { InvitationList, type PendingInvitation } from './invitation-list.tsx';
import { Banner, Card, Page } from './page-frame.tsx';
import type { PanelRecord } from './panel-client.ts';
import { RecordValues } from './record-values-list.tsx';
import { useFreshRecord } from './use-fresh-record.ts';

/** What a superuser is told beyond the person's own values; the others are told nothing of it. */
interface Details {
  secondFactor: boolean;
  invitations: readonly PendingInvitation[];
  handOver: HandOverReport;
}

export default function PersonPage({ resource, record: given }: ActionProps) {
  const { record, reload } = useFreshRecord('User', given as PanelRecord, () => false);
  const [person] = useCurrentAdmin();
  const details = isDetails(record.details) ? record.details : null;
  const isSelf = record.id === person?.id;
  const actions = details?.secondFactor === true && !isSelf ? ['edit', 'removeSecondFactor'] : ['edit'];
  const leaving = record.params.isActive === false && details !== null && details.handOver.teams.length > 0;
  return (
    <Page
      name={record.title}
      title={record.title}
      back={{ to: '/admin/resources/User', label: 'People' }}
      actions={<ActionButtons resource="User" record={record} onDone={reload} only={actions} />}
    >
      {leaving ? (
        <Banner tone="amber" icon="UserX" title="This person is deactivated, and not everything is finished">
          Scheduled posts still go out at their time. Hand them over, so that somebody looks after them.
        </Banner>
      ) : null}
      <div className="ss-columns">
        <div>
          <Card>
            <RecordValues properties={resource.showProperties} record={record}>
              {details === null && !isSelf ? null : (
                <div>
                  <dt>Two-step sign-in</dt>
                  <dd>
                    {details === null ? '' : details.secondFactor ? 'On ' : 'Off '}
                    {isSelf ? <a href="/account">Sign-in and security</a> : null}
                  </dd>
                </div>
              )}
            </RecordValues>
          </Card>
          {details === null ? null : (
            <>
              {details.handOver.teams.map((team) => (
                <HandOverCard
                  key={team.id}
                  personId={record.id}
                  name={record.title}
                  team={team}
                  unfinished={details.handOver.unfinished}
                  onDone={reload}
                />
              ))}
              <HangingAccounts accounts={details.handOver.hanging} />
              <InvitationList
                resource="User"
                recordId={record.id}
                invitations={details.invitations}
                onDone={reload}
                empty={null}
              />
            </>
          )}
        </div>
        <div>
          <HistoryCard resource="User" id={record.id} history={record.details?.history} />
        </div>
      </div>
    </Page>
  );
}

function isDetails(details: PanelRecord['details']): details is PanelRecord['details'] & Details {
  return details !== undefined && 'handOver' in details;
}
