import type { TokenGrant } from '../platforms/platform.ts';

/**
 * Pure: the instant after which only a person can renew what this grant allows, whatever the access token says. Where the
 * platform has no rule of its own that is the end of the refresh token, or of the access token when there is no other.
 * @returns null when no such end is known
 */
export function permissionEnd(grant: TokenGrant): Date | null {
  if (grant.permissionEndsAt !== undefined) return grant.permissionEndsAt;
  return grant.refreshToken === null ? grant.accessTokenExpiresAt : grant.refreshTokenExpiresAt;
}
