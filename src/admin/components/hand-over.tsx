/** What a person has in a team, given to a colleague in one go; and the accounts that nobody else could publish to or renew. */
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { useRecordAction } from './action-buttons.tsx';
import { PlatformMark } from './badges.tsx';
import { SelectField } from './form-fields.tsx';
import { Card, Dialog } from './page-frame.tsx';

interface TeamShare {
  id: string;
  name: string;
  posts: number;
  accounts: number;
  candidates: readonly { id: string; name: string }[];
}

interface HangingAccount {
  id: string;
  platform: string;
  displayName: string;
  team: { id: string; name: string };
  why: 'personal' | 'deactivated' | 'left-team' | 'only-manager';
}

/** As publishing/hand-over-report.ts makes it. */
export interface HandOverReport {
  teams: readonly TeamShare[];
  /** Statuses of posts. */
  unfinished: readonly string[];
  hanging: readonly HangingAccount[];
}

export function HandOverCard({
  personId,
  name,
  team,
  unfinished,
  onDone,
}: {
  personId: string;
  name: string;
  team: TeamShare;
  unfinished: readonly string[];
  onDone(): void;
}) {
  const [to, setTo] = useState('');
  const [asking, setAsking] = useState(false);
  const { busy, run } = useRecordAction('User', personId, onDone);
  const taker = team.candidates.find(({ id }) => id === to);
  return (
    <Card title={`Hand over in ${team.name}`}>
      <p>
        Not finished:{' '}
        {team.posts === 0 ? (
          counted(0, 'post')
        ) : (
          <Link to={postsAddress(personId, team.id, unfinished)}>{counted(team.posts, 'post')}</Link>
        )}
        . To publish to: {counted(team.accounts, 'personal account')}.
      </p>
      {team.candidates.length === 0 ? (
        <p className="ss-muted">Nobody else is in this team. Add a member first; then this can be handed over.</p>
      ) : (
        <div className="ss-inline-form">
          <SelectField
            name={`to-${team.id}`}
            label="Who takes over"
            required
            value={to}
            onChange={setTo}
            empty="Choose…"
            options={team.candidates.map((candidate) => ({ value: candidate.id, label: candidate.name }))}
          />
          <button
            type="button"
            className="ss-button ss-primary"
            disabled={taker === undefined || busy}
            data-testid="hand-over"
            onClick={() => setAsking(true)}
          >
            Hand over
          </button>
        </div>
      )}
      {asking && taker !== undefined ? (
        <Dialog
          title={`Hand over to ${taker.name}?`}
          confirm="Hand over"
          busy={busy}
          onClose={() => setAsking(false)}
          onConfirm={() => void run('handOver', { to, team: team.id }).then((ok) => ok && setAsking(false))}
        >
          <p>
            {taker.name} becomes the author of the posts that are not finished, and may publish to {name}’s personal
            accounts from now on. Scheduled posts keep their time. What is published stays {name}’s.
          </p>
        </Dialog>
      ) : null}
    </Card>
  );
}

/** The list of them, the next to go out first. */
function postsAddress(author: string, team: string, unfinished: readonly string[]): string {
  const query = { 'filters.author': author, 'filters.team': team, 'filters.status': unfinished.join(',') };
  return `/admin/resources/Post?${new URLSearchParams({ ...query, sortBy: 'scheduledAt', direction: 'asc' })}`;
}

const REASONS: Readonly<Record<HangingAccount['why'], string>> = {
  personal: 'Personal: only this person may publish to it',
  deactivated:
    'Connected by this person, who is deactivated: when the connection ends, a manager has to connect it again',
  'left-team':
    'Connected by this person, who left the team: when the connection ends, a manager has to connect it again',
  'only-manager': 'Connected by this person, the only manager of the team: nobody else there could renew it',
};

export function HangingAccounts({ accounts }: { accounts: readonly HangingAccount[] }) {
  if (accounts.length === 0) return null;
  return (
    <Card title="Accounts that hang on this person" flush>
      {accounts.map((account) => (
        <div className="ss-line" key={account.id}>
          <PlatformMark platform={account.platform} />
          <div className="ss-line-main">
            <Link className="ss-line-title" to={`/admin/resources/ConnectedAccount/records/${account.id}/show`}>
              {account.displayName}
            </Link>
            <div className="ss-line-sub">
              {account.team.name} · {REASONS[account.why]}
            </div>
          </div>
        </div>
      ))}
    </Card>
  );
}

function counted(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count === 0 ? 'no' : count} ${what}s`;
}
