/** Writing a post: text, link, accounts, time, with a preview beside it. Saves a draft, or saves and schedules in one go. */
import { Icon } from '@adminjs/design-system';
import { type ActionProps, useCurrentAdmin, useNotice } from 'adminjs';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { isPlatform, type Platform } from '../../domain/platform-name.ts';
import { AccountPicker } from './account-picker.tsx';
import { type Delivery, DeliveryField, deliveryOf, deliveryValues } from './delivery-field.tsx';
import { SelectField, TextField } from './form-fields.tsx';
import { dateOf, useTimeZone } from './moments.tsx';
import { Banner, Card, Page } from './page-frame.tsx';
import { api, type PanelRecord } from './panel-client.ts';
import { PostPreview } from './post-preview.tsx';
import { PostTextField } from './post-text-field.tsx';
import { type Schedule, ScheduleField, wallClockAt } from './schedule-field.tsx';

interface Draft {
  text: string;
  linkUrl: string;
  accounts: string[];
  schedule: Schedule;
  delivery: Delivery;
  team: string;
}

/** Statuses in which a saved change stays scheduled by itself. */
const UNDER_WAY = ['scheduled', 'awaiting_approval', 'retrying'];

export default function PostComposer({ record: given, action }: ActionProps) {
  const existing = action.name === 'edit' && given !== undefined ? (given as PanelRecord) : null;
  const [person] = useCurrentAdmin();
  const zone = useTimeZone();
  const [draft, setDraft] = useState<Draft>(() => draftOf(existing, zone));
  const { accounts, teams } = useChoices();
  const saving = useSaving(existing);
  const team =
    existing === null ? (draft.team === '' ? (teams[0]?.id ?? '') : draft.team) : String(existing.params.team);
  const offered = accounts.filter((account) => account.params.team === team);
  const chosen = offered.filter((account) => draft.accounts.includes(account.id));
  const platforms = chosen
    .map((account) => String(account.params.platform))
    .filter((name): name is Platform => isPlatform(name));
  const change = (part: Partial<Draft>, ...fields: readonly string[]) => {
    setDraft((before) => ({ ...before, ...part }));
    saving.touch(fields);
  };
  const rules = teams.find(({ id }) => id === team)?.params;
  const status = existing === null ? 'draft' : String(existing.params.status);
  const staysScheduled = UNDER_WAY.includes(status);
  const save = (then: 'stay-draft' | 'schedule') => saving.save({ ...draft, team }, then);
  const title = existing === null ? 'New post' : 'Edit post';
  const backTo = existing === null ? '/admin/resources/Post' : `/admin/resources/Post/records/${existing.id}/show`;
  return (
    <Page name={title} title={title} back={{ to: backTo, label: existing === null ? 'Posts' : 'Post' }}>
      <Problem saving={saving} />
      <form
        className="ss-composer"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void save('stay-draft');
        }}
      >
        <div className="ss-composer-main">
          <Card>
            {existing === null && teams.length > 1 ? (
              <SelectField
                name="team"
                label="Team"
                required
                value={team}
                error={saving.errors.team}
                options={teams.map(({ id, title: label }) => ({ value: id, label }))}
                onChange={(next) => change({ team: next, accounts: [] }, 'team', 'accounts')}
              />
            ) : null}
            <PostTextField
              value={draft.text}
              platforms={[...new Set(platforms)]}
              error={saving.errors.text}
              onChange={(text) => change({ text }, 'text')}
            />
            <TextField
              name="linkUrl"
              label="Link"
              type="url"
              value={draft.linkUrl}
              placeholder="https://"
              error={saving.errors.linkUrl}
              onChange={(linkUrl) => change({ linkUrl }, 'linkUrl')}
            />
          </Card>
          <Card>
            <AccountPicker
              accounts={offered}
              chosen={draft.accounts}
              authorId={String(existing?.params.author ?? person?.id ?? '')}
              error={saving.errors.accounts}
              onChange={(next) => change({ accounts: next }, 'accounts', ...(next.length === 0 ? DELIVERY_FIELDS : []))}
            />
          </Card>
          <Card>
            <ScheduleField
              value={draft.schedule}
              errors={saving.errors}
              onChange={(schedule) => change({ schedule }, 'scheduledAt', 'timeZone')}
            />
          </Card>
          <Card>
            <DeliveryField
              value={draft.delivery}
              team={
                rules === undefined
                  ? null
                  : { latePolicy: String(rules.latePolicy), lateLimitMinutes: Number(rules.lateLimitMinutes) }
              }
              enabled={draft.accounts.length > 0}
              errors={saving.errors}
              onChange={(part) => change({ delivery: { ...draft.delivery, ...part } }, ...changedDelivery(part))}
            />
          </Card>
          <div className="ss-form-actions ss-sticky">
            <Link className="ss-button" to={backTo}>
              Back
            </Link>
            <button
              type="submit"
              className={`ss-button${staysScheduled ? ' ss-primary' : ''}`}
              disabled={saving.busy}
              data-testid="button-save"
            >
              {staysScheduled ? 'Save changes' : 'Save draft'}
            </button>
            {staysScheduled ? null : (
              <button
                type="button"
                className="ss-button ss-primary"
                disabled={saving.busy}
                data-testid="button-schedule"
                onClick={() => void save('schedule')}
              >
                <Icon icon="Clock" size={15} aria-hidden="true" />
                Save and schedule
              </button>
            )}
          </div>
        </div>
        <aside className="ss-composer-side" aria-label="Preview">
          {(chosen.length === 0 ? [null] : chosen).map((account) => (
            <PostPreview
              key={account?.id ?? 'none'}
              platform={account === null ? null : String(account.params.platform)}
              name={String(account?.params.displayName ?? person?.title ?? '')}
              text={draft.text}
              linkUrl={draft.linkUrl.trim()}
            />
          ))}
        </aside>
      </form>
    </Page>
  );
}

