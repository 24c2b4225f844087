/** Nobody knows whether it is out: a person looks at the account and says what is there. Nothing is sent again on a guess. */
import { Icon } from '@adminjs/design-system';
import { useNotice } from 'adminjs';
import { type FormEvent, useRef, useState } from 'react';
import { RESTORED } from '../../domain/publication.ts';
import { statusLabel } from './badges.tsx';
import { Field, FieldError, TextField } from './form-fields.tsx';
import { LookUps } from './look-ups.tsx';
import { Banner } from './page-frame.tsx';
import { api, type PanelRecord } from './panel-client.ts';
import { OutsideLink } from './record-values.tsx';

const ANSWERS = [
  {
    value: 'live',
    label: 'It is there',
    text: 'I see the post on the account. Paste its link; it counts as published.',
  },
  { value: 'absent', label: 'It is not there', text: 'I looked and it is not on the account. Send it again now.' },
  { value: 'abandon', label: 'Give it up', text: 'Whether or not it is there: do not send it again.' },
] as const;

/** Whether the question that this page showed was answered elsewhere: by a look-up, or by somebody else. */
export function useAnsweredElsewhere({ id, params: { status, errorCode } }: PanelRecord) {
  const asked = useRef<string | null>(null);
  const isAsked = status === 'unconfirmed' || (status === 'held' && errorCode === RESTORED);
  if (isAsked) asked.current = id;
  return {
    answeredElsewhere: !isAsked && asked.current === id,
    answeredHere: () => {
      asked.current = null;
    },
  };
}

/** In the place of the form that somebody may have been filling in. */
export function AnsweredElsewhere({ status }: { status: string }) {
  return (
    <Banner tone="blue" icon="Info" title={`This has been answered meanwhile. It is now: ${statusLabel(status)}`}>
      Somebody else said what is there, or a look-up found it. The history says which; your answer is not needed any
      more.
    </Banner>
  );
}

interface ResolvePanelProps {
  record: PanelRecord;
  account: { platform: string; displayName: string; address: string | null; canBeLookedUp: boolean };
  resendWhenAbsent: boolean;
  /** Called when this form gave the answer. */
  onAnswered(): void;
  /** Called when the record is another one now, or may be. */
  onChanged(): void;
}

export function ResolvePanel({ record, account, resendWhenAbsent, onAnswered, onChanged }: ResolvePanelProps) {
  const [resolution, setResolution] = useState('');
  const [permalink, setPermalink] = useState('');
  const [reason, setReason] = useState('');
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const notify = useNotice();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const answer = await api.act('Publication', record.id, 'resolve', {
      resolution,
      reason,
      ...(resolution === 'live' ? { permalink } : {}),
    });
    setBusy(false);
    setErrors(answer.fields);
    // Field messages stand beside their fields already.
    if (answer.message !== '' && Object.keys(answer.fields).length === 0)
      notify({ message: answer.message, type: answer.ok ? 'success' : 'error' });
    if (answer.ok) onAnswered();
    if (answer.ok || answer.problem === 'conflict' || answer.problem === 'no-answer') onChanged();
  };
  return (
    <section className="ss-card ss-card-red" aria-labelledby="resolve-title">
      <div className="ss-resolve-head">
        <Icon icon="HelpCircle" size={22} aria-hidden="true" />
        <div>
          <h2 id="resolve-title">Was it published?</h2>
          <p>
            {record.params.status === 'held'
              ? 'It was due before the database was restored, or while no worker ran for hours, so it may be out although nothing here says so.'
              : 'The request left, but no clear answer came back.'}{' '}
            Sending it again could publish it twice, so it is not sent again before it is known what is on{' '}
            <bdi>{account.displayName}</bdi>.{' '}
            {account.address === null ? null : <OutsideLink href={account.address}>Open the account</OutsideLink>}
          </p>
          {record.params.status === 'held' ? (
            <p>No sending of it is on record, so we do not look for it: nothing happens until you say.</p>
          ) : (
            <LookUps params={record.params} account={account} resendWhenAbsent={resendWhenAbsent} />
          )}
        </div>
      </div>
      <form onSubmit={submit} noValidate>
        <fieldset className="ss-answers">
          <legend className="ss-visually-hidden">What you found</legend>
          {ANSWERS.map((answer) => (
            <label key={answer.value} className={`ss-answer${resolution === answer.value ? ' ss-answer-chosen' : ''}`}>
              <input
                type="radio"
                name="resolution"
                value={answer.value}
                checked={resolution === answer.value}
                onChange={() => setResolution(answer.value)}
              />
              <span>
                <strong>{answer.label}</strong>
                <span className="ss-muted">{answer.text}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {errors.resolution === undefined ? null : <FieldError>{errors.resolution}</FieldError>}
        {resolution === 'live' ? (
          <TextField
            name="permalink"
            label="Link to the live post"
            type="url"
            required
            value={permalink}
            error={errors.permalink}
            placeholder="https://"
            onChange={setPermalink}
          />
        ) : null}
        <Field label="How do you know?" required error={errors.reason} hint="Kept for the audit.">
          {(binding) => (
            <textarea
              {...binding}
              className="ss-input"
              name="reason"
              rows={2}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        <button
          type="submit"
          className="ss-button ss-primary"
          disabled={busy || resolution === ''}
          data-testid="button-resolve"
        >
          Save this answer
        </button>
      </form>
    </section>
  );
}
