/**
 * A person's web sessions as rows: which there are, and ending them. What a session holds and how a browser names it is the
 * front door's business (http/session.ts); ending one is everybody's who changes what it stands on.
 */
import { createHash } from 'node:crypto';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { notFound } from '../domain/refusal.ts';

/** A session ends this long after the last thing somebody did in it. */
export const SESSION_IDLE_MS = 12 * 3_600_000;
/** And this long after signing in, however busy it is. */
export const SESSION_ABSOLUTE_MS = 7 * 86_400_000;

export interface OpenSession {
  /** Names the session to its owner; the id that the cookie carries cannot be told from it. */
  handle: string;
  signedInAt: Date;
  /** When somebody last did something in it; a page that only refreshes itself does not count. */
  lastUsedAt: Date;
  /** Where from, at sign-in. */
  address: string | null;
  /** What the browser said it is. */
  userAgent: string | null;
  isCurrent: boolean;
}

/** The sessions a person is signed in with, the one that asks first, then the last used. */
export async function listSessions(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  userId: string,
  currentId: string,
): Promise<OpenSession[]> {
  // `expire` is local time of the database session, as connect-pg-simple writes it; only Postgres can tell which.
  const rows = await ctx.db.$queryRaw<StoredSession[]>`
    SELECT "sid", "sess"->>'signedInAt' AS "signedInAt", "sess"->>'address' AS "address", "sess"->>'userAgent' AS "userAgent",
           extract(epoch FROM "expire"::timestamptz)::float8 * 1000 AS "expiresMs"
      FROM "session" WHERE "sess"->>'userId' = ${userId} AND "expire" >= localtimestamp`;
  const now = ctx.clock.now().getTime();
  return rows
    .map(({ sid, signedInAt, address, userAgent, expiresMs }) => ({
      handle: handleOf(sid),
      signedInAt: new Date(signedInAt ?? 0),
      lastUsedAt: new Date(expiresMs - SESSION_IDLE_MS),
      address,
      userAgent,
      isCurrent: sid === currentId,
    }))
    .filter(({ signedInAt }) => now - signedInAt.getTime() < SESSION_ABSOLUTE_MS)
    .sort(
      (one, other) =>
        Number(other.isCurrent) - Number(one.isCurrent) || other.lastUsedAt.getTime() - one.lastUsedAt.getTime(),
    );
}

interface StoredSession {
  sid: string;
  signedInAt: string | null;
  address: string | null;
  userAgent: string | null;
  expiresMs: number;
}

/**
 * Ends one of a person's own sessions.
 * @throws {Refusal} `not-found` when he has no such session (any more)
 */
export async function endOwnSession(ctx: AppContext, actor: Actor, handle: string): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    const rows = await tx.$queryRaw<
      { sid: string }[]
    >`SELECT "sid" FROM "session" WHERE "sess"->>'userId' = ${actor.id}`;
    const found = rows.find(({ sid }) => handleOf(sid) === handle);
    if (found === undefined) throw notFound('session');
    await tx.session.deleteMany({ where: { sid: found.sid } });
    await recordEnded(tx, ctx, actor, 1);
  });
}

/** Ends all of a person's own sessions but the one that asks. @returns how many there were */
export async function endOtherSessions(ctx: AppContext, actor: Actor, currentId: string): Promise<number> {
  return ctx.db.$transaction(async (tx) => {
    const ended = await endSessionsOf(tx, actor.id, currentId);
    if (ended > 0) await recordEnded(tx, ctx, actor, ended);
    return ended;
  });
}

/**
 * Ends a person's sessions, and sign-ins that wait for his second factor. A sign-in that is under way has no row yet: the
 * version of his credentials is raised, under which its session will be worth nothing. Whoever calls it puts on record why.
 * @param exceptId the id of the one that goes on; null: none does
 */
export async function endSessionsOf(tx: Tx, userId: string, exceptId: string | null): Promise<number> {
  const [raised] = await tx.$queryRaw<{ version: number }[]>`
    UPDATE "users" SET "credential_version" = "credential_version" + 1 WHERE "id" = ${userId}::uuid
    RETURNING "credential_version" AS "version"`;
  const ended = await tx.$executeRaw`
    DELETE FROM "session"
     WHERE ("sess"->>'userId' = ${userId} OR "sess"->'pendingSignIn'->>'userId' = ${userId})
       AND "sid" IS DISTINCT FROM ${exceptId}::text`;
  await tx.$executeRaw`
    UPDATE "session" SET "sess" = jsonb_set("sess"::jsonb, '{credentialVersion}', to_jsonb(${raised?.version ?? 0}::int))::json
     WHERE "sid" = ${exceptId}::text AND "sess"->>'userId' = ${userId}`;
  return ended;
}

function recordEnded(tx: Tx, ctx: AppContext, actor: Actor, count: number): Promise<void> {
  return recordEvent(
    tx,
    {
      actorId: actor.id,
      action: 'user.sessions_ended',
      entity: 'User',
      entityId: actor.id,
      teamId: null,
      metadata: { count },
    },
    ctx.clock.now(),
  );
}

function handleOf(sid: string): string {
  return createHash('sha256').update(`session handle\n${sid}`).digest('base64url').slice(0, 22);
}
