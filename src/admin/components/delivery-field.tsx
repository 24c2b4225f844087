/** How a post is delivered when things go wrong. Closed at first: the team's rules are right for nearly every post. */
import { useEffect, useState } from 'react';
import { LATE_WORDS } from './choice-labels.ts';
import { SelectField, TextField } from './form-fields.tsx';

/** As typed; empty means the team's, or the usual. `retryBaseMinutes` is what the server calls retryBaseSeconds. */
export interface Delivery {
  latePolicy: string;
  lateLimitMinutes: string;
  retryBaseMinutes: string;
  maxAttempts: string;
}

/** A team's or a post's rule for what is late, as records carry it. */
export interface LateRule {
  latePolicy: string | null;
  lateLimitMinutes: number | null;
}

const LONGEST_WAIT_MINUTES = 240;
const MOST_ATTEMPTS = 20;
export const USUAL = { retryBaseSeconds: 300, maxAttempts: 5 } as const;

interface DeliveryFieldProps {
  value: Delivery;
  team: LateRule | null;
  /** The settings are kept with the accounts, so there has to be one. */
  enabled: boolean;
  errors: Readonly<Record<string, string>>;
  onChange(change: Partial<Delivery>): void;
}

export function DeliveryField({ value, team, enabled, errors, onChange }: DeliveryFieldProps) {
  const wrong = NAMES.some((name) => errors[name] !== undefined);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);
  const policy = value.latePolicy === '' ? (team?.latePolicy ?? '') : value.latePolicy;
  return (
    <details className="ss-delivery" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>Delivery</h2>
        <span className="ss-muted">{enabled ? summaryOf(value, team) : 'Choose an account first'}</span>
      </summary>
      <fieldset className="ss-fieldset" disabled={!enabled}>
        <legend>If it cannot leave in time</legend>
        <div className="ss-two">
          <TextField
            name="lateLimitMinutes"
            label="Still send it up to (minutes late)"
            type="number"
            value={value.lateLimitMinutes}
            error={errors.lateLimitMinutes}
            placeholder={team === null ? '' : `${team.lateLimitMinutes}, as the team does`}
            onChange={(lateLimitMinutes) => onChange({ lateLimitMinutes })}
          />
          <SelectField
            name="latePolicy"
            label="Later than that"
            value={value.latePolicy}
            error={errors.latePolicy}
            options={[
              {
                value: '',
                label: `As the team does${team === null ? '' : `: ${lower(LATE_WORDS[team.latePolicy ?? ''])}`}`,
              },
              ...Object.entries(LATE_WORDS).map(([choice, label]) => ({ value: choice, label })),
            ]}
            onChange={(latePolicy) => onChange({ latePolicy })}
          />
        </div>
        <p className="ss-hint">{LATE_HINTS[policy]}</p>
      </fieldset>
      <fieldset className="ss-fieldset" disabled={!enabled}>
        <legend>Try again</legend>
        <div className="ss-two">
          <TextField
            name="retryBaseMinutes"
            label="First after (minutes)"
            type="number"
            value={value.retryBaseMinutes}
            error={errors.retryBaseSeconds}
            placeholder={`${USUAL.retryBaseSeconds / 60}`}
            onChange={(retryBaseMinutes) => onChange({ retryBaseMinutes })}
          />
          <TextField
            name="maxAttempts"
            label="Attempts in all"
            type="number"
            value={value.maxAttempts}
            error={errors.maxAttempts}
            placeholder={`${USUAL.maxAttempts}`}
            onChange={(maxAttempts) => onChange({ maxAttempts })}
          />
        </div>
        <p className="ss-hint">{retryReading(value)}</p>
      </fieldset>
    </details>
  );
}

const NAMES = ['latePolicy', 'lateLimitMinutes', 'retryBaseSeconds', 'maxAttempts'] as const;

const LATE_HINTS: Readonly<Record<string, string>> = {
  send: 'It goes out as soon as it can, however late that is.',
  hold: 'It waits, and the dashboard asks a person whether it should still go out.',
  drop: 'It counts as missed, and the dashboard tells. It can still be sent by hand.',
};

