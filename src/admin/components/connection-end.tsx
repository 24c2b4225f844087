/** Until when an account's connection lasts: what a person has to do something about, not when a token is replaced. */
import { Moment } from './moments.tsx';
import type { PanelRecord } from './panel-client.ts';

export function ConnectionEnd({
  record: { params },
  where,
}: {
  record: Pick<PanelRecord, 'params'>;
  where: 'list' | 'page';
}) {
  if (params.status !== 'active') return <span className="ss-muted">–</span>;
  const end = typeof params.refreshTokenExpiresAt === 'string' ? params.refreshTokenExpiresAt : null;
  const token = typeof params.tokenExpiresAt === 'string' ? params.tokenExpiresAt : null;
  if (end === null && renewsItself(params)) return <span title="The server renews it in time">renews itself</span>;
  const until = end ?? token;
  if (until === null) return <span title="It ends only when the platform or a person ends it">no fixed end</span>;
  return <Moment value={until} layout={where === 'list' ? 'lines' : 'line'} />;
}

/** The permission that X gives together with a refresh token, whose end it does not tell. */
function renewsItself(params: PanelRecord['params']): boolean {
  return Object.entries(params).some(([name, value]) => name.startsWith('scopes.') && value === 'offline.access');
}
