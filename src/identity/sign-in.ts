import { isIP } from 'node:net';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Database, Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { loadActor, type ProvenPerson } from './actor.ts';
import { emailAddress } from './email-address.ts';
import { verifyPassword } from './password.ts';

const REFUSED = 'The e-mail address or the password is wrong. Check both and try again.';

/** How somebody proved who he is: what the audit says, and the web session keeps while a second factor is awaited. */
export const SIGN_IN_METHODS = ['password', 'linkedin', 'link'] as const;
export type SignInMethod = (typeof SIGN_IN_METHODS)[number];

/** What can be guessed at. */
export type GuessedAt = 'password' | 'second factor' | 'current password';

/**
 * Finds out whose e-mail address and local password these are. An unknown address, a wrong password and a deactivated
 * person get the same answer after the same time. A failure is audited; what was typed as a password never is.
 * @param address where the request came from
 * @throws {Refusal} `forbidden`
 */
export async function checkPassword(
  ctx: AppContext,
  email: string,
  password: string,
  address: string,
): Promise<ProvenPerson> {
  const known = emailAddress(email);
  const user = known === null ? null : await storedCredential(ctx.db, known);
  const matches = await verifyPassword(user?.passwordHash ?? null, password);

  const actor = matches && user !== null ? await loadActor(ctx.db, user.id) : null;
  if (actor === null || user === null) {
    await recordSignInFailure(ctx.db, ctx, { method: 'password', userId: user?.id ?? null, email: known, address });
    throw new Refusal('forbidden', REFUSED);
  }
  return { actor, credentialVersion: user.credentialVersion };
}

/** In one statement, so that the hash and the version belong together however soon after somebody changes them. */
async function storedCredential(db: Database, email: string): Promise<StoredCredential | null> {
  const [found] = await db.$queryRaw<StoredCredential[]>`
    SELECT "users"."id", "credential_version" AS "credentialVersion", "password_hash" AS "passwordHash"
      FROM "users" LEFT JOIN "local_credentials" ON "user_id" = "users"."id" WHERE "email" = ${email}`;
  return found ?? null;
}

interface StoredCredential {
  id: string;
  credentialVersion: number;
  passwordHash: string | null;
}

/** Puts a successful sign-in on record. @param secondFactor what was typed as the second step, where one was asked for */
export async function recordSignIn(
  tx: Database | Tx,
  ctx: AppContext,
  actor: Actor,
  {
    method,
    secondFactor = null,
    address,
  }: { method: SignInMethod; secondFactor?: 'totp' | 'recovery code' | null; address: string },
): Promise<void> {
  await recordEvent(
    tx,
    {
      actorId: actor.id,
      action: 'user.signed_in',
      entity: 'User',
      entityId: actor.id,
      teamId: null,
      metadata: { method, ...(secondFactor === null ? {} : { secondFactor }), address: cleanAddress(address) },
    },
    ctx.clock.now(),
  );
}

/**
 * Puts a wrong password or code, or a LinkedIn member who was not let in, on record.
 * @param failure.email only a well-formed address: people type passwords into the wrong field
 */
export async function recordSignInFailure(
  tx: Database | Tx,
  ctx: AppContext,
  failure: {
    method: GuessedAt | 'linkedin';
    userId: string | null;
    email: string | null;
    address: string;
  },
): Promise<void> {
  await recordEvent(
    tx,
    {
      actorId: null,
      action: 'user.sign_in_failed',
      entity: 'User',
      entityId: failure.userId,
      teamId: null,
      metadata: { method: failure.method, email: failure.email, address: cleanAddress(failure.address) },
    },
    ctx.clock.now(),
  );
}

/** Behind a proxy the address is text from a header. */
export function cleanAddress(address: string): string {
  return isIP(address) === 0 ? 'unknown' : address;
}
