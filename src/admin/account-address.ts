import type { ConnectedAccount } from '@prisma/client';
import type { AppContext } from '../context.ts';

/**
 * Where a person looks at an account on its platform; null where no address leads there (LinkedIn tells an app no
 * address of a member). The addresses by id are the platforms' own short forms: linkedin.com/company/{id},
 * facebook.com/{id}, x.com/i/user/{id}.
 */
export function accountAddress(
  ctx: Pick<AppContext, 'platforms' | 'config'>,
  account: Pick<ConnectedAccount, 'platform' | 'kind' | 'externalId' | 'profileUrl'>,
): string | null {
  const { platform, kind, profileUrl } = account;
  if (profileUrl !== null) return profileUrl;
  if (ctx.platforms[platform]?.sandboxed === true) return sandboxFeed(ctx, platform);
  const id = encodeURIComponent(account.externalId);
  if (platform === 'facebook') return `https://www.facebook.com/${id}`;
  if (platform === 'x') return `https://x.com/i/user/${id}`;
  return kind === 'organization' ? `https://www.linkedin.com/company/${id}/` : null;
}

/** The page on which the sandbox shows what arrived. It answers all of a platform's addresses; browsers reach the one for consent. */
export function sandboxFeed(ctx: Pick<AppContext, 'config'>, platform: ConnectedAccount['platform']): string {
  return `${new URL(ctx.config.platforms[platform].authorizeUrl).origin}/`;
}

/** Where connecting an account again begins: that one and no other. Pages of organisations need the wider consent. */
export function reconnectAddress({
  id,
  platform,
  kind,
  teamId,
}: Pick<ConnectedAccount, 'id' | 'platform' | 'kind' | 'teamId'>): string {
  return `/connect/${platform}?team=${teamId}&renew=1&account=${id}${kind === 'organization' ? '&organizations=1' : ''}`;
}
