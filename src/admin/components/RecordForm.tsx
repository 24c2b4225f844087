/** The form for a team, a person, a membership or a hold. What was typed stays until it is saved. */
import { type ActionProps, useCurrentAdmin, useNotice } from 'adminjs';
import { type FormEvent, useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { choiceLabel } from './choice-labels.ts';
import { CheckField, RecordField, SelectField, TextField, TimeZoneField } from './form-fields.tsx';
import { LIST_TEXTS } from './list-texts.ts';
import { mayHoldScope, mayHoldTeam } from './may-hold.ts';
import { Card, Page } from './page-frame.tsx';
import { api, type PanelProperty, type PanelRecord } from './panel-client.ts';

import { SaveProblem, type Unsaved } from './save-problem.tsx';
import { savedVersion } from './saved-version.ts';
import { labelOf } from './value-labels.ts';

type Values = Record<string, string | boolean>;

const HINTS: Readonly<Record<string, string>> = {
  'Team.timeZone': 'Used for new posts of the team.',
  'Team.requiresApproval':
    'Somebody other than the author approves each post before it is scheduled. Only a superuser can switch it off again.',
  'Team.latePolicy': 'What happens to a post that could not leave in time.',
  'Team.lateLimitMinutes': 'How late it may still be sent.',
  'Team.resendWhenAbsent': 'Only after repeated good look-ups did not find it on the platform.',
  'User.password': 'At least 8 characters. Left empty for a new person, they get a link to choose one themselves.',
  'User.currentPassword': 'Only when you want another one. Leave both empty to keep it.',
  'User.newPassword': 'At least 8 characters. All your other browsers are signed out.',
  'User.isSuperuser': 'Sees and may do everything, in all teams.',
  'User.isActive': 'A deactivated person is signed out at once.',
  'Hold.reason': 'Shown to everybody who waits.',
};

export default function RecordForm({ resource, record, action }: ActionProps) {
  const existing = action.name === 'edit' && record !== undefined ? (record as PanelRecord) : null;
  const [person] = useCurrentAdmin();
  const fields = resource.editProperties.filter((property) =>
    isOffered(resource.id, property.propertyPath, {
      isEdit: existing !== null,
      isSuperuser: person?.isSuperuser === true,
      isSelf: existing !== null && existing.id === person?.id,
    }),
  );
  const [values, setValues] = useState<Values>(() =>
    initialValues(fields, existing, String(person?.timeZone ?? 'UTC')),
  );
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [unsaved, setUnsaved] = useState<Unsaved>({ message: '', kind: null });
  const [busy, setBusy] = useState(false);
  const notify = useNotice();
  const navigate = useNavigate();
  const text = LIST_TEXTS[resource.id];
  const title = existing === null ? (text?.create ?? 'New') : `Edit ${existing.title}`;
  const backTo =
    existing === null
      ? `/admin/resources/${resource.id}`
      : `/admin/resources/${resource.id}/records/${existing.id}/show`;

  const save = async (version: unknown) => {
    setBusy(true);
    const answer =
      existing === null
        ? await api.create(resource.id, values)
        : await api.act(resource.id, existing.id, 'edit', { ...values, updatedAt: version });
    const current =
      existing !== null && answer.problem === 'conflict' ? await savedVersion(resource.id, existing.id) : null;
    setBusy(false);
    setErrors(answer.fields);
    const kind = current !== null && current !== version ? 'newer-version' : answer.problem;
    setUnsaved(answer.ok ? { message: '', kind: null } : { message: answer.message, kind });
    if (!answer.ok) return;
    notify({ message: answer.message, type: 'success' });
    navigate(answer.redirectUrl ?? backTo);
  };
  const given: unknown = existing?.params.updatedAt;
  /** After a look at what somebody else saved: over it. */
  const saveAnyway = async () => {
    if (existing === null) return;
    setBusy(true);
    await save((await savedVersion(resource.id, existing.id)) ?? given);
  };

  return (
    <Page
      name={title}
      title={title}
      back={{ to: backTo, label: existing === null ? (text?.title ?? resource.name) : existing.title }}
    >
      <SaveProblem
        unsaved={unsaved}
        fields={Object.keys(errors).length}
        page={existing === null ? null : backTo}
        busy={busy}
        onSaveAnyway={() => void saveAnyway()}
      />
      <form
        className="ss-form"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void save(given);
        }}
      >
        <Card>
          {fields
            .filter((property) => resource.id !== 'Hold' || isHoldFieldShown(property.propertyPath, values.scope))
            .map((property) => (
              <FormField
                key={property.propertyPath}
                resource={resource.id}
                property={property}
                values={values}
                error={errors[property.propertyPath]}
                onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
              />
            ))}
        </Card>
        <div className="ss-form-actions">
          <Link className="ss-button" to={backTo}>
            Back
          </Link>
          <button
            type="submit"
            className={`ss-button ${resource.id === 'Hold' ? 'ss-danger' : 'ss-primary'}`}
            disabled={busy}
            data-testid="button-save"
          >
            {existing === null ? (text?.create ?? 'Save') : 'Save changes'}
          </button>
        </div>
      </form>
    </Page>
  );
}

