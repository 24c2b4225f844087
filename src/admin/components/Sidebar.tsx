/** The navigation: what a person does most first, grouped by what it is about. */
import { Icon } from '@adminjs/design-system';
import type { ResourceJSON } from 'adminjs';
import { useSelector } from 'react-redux';
import { Link, useLocation } from 'react-router-dom';
import './panel-client.ts';

const GROUPS: readonly { label: string; entries: readonly { resource: string; label: string; icon: string }[] }[] = [
  {
    label: 'Write',
    entries: [
      { resource: 'Post', label: 'Posts', icon: 'Edit3' },
      { resource: 'Publication', label: 'Publications', icon: 'Send' },
    ],
  },
  {
    label: 'Accounts',
    entries: [
      { resource: 'ConnectedAccount', label: 'Connected accounts', icon: 'Link' },
      { resource: 'Hold', label: 'Holds', icon: 'PauseCircle' },
    ],
  },
  {
    label: 'People',
    entries: [
      { resource: 'User', label: 'People', icon: 'User' },
      { resource: 'Team', label: 'Teams', icon: 'Users' },
      { resource: 'Membership', label: 'Memberships', icon: 'UserCheck' },
    ],
  },
  {
    label: 'Audit',
    entries: [
      { resource: 'AuditEvent', label: 'Audit log', icon: 'Shield' },
      { resource: 'PublishAttempt', label: 'Attempts', icon: 'Activity' },
    ],
  },
];

export default function Sidebar({ isVisible }: { isVisible: boolean }) {
  const resources = useSelector((state: { resources: ResourceJSON[] }) => state.resources);
  const { pathname } = useLocation();
  const reachable = (name: string) => resources.some((resource) => resource.id === name && resource.href !== null);
  return (
    <>
      <a className="ss-skip" href="#content">
        Skip to the content
      </a>
      <nav className={`ss-sidebar${isVisible ? ' ss-sidebar-open' : ''}`} aria-label="Main" id="main-navigation">
        <Link className="ss-brand" to="/admin">
          <Logo />
          <span>
            Social Share
            <br />
            Scheduler
          </span>
        </Link>
        <ul className="ss-nav">
          <NavEntry
            to="/admin"
            label="Dashboard"
            icon="Home"
            current={pathname === '/admin' || pathname === '/admin/'}
          />
        </ul>
        {GROUPS.map((group) => {
          const entries = group.entries.filter((entry) => reachable(entry.resource));
          if (entries.length === 0) return null;
          return (
            <div key={group.label}>
              <h2 className="ss-nav-label">{group.label}</h2>
              <ul className="ss-nav">
                {entries.map((entry) => {
                  const to = `/admin/resources/${entry.resource}`;
                  return (
                    <NavEntry
                      key={entry.resource}
                      to={to}
                      label={entry.label}
                      icon={entry.icon}
                      current={pathname === to || pathname.startsWith(`${to}/`)}
                    />
                  );
                })}
              </ul>
            </div>
          );
        })}
      </nav>
    </>
  );
}

function NavEntry({ to, label, icon, current }: { to: string; label: string; icon: string; current: boolean }) {
  return (
    <li>
      <Link className="ss-nav-link" to={to} aria-current={current ? 'page' : undefined}>
        <Icon icon={icon} size={17} aria-hidden="true" />
        {label}
      </Link>
    </li>
  );
}

function Logo() {
  return (
    <svg width="34" height="34" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#2f4bd8" />
      <path d="M8.5 17.2 23.8 8.4 19 23.8l-3.7-5.4z" fill="#fff" />
      <path d="m15.3 18.4 8.5-10" stroke="#2f4bd8" strokeWidth="1.4" />
    </svg>
  );
}
