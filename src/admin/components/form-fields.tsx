/** Form fields whose label, hint and error belong to their input for everybody, also for those who only hear them. */
import { type ReactNode, useEffect, useId, useState } from 'react';
import { platformLabel } from './badges.tsx';
import { useTimeZone } from './moments.tsx';
import { api, type PanelRecord } from './panel-client.ts';

interface FieldProps {
  label: string;
  error?: string | undefined;
  warning?: string | undefined;
  hint?: ReactNode;
  required?: boolean;
  /** Gets what the input needs to be bound to label, hint and error. */
  children(binding: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean }): ReactNode;
}

export function Field({ label, error, warning, hint, required = false, children }: FieldProps) {
  const id = useId();
  const described = [error === undefined ? '' : `${id}-error`, hint === undefined ? '' : `${id}-hint`]
    .filter((part) => part !== '')
    .join(' ');
  return (
    <div className={`ss-field${error === undefined ? '' : ' ss-field-wrong'}`}>
      <label htmlFor={id}>
        {label}
        {required ? null : <span className="ss-optional">optional</span>}
      </label>
      {children({
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': error !== undefined,
      })}
      {error === undefined ? null : <FieldError id={`${id}-error`}>{error}</FieldError>}
      {warning === undefined ? null : <FieldWarning>{warning}</FieldWarning>}
      {hint === undefined ? null : (
        <div id={`${id}-hint`} className="ss-hint">
          {hint}
        </div>
      )}
    </div>
  );
}

export function FieldError({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p id={id} className="ss-error" role="alert">
      {children}
    </p>
  );
}

/** Something to think about, which holds nobody up. */
export function FieldWarning({ children }: { children: ReactNode }) {
  return (
    <p className="ss-warning" role="status">
      {children}
    </p>
  );
}

interface TextProps {
  name: string;
  label: string;
  value: string;
  onChange(value: string): void;
  error?: string | undefined;
  hint?: ReactNode;
  type?: string;
  required?: boolean;
  placeholder?: string;
  autoComplete?: string;
}

export function TextField({
  name,
  label,
  value,
  onChange,
  error,
  hint,
  type = 'text',
  required = false,
  placeholder,
  autoComplete = 'off',
}: TextProps) {
  return (
    <Field label={label} error={error} hint={hint} required={required}>
      {(binding) => (
        <input
          {...binding}
          className="ss-input"
          name={name}
          type={type}
          value={value}
          placeholder={placeholder}
          autoComplete={autoComplete}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

interface SelectProps extends Omit<TextProps, 'type' | 'placeholder' | 'autoComplete'> {
  options: readonly { value: string; label: string }[];
  /** Shown while nothing is chosen. */
  empty?: string;
  disabled?: boolean;
}

export function SelectField({
  name,
  label,
  value,
  onChange,
  error,
  hint,
  required = false,
  options,
  empty,
  disabled = false,
}: SelectProps) {
  return (
    <Field label={label} error={error} hint={hint} required={required}>
      {(binding) => (
        <select
          {...binding}
          className="ss-input"
          name={name}
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(event.target.value)}
        >
          {empty === undefined ? null : <option value="">{empty}</option>}
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField({
  name,
  label,
  value,
  onChange,
  error,
  hint,
}: Pick<TextProps, 'name' | 'label' | 'error' | 'hint'> & { value: boolean; onChange(value: boolean): void }) {
  const id = useId();
  return (
    <div className="ss-field">
      <div className="ss-check">
        <input
          id={id}
          name={name}
          type="checkbox"
          checked={value}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          onChange={(event) => onChange(event.target.checked)}
        />
        <label htmlFor={id}>{label}</label>
      </div>
      {error === undefined ? null : <FieldError>{error}</FieldError>}
      {hint === undefined ? null : (
        <div id={`${id}-hint`} className="ss-hint">
          {hint}
        </div>
      )}
    </div>
  );
}

/** A choice of records the person may see. */
export function RecordField({
  resource,
  offered = () => true,
  ...props
}: Omit<SelectProps, 'options'> & { resource: string; offered?: (record: PanelRecord) => boolean }) {
  const [records, setRecords] = useState<PanelRecord[]>([]);
  useEffect(() => {
    let current = true;
    void api.list(resource, { perPage: '500' }).then((answer) => {
      if (current) setRecords(answer.records);
    });
    return () => {
      current = false;
    };
  }, [resource]);
  const options = records.filter(offered).map((record) => ({ value: record.id, label: labelOf(resource, record) }));
  return <SelectField {...props} options={options} empty={props.empty ?? 'Choose…'} />;
}

function labelOf(resource: string, record: PanelRecord): string {
  const { params } = record;
  if (resource === 'User') return `${params.name} (${params.email})`;
  if (resource === 'ConnectedAccount') return `${params.displayName} (${platformLabel(String(params.platform))})`;
  return String(params.name ?? record.title);
}

/** Every IANA zone, the person's own first. */
export function TimeZoneField(props: Omit<SelectProps, 'options'>) {
  const own = useTimeZone();
  const browser = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const near = [...new Set([props.value, own, browser, 'UTC'].filter((zone) => zone !== ''))];
  const rest = Intl.supportedValuesOf('timeZone').filter((zone) => !near.includes(zone));
  const options = [...near, ...rest].map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }));
  return <SelectField {...props} options={options} />;
}
