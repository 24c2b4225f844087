/** Connections that only a person can renew, told before they end: when, what comes after, and the way to renew them. */
import { connectionEndSentence } from '../../domain/connection-end.ts';
import { platformLabel } from './badges.tsx';
import { dateOf, useTimeZone } from './moments.tsx';
import { Banner } from './page-frame.tsx';

export interface EndingConnection {
  id: string;
  platform: string;
  displayName: string;
  endsAt: string;
  postsAfter: number;
  reconnectUrl: string;
  mayReconnect: boolean;
}

export function EndingConnections({ connections }: { connections: readonly EndingConnection[] }) {
  const zone = useTimeZone();
  return connections.map(({ id, platform, displayName, endsAt, postsAfter, reconnectUrl, mayReconnect }) => {
    const at = dateOf(endsAt);
    if (at === null) return null;
    const name = `${displayName} (${platformLabel(platform)})`;
    const sentence = connectionEndSentence(name, { endsAt: at, postsAfter }, new Date(), zone);
    return (
      <Banner key={id} tone="amber" icon="Clock" title={sentence}>
        Only a person can renew it.{' '}
        {mayReconnect ? <a href={reconnectUrl}>Connect it again</a> : 'Ask a manager of your team to connect it again.'}
      </Banner>
    );
  });
}
