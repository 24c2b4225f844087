import { expect, it } from 'vitest';
import type { TokenGrant } from '../platforms/platform.ts';
import { permissionEnd } from './permission-end.ts';

const token = new Date('2026-12-01T00:00:00Z');
const refresh = new Date('2027-10-01T00:00:00Z');
const end = (over: Partial<TokenGrant>) =>
  permissionEnd({
    accessToken: 'a',
    accessTokenExpiresAt: token,
    refreshToken: null,
    refreshTokenExpiresAt: null,
    scopes: [],
    ...over,
  });

it('a permission ends with its token, with its refresh token where there is one, or when the platform says', () => {
  expect(end({})).toEqual(token);
  expect(end({ refreshToken: 'r', refreshTokenExpiresAt: refresh })).toEqual(refresh);
  // Renewed for ever, as far as anybody knows.
  expect(end({ refreshToken: 'r' })).toBeNull();
  // A Page's token has no end, the person's permission behind it has.
  expect(end({ accessTokenExpiresAt: null, permissionEndsAt: refresh })).toEqual(refresh);
  expect(end({ permissionEndsAt: null })).toBeNull();
});
