/** Several publications chosen in a list, and what can be done with all of them in one go. */
import { Icon } from '@adminjs/design-system';
import { useNotice } from 'adminjs';
import { useState } from 'react';
import { ChosenList } from './chosen-list.tsx';
import { Field, FieldError } from './form-fields.tsx';
import { Dialog } from './page-frame.tsx';
import { api, hasAction, type PanelRecord } from './panel-client.ts';

/** The action of one record, and its counterpart for several. */
const DECISIONS = [
  { one: 'resolve', many: 'resolveMany', label: 'Answer', icon: 'HelpCircle', kind: 'ss-primary' },
  { one: 'retry', many: 'retryMany', label: 'Send again', icon: 'RefreshCw', kind: 'ss-primary' },
  { one: 'cancel', many: 'cancelMany', label: 'Give up', icon: 'XCircle', kind: 'ss-danger-quiet' },
] as const;
type Decision = (typeof DECISIONS)[number];

/** Whether anything can be done with this record together with others. */
export function canBeChosen(record: PanelRecord): boolean {
  return DECISIONS.some(({ one }) => hasAction(record.recordActions, one));
}

interface ManyBarProps {
  resource: string;
  chosen: readonly PanelRecord[];
  onClear(): void;
  /** Called when something was decided. */
  onDone(): void;
}

export function ManyBar({ resource, chosen, onClear, onDone }: ManyBarProps) {
  const [asked, setAsked] = useState<Decision | null>(null);
  if (chosen.length === 0) return null;
  const chosenFor = ({ one }: Decision) => chosen.filter((record) => hasAction(record.recordActions, one));
  return (
    <div className="ss-many-bar" role="toolbar" aria-label="Chosen publications">
      <strong aria-live="polite">{chosen.length} chosen</strong>
      {DECISIONS.map((decision) => {
        const count = chosenFor(decision).length;
        if (count === 0) return null;
        return (
          <button
            key={decision.many}
            type="button"
            className={`ss-button ${decision.kind}`}
            data-testid={`action-${decision.many}`}
            onClick={() => setAsked(decision)}
          >
            <Icon icon={decision.icon} size={15} aria-hidden="true" />
            {decision.label}
            {count === chosen.length ? '' : ` (${count})`}
          </button>
        );
      })}
      <button type="button" className="ss-button" onClick={onClear}>
        Choose none
      </button>
      {asked === null ? null : (
        <ManyDialog
          resource={resource}
          decision={asked}
          chosen={chosenFor(asked)}
          onClose={() => setAsked(null)}
          onDone={() => {
            setAsked(null);
            onDone();
          }}
        />
      )}
    </div>
  );
}

const ANSWERS = [
  { value: 'absent', label: 'None of them is there', text: 'I looked: send them again, one after another.' },
  { value: 'abandon', label: 'Give them up', text: 'Whether or not they are there: do not send them again.' },
] as const;

interface ManyDialogProps {
  resource: string;
  decision: Decision;
  chosen: readonly PanelRecord[];
  onClose(): void;
  onDone(): void;
}

function ManyDialog({ resource, decision, chosen, onClose, onDone }: ManyDialogProps) {
  const ids = chosen.map(({ id }) => id);
  const [resolution, setResolution] = useState('');
  const [reason, setReason] = useState('');
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const notify = useNotice();
  const decide = async () => {
    setBusy(true);
    const values = decision.one === 'resolve' ? { resolution, reason } : {};
    const answer = await api.actOnMany(resource, decision.many, ids, values);
    setBusy(false);
    setErrors(answer.fields);
    if (Object.keys(answer.fields).length > 0 && answer.fields.ids === undefined) return;
    notify({ message: answer.message, type: answer.ok ? 'success' : 'error' });
    onDone();
  };
  const many = ids.length === 1 ? 'one publication' : `${ids.length} publications`;
  const texts = {
    resolve: { title: `Were they published? (${ids.length})`, confirm: 'Save this answer' },
    retry: { title: `Send ${many} again?`, confirm: 'Send again' },
    cancel: { title: `Give up ${many}?`, confirm: 'Do not publish' },
  }[decision.one];
  return (
    <Dialog
      title={texts.title}
      confirm={texts.confirm}
      danger={decision.one === 'cancel'}
      busy={busy}
      onClose={onClose}
      onConfirm={() => void decide()}
    >
      {decision.one === 'resolve' ? (
        <>
          <p>
            Look at the accounts first. One answer for all {ids.length}; each is decided and kept on record on its own.
            A post that is live needs its link: answer that one on its own page.
          </p>
          <ChosenList chosen={chosen} />
          <fieldset className="ss-fieldset ss-scopes">
            <legend className="ss-visually-hidden">What you found</legend>
            {ANSWERS.map((answer) => (
              <label
                key={answer.value}
                className={`ss-answer${resolution === answer.value ? ' ss-answer-chosen' : ''}`}
              >
                <input
                  type="radio"
                  name="resolution"
                  value={answer.value}
                  checked={resolution === answer.value}
                  onChange={() => {
                    setResolution(answer.value);
                    setErrors({});
                  }}
                />
                <span>
                  <strong>{answer.label}</strong>
                  <span className="ss-muted">{answer.text}</span>
                </span>
              </label>
            ))}
          </fieldset>
          {errors.resolution === undefined ? null : <FieldError>{errors.resolution}</FieldError>}
          <Field label="How do you know?" required error={errors.reason} hint="Kept for the audit, with each of them.">
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
        </>
      ) : (
        <>
          <p>
            {decision.one === 'retry'
              ? 'The first of each account goes out at once, the others one after another.'
              : 'They will not be published to these accounts. What was published already stays.'}
          </p>
          <ChosenList chosen={chosen} />
        </>
      )}
    </Dialog>
  );
}
