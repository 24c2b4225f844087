/** Times as people read them: how far away, and the clock of their own zone with its name. The title has UTC. */
import { useCurrentAdmin } from 'adminjs';

/** The zone of the signed-in person. */
export function useTimeZone(): string {
  const [person] = useCurrentAdmin();
  const zone: unknown = person?.timeZone;
  return typeof zone === 'string' && zone !== '' ? zone : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `layout`: both lines, one line, or only how far away it is. `timeZone`: another zone than the person's own. */
export function Moment({
  value,
  layout = 'lines',
  timeZone,
}: {
  value: unknown;
  layout?: 'lines' | 'line' | 'short';
  timeZone?: string;
}) {
  const own = useTimeZone();
  const date = dateOf(value);
  if (date === null) return <span className="ss-muted">–</span>;
  const zone = timeZone ?? own;
  const relative = relativeTime(date, new Date());
  const absolute = absoluteTime(date, zone);
  if (layout === 'short') {
    return (
      <time dateTime={date.toISOString()} title={`${absolute} · ${date.toISOString()}`}>
        {relative}
      </time>
    );
  }
  return (
    <time
      className={layout === 'lines' ? 'ss-moment' : undefined}
      dateTime={date.toISOString()}
      title={date.toISOString()}
    >
      {layout === 'lines' ? <span className="ss-moment-main">{absolute}</span> : `${absolute} `}
      {layout === 'lines' ? (
        <span className="ss-muted">{relative}</span>
      ) : (
        <span className="ss-muted">({relative})</span>
      )}
    </time>
  );
}

export function dateOf(value: unknown): Date | null {
  if (typeof value !== 'string' && !(value instanceof Date)) return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Such as `Tue 3 Mar 2026, 09:00 CET`. */
export function absoluteTime(date: Date, timeZone: string): string {
  const sameYear = date.getUTCFullYear() === new Date().getUTCFullYear();
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    hourCycle: 'h23',
  });
  return parts.format(date);
}

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

export function relativeTime(date: Date, now: Date): string {
  const seconds = (date.getTime() - now.getTime()) / 1000;
  if (Math.abs(seconds) < 5) return 'now';
  if (Math.abs(seconds) < 60) return seconds > 0 ? `in ${Math.ceil(seconds)} s` : `${Math.ceil(-seconds)} s ago`;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['minute', 60];
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(Math.round(seconds / size), unit);
}

/** Such as `45 s`, `3 min`, `5 h`, `2 days`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** To the millisecond, in UTC, as evidence needs it: `2026-03-03 08:00:00.123 UTC`. */
export function exactTime(value: unknown): string | null {
  const date = dateOf(value);
  return date === null ? null : `${date.toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}

/** How late something was sent: `on time`, `0.4 s late`, `3 min late`. */
export function lateness(dueAt: unknown, sentAt: unknown): string | null {
  const due = dateOf(dueAt);
  const sent = dateOf(sentAt);
  return due === null || sent === null ? null : describeLateness(sent.getTime() - due.getTime());
}

export function describeLateness(ms: number): string {
  if (ms < 50) return 'on time';
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s late`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min late`;
  return `${Math.round(ms / 3_600_000)} h late`;
}
