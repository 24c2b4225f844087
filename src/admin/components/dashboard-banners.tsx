/** What has to be known before anything else on the first page: holds, dead connections, the sandbox, the first steps. */
import { Link } from 'react-router-dom';
import { platformLabel } from './badges.tsx';
import { ConnectButtons } from './connect-buttons.tsx';
import type { DashboardData } from './dashboard-data.ts';
import { Banner, Card } from './page-frame.tsx';

export function Banners({ data }: { data: DashboardData }) {
  const sandboxed = data.platforms.filter((platform) => platform.sandboxed).map(({ label }) => label);
  return (
    <>
      {data.holds.map((hold) => (
        <Banner key={hold.id} tone="red" icon="PauseCircle" title={`On hold: ${heldThing(hold)}`}>
          {hold.reason}
          {hold.createdBy === null ? '' : ` (${hold.createdBy.name})`} ·{' '}
          <Link to={`/admin/resources/Hold/records/${hold.id}/show`}>Look at the hold</Link>
        </Banner>
      ))}
      {data.accountsToReconnect.map((account) => (
        <Banner
          key={account.id}
          tone="amber"
          icon="AlertTriangle"
          title={`${account.displayName} (${platformLabel(account.platform)}) has to be connected again`}
        >
          Its posts wait until then; nothing is lost.{' '}
          {account.mayReconnect ? (
            <a href={`/connect/${account.platform}?team=${account.teamId}`}>Connect it again</a>
          ) : (
            'Ask a manager of your team to connect it.'
          )}
        </Banner>
      ))}
      {sandboxed.length === 0 ? null : (
        <Banner tone="blue" icon="Box" title={`${sandboxed.join(', ')}: sandbox`}>
          You are trying it out: posts go to a stand-in on this computer, not to the real platform.
        </Banner>
      )}
    </>
  );
}

function heldThing(hold: DashboardData['holds'][number]): string {
  if (hold.scope === 'platform') return platformLabel(hold.platform ?? '');
  if (hold.scope === 'team') return `team ${hold.team?.name ?? ''}`;
  if (hold.scope === 'account') return hold.account?.displayName ?? 'an account';
  return 'everything';
}

export function FirstSteps({ data }: { data: DashboardData }) {
  return (
    <Card>
      <div className="ss-first">
        <div>
          <h2>Three steps to your first post</h2>
          <ol>
            <li>
              <strong>Connect an account.</strong> You sign in at the platform and allow posting.
            </li>
            <li>
              <strong>Write a post</strong> and choose the account and the time.
            </li>
            <li>
              <strong>Schedule it.</strong> It goes out by itself; you may close the browser.
            </li>
          </ol>
        </div>
        {data.teams.length === 0 ? (
          <p className="ss-muted">You are not in a team yet. Ask a superuser to add you to one.</p>
        ) : (
          <ConnectButtons choice={data} />
        )}
      </div>
    </Card>
  );
}
