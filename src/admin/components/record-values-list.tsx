/** The values of a record on its page, one line each. */
import type { ReactNode } from 'react';
import type { PanelProperty, PanelRecord } from './panel-client.ts';
import { Value } from './record-values.tsx';
import { labelOf } from './value-labels.ts';

interface RecordValuesProps {
  properties: readonly PanelProperty[];
  record: PanelRecord;
  /** Further lines. */
  children?: ReactNode;
}

export function RecordValues({ properties, record, children }: RecordValuesProps) {
  return (
    <dl className="ss-values">
      {properties.map((property) => (
        <div key={property.propertyPath}>
          <dt>{labelOf(property.propertyPath)}</dt>
          <dd>
            <Value property={property} record={record} where="page" />
          </dd>
        </div>
      ))}
      {children}
    </dl>
  );
}
