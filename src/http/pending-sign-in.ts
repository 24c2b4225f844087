/**
 * Somebody who has proved half of who he is: his password, a link, LinkedIn's word. Until he types his second factor the
 * session belongs to nobody; it only remembers, for ten minutes, who is at the door.
 */
import type { Request } from 'express';
import type { AppContext } from '../context.ts';
import { loadPerson, type ProvenPerson } from '../identity/actor.ts';
import type { SignInMethod } from '../identity/sign-in.ts';
import { renewSession, saveSession } from './session.ts';

export interface PendingSignIn {
  userId: string;
  /** Of his credentials when he proved the first half. */
  credentialVersion: number;
  method: SignInMethod;
  /** Where to go in the end, when that is not the page that was wanted. */
  goOnAt: string | null;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

const VALID_MS = 10 * 60_000;

export async function beginSignIn(
  ctx: AppContext,
  req: Request,
  { actor, credentialVersion }: ProvenPerson,
  method: SignInMethod,
): Promise<void> {
  await renewSession(req);
  req.session.pendingSignIn = {
    userId: actor.id,
    credentialVersion,
    method,
    goOnAt: null,
    expiresAt: ctx.clock.now().getTime() + VALID_MS,
  };
  req.session.cookie.maxAge = VALID_MS;
  await saveSession(req);
}

export function goOnAfterwards(req: Request, path: string | null): void {
  if (req.session.pendingSignIn !== undefined) req.session.pendingSignIn.goOnAt = path;
}

/** @returns who is at the door; null: nobody, or it took too long */
export function pendingSignIn(ctx: AppContext, req: Request): PendingSignIn | null {
  const pending = req.session.pendingSignIn;
  return pending === undefined || pending.expiresAt <= ctx.clock.now().getTime() ? null : pending;
}

/** @returns the person at the door; null: he was deactivated, or has other credentials now than those he came with */
export async function personAtTheDoor(ctx: AppContext, pending: PendingSignIn): Promise<ProvenPerson | null> {
  const person = await loadPerson(ctx.db, pending.userId);
  return person?.credentialVersion === pending.credentialVersion ? person : null;
}
