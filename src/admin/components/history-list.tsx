/** What happened to a record, newest first; further back on request. */
import { useState } from 'react';
import { PlatformMark } from './badges.tsx';
import { eventNote, eventText } from './event-texts.ts';
import { Moment } from './moments.tsx';
import { Card } from './page-frame.tsx';
import { api } from './panel-client.ts';

export interface HistoryEvent {
  id: string;
  action: string;
  occurredAt: string;
  actor: string | null;
  metadata: Record<string, unknown> | null;
  /** Where it happened, on the page of a post that goes to several accounts. */
  account?: { platform: string; displayName: string } | null;
}

export interface History {
  events: readonly HistoryEvent[];
  /** The last of these events, when there are older ones. */
  olderThan: string | null;
}

export function HistoryCard({ resource, id, history }: { resource: string; id: string; history: unknown }) {
  const first = (history ?? NONE) as History;
  const [older, setOlder] = useState<{ after: History; pages: readonly History[]; problem: string }>(() => ({
    after: first,
    pages: [],
    problem: '',
  }));
  // The record was read again: what was loaded further back belongs to another beginning.
  const pages = older.after === first ? [first, ...older.pages] : [first];
  const next = pages.at(-1)?.olderThan ?? null;
  const load = async () => {
    if (next === null) return;
    const answer = await api.history(resource, id, next);
    setOlder({
      after: first,
      pages: answer.ok ? [...pages.slice(1), answer.data as History] : pages.slice(1),
      problem: answer.ok ? '' : answer.message,
    });
  };
  return (
    <Card title="History">
      <HistoryList events={pages.flatMap(({ events }) => events)} />
      {next === null ? null : (
        <p className="ss-older">
          <button type="button" className="ss-button" onClick={() => void load()}>
            Show older events
          </button>
        </p>
      )}
      {older.problem === '' ? null : <p className="ss-error">{older.problem}</p>}
    </Card>
  );
}

const NONE: History = { events: [], olderThan: null };

function HistoryList({ events }: { events: readonly HistoryEvent[] }) {
  if (events.length === 0) return <p className="ss-muted">Nothing yet.</p>;
  return (
    <ol className="ss-timeline">
      {events.map((event) => {
        const note = eventNote(event.metadata);
        const reason = event.metadata?.reason;
        const wasDue = event.metadata?.wasDueAt ?? event.metadata?.dueAt;
        return (
          <li key={event.id}>
            <bdi>{eventText(event.action, event.metadata, event.actor)}</bdi>
            <EventAccount account={event.account ?? null} />
            {typeof reason === 'string' && reason !== '' ? (
              <q>
                <bdi>{reason}</bdi>
              </q>
            ) : null}
            {note === null ? null : <bdi className="ss-note">{note}</bdi>}
            {typeof wasDue !== 'string' ? null : (
              <span className="ss-note">
                was due <Moment value={wasDue} layout="line" />
              </span>
            )}
            <span className="ss-muted">
              <bdi>{event.actor ?? 'the server'}</bdi> · <Moment value={event.occurredAt} layout="line" />
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** Which of several accounts an event is about. */
export function EventAccount({ account }: { account: { platform: string; displayName: string } | null }) {
  if (account === null) return null;
  return (
    <span className="ss-account-link">
      <PlatformMark platform={account.platform} size="small" />
      <bdi>{account.displayName}</bdi>
    </span>
  );
}
