import { isIP } from 'node:net';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { loadActor } from './actor.ts';
import { emailAddress } from './email-address.ts';
import { verifyPassword } from './password.ts';

const REFUSED = 'The e-mail address or the password is wrong. Check both and try again.';

/**
 * Signs in with a local password. An unknown address, a wrong password and a deactivated person get the same answer
 * after the same time. Success and failure are both audited; what was typed as a password never is.
 * @param address where the request came from
 * @throws {Refusal} `forbidden`
 */
export async function signInWithPassword(
  ctx: AppContext,
  email: string,
  password: string,
  address: string,
): Promise<Actor> {
  const known = emailAddress(email);
  const user =
    known === null ? null : await ctx.db.user.findUnique({ where: { email: known }, include: { credential: true } });
  const matches = await verifyPassword(user?.credential?.passwordHash ?? null, password);

  const actor = matches && user !== null ? await loadActor(ctx.db, user.id) : null;
  if (actor === null) {
    await ctx.db.$transaction((tx) => recordFailure(tx, ctx, { userId: user?.id ?? null, email: known, address }));
    throw new Refusal('forbidden', REFUSED);
  }
  await ctx.db.$transaction((tx) => recordSignIn(tx, ctx, actor, 'password', address));
  return actor;
}

/** Puts a successful sign-in on record. */
export async function recordSignIn(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  method: 'password' | 'linkedin' | 'link',
  address: string,
): Promise<void> {
  await recordEvent(
    tx,
    {
      actorId: actor.id,
      action: 'user.signed_in',
      entity: 'User',
      entityId: actor.id,
      teamId: null,
      metadata: { method, address: cleanAddress(address) },
    },
    ctx.clock.now(),
  );
}

/** Only a well-formed e-mail address is kept: people type passwords into the wrong field. */
async function recordFailure(
  tx: Tx,
  ctx: AppContext,
  failure: { userId: string | null; email: string | null; address: string },
): Promise<void> {
  await recordEvent(
    tx,
    {
      actorId: null,
      action: 'user.sign_in_failed',
      entity: 'User',
      entityId: failure.userId,
      teamId: null,
      metadata: { method: 'password', email: failure.email, address: cleanAddress(failure.address) },
    },
    ctx.clock.now(),
  );
}

/** Behind a proxy the address is text from a header. */
function cleanAddress(address: string): string {
  return isIP(address) === 0 ? 'unknown' : address;
}
