/** A connected account: whether it works, until when, and how to renew it. */
import type { ActionProps } from 'adminjs';
import { Link } from 'react-router-dom';
import { ActionButtons } from './action-buttons.tsx';
import { PlatformMark, platformLabel, StatusBadge } from './badges.tsx';
import { type EndingConnection, EndingConnections } from './ending-connections.tsx';
import { HistoryCard } from './history-list.tsx';
import { Moment } from './moments.tsx';
import { Banner, Card, Page } from './page-frame.tsx';
import type { PanelRecord } from './panel-client.ts';
import { Value } from './record-values.tsx';
import { type SharedAccount, SharedAccounts } from './shared-accounts.tsx';
import { useFreshRecord } from './use-fresh-record.ts';
import { labelOf } from './value-labels.ts';

const IN_THE_HEAD = ['displayName', 'platform', 'status', 'statusReason'];

export default function AccountPage({ resource, record: given }: ActionProps) {
  const { record, reload } = useFreshRecord(resource.id, given as PanelRecord, () => false);
  const { params } = record;
  const status = String(params.status);
  return (
    <Page
      name={String(params.displayName)}
      back={{ to: '/admin/resources/ConnectedAccount', label: 'Connected accounts' }}
      title={
        <>
          <PlatformMark platform={String(params.platform)} size="large" /> {String(params.displayName)}{' '}
          <StatusBadge status={status} />
        </>
      }
      subtitle={platformLabel(String(params.platform))}
      actions={<ActionButtons resource={resource.id} record={record} onDone={reload} />}
    >
      {status === 'reconnect_required' ? (
        <Banner tone="amber" icon="AlertTriangle" title="The platform no longer accepts this connection">
          {typeof params.statusReason === 'string' ? `${params.statusReason} ` : ''}Posts for it wait; what is still in
          time goes out once it is connected again.
        </Banner>
      ) : null}
      {record.details?.restsUntil ? (
        <Banner tone="amber" icon="Clock" title="This account rests">
          It rests until <Moment value={record.details.restsUntil} layout="line" />, because the platform asked to slow
          down. What falls due meanwhile leaves by itself then, one after another.
        </Banner>
      ) : null}
      <EndingConnections
        connections={(record.details?.endingConnections as readonly EndingConnection[] | undefined) ?? []}
      />
      <SharedAccounts accounts={record.details?.sharedAccounts as readonly SharedAccount[] | undefined} />
      <div className="ss-columns">
        <div>
          <Card aside={null}>
            <dl className="ss-values">
              {resource.showProperties
                .filter((property) => !IN_THE_HEAD.includes(property.propertyPath))
                .map((property) => (
                  <div key={property.propertyPath}>
                    <dt>{labelOf(property.propertyPath)}</dt>
                    <dd>
                      <Value property={property} record={record} where="page" />
                    </dd>
                  </div>
                ))}
            </dl>
          </Card>
          <p>
            <Link to={`/admin/resources/Publication?filters.account=${record.id}`}>
              All publications to this account
            </Link>
          </p>
        </div>
        <div>
          <HistoryCard resource={resource.id} id={record.id} history={record.details?.history} />
        </div>
      </div>
    </Page>
  );
}
