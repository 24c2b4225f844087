/** The page of a record that needs nothing special: its values and what can be done with it. */
import type { ActionProps } from 'adminjs';
import { useEffect } from 'react';
import { ActionButtons } from './action-buttons.tsx';
import { eventText } from './event-texts.ts';
import { HistoryCard } from './history-list.tsx';
import { LIST_TEXTS } from './list-texts.ts';
import { Card, Page } from './page-frame.tsx';
import { HOLDS_CHANGED, type PanelRecord } from './panel-client.ts';
import { Value } from './record-values.tsx';
import { useFreshRecord } from './use-fresh-record.ts';
import { labelOf } from './value-labels.ts';

export default function RecordPage({ resource, record: given }: ActionProps) {
  const { record, reload } = useFreshRecord(resource.id, given as PanelRecord, () => false);
  useEffect(() => {
    if (resource.id !== 'Hold') return undefined;
    // It can be released by the banner above as well.
    const onChange = () => void reload();
    window.addEventListener(HOLDS_CHANGED, onChange);
    return () => window.removeEventListener(HOLDS_CHANGED, onChange);
  }, [resource.id, given?.id]);
  const title = titleOf(resource.id, record);
  const list = LIST_TEXTS[resource.id]?.title ?? resource.name;
  return (
    <Page
      name={title}
      title={<bdi>{title}</bdi>}
      back={{ to: `/admin/resources/${resource.id}`, label: list }}
      actions={<ActionButtons resource={resource.id} record={record} onDone={reload} />}
    >
      <div className={record.details?.history === undefined ? undefined : 'ss-columns'}>
        <div>
          <Card>
            <dl className="ss-values">
              {resource.showProperties.map((property) => (
                <div key={property.propertyPath}>
                  <dt>{labelOf(property.propertyPath)}</dt>
                  <dd>
                    <Value property={property} record={record} where="page" />
                  </dd>
                </div>
              ))}
            </dl>
          </Card>
        </div>
        {record.details?.history === undefined ? null : (
          <div>
            <HistoryCard resource={resource.id} id={record.id} history={record.details.history} />
          </div>
        )}
      </div>
    </Page>
  );
}

function titleOf(resource: string, { params, populated, title }: PanelRecord): string {
  if (resource === 'Membership')
    return `${populated.user?.title ?? 'Somebody'} in ${populated.team?.title ?? 'a team'}`;
  if (resource === 'AuditEvent') return eventText(String(params.action), { by: params['metadata.by'] });
  if (resource === 'PublishAttempt') return `Attempt ${params.number}`;
  if (resource === 'Hold') return `Hold: ${params.reason}`;
  return title;
}
