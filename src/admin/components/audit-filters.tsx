/** What the audit log is narrowed down by: who, what, about what, which team, from when to when. */
import { useLocation, useNavigate } from 'react-router-dom';
import { AUDIT_ACTIONS, AUDIT_ENTITIES } from '../../domain/audit-event.ts';
import { parseScheduleTime } from '../../domain/schedule-time.ts';
import { words } from './badges.tsx';
import { eventText } from './event-texts.ts';
import { Field, RecordField, SelectField } from './form-fields.tsx';
import { useTimeZone } from './moments.tsx';
import { address } from './record-table.tsx';

const FROM = 'filters.occurredAt~~from';
const TO = 'filters.occurredAt~~to';

const ACTIONS = AUDIT_ACTIONS.map((value) => ({ value, label: `${eventText(value)} (${value})` }));
const ENTITIES = AUDIT_ENTITIES.map((value) => ({ value, label: words(value) }));

export function AuditFilters() {
  const query = new URLSearchParams(useLocation().search);
  const navigate = useNavigate();
  const zone = useTimeZone();
  const set = (key: string, value: string) => navigate(address('AuditEvent', query, { [key]: value, page: '' }));
  const field = (name: string) => ({
    name,
    value: query.get(`filters.${name}`) ?? '',
    onChange: (value: string) => set(`filters.${name}`, value),
    required: true,
  });
  const record = query.get('filters.entityId');
  return (
    <div className="ss-card ss-filters">
      <SelectField {...field('action')} label="What happened" options={ACTIONS} empty="Anything" />
      <RecordField {...field('actor')} label="Who" resource="User" empty="Anybody" />
      <SelectField {...field('entity')} label="About" options={ENTITIES} empty="Anything" />
      <RecordField {...field('team')} label="Team" resource="Team" empty="Any team" />
      <DayField
        label="From"
        value={dayOf(query.get(FROM), zone)}
        onChange={(day) => set(FROM, startOf(day, 0, zone))}
      />
      <DayField label="To" value={dayOf(query.get(TO), zone)} onChange={(day) => set(TO, startOf(day, 1, zone))} />
      {record === null ? null : (
        <p className="ss-muted">
          Only about the record <code className="ss-code">{record}</code>{' '}
          <button type="button" className="ss-button" onClick={() => set('filters.entityId', '')}>
            Show all
          </button>
        </p>
      )}
    </div>
  );
}

function DayField({ label, value, onChange }: { label: string; value: string; onChange(day: string): void }) {
  return (
    <Field label={label} required>
      {(binding) => (
        <input
          {...binding}
          className="ss-input"
          type="date"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/**
 * The first instant of a day in the person's zone, or, with `daysLater` 1, the last of it.
 * @returns empty for no day
 */
function startOf(day: string, daysLater: 0 | 1, timeZone: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return '';
  date.setUTCDate(date.getUTCDate() + daysLater);
  const midnight = date.toISOString().slice(0, 16);
  const parsed = parseScheduleTime(midnight, timeZone);
  // Where clocks are put forward at midnight there is none; an hour more or less does no harm here.
  const instant = parsed.ok ? parsed.time.instant : date;
  return new Date(instant.getTime() - daysLater).toISOString();
}

function dayOf(instant: string | null, timeZone: string): string {
  const date = new Date(instant ?? '');
  return Number.isNaN(date.getTime()) ? '' : new Intl.DateTimeFormat('sv-SE', { timeZone }).format(date);
}
