/** Connecting an account: one link per platform, after a choice of the team where there are several. */
import { Icon } from '@adminjs/design-system';
import { useEffect, useState } from 'react';
import { PlatformMark } from './badges.tsx';
import { api } from './panel-client.ts';
import { useOwnTeam } from './use-own-team.ts';

export interface ConnectChoice {
  platforms: readonly {
    platform: string;
    label: string;
    sandboxed: boolean;
    feedUrl: string | null;
    /** Whether Pages of organisations are connected by a consent of their own. */
    organizations: boolean;
  }[];
  teams: readonly { id: string; name: string }[];
}

/**
 * @param choice what the dashboard has loaded already; loaded here when absent
 * @param withPages whether Pages of organisations are offered as well: for those who have come to manage accounts
 */
export function ConnectButtons({ choice, withPages = false }: { choice?: ConnectChoice; withPages?: boolean }) {
  const [loaded, setLoaded] = useState<ConnectChoice | null>(choice ?? null);
  const [team, setTeam] = useState('');
  useEffect(() => {
    if (choice !== undefined) return;
    void api.dashboard().then((answer) => {
      if (answer.ok) setLoaded(answer.data as ConnectChoice);
    });
  }, [choice]);
  const first = useOwnTeam(loaded?.teams ?? []);
  if (loaded === null || first === undefined) return null;
  const chosen = team === '' ? first : team;
  return (
    <span className="ss-connect">
      {loaded.teams.length > 1 ? (
        <select
          className="ss-input"
          aria-label="Team the account belongs to"
          value={chosen}
          onChange={(event) => setTeam(event.target.value)}
        >
          {loaded.teams.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      ) : null}
      {loaded.platforms.map(({ platform, label, sandboxed }) => (
        <a
          key={platform}
          className="ss-button ss-primary"
          href={`/connect/${platform}?team=${encodeURIComponent(chosen)}`}
          data-testid={`connect-${platform}`}
        >
          <PlatformMark platform={platform} size="small" />
          Connect {label}
          {sandboxed ? ' (sandbox)' : ''}
          <Icon icon="ArrowRight" size={15} aria-hidden="true" />
        </a>
      ))}
      {loaded.platforms
        .filter(({ organizations }) => withPages && organizations)
        .map(({ platform, label }) => (
          <a
            key={`${platform} Pages`}
            className="ss-button"
            href={`/connect/${platform}/organizations?team=${encodeURIComponent(chosen)}`}
            data-testid={`connect-${platform}-pages`}
          >
            <PlatformMark platform={platform} size="small" />
            {label} Pages
            <Icon icon="ArrowRight" size={15} aria-hidden="true" />
          </a>
        ))}
    </span>
  );
}
