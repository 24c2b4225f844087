import type { ConnectedAccount } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { PlatformAdapter, Reach } from '../platforms/platform.ts';

/** A journey to a platform's consent page and back: for whom, for which team, on which platform, and for what. */
export interface Connecting {
  actor: Actor;
  team: { id: string; name: string };
  adapter: PlatformAdapter;
  /** From "Connect again": whose account it is stays as it is. */
  renew: boolean;
  /** The one to connect again, and no other; null when it is not known which. */
  account: ConnectedAccount | null;
  /** What is to be connected. */
  reach: Reach;
}

/** Where a journey ends. */
export const ACCOUNTS_PAGE = '/admin/resources/ConnectedAccount';

/** One address per platform, exactly as it is registered there. */
export function callbackUrl(ctx: AppContext, platform: Platform): string {
  return `${ctx.config.publicUrl}/connect/${platform}/callback`;
}

/** Where a journey begins. */
export function startAddress({
  team,
  adapter,
  reach,
  renew = false,
  account = null,
}: Pick<Connecting, 'team' | 'adapter' | 'reach'> & Partial<Connecting>): string {
  const again = renew ? `&renew=1${account === null ? '' : `&account=${account.id}`}` : '';
  return `/connect/${adapter.platform}?team=${team.id}${again}${reach === 'organizations' ? '&organizations=1' : ''}`;
}

/** The page that says what connecting the Pages of organisations means, before it is begun. */
export function organizationsAddress(platform: Platform, teamId: string): string {
  return `/connect/${platform}/organizations?team=${teamId}`;
}
