/** What happened to a record, newest first. */
import { PlatformMark } from './badges.tsx';
import { eventText } from './event-texts.ts';
import { Moment } from './moments.tsx';

export interface HistoryEvent {
  id: string;
  action: string;
  occurredAt: string;
  actor: string | null;
  metadata: Record<string, unknown> | null;
  /** Where it happened, on the page of a post that goes to several accounts. */
  account?: { platform: string; displayName: string } | null;
}

export function HistoryList({ events }: { events: readonly HistoryEvent[] }) {
  if (events.length === 0) return <p className="ss-muted">Nothing yet.</p>;
  return (
    <ol className="ss-timeline">
      {events.map((event) => (
        <li key={event.id}>
          <span>{eventText(event.action)}</span>
          <EventAccount account={event.account ?? null} />
          {typeof event.metadata?.reason === 'string' && event.metadata.reason !== '' ? (
            <q>{event.metadata.reason}</q>
          ) : null}
          <span className="ss-muted">
            {event.actor ?? 'the server'} · <Moment value={event.occurredAt} layout="line" />
          </span>
        </li>
      ))}
    </ol>
  );
}

/** Which of several accounts an event is about. */
export function EventAccount({ account }: { account: { platform: string; displayName: string } | null }) {
  if (account === null) return null;
  return (
    <span className="ss-account-link">
      <PlatformMark platform={account.platform} size="small" />
      {account.displayName}
    </span>
  );
}