/** What a record says, as text for the fields: only what differs from the team's and the usual. */
export function deliveryOf(params: Readonly<Record<string, unknown>>): Delivery {
  const seconds = Number(params.retryBaseSeconds ?? USUAL.retryBaseSeconds);
  const attempts = Number(params.maxAttempts ?? USUAL.maxAttempts);
  return {
    latePolicy: String(params.latePolicy ?? ''),
    lateLimitMinutes: String(params.lateLimitMinutes ?? ''),
    retryBaseMinutes: seconds === USUAL.retryBaseSeconds ? '' : String(Number((seconds / 60).toFixed(3))),
    maxAttempts: attempts === USUAL.maxAttempts ? '' : String(attempts),
  };
}

/** The fields as the server takes them. */
export function deliveryValues({ retryBaseMinutes, ...rest }: Delivery): Record<string, string> {
  const minutes = Number(retryBaseMinutes);
  const typed = retryBaseMinutes.trim();
  const seconds = typed === '' || Number.isNaN(minutes) ? typed : String(Math.round(minutes * 60));
  return { ...rest, retryBaseSeconds: seconds };
}

/** One line for each rule that is not the team's or the usual one; empty when nothing was chosen. */
export function deliveryNotes(params: Readonly<Record<string, unknown>>, team: LateRule | null): string[] {
  const chosen = deliveryOf(params);
  const notes: string[] = [];
  if (chosen.latePolicy !== '' || chosen.lateLimitMinutes !== '') notes.push(lateReading(params, team));
  if (chosen.retryBaseMinutes !== '' || chosen.maxAttempts !== '') notes.push(retryReading(chosen));
  return notes.filter((note) => note !== '');
}

/** What happens to this post when it cannot leave in time, by its own rule or the team's. */
export function lateReading(params: Readonly<Record<string, unknown>>, team: LateRule | null): string {
  const chosen = deliveryOf(params);
  const limit = chosen.lateLimitMinutes === '' ? (team?.lateLimitMinutes ?? '') : chosen.lateLimitMinutes;
  const policy = chosen.latePolicy === '' ? (team?.latePolicy ?? '') : chosen.latePolicy;
  return `If it is more than ${limit} minutes late: ${lower(LATE_WORDS[policy])}`;
}

function summaryOf(value: Delivery, team: LateRule | null): string {
  const chosen = deliveryValues(value);
  const params = {
    latePolicy: chosen.latePolicy,
    lateLimitMinutes: chosen.lateLimitMinutes,
    retryBaseSeconds: chosen.retryBaseSeconds === '' ? null : chosen.retryBaseSeconds,
    maxAttempts: chosen.maxAttempts === '' ? null : chosen.maxAttempts,
  };
  const notes = deliveryNotes(params, team);
  if (notes.length > 0) return notes.map((note) => note.replace(/\.$/, '')).join(' · ');
  if (team === null) return 'As the team does';
  return `As the team does: if more than ${team.lateLimitMinutes} minutes late, ${lower(LATE_WORDS[team.latePolicy ?? ''])}`;
}

/** The waits that follow from the numbers, read back; the same doubling as the server's, never more than four hours. */
function retryReading({ retryBaseMinutes, maxAttempts }: Delivery): string {
  const base = retryBaseMinutes.trim() === '' ? USUAL.retryBaseSeconds / 60 : Number(retryBaseMinutes);
  const attempts = maxAttempts.trim() === '' ? USUAL.maxAttempts : Number(maxAttempts);
  // What the server would not take is not read back.
  if (!(base > 0 && base <= LONGEST_WAIT_MINUTES) || !(attempts >= 1 && attempts <= MOST_ATTEMPTS)) return '';
  if (attempts === 1) return 'It is tried once and not again.';
  const waits = Array.from({ length: Math.min(attempts - 1, 5) }, (_, index) =>
    Math.min(base * 2 ** index, LONGEST_WAIT_MINUTES),
  );
  const told = waits.map((wait) => `+${Number(wait.toFixed(1))}`).join(', ');
  return `When the platform cannot be reached: ${attempts} attempts, at once and then ${told}${attempts > 6 ? ', …' : ''} minutes.`;
}

function lower(text: string | undefined): string {
  return text === undefined ? '' : text.charAt(0).toLowerCase() + text.slice(1);
}
