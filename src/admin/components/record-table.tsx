/** The table of a list; on a small screen each row becomes a card. Where several can be decided at once, rows can be chosen. */
import { Icon } from '@adminjs/design-system';
import type { ResourceJSON } from 'adminjs';
import { useEffect, useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { canBeChosen, ManyBar } from './choose-many.tsx';
import type { PanelProperty, PanelRecord } from './panel-client.ts';
import { Value } from './record-values.tsx';
import { labelOf } from './value-labels.ts';

/** Resources of which several records can be decided about at once. */
const FOR_MANY: readonly string[] = ['Publication'];

interface RecordTableProps {
  resource: ResourceJSON;
  records: readonly PanelRecord[];
  query: URLSearchParams;
  /** Called when several were decided about. */
  onDecided(): void;
}

export function RecordTable({ resource, records, query, onDecided }: RecordTableProps) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  // Another page of the list, or another filter: what is not seen is not chosen.
  useEffect(() => setChosen([]), [records]);
  const choosable = FOR_MANY.includes(resource.id) ? records.filter(canBeChosen).map(({ id }) => id) : [];
  return (
    <>
      <ManyBar
        resource={resource.id}
        chosen={records.filter(({ id }) => chosen.includes(id))}
        onClear={() => setChosen([])}
        onDone={onDecided}
      />
      <table className="ss-table">
        <thead>
          <tr>
            {choosable.length === 0 ? null : (
              <th scope="col" className="ss-choose">
                <label>
                  <input
                    type="checkbox"
                    checked={chosen.length === choosable.length}
                    onChange={(event) => setChosen(event.target.checked ? choosable : [])}
                  />
                  <span className="ss-visually-hidden">Choose all of this page</span>
                </label>
              </th>
            )}
            {resource.listProperties.map((property) => (
              <Heading key={property.propertyPath} resource={resource} property={property} query={query} />
            ))}
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <RecordRow
              key={record.id}
              resource={resource}
              record={record}
              choice={
                choosable.length === 0
                  ? null
                  : {
                      possible: choosable.includes(record.id),
                      on: chosen.includes(record.id),
                      onToggle: (on) =>
                        setChosen((before) => (on ? [...before, record.id] : before.filter((id) => id !== record.id))),
                    }
              }
            />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Heading({
  resource,
  property,
  query,
}: {
  resource: ResourceJSON;
  property: PanelProperty;
  query: URLSearchParams;
}) {
  const path = property.propertyPath;
  const sorted = query.get('sortBy') === path;
  const descending = query.get('direction') === 'desc';
  const label = resource.id === 'Post' && path === 'text' ? 'Post' : labelOf(path);
  if (!property.isSortable || property.isArray || property.type === 'mixed') return <th scope="col">{label}</th>;
  return (
    <th scope="col" aria-sort={sorted ? (descending ? 'descending' : 'ascending') : undefined}>
      <Link
        to={address(resource.id, query, { sortBy: path, direction: sorted && !descending ? 'desc' : 'asc', page: '' })}
      >
        {label}
        {sorted ? <Icon icon={descending ? 'ArrowDown' : 'ArrowUp'} size={12} aria-hidden="true" /> : null}
      </Link>
    </th>
  );
}

function RecordRow({
  resource,
  record,
  choice,
}: {
  resource: ResourceJSON;
  record: PanelRecord;
  choice: { possible: boolean; on: boolean; onToggle(on: boolean): void } | null;
}) {
  const page = `/admin/resources/${resource.id}/records/${record.id}/show`;
  const navigate = useNavigate();
  return (
    // The link in the first cell is what a keyboard uses; the whole row is a larger target for a mouse.
    <tr
      data-id={record.id}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest('a, button, label') === null) navigate(page);
      }}
    >
      {choice === null ? null : (
        <td className="ss-choose">
          {choice.possible ? (
            // The label is a larger target than the box, so that a near miss does not open the record.
            <label>
              <input type="checkbox" checked={choice.on} onChange={(event) => choice.onToggle(event.target.checked)} />
              <span className="ss-visually-hidden">Choose {titleOf(resource, record)}</span>
            </label>
          ) : null}
        </td>
      )}
      {resource.listProperties.map((property, index) => (
        <td key={property.propertyPath} data-label={labelOf(property.propertyPath)}>
          {index === 0 ? (
            <Link className="ss-row-link" to={page}>
              <RowTitle property={property} record={record} />
            </Link>
          ) : (
            <Value property={property} record={record} where="list" />
          )}
        </td>
      ))}
    </tr>
  );
}

/** The first cell is a link already, so what it shows must not be one. */
function RowTitle({ property, record }: { property: PanelProperty; record: PanelRecord }) {
  const { reference, propertyPath } = property;
  if (reference === null || reference === undefined) return <Value property={property} record={record} where="list" />;
  const target = record.populated[propertyPath];
  return (
    <span className="ss-clamp">
      {target === null || target === undefined ? 'Not visible to you' : String(target.params.text ?? target.title)}
    </span>
  );
}

/** How a row is named for those who do not see it. */
function titleOf(resource: ResourceJSON, record: PanelRecord): string {
  return resource.listProperties
    .map(({ propertyPath }) => record.populated[propertyPath])
    .filter((target) => target !== null && target !== undefined)
    .map((target) => String(target.params.text ?? target.title).slice(0, 60))
    .join(', ');
}

/** The list's address with some parameters changed; an empty value takes one away. */
export function address(resource: string, query: URLSearchParams, changes: Record<string, string>): string {
  const next = new URLSearchParams(query);
  next.delete('refresh');
  for (const [key, value] of Object.entries(changes)) {
    if (value === '') next.delete(key);
    else next.set(key, value);
  }
  const text = next.toString();
  return `/admin/resources/${resource}${text === '' ? '' : `?${text}`}`;
}
