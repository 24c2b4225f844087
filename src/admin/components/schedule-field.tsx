/** When a post goes out: the clock on somebody's wall, and whose. What is sent is exactly that; the server finds the instant. */
import { parseScheduleTime, scheduleTimeProblem } from '../../domain/schedule-time.ts';
import { TextField, TimeZoneField } from './form-fields.tsx';
import { relativeTime } from './moments.tsx';

export interface Schedule {
  /** `YYYY-MM-DDTHH:mm`, or empty: no time chosen yet. */
  wallClock: string;
  timeZone: string;
}

interface ScheduleFieldProps {
  value: Schedule;
  onChange(value: Schedule): void;
  errors: { scheduledAt?: string | undefined; timeZone?: string | undefined };
}

export function ScheduleField({ value, onChange, errors }: ScheduleFieldProps) {
  return (
    <fieldset className="ss-fieldset">
      <legend>When</legend>
      <div className="ss-two">
        <TextField
          name="scheduledAt"
          label="Date and time"
          type="datetime-local"
          value={value.wallClock}
          error={errors.scheduledAt}
          onChange={(wallClock) => onChange({ ...value, wallClock })}
        />
        <TimeZoneField
          name="timeZone"
          label="Time zone"
          required
          value={value.timeZone}
          error={errors.timeZone}
          onChange={(timeZone) => onChange({ ...value, timeZone })}
        />
      </div>
      <Reading schedule={value} />
    </fieldset>
  );
}

/** What the chosen time means, read back while it is typed. */
function Reading({ schedule }: { schedule: Schedule }) {
  if (schedule.wallClock === '') return <p className="ss-hint">Leave it empty to keep a draft without a time.</p>;
  const parsed = parseScheduleTime(schedule.wallClock, schedule.timeZone);
  if (!parsed.ok) return <p className="ss-reading ss-amber">{parsed.message}</p>;
  const { instant, ambiguous } = parsed.time;
  const problem = scheduleTimeProblem(instant, new Date());
  if (problem !== null) return <p className="ss-reading ss-amber">{problem}</p>;
  return (
    <p className="ss-reading ss-blue" aria-live="polite">
      Goes out <strong>{relativeTime(instant, new Date())}</strong> · {utc(instant)} UTC ·{' '}
      {offset(instant, schedule.timeZone)}
      {ambiguous ? '. This time happens twice on that day; the first one counts.' : ''}
    </p>
  );
}

/** The wall clock of a zone at an instant, as a datetime-local input wants it. */
export function wallClockAt(instant: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(instant);
  const part = (type: string) => parts.find((candidate) => candidate.type === type)?.value ?? '00';
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`;
}

function utc(instant: Date): string {
  return instant.toISOString().slice(0, 16).replace('T', ' ');
}

function offset(instant: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' }).formatToParts(instant);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}
