/** A list: quick filters as links, a search box, a table that becomes cards on a small screen, pages. */
import { Icon } from '@adminjs/design-system';
import type { ActionProps, ResourceJSON } from 'adminjs';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useLocation, useNavigate } from 'react-router-dom';
import { AuditFilters } from './audit-filters.tsx';
import { AuditExport, AuditVerify } from './audit-tools.tsx';
import { ConnectButtons } from './connect-buttons.tsx';
import { type EndingConnection, EndingConnections } from './ending-connections.tsx';
import { LIST_TEXTS, type ListText } from './list-texts.ts';
import { Banner, EmptyState, Loading, Page } from './page-frame.tsx';
import { type Answer, api, hasAction } from './panel-client.ts';
import { address, RecordTable } from './record-table.tsx';
import { type SharedAccount, SharedAccounts } from './shared-accounts.tsx';

const COUNT_LIMIT = 10_000;

export default function RecordList({ resource }: ActionProps) {
  const { search } = useLocation();
  const text = LIST_TEXTS[resource.id] ?? { title: resource.name, empty: 'Nothing here yet.', tabs: [] };
  const { answer, loading, reload } = useList(resource.id, search);
  return (
    <Page
      name={text.title}
      title={text.title}
      subtitle={text.subtitle}
      actions={
        <>
          {resource.id === 'ConnectedAccount' ? <ConnectButtons withPages /> : null}
          {resource.id === 'AuditEvent' ? <AuditExport resource={resource} /> : null}
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
      {resource.id === 'AuditEvent' ? <AuditFilters /> : null}
      <EndingConnections connections={toldBeside(answer).endingConnections ?? []} />
      <SharedAccounts accounts={toldBeside(answer).sharedAccounts} />
      <div className="ss-list-tools">
        {resource.id === 'AuditEvent' ? (
          <AuditVerify resource={resource} onDone={reload} />
        ) : (
          <Tabs resource={resource} text={text} search={search} />
        )}
        {text.searchFor === undefined ? null : <SearchBox resource={resource} label={text.searchFor} search={search} />}
      </div>
      <div className="ss-card ss-card-flush" aria-busy={loading}>
        {answer === null ? (
          <Loading />
        ) : (
          <Results resource={resource} text={text} answer={answer} search={search} onDecided={reload} />
        )}
      </div>
    </Page>
  );
}

interface ToldBeside {
  endingConnections?: readonly EndingConnection[];
  sharedAccounts?: readonly SharedAccount[];
}

/** Only the list of accounts comes with some. */
function toldBeside(answer: Answer | null): ToldBeside {
  return (answer?.data as ToldBeside | undefined) ?? {};
}

/** Loads what the address asks for, again when it changes. The old list stays until the new one is there. */
function useList(resource: string, search: string): { answer: Answer | null; loading: boolean; reload(): void } {
  const [state, setState] = useState<{ resource: string; answer: Answer } | null>(null);
  const [loading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
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
  }, [resource, search, round]);
  const reload = () => setRound((before) => before + 1);
  return { answer: state?.resource === resource ? state.answer : null, loading, reload };
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
  onDecided,
}: {
  resource: ResourceJSON;
  text: ListText;
  answer: Answer;
  search: string;
  onDecided(): void;
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
      <RecordTable resource={resource} records={answer.records} query={query} onDecided={onDecided} />
      <Pages resource={resource} query={query} meta={answer.meta} />
    </>
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
