/** The first page: is everything all right, what waits for me, what leaves next, what went out. */
import { Icon } from '@adminjs/design-system';
import { useCurrentAdmin } from 'adminjs';
import { type ReactNode, useEffect, useState } from 'react';
import { Link } from 'react-router-dom';
import { PlatformMark, StatusBadge } from './badges.tsx';
import { Banners, FirstSteps } from './dashboard-banners.tsx';
import type { DashboardData, PublicationRow } from './dashboard-data.ts';
import { eventText } from './event-texts.ts';
import { EventAccount } from './history-list.tsx';
import { absoluteTime, describeLateness, lateness, Moment, useTimeZone } from './moments.tsx';
import { Banner, Card, EmptyState, Loading, Page } from './page-frame.tsx';
import { api } from './panel-client.ts';
import { WorkersCard } from './workers-card.tsx';

const REFRESH_MS = 15_000;
const ATTENTION =
  '/admin/resources/Publication?filters.status=unconfirmed%2Cfailed%2Cheld%2Cmissed%2Cawaiting_approval';

export default function Dashboard() {
  const { data, problem } = useDashboard();
  const [person] = useCurrentAdmin();
  const zone = useTimeZone();
  const firstName = (person?.title ?? '').split(' ')[0] ?? '';
  return (
    <Page
      name="Dashboard"
      title={greeting(firstName, zone)}
      subtitle={absoluteTime(data === null ? new Date() : new Date(data.now), zone)}
    >
      {problem === '' ? null : <Banner tone="red" icon="AlertCircle" title={problem} />}
      {data === null ? <Loading /> : <Content data={data} />}
    </Page>
  );
}

/** Loads at once and every fifteen seconds while somebody is looking. */
function useDashboard() {
  const [data, setData] = useState<DashboardData | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let current = true;
    const load = async (why: 'person' | 'timer') => {
      if (document.hidden) return;
      const answer = await api.dashboard(why);
      if (!current) return;
      setProblem(answer.ok ? '' : answer.message);
      if (answer.ok) setData(answer.data as DashboardData);
    };
    void load('person');
    const timer = setInterval(() => void load('timer'), REFRESH_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, []);
  return { data, problem };
}

function Content({ data }: { data: DashboardData }) {
  return (
    <>
      <Banners data={data} />
      {data.counts.accounts === 0 && data.counts.published === 0 ? <FirstSteps data={data} /> : null}
      <div className="ss-tiles">
        <Tile
          to={ATTENTION}
          label="Needs attention"
          value={data.counts.attention}
          icon={data.counts.attention > 0 ? 'AlertTriangle' : 'CheckCircle'}
          tone={data.counts.attention > 0 ? 'red' : 'green'}
        />
        <Tile
          to="/admin/resources/Publication?filters.status=scheduled%2Cretrying%2Cpublishing&sortBy=dueAt&direction=asc"
          label="Scheduled"
          value={data.counts.upcoming}
          icon="Clock"
          tone="blue"
        />
        <Tile
          to="/admin/resources/Publication?filters.status=published"
          label="Published in 7 days"
          value={data.counts.published}
          icon="Send"
          tone="green"
        />
        <Tile
          to="/admin/resources/Post?filters.status=draft"
          label="Drafts"
          value={data.counts.drafts}
          icon="Edit3"
          tone="quiet"
        />
        <Tile
          to="/admin/resources/Publication?filters.status=published"
          label="Typical delay"
          value={
            data.medianLatenessMs === null
              ? '–'
              : data.medianLatenessMs < 50
                ? '< 0.1 s'
                : describeLateness(data.medianLatenessMs).replace(' late', '')
          }
          icon="Activity"
          tone="quiet"
        />
      </div>
      <div className="ss-columns">
        <div>
          <Card
            title="Needs attention"
            aside={<MoreLink to={ATTENTION} shown={data.attention.length} total={data.counts.attention} />}
            flush
          >
            {data.attention.length === 0 ? (
              <EmptyState icon="CheckCircle" title="Nothing is waiting for you" />
            ) : (
              data.attention.map((row) => (
                <Line key={row.id} row={row} time={row.dueAt} note={row.errorMessage} badge />
              ))
            )}
          </Card>
          <Card
            title="Next to go out"
            aside={
              <MoreLink
                to="/admin/resources/Publication?filters.status=scheduled%2Cretrying%2Cpublishing&sortBy=dueAt&direction=asc"
                shown={data.upcoming.length}
                total={data.counts.upcoming}
              />
            }
            flush
          >
            {data.upcoming.length === 0 ? (
              <EmptyState icon="Clock" title="Nothing is scheduled">
                {data.mayWrite ? (
                  <Link to="/admin/resources/Post/actions/new">Write a post and choose a time</Link>
                ) : null}
              </EmptyState>
            ) : (
              data.upcoming.map((row) => (
                <Line key={row.id} row={row} time={row.dueAt} badge={row.status !== 'scheduled'} />
              ))
            )}
          </Card>
        </div>
        <div>
          <Card
            title="Recently published"
            aside={
              <MoreLink
                to="/admin/resources/Publication?filters.status=published"
                shown={data.published.length}
                total={data.counts.published}
              />
            }
            flush
          >
            {data.published.length === 0 ? (
              <EmptyState icon="Send" title="Nothing has been published yet" />
            ) : (
              data.published.map((row) => (
                <Line
                  key={row.id}
                  row={row}
                  time={row.acceptedAt ?? row.sentAt}
                  note={lateness(row.dueAt, row.sentAt)}
                  live
                />
              ))
            )}
          </Card>
          <Card
            title="Recent activity"
            aside={
              <Link className="ss-more" to="/admin/resources/AuditEvent">
                Audit log
              </Link>
            }
          >
            {data.activity.length === 0 ? (
              <p className="ss-muted">What you do shows up here.</p>
            ) : (
              <ol className="ss-timeline">
                {data.activity.map((event) => (
                  <li key={event.id}>
                    <Link to={`/admin/resources/AuditEvent/records/${event.id}/show`}>
                      {eventText(event.action, { by: event.by })}
                    </Link>
                    {event.about === null ? null : <bdi className="ss-clamp-1">{event.about}</bdi>}
                    <EventAccount account={event.account} />
                    <span className="ss-muted">
                      <bdi>{event.actor ?? 'the server'}</bdi> · <Moment value={event.occurredAt} layout="short" />
                    </span>
                  </li>
                ))}
              </ol>
            )}
          </Card>
          {data.workers.length === 0 ? null : <WorkersCard workers={data.workers} />}
        </div>
      </div>
    </>
  );
}