interface FormFieldProps {
  resource: string;
  property: PanelProperty;
  values: Values;
  error: string | undefined;
  onChange(name: string, value: string | boolean): void;
}

function FormField({ resource, property, values, error, onChange }: FormFieldProps) {
  const [person] = useCurrentAdmin();
  const name = property.propertyPath;
  const common = { name, label: labelOf(name), error, hint: HINTS[`${resource}.${name}`] };
  const value = values[name];
  if (property.type === 'boolean')
    return <CheckField {...common} value={value === true} onChange={(next) => onChange(name, next)} />;
  const text = {
    ...common,
    value: String(value ?? ''),
    required: !isPassword(name),
    onChange: (next: string) => onChange(name, next),
  };
  if (name === 'timeZone') return <TimeZoneField {...text} />;
  if (property.reference !== null && property.reference !== undefined)
    return (
      <RecordField
        {...text}
        resource={property.reference}
        offered={({ id, params }) => resource !== 'Hold' || mayHoldTeam(person, name === 'team' ? id : params.team)}
      />
    );
  if (property.availableValues !== null && property.availableValues !== undefined) {
    const options = property.availableValues
      .map(({ value: choice }) => ({ value: String(choice), label: choiceLabel(name, String(choice)) }))
      .filter(({ value: choice }) => name !== 'scope' || mayHoldScope(person, choice));
    return <SelectField {...text} options={options} {...(text.value === '' ? { empty: 'Choose…' } : {})} />;
  }
  const type = isPassword(name)
    ? 'password'
    : property.type === 'number'
      ? 'number'
      : name === 'email'
        ? 'email'
        : 'text';
  const autoComplete = name === 'currentPassword' ? 'current-password' : isPassword(name) ? 'new-password' : 'off';
  return <TextField {...text} type={type} autoComplete={autoComplete} />;
}

function isPassword(name: string): boolean {
  return /password$/i.test(name);
}

/** What a person may change about himself is less than what a superuser may; the own password only he changes himself. */
function isOffered(
  resource: string,
  name: string,
  { isEdit, isSuperuser, isSelf }: { isEdit: boolean; isSuperuser: boolean; isSelf: boolean },
): boolean {
  if (resource === 'User' && (name === 'currentPassword' || name === 'newPassword')) return isSelf;
  if (resource === 'User' && name === 'password') return !isSelf;
  if (resource === 'User' && !isSuperuser) return name === 'name' || name === 'timeZone';
  if (resource === 'User' && name === 'isActive') return isEdit;
  if (resource === 'Membership' && isEdit) return name === 'role';
  return true;
}

function isHoldFieldShown(name: string, scope: unknown): boolean {
  return !['platform', 'team', 'account'].includes(name) || name === scope;
}

const DEFAULTS: Values = {
  latePolicy: 'send',
  lateLimitMinutes: '120',
  role: 'author',
  scope: 'account',
  isActive: true,
};

function initialValues(fields: readonly PanelProperty[], record: PanelRecord | null, timeZone: string): Values {
  const entries = fields.map(({ propertyPath: name, type }) => {
    const value = record?.params[name] as unknown;
    if (type === 'boolean') return [name, record === null ? (DEFAULTS[name] ?? false) : value === true] as const;
    if (record === null) return [name, name === 'timeZone' ? timeZone : (DEFAULTS[name] ?? '')] as const;
    return [name, value === null || value === undefined ? '' : String(value)] as const;
  });
  return Object.fromEntries(entries);
}
