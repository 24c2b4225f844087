/** How a single value of a record looks, in lists and on pages. */
import { Link } from 'react-router-dom';
import { PlatformMark, platformLabel, StatusBadge, words } from './badges.tsx';
import { choiceName } from './choice-labels.ts';
import { ConnectionEnd } from './connection-end.tsx';
import { eventText } from './event-texts.ts';
import { describeLateness, duration, lateness, Moment } from './moments.tsx';
import type { PanelProperty, PanelRecord } from './panel-client.ts';

const BADGES: readonly string[] = ['status', 'state'];

export function Value({
  property,
  record,
  where,
}: {
  property: PanelProperty;
  record: PanelRecord;
  where: 'list' | 'page';
}) {
  const path = property.propertyPath;
  const value = record.params[path] as unknown;
  if (path === 'scope' && where === 'list') return <HeldThing record={record} />;
  if (property.isArray) return <ManyValues property={property} record={record} />;
  if (path === 'tokenExpiresAt' || (path === 'permissionEndsAt' && !value))
    return <ConnectionEnd record={record} where={where} />;
  if (path === 'lateness') return <Lateness params={record.params} />;
  if (property.type === 'mixed') return <Particulars record={record} path={path} />;
  if (value === null || value === undefined || value === '')
    return <span className="ss-muted">{isOurDoing(path, record) ? 'the server' : '–'}</span>;
  if (property.reference !== null && property.reference !== undefined)
    return <Reference resource={property.reference} id={String(value)} record={record.populated[path] ?? null} />;
  if (property.type === 'datetime' || property.type === 'date')
    return <Moment value={value} layout={where === 'list' ? 'lines' : 'line'} />;
  if (property.type === 'boolean') return <span>{value === true ? 'Yes' : 'No'}</span>;
  const text = String(value);
  if (BADGES.includes(path)) return <StatusBadge status={text} />;
  if (path === 'platform') return <Platform platform={text} />;
  if (/^https?:\/\//.test(text)) return <OutsideLink href={text} />;
  if (property.availableValues !== null && property.availableValues !== undefined) return <span>{words(text)}</span>;
  if (path === 'action') return <EventName action={text} params={record.params} />;
  if (path === 'entityId') return <EntityLink entity={String(record.params.entity)} id={text} />;
  if (/hash|externalId/i.test(path)) return <code className="ss-code ss-break">{text}</code>;
  // What people typed: it has a reading direction of its own.
  return <bdi className={where === 'list' ? 'ss-clamp' : 'ss-prewrap'}>{text}</bdi>;
}

/** An event or a hold without a person; but of a sign-in that failed nobody knows whose it was. */
function isOurDoing(path: string, { params }: PanelRecord): boolean {
  if (path === 'createdBy') return typeof params.scope === 'string';
  return path === 'actor' && !String(params.action).startsWith('user.');
}

/** In words, and as filters and exports name it. */
function EventName({ action, params }: { action: string; params: PanelRecord['params'] }) {
  const by = params['metadata.by'] as unknown;
  return (
    <span className="ss-event-name">
      {eventText(action, { by })} <code className="ss-code">{action}</code>
    </span>
  );
}

/** The record an event is about; it may be gone by now. */
function EntityLink({ entity, id }: { entity: string; id: string }) {
  return (
    <Link className="ss-break" to={`/admin/resources/${entity}/records/${id}/show`}>
      <code className="ss-code ss-break">{id}</code>
    </Link>
  );
}

/** What a hold is about, in one cell. */
function HeldThing({ record: { params, populated } }: { record: PanelRecord }) {
  const scope = String(params.scope);
  const id = params[scope] as unknown;
  if (scope === 'platform') return <Platform platform={String(id)} />;
  if (scope === 'team') return <Reference resource="Team" id={String(id)} record={populated.team} />;
  if (scope === 'account') return <Reference resource="ConnectedAccount" id={String(id)} record={populated.account} />;
  return <span>{choiceName('scope', scope)}</span>;
}

/** Of what was sent: how late. Of what should have been: for how long it is overdue. */
function Lateness({ params }: { params: PanelRecord['params'] }) {
  const sent = lateness(params.dueAt, params.sentAt);
  if (sent !== null) return <span className="ss-number-text">{sent}</span>;
  const waits = params.status === 'scheduled' || params.status === 'retrying';
  const overdueMs = typeof params.dueAt === 'string' && waits ? Date.now() - Date.parse(params.dueAt) : 0;
  // A worker takes it within a second; a little more is the age of this list.
  if (overdueMs < 10_000) return <span className="ss-muted">–</span>;
  return (
    <span className="ss-overdue" title={describeLateness(overdueMs)}>
      overdue for {duration(overdueMs / 1000)}
    </span>
  );
}

/** A record referred to; its id when it may not be seen. */
export function Reference({
  resource,
  id,
  record,
}: {
  resource: string;
  id: string;
  record: PanelRecord | null | undefined;
}) {
  if (record === null || record === undefined)
    return (
      <span className="ss-muted" title={id}>
        not visible to you
      </span>
    );
  const { params } = record;
  if (resource === 'ConnectedAccount') {
    return (
      <Link className="ss-account-link" to={`/admin/resources/ConnectedAccount/records/${id}/show`}>
        <PlatformMark platform={String(params.platform)} size="small" />
        <bdi>{String(params.displayName)}</bdi>
      </Link>
    );
  }
  const text = resource === 'Publication' ? 'Publication' : String(record.title ?? params.name ?? id);
  return (
    <Link className="ss-clamp" to={`/admin/resources/${resource}/records/${id}/show`}>
      <bdi>{text}</bdi>
    </Link>
  );
}

export function OutsideLink({ href, children }: { href: string; children?: string }) {
  return (
    <a className="ss-break" href={href} target="_blank" rel="noreferrer noopener">
      {children ?? href}
    </a>
  );
}

function Platform({ platform }: { platform: string }) {
  return (
    <span className="ss-account-link">
      <PlatformMark platform={platform} size="small" />
      {platformLabel(platform)}
    </span>
  );
}

function ManyValues({ property, record }: { property: PanelProperty; record: PanelRecord }) {
  const path = property.propertyPath;
  const keys = Object.keys(record.params).filter((key) => key.startsWith(`${path}.`));
  if (keys.length === 0) return <span className="ss-muted">–</span>;
  if (property.reference === null || property.reference === undefined)
    return <span>{keys.map((key) => String(record.params[key])).join(', ')}</span>;
  return (
    <span className="ss-many">
      {keys.map((key) => (
        <Reference
          key={key}
          resource={property.reference ?? ''}
          id={String(record.params[key])}
          record={record.populated[key]}
        />
      ))}
    </span>
  );
}

/** The particulars of an event, which AdminJS flattens to `metadata.key`. */
function Particulars({ record, path }: { record: PanelRecord; path: string }) {
  const entries = Object.entries(record.params).filter(
    ([key, value]) => key.startsWith(`${path}.`) && value !== null && value !== '',
  );
  if (entries.length === 0) return <span className="ss-muted">–</span>;
  return (
    <dl className="ss-particulars">
      {entries.map(([key, value]) => (
        <div key={key}>
          <dt>{words(key.slice(path.length + 1))}</dt>
          <dd className="ss-break">{String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