function Problem({ saving }: { saving: ReturnType<typeof useSaving> }) {
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (saving.problem !== '') top.current?.scrollIntoView({ block: 'center' });
  }, [saving.problem]);
  const count = Object.keys(saving.errors).length;
  return (
    <div ref={top}>
      {saving.problem === '' ? null : (
        <Banner tone="red" icon="AlertCircle" title={count > 1 ? `Please correct ${count} fields.` : saving.problem}>
          {saving.savedAsDraft
            ? 'The post itself is saved as a draft.'
            : 'Nothing was saved; everything you typed is still here.'}
        </Banner>
      )}
    </div>
  );
}

/** Saves, and schedules when wanted. A post that was saved but could not be scheduled is edited on, not made twice. */
function useSaving(existing: PanelRecord | null) {
  const [saved, setSaved] = useState(
    existing === null ? null : { id: existing.id, updatedAt: existing.params.updatedAt as unknown },
  );
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState('');
  const [savedAsDraft, setSavedAsDraft] = useState(false);
  const [busy, setBusy] = useState(false);
  const [dirty, setDirty] = useState(false);
  const notify = useNotice();
  const navigate = useNavigate();
  useEffect(() => {
    if (!dirty) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [dirty]);

  const fail = (message: string, fields: Record<string, string>, draftIsSaved: boolean) => {
    setErrors(fields);
    setProblem(message);
    setSavedAsDraft(draftIsSaved);
    setBusy(false);
  };
  const save = async (draft: Draft, then: 'stay-draft' | 'schedule') => {
    const missing = then === 'schedule' ? missingForSchedule(draft) : {};
    const first = Object.values(missing)[0];
    if (first !== undefined) return fail(first, missing, false);
    setBusy(true);
    const values = {
      text: draft.text,
      linkUrl: draft.linkUrl,
      accounts: draft.accounts,
      scheduledAt: draft.schedule.wallClock,
      timeZone: draft.schedule.timeZone,
      // Kept with the accounts: without one there is nothing to keep them with.
      ...(draft.accounts.length === 0 ? {} : deliveryValues(draft.delivery)),
    };
    const answer =
      saved === null
        ? await api.create('Post', { ...values, team: draft.team })
        : await api.act('Post', saved.id, 'edit', { ...values, updatedAt: saved.updatedAt });
    if (!answer.ok || answer.record === null) return fail(answer.message, answer.fields, false);
    const { id, params } = answer.record;
    setSaved({ id, updatedAt: params.updatedAt });
    setDirty(false);
    const last = then === 'schedule' ? await api.act('Post', id, 'schedule') : answer;
    if (!last.ok) return fail(last.message, last.fields, true);
    notify({ message: last.message, type: 'success' });
    navigate(`/admin/resources/Post/records/${id}/show`);
  };
  /** What is being corrected is no longer wrong until the server says so again. */
  const touch = (fields: readonly string[]) => {
    setDirty(true);
    const left = Object.entries(errors).filter(([field]) => !fields.includes(field));
    if (left.length === Object.keys(errors).length) return;
    setErrors(Object.fromEntries(left));
    setProblem(left[0]?.[1] ?? '');
  };
  return { save, errors, problem, savedAsDraft, busy, touch };
}

const DELIVERY_FIELDS = ['latePolicy', 'lateLimitMinutes', 'retryBaseSeconds', 'maxAttempts'] as const;

function changedDelivery(part: Partial<Delivery>): string[] {
  return Object.keys(part).map((name) => (name === 'retryBaseMinutes' ? 'retryBaseSeconds' : name));
}

function missingForSchedule(draft: Draft): Record<string, string> {
  const missing: Record<string, string> = {};
  if (draft.accounts.length === 0) missing.accounts = 'Choose at least one account to publish to.';
  if (draft.schedule.wallClock === '') missing.scheduledAt = 'Choose a date and time.';
  return missing;
}

function useChoices() {
  const [accounts, setAccounts] = useState<PanelRecord[]>([]);
  const [teams, setTeams] = useState<PanelRecord[]>([]);
  useEffect(() => {
    void api.list('ConnectedAccount', { perPage: '500' }).then((answer) => setAccounts(answer.records));
    void api.list('Team', { perPage: '500' }).then((answer) => setTeams(answer.records));
  }, []);
  return { accounts, teams };
}

function draftOf(record: PanelRecord | null, zone: string): Draft {
  if (record === null)
    return {
      text: '',
      linkUrl: '',
      accounts: [],
      schedule: { wallClock: '', timeZone: zone },
      delivery: deliveryOf({}),
      team: '',
    };
  const { params } = record;
  const timeZone = String(params.timeZone ?? zone);
  const instant = dateOf(params.scheduledAt);
  const wallClock = instant === null ? '' : String(params.wallClock ?? wallClockAt(instant, timeZone));
  const accounts = Object.entries(params)
    .filter(([key]) => /^accounts\.\d+$/.test(key))
    .map(([, id]) => String(id));
  return {
    text: String(params.text ?? ''),
    linkUrl: String(params.linkUrl ?? ''),
    accounts,
    schedule: { wallClock, timeZone },
    delivery: deliveryOf(params),
    team: String(params.team ?? ''),
  };
}
