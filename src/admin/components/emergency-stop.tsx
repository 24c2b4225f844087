/** The brake: one button on every page for those who may pull it, and as few questions as an emergency allows. */
import { Icon } from '@adminjs/design-system';
import { useCurrentAdmin, useNotice } from 'adminjs';
import { useEffect, useState } from 'react';
import { PLATFORM_LABEL, PLATFORMS } from '../../domain/platform-name.ts';
import { platformLabel } from './badges.tsx';
import { Field, SelectField } from './form-fields.tsx';
import { mayHoldEverything, mayHoldTeam } from './may-hold.ts';
import { Dialog } from './page-frame.tsx';
import { api, type PanelRecord } from './panel-client.ts';

export function EmergencyStop() {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        className="ss-button ss-danger-quiet ss-stop"
        aria-haspopup="dialog"
        data-testid="emergency-stop"
        onClick={() => setAsking(true)}
      >
        <Icon icon="AlertOctagon" size={16} aria-hidden="true" />
        <span className="ss-stop-text">Emergency stop</span>
      </button>
      {asking ? <StopDialog onClose={() => setAsking(false)} /> : null}
    </>
  );
}

const SCOPES = [
  { value: 'everything', label: 'Everything', text: 'All teams, all accounts.' },
  { value: 'platform', label: 'A platform', text: 'All accounts on it, in all teams.' },
  { value: 'team', label: 'A team', text: 'All accounts of one team.' },
  { value: 'account', label: 'An account', text: 'Only this one.' },
] as const;

function StopDialog({ onClose }: { onClose(): void }) {
  const { everywhere, teams, accounts } = useTargets();
  const [order, setOrder] = useState({
    scope: everywhere ? 'everything' : 'team',
    platform: '',
    team: '',
    account: '',
    reason: '',
  });
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const notify = useNotice();
  const change = (part: Partial<typeof order>) => {
    setOrder((before) => ({ ...before, ...part }));
    setErrors({});
  };
  const team = order.team === '' && teams.length === 1 ? (teams[0]?.id ?? '') : order.team;
  const stop = async () => {
    setBusy(true);
    const answer = await api.create('Hold', { ...order, team });
    setBusy(false);
    setErrors(answer.fields);
    if (answer.message !== '' && Object.keys(answer.fields).length === 0)
      notify({ message: answer.message, type: answer.ok ? 'success' : 'error' });
    if (answer.ok) onClose();
  };
  return (
    <Dialog
      title="Emergency stop"
      confirm="Stop publishing"
      danger
      busy={busy}
      onClose={onClose}
      onConfirm={() => void stop()}
    >
      <p>
        Nothing it covers is sent until it is released: it waits and does not fail. What is too late by then is treated
        by its late rule: sent all the same, kept for a decision, or marked as missed.
      </p>
      <fieldset className="ss-fieldset ss-scopes">
        <legend className="ss-visually-hidden">What is to stop</legend>
        {SCOPES.filter(({ value }) => everywhere || value === 'team' || value === 'account').map((scope) => (
          <label key={scope.value} className={`ss-answer${order.scope === scope.value ? ' ss-answer-chosen' : ''}`}>
            <input
              type="radio"
              name="scope"
              value={scope.value}
              checked={order.scope === scope.value}
              onChange={() => change({ scope: scope.value })}
            />
            <span>
              <strong>{scope.label}</strong>
              <span className="ss-muted">{scope.text}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {order.scope === 'platform' ? (
        <SelectField
          name="platform"
          label="Platform"
          required
          empty="Choose…"
          value={order.platform}
          error={errors.platform}
          options={PLATFORMS.map((value) => ({ value, label: PLATFORM_LABEL[value] }))}
          onChange={(platform) => change({ platform })}
        />
      ) : null}
      {order.scope === 'team' ? (
        <SelectField
          name="team"
          label="Team"
          required
          empty="Choose…"
          value={team}
          error={errors.team}
          options={teams.map(({ id, params }) => ({ value: id, label: String(params.name) }))}
          onChange={(next) => change({ team: next })}
        />
      ) : null}
      {order.scope === 'account' ? (
        <SelectField
          name="account"
          label="Account"
          required
          empty="Choose…"
          value={order.account}
          error={errors.account}
          options={accounts.map(({ id, params }) => ({
            value: id,
            label: `${params.displayName} (${platformLabel(String(params.platform))})`,
          }))}
          onChange={(account) => change({ account })}
        />
      ) : null}
      <Field label="Why?" required error={errors.reason} hint="Shown to everybody who waits.">
        {(binding) => (
          <textarea
            {...binding}
            className="ss-input"
            name="reason"
            rows={2}
            value={order.reason}
            onChange={(event) => change({ reason: event.target.value })}
          />
        )}
      </Field>
    </Dialog>
  );
}

/** What this person may stop: a superuser everything, a manager the own teams and their accounts. */
function useTargets() {
  const [person] = useCurrentAdmin();
  const [teams, setTeams] = useState<PanelRecord[]>([]);
  const [accounts, setAccounts] = useState<PanelRecord[]>([]);
  useEffect(() => {
    void api
      .list('Team', { perPage: '500', sortBy: 'name', direction: 'asc' })
      .then(({ records }) => setTeams(records));
    void api
      .list('ConnectedAccount', { perPage: '500', sortBy: 'displayName', direction: 'asc' })
      .then(({ records }) => setAccounts(records));
  }, []);
  return {
    everywhere: mayHoldEverything(person),
    teams: teams.filter(({ id }) => mayHoldTeam(person, id)),
    accounts: accounts.filter(({ params }) => mayHoldTeam(person, params.team)),
  };
}
