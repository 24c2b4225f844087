/** What has to be known before anything else on the first page: a dead worker, dead connections, the sandbox, the first steps. */
import { Link } from 'react-router-dom';
import { platformLabel } from './badges.tsx';
import { ConnectButtons } from './connect-buttons.tsx';
import type { DashboardData } from './dashboard-data.ts';
import { EndingConnections } from './ending-connections.tsx';
import { duration } from './moments.tsx';
import { Banner, Card } from './page-frame.tsx';
import { ProblemsAheadBanner } from './problems-ahead.tsx';
import { OutsideLink } from './record-values.tsx';

/** Less than this is ordinary: a rate limit, a slow answer. */
const OVERDUE_AFTER_SECONDS = 60;

export function Banners({ data }: { data: DashboardData }) {
  const sandboxed = data.platforms.filter((platform) => platform.sandboxed);
  const feedUrl = sandboxed[0]?.feedUrl ?? null;
  return (
    <>
      {data.workerRuns ? null : (
        <Banner tone="red" icon="AlertOctagon" title="No worker is running">
          Nothing will be published until one is started: run <code className="ss-code">npm start</code> on the server,
          or tell whoever looks after it. What falls due meanwhile is not lost.
        </Banner>
      )}
      {data.overdueSeconds <= OVERDUE_AFTER_SECONDS ? null : (
        <Banner
          tone={data.workerRuns ? 'amber' : 'red'}
          icon="Clock"
          title={`Oldest overdue: ${duration(data.overdueSeconds)}`}
        >
          At least one publication that is due has not left yet.
        </Banner>
      )}
      {data.accountsToReconnect.map((account) => (
        <Banner
          key={account.id}
          tone="amber"
          icon="AlertTriangle"
          title={`${account.displayName} (${platformLabel(account.platform)}) has to be connected again`}
        >
          <WaitingPosts waiting={account.waiting} />{' '}
          {account.mayReconnect ? (
            <a href={account.reconnectUrl}>Connect it again</a>
          ) : (
            'Ask a manager of your team to connect it.'
          )}
        </Banner>
      ))}
      <ProblemsAheadBanner ahead={data.problemsAhead} />
      <EndingConnections connections={data.endingConnections} />
      {data.toHandOver.map((person) => (
        <Banner key={person.id} tone="amber" icon="UserX" title={`${person.name} is deactivated and has work left`}>
          {leftBehind(person)}{' '}
          <Link to={`/admin/resources/User/records/${person.id}/show`}>Hand it over to a colleague</Link>
        </Banner>
      ))}
      {sandboxed.length === 0 ? null : (
        <Banner tone="blue" icon="Box" title={`${sandboxed.map(({ label }) => label).join(', ')}: sandbox`}>
          You are trying it out: posts go to a stand-in on this computer, not to the real platform.{' '}
          {feedUrl === null ? null : <OutsideLink href={feedUrl}>See what arrived there</OutsideLink>}
        </Banner>
      )}
    </>
  );
}

function leftBehind({ posts, accounts }: { posts: number; accounts: number }): string {
  const parts = [
    posts === 0 ? '' : posts === 1 ? 'One post that is not finished' : `${posts} posts that are not finished`,
    accounts === 0 ? '' : accounts === 1 ? 'one personal account' : `${accounts} personal accounts`,
  ].filter((part) => part !== '');
  const text = parts.join(' and ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function WaitingPosts({
  waiting: { total, first },
}: {
  waiting: DashboardData['accountsToReconnect'][number]['waiting'];
}) {
  if (total === 0) return 'Nothing waits for it at the moment.';
  return (
    <>
      {total === 1 ? 'One post waits' : `${total.toLocaleString('en')} posts wait`} until then; nothing is lost:{' '}
      {first.map(({ id, text }, index) => (
        <span key={id}>
          {index === 0 ? '' : ', '}
          <Link to={`/admin/resources/Publication/records/${id}/show`}>“{text}”</Link>
        </span>
      ))}
      {total > first.length ? ` and ${(total - first.length).toLocaleString('en')} more` : ''}.
    </>
  );
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