function Tile({
  to,
  label,
  value,
  icon,
  tone,
}: {
  to: string;
  label: string;
  value: number | string;
  icon: string;
  tone: string;
}) {
  return (
    <Link className="ss-tile" to={to}>
      <span className={`ss-tile-icon ss-${tone}`}>
        <Icon icon={icon} size={17} aria-hidden="true" />
      </span>
      <span className="ss-tile-value">{value}</span>
      <span className="ss-tile-label">{label}</span>
    </Link>
  );
}

function Line({
  row,
  time,
  note,
  badge = false,
  live = false,
}: {
  row: PublicationRow;
  time: string | null;
  note?: string | null;
  badge?: boolean;
  live?: boolean;
}) {
  return (
    <div className="ss-line">
      <PlatformMark platform={row.account.platform} />
      <div className="ss-line-main">
        <Link className="ss-line-title" to={`/admin/resources/Publication/records/${row.id}/show`}>
          {row.text ?? row.post.text}
        </Link>
        <div className="ss-line-sub">
          <bdi>{row.account.displayName}</bdi>
          {live && row.permalink !== null ? (
            <>
              {' · '}
              <a href={row.permalink} target="_blank" rel="noreferrer noopener">
                see it live
              </a>
            </>
          ) : null}
          {note === null || note === undefined ? null : (
            <>
              {' · '}
              <bdi>{note}</bdi>
            </>
          )}
        </div>
      </div>
      <div className="ss-line-side">
        {badge ? <StatusBadge status={row.status} /> : null}
        {badge && time === null ? null : <Moment value={time} />}
      </div>
    </div>
  );
}

function MoreLink({ to, shown, total }: { to: string; shown: number; total: number }): ReactNode {
  return total > shown ? (
    <Link className="ss-more" to={to}>
      All {total}
    </Link>
  ) : null;
}

function greeting(name: string, timeZone: string): string {
  const hour = Number(
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: 'numeric', hourCycle: 'h23' }).format(new Date()),
  );
  const part = hour < 5 ? 'Good evening' : hour < 12 ? 'Good morning' : hour < 18 ? 'Good afternoon' : 'Good evening';
  return name === '' ? part : `${part}, ${name}`;
}
