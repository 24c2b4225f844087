/**
 * Which invitation somebody accepts by signing in with LinkedIn, where he comes back without its link. Opening the link is
 * not accepting: another site can make a browser open one, and the next sign-in would join its team. So its page has a
 * button of its own, which names the invitation by a key that only that page and this web session know.
 */
import { randomBytes } from 'node:crypto';
import type { Request } from 'express';
import { hashOneTimeToken } from '../identity/one-time-token.ts';
import { queryText } from './form-body.ts';

export interface OpenedInvitation {
  /** Of its link. */
  hash: string;
  key: string;
}

/** @returns where the button of this invitation's page leads */
export function wayThroughLinkedIn(req: Request, token: string): string {
  const hash = hashOneTimeToken(token);
  const opened = req.session.openedInvitation;
  // Kept when it is opened again, so that the button of another tab stays good.
  const key = opened?.hash === hash ? opened.key : randomBytes(16).toString('base64url');
  req.session.openedInvitation = { hash, key };
  return `/auth/linkedin?invitation=${key}`;
}

/** At the start of every journey to LinkedIn: notes which invitation it accepts, if any. */
export function noteAccepted(req: Request): void {
  const { openedInvitation: opened } = req.session;
  if (opened !== undefined && queryText(req, 'invitation') === opened.key) req.session.invitationHash = opened.hash;
  else delete req.session.invitationHash;
}
