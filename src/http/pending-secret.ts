/** The secret of a second factor that waits for its first code: in the web session, encrypted and bound to its person, for ten minutes. */
import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';

const VALID_MS = 10 * 60_000;

export function keepSecret(ctx: AppContext, req: Request, actor: Actor, secret: string): void {
  const id = randomUUID();
  const sealed = ctx.tokenCipher.encrypt(secret, boundTo(id, actor));
  req.session.pendingSecondFactor = { id, sealed, expiresAt: ctx.clock.now().getTime() + VALID_MS };
}

/** @returns null when there is none, or it took too long */
export function readSecret(ctx: AppContext, req: Request, actor: Actor): string | null {
  const pending = req.session.pendingSecondFactor;
  if (pending === undefined || pending.expiresAt <= ctx.clock.now().getTime()) return null;
  return ctx.tokenCipher.decrypt(pending.sealed, boundTo(pending.id, actor));
}

export function dropSecret(req: Request): void {
  delete req.session.pendingSecondFactor;
}

function boundTo(id: string, actor: Actor) {
  return { table: 'session', column: 'pendingSecondFactor', rowId: id, account: `user:${actor.id}` };
}
