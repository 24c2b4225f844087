/** Which accounts a post goes to. Those that cannot be used are shown with the reason, so that nobody looks for them. */
import { PlatformMark, platformLabel, StatusBadge } from './badges.tsx';
import { ConnectButtons } from './connect-buttons.tsx';
import { FieldError } from './form-fields.tsx';
import type { PanelRecord } from './panel-client.ts';

interface AccountPickerProps {
  accounts: readonly PanelRecord[];
  chosen: readonly string[];
  authorId: string;
  error: string | undefined;
  onChange(chosen: string[]): void;
}

export function AccountPicker({ accounts, chosen, authorId, error, onChange }: AccountPickerProps) {
  return (
    <fieldset className="ss-fieldset" aria-invalid={error !== undefined}>
      <legend>Publish to</legend>
      {accounts.length === 0 ? (
        <div className="ss-callout">
          <p>No account is connected for this team yet. You can save the draft and connect one later.</p>
          <ConnectButtons />
        </div>
      ) : (
        <ul className="ss-accounts">
          {accounts.map((account) => (
            <AccountChoice
              key={account.id}
              account={account}
              chosen={chosen.includes(account.id)}
              problem={problemWith(account, authorId)}
              onToggle={(on) => onChange(on ? [...chosen, account.id] : chosen.filter((id) => id !== account.id))}
            />
          ))}
        </ul>
      )}
      {error === undefined ? null : <FieldError>{error}</FieldError>}
    </fieldset>
  );
}

function AccountChoice({
  account,
  chosen,
  problem,
  onToggle,
}: {
  account: PanelRecord;
  chosen: boolean;
  problem: string | null;
  onToggle(on: boolean): void;
}) {
  const { platform, displayName, status, owner } = account.params;
  return (
    <li>
      <label className={`ss-account${chosen ? ' ss-account-chosen' : ''}${problem === null ? '' : ' ss-account-off'}`}>
        {/* One that was chosen before it became unusable can still be taken away. */}
        <input
          type="checkbox"
          name="accounts"
          value={account.id}
          checked={chosen}
          disabled={problem !== null && !chosen}
          onChange={(event) => onToggle(event.target.checked)}
        />
        <PlatformMark platform={String(platform)} />
        <span className="ss-account-text">
          <strong>{String(displayName)}</strong>
          <span className="ss-muted">
            {platformLabel(String(platform))}
            {owner === null || owner === undefined ? '' : ' · personal'}
            {problem === null ? '' : ` · ${problem}`}
          </span>
        </span>
        {status === 'active' ? null : <StatusBadge status={String(status)} />}
      </label>
    </li>
  );
}

/** Why an account cannot be chosen. One that has to be reconnected can: its posts wait for it. */
function problemWith(account: PanelRecord, authorId: string): string | null {
  const { status, owner } = account.params;
  if (status === 'disconnected') return 'disconnected, connect it again under Accounts';
  if (owner !== null && owner !== undefined && owner !== authorId) return 'only its owner may publish to it';
  return null;
}
