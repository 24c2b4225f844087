/**
 * Tokens that wait in the web session for a person's answer (which of his Pages, is this LinkedIn account yours). They
 * are encrypted like stored tokens, bound to the person, and forgotten after ten minutes or when answered.
 */
import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';

export interface PendingGrant {
  id: string;
  sealed: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

const VALID_MS = 10 * 60_000;

const instant = z.iso.datetime().transform((text) => new Date(text));
export const tokenGrant = z.object({
  accessToken: z.string(),
  accessTokenExpiresAt: instant.nullable(),
  refreshToken: z.string().nullable(),
  refreshTokenExpiresAt: instant.nullable(),
  permissionEndsAt: instant.nullable().exactOptional(),
  scopes: z.array(z.string()),
});
export const accountCandidate = z.object({
  externalId: z.string(),
  kind: z.enum(['member', 'organization', 'page']),
  displayName: z.string(),
  profileUrl: z.string().nullable(),
  email: z.string().nullable(),
  grant: tokenGrant.nullable(),
  grantedBy: z.string().nullable().default(null),
  cannotPublish: z.string().exactOptional(),
});

/** @param content plain data. @returns the id that the answering form has to name */
export function keepGrant(ctx: AppContext, req: Request, actor: Actor, content: object): string {
  const id = randomUUID();
  const sealed = ctx.tokenCipher.encrypt(JSON.stringify(content), boundTo(id, actor));
  req.session.pendingGrant = { id, sealed, expiresAt: ctx.clock.now().getTime() + VALID_MS };
  return id;
}

/** @returns what was kept, read by `schema`; null when it is another one, too old, or answered already */
export function readGrant<T>(ctx: AppContext, req: Request, actor: Actor, id: string, schema: z.ZodType<T>): T | null {
  const pending = req.session.pendingGrant;
  if (pending === undefined || pending.id !== id || pending.expiresAt <= ctx.clock.now().getTime()) return null;
  return schema.parse(JSON.parse(ctx.tokenCipher.decrypt(pending.sealed, boundTo(id, actor))));
}

/** Forgets it. */
export function dropGrant(req: Request): void {
  delete req.session.pendingGrant;
}

function boundTo(id: string, actor: Actor) {
  return { table: 'session', column: 'pendingGrant', rowId: id, account: actor.id };
}
