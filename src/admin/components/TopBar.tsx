/** The bar above every page: the menu on small screens, the most frequent thing to do, the brake, who is signed in; below it what is held. */
import { Icon } from '@adminjs/design-system';
import { type ResourceJSON, useCurrentAdmin } from 'adminjs';
import { useEffect, useRef } from 'react';
import { useSelector } from 'react-redux';
import { Link, useLocation } from 'react-router-dom';
import { EmergencyStop } from './emergency-stop.tsx';
import { HoldBanners } from './hold-banners.tsx';
import { hasAction } from './panel-client.ts';
import { initials } from './person-initials.ts';
import { SignedOutBanner } from './signed-out-banner.tsx';

export default function TopBar({ toggleSidebar }: { toggleSidebar(): void }) {
  const resources = useSelector((state: { resources: ResourceJSON[] }) => state.resources);
  const { pathname } = useLocation();
  const mayWrite = resources.some((resource) => resource.id === 'Post' && hasAction(resource.resourceActions, 'new'));
  // Those two pages have the button, or what it leads to, themselves.
  const writing = /\/resources\/Post(\/actions\/new)?\/?$/.test(pathname);
  const mayStop = resources.some((resource) => resource.id === 'Hold' && hasAction(resource.resourceActions, 'new'));
  return (
    <>
      <div className="ss-topbar">
        <button
          type="button"
          className="ss-icon-button ss-menu-button"
          aria-label="Menu"
          aria-controls="main-navigation"
          onClick={toggleSidebar}
        >
          <Icon icon="Menu" size={20} aria-hidden="true" />
        </button>
        <span className="ss-topbar-space" />
        {mayStop ? <EmergencyStop /> : null}
        {mayWrite && !writing ? (
          <Link className="ss-button ss-primary" to="/admin/resources/Post/actions/new" data-testid="new-post">
            <Icon icon="Plus" size={16} aria-hidden="true" />
            New post
          </Link>
        ) : null}
        <PersonMenu />
      </div>
      <SignedOutBanner />
      <HoldBanners />
    </>
  );
}

/** Signing out changes something, so it is a form that posts, not a link. */
function PersonMenu() {
  const [person] = useCurrentAdmin();
  const { pathname } = useLocation();
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (menu.current !== null && pathname !== '') menu.current.open = false;
  }, [pathname]);
  if (person === null || person === undefined) return null;
  const name = person.title ?? person.email;
  return (
    <details
      ref={menu}
      className="ss-person"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && menu.current !== null) menu.current.open = false;
      }}
    >
      <summary aria-label={`Signed in as ${name}`}>
        <span className="ss-avatar" aria-hidden="true">
          {initials(name)}
        </span>
        <span className="ss-person-name">{name}</span>
        <Icon icon="ChevronDown" size={15} aria-hidden="true" />
      </summary>
      <div className="ss-person-menu">
        <div className="ss-person-card">
          <strong>{name}</strong>
          <span className="ss-muted">{person.email}</span>
          <span className="ss-muted">
            {person.isSuperuser === true ? 'Superuser · ' : ''}
            {String(person.timeZone ?? '')}
          </span>
        </div>
        <Link to={`/admin/resources/User/records/${person.id}/show`}>
          <Icon icon="User" size={15} aria-hidden="true" />
          Your profile
        </Link>
        <a href="/account" data-testid="sign-in-and-security">
          <Icon icon="Lock" size={15} aria-hidden="true" />
          Sign-in and security
        </a>
        <form method="post" action="/logout">
          <button type="submit" data-testid="sign-out">
            <Icon icon="LogOut" size={15} aria-hidden="true" />
            Sign out
          </button>
        </form>
      </div>
    </details>
  );
}
