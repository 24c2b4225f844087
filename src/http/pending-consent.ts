/**
 * Journeys to a platform's consent page that are under way. Each is named by `state`: 32 random bytes, good once, for ten
 * minutes, and only in the web session that started it, so that nobody can end a journey somebody else began.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Request } from 'express';
import type { Platform } from '../domain/platform-name.ts';
import type { Reach } from '../platforms/platform.ts';

export type ConsentPurpose =
  | { kind: 'sign-in' }
  /**
   * `renew`: from "Connect again", where whose account it is stays as it is; `accountId`: which one, and no other is to be
   * connected. `reach`: what is to be connected.
   */
  | {
      kind: 'connect';
      platform: Platform;
      teamId: string;
      userId: string;
      renew: boolean;
      accountId?: string | null;
      reach: Reach;
    };

export interface PendingConsent {
  state: string;
  purpose: ConsentPurpose;
  /** PKCE (RFC 7636): its hash went along; only this session can end the journey with it. */
  codeVerifier: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

const VALID_MS = 10 * 60_000;
/** Several tabs may be on their way; the oldest is forgotten. */
const MOST_PENDING = 5;

/** @returns the state to send along, and the S256 challenge for platforms that take PKCE */
export function beginConsent(
  req: Request,
  purpose: ConsentPurpose,
  now: Date,
): { state: string; codeChallenge: string } {
  const state = randomBytes(32).toString('base64url');
  const codeVerifier = randomBytes(32).toString('base64url');
  const pending = req.session.pendingConsents ?? [];
  req.session.pendingConsents = [
    ...pending,
    { state, purpose, codeVerifier, expiresAt: now.getTime() + VALID_MS },
  ].slice(-MOST_PENDING);
  // A visitor's session is not worth more than the journeys it holds: anybody can begin as many as he likes.
  if (req.session.userId === undefined) req.session.cookie.maxAge = VALID_MS;
  return { state, codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url') };
}

/** @returns what the journey was for; null when the state is unknown here, used, too old or for something else */
export function takeConsent<K extends ConsentPurpose['kind']>(
  req: Request,
  state: string | null,
  kind: K,
  now: Date,
): (Extract<ConsentPurpose, { kind: K }> & { codeVerifier: string }) | null {
  const pending = req.session.pendingConsents ?? [];
  const found = pending.find((consent) => consent.state === state);
  if (found === undefined) return null;
  req.session.pendingConsents = pending.filter((consent) => consent !== found);
  if (found.expiresAt <= now.getTime() || !isKind(found.purpose, kind)) return null;
  return { ...found.purpose, codeVerifier: found.codeVerifier };
}

function isKind<K extends ConsentPurpose['kind']>(
  purpose: ConsentPurpose,
  kind: K,
): purpose is Extract<ConsentPurpose, { kind: K }> {
  return purpose.kind === kind;
}
