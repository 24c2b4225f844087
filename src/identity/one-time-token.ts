import { createHash, randomBytes } from 'node:crypto';

/** A secret that stands in a link. Only its hash is stored, so that reading the database opens no door. */
export function createOneTimeToken(): { token: string; tokenHash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, tokenHash: hashOneTimeToken(token) };
}

/** @returns the hash under which the token is stored */
export function hashOneTimeToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
