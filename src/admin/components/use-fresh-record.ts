import { useEffect, useState } from 'react';
import { api, type PanelRecord } from './panel-client.ts';

const WATCH_MS = 2500;

/**
 * A record as it was given, and a way to read it again after a change.
 * @param watching whether its status is about to change without us; looked at every few seconds while the page is seen
 */
export function useFreshRecord(resource: string, given: PanelRecord, watching: (record: PanelRecord) => boolean) {
  const [record, setRecord] = useState(given);
  useEffect(() => setRecord(given), [given]);
  const reload = async () => {
    const answer = await api.show(resource, given.id);
    if (answer.ok && answer.record !== null) setRecord(answer.record);
  };
  const watch = watching(record);
  const { status, updatedAt } = record.params;
  useEffect(() => {
    if (!watch) return undefined;
    const timer = setInterval(async () => {
      if (document.hidden) return;
      // The list is asked, not the page: a superuser's looking at a post is recorded, and this is not looking.
      const answer = await api.list(resource, { 'filters.id': given.id }, 'timer');
      const now = answer.records[0]?.params;
      if (now === undefined) return;
      if (now.status !== status || now.updatedAt !== updatedAt) await reload();
      else setRecord((before) => withFigures(before, now));
    }, WATCH_MS);
    return () => clearInterval(timer);
  }, [watch, status, updatedAt, given.id]);
  return { record, reload };
}

/** What changes without the record: how often was looked for it. */
function withFigures(before: PanelRecord, now: PanelRecord['params']): PanelRecord {
  const changed = Object.keys(now).some((name) => now[name] !== before.params[name]);
  return changed ? { ...before, params: { ...before.params, ...now } } : before;
}

/** Whether something is under way, will be within a minute and a half, or waits for an answer that others may give as well. */
export function isAboutToChange(status: unknown, dueAt: unknown): boolean {
  if (status === 'publishing' || status === 'unconfirmed') return true;
  if (status !== 'scheduled' && status !== 'retrying' && status !== 'partly_published') return false;
  return (
    typeof dueAt === 'string' && Date.parse(dueAt) - Date.now() < 90_000 && Date.now() - Date.parse(dueAt) < 600_000
  );
}
