/** The values of a record on its page, one line each. */
import type { PanelProperty, PanelRecord } from './panel-client.ts';
import { labelOf, Value } from './record-values.tsx';

export function RecordValues({ properties, record }: { properties: readonly PanelProperty[]; record: PanelRecord }) {
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
    </dl>
  );
}
