/** A list: quick filters as links, a search box, a table that becomes cards on a small screen, pages. */
import { Icon } from '@adminjs/design-system';
import type { ActionProps, ResourceJSON } from 'adminjs';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useLocation, useNavigate } from 'react-router-dom';
import { ConnectButtons } from './connect-buttons.tsx';
import { LIST_TEXTS, type ListText } from './list-texts.ts';
import { Banner, EmptyState, Loading, Page } from './page-frame.tsx';
import { type Answer, api, hasAction, type PanelProperty, type PanelRecord } from './panel-client.ts';
import { labelOf, Value } from './record-values.tsx';

const COUNT_LIMIT = 10_000;

export default function RecordList({ resource }: ActionProps) {
  const { search } = useLocation();
  const text = LIST_TEXTS[resource.id] ?? { title: resource.name, empty: 'Nothing here yet.', tabs: [] };
  const { answer, loading } = useList(resource.id, search);
  return (
    <Page
      name={text.title}
      title={text.title}
      subtitle={text.subtitle}
      actions={
        <>
          {resource.id === 'ConnectedAccount' ? <ConnectButtons /> : null}
          {hasAction(resource.resourceActions, 'new') && text.create !== undefined ? (
            <Link
              className={`ss-button ${resource.id === 'Hold' ? 'ss-danger-quiet' : 'ss-primary'}`}
              to={`/admin/resources/${resource.id}/actions/new`}
              data-testid="action-new"
            >
              <Icon icon={resource.id === 'Hold' ? 'PauseCircle' : 'Plus'} size={16} aria-hidden="true" />
              {text.create}
            </Link>
          ) : null}
        </>
      }
    >
      <div className="ss-list-tools">
        <Tabs resource={resource} text={text} search={search} />
        {text.searchFor === undefined ? null : <SearchBox resource={resource} label={text.searchFor} search={search} />}
      </div>
      <div className="ss-card ss-card-flush" aria-busy={loading}>
        {answer === null ? <Loading /> : <Results resource={resource} text={text} answer={answer} search={search} />}
      </div>
    </Page>
  );
}

/** Loads what the address asks for, again when it changes. The old list stays until the new one is there. */
function useList(resource: string, search: string): { answer: Answer | null; loading: boolean } {
  const [state, setState] = useState<{ resource: string; answer: Answer } | null>(null);
  const [loading, setLoading] = useState(true);
  useEffect(() => {
    let current = true;
    setLoading(true);
    const query = new URLSearchParams(search);
    query.delete('refresh');
    void api.list(resource, Object.fromEntries(query)).then((answer) => {
      if (!current) return;
      setState({ resource, answer });
      setLoading(false);
    });
    return () => {
      current = false;
    };
  }, [resource, search]);
  return { answer: state?.resource === resource ? state.answer : null, loading };
}

function Tabs({ resource, text, search }: { resource: ResourceJSON; text: ListText; search: string }) {
  if (text.tabs.length === 0) return <span />;
  const query = new URLSearchParams(search);
  const chosen = query.get(`filters.${text.tabField ?? 'status'}`) ?? '';
  return (
    <nav className="ss-tabs" aria-label="Filter">
      {[{ label: 'All', value: '' }, ...text.tabs].map((tab) => (
        <Link
          key={tab.label}
          to={address(resource.id, query, { [`filters.${text.tabField ?? 'status'}`]: tab.value, page: '' })}
          aria-current={chosen === tab.value ? 'page' : undefined}
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}

function SearchBox({ resource, label, search }: { resource: ResourceJSON; label: string; search: string }) {
  const query = new URLSearchParams(search);
  const given = query.get('filters.q') ?? '';
  const [typed, setTyped] = useState(given);
  const navigate = useNavigate();
  useEffect(() => setTyped(given), [given]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    navigate(address(resource.id, query, { 'filters.q': typed.trim(), page: '' }));
  };
  return (
    <search className="ss-search">
      <form onSubmit={submit}>
        <Icon icon="Search" size={15} aria-hidden="true" />
        <input
          type="search"
          value={typed}
          aria-label={label}
          placeholder={label}
          maxLength={200}
          onChange={(event) => setTyped(event.target.value)}
        />
      </form>
    </search>
  );
}

function Results({
  resource,
  text,
  answer,
  search,
}: {
  resource: ResourceJSON;
  text: ListText;
  answer: Answer;
  search: string;
}) {
  const query = new URLSearchParams(search);
  if (!answer.ok) {
    return (
      <div className="ss-pad">
        <Banner tone="red" icon="AlertCircle" title={answer.message}>
          <Link to={`/admin/resources/${resource.id}`}>Show the whole list</Link>
        </Banner>
      </div>
    );
  }
  const filtered = [...query.keys()].some((key) => key.startsWith('filters.'));
  if (answer.records.length === 0) {
    return filtered ? (
      <EmptyState icon="Search" title="Nothing matches this filter">
        <Link to={`/admin/resources/${resource.id}`}>Show everything</Link>
      </EmptyState>
    ) : (
      <EmptyState icon={text.icon ?? 'Inbox'} title={text.empty}>
        {text.emptyHint}
      </EmptyState>
    );
  }
  return (
    <>
      <table className="ss-table">
        <thead>
          <tr>
            {resource.listProperties.map((property) => (
              <Heading key={property.propertyPath} resource={resource} property={property} query={query} />
            ))}
          </tr>
        </thead>
        <tbody>
          {answer.records.map((record) => (
            <RecordRow key={record.id} resource={resource} record={record} />
          ))}
        </tbody>
      </table>
      <Pages resource={resource} query={query} meta={answer.meta} />
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

function RecordRow({ resource, record }: { resource: ResourceJSON; record: PanelRecord }) {
  const page = `/admin/resources/${resource.id}/records/${record.id}/show`;
  const navigate = useNavigate();
  return (
    // The link in the first cell is what a keyboard uses; the whole row is a larger target for a mouse.
    <tr
      data-id={record.id}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest('a, button') === null) navigate(page);
      }}
    >
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

function Pages({ resource, query, meta }: { resource: ResourceJSON; query: URLSearchParams; meta: Answer['meta'] }) {
  if (meta === null || meta.total === 0) return null;
  const first = (meta.page - 1) * meta.perPage + 1;
  const last = Math.min(meta.page * meta.perPage, meta.total);
  const total = meta.total >= COUNT_LIMIT ? `${COUNT_LIMIT.toLocaleString('en')}+` : meta.total.toLocaleString('en');
  return (
    <div className="ss-pages">
      <span className="ss-muted">
        {first}–{last} of {total}
      </span>
      {meta.page > 1 ? (
        <Link className="ss-button" to={address(resource.id, query, { page: String(meta.page - 1) })}>
          Previous
        </Link>
      ) : null}
      {last < meta.total ? (
        <Link className="ss-button" to={address(resource.id, query, { page: String(meta.page + 1) })}>
          Next
        </Link>
      ) : null}
    </div>
  );
}

/** The list's address with some parameters changed; an empty value takes one away. */
function address(resource: string, query: URLSearchParams, changes: Record<string, string>): string {
  const next = new URLSearchParams(query);
  next.delete('refresh');
  for (const [key, value] of Object.entries(changes)) {
    if (value === '') next.delete(key);
    else next.set(key, value);
  }
  const text = next.toString();
  return `/admin/resources/${resource}${text === '' ? '' : `?${text}`}`;
}
