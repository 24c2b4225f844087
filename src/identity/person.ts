import type { User } from '@prisma/client';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { hiddenInName, isBlank } from '../domain/invisible-characters.ts';
import { Refusal, refuseFields } from '../domain/refusal.ts';
import { isTimeZone } from '../domain/schedule-time.ts';
import { emailAddress } from './email-address.ts';
import { hashPassword, passwordProblem } from './password.ts';

/** A person's details after checking. */
export interface Profile {
  email: string;
  name: string;
  timeZone: string;
  password: string | null;
}

/**
 * @param savedName kept as it is when it is not changed, so that an old name does not stand in the way of another change
 * @throws {Refusal} `invalid` with a message for each wrong field
 */
export function checkProfile(
  typed: {
    email: string;
    name: string;
    timeZone?: string | undefined;
    password?: string | undefined;
  },
  savedName?: string,
): Profile {
  const email = emailAddress(typed.email);
  const name = typed.name === savedName ? savedName : personName(typed.name);
  const timeZone = typed.timeZone?.trim() || 'UTC';
  const badPassword = typed.password === undefined ? null : passwordProblem(typed.password);

  const fields: Record<string, string> = {};
  if (name === null) fields.name = hiddenProblem(typed.name) ?? 'Enter a name of at most 100 characters.';
  if (email === null) fields.email = 'Enter an e-mail address such as ann@example.com.';
  if (badPassword !== null) fields.password = badPassword;
  if (!isTimeZone(timeZone)) fields.timeZone = 'Choose a time zone such as Europe/Warsaw.';
  const refusal = refuseFields(fields);
  if (refusal !== null || email === null || name === null) throw refusal ?? new Refusal('invalid', 'Check the form.');
  return { email, name, timeZone, password: typed.password ?? null };
}

/**
 * @returns the name in one line without control characters, or null when nothing or too much is left, or it has characters
 *   that nobody sees
 */
export function personName(text: string): string | null {
  const name = text.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();
  return isBlank(name) || [...name].length > 100 || hiddenInName(name) !== null ? null : name;
}

/** What is wrong with a name that shows something and hides something, in a sentence; null when that is not what is wrong. */
export function hiddenProblem(name: string): string | null {
  const hidden = isBlank(name) ? null : hiddenInName(name);
  return hidden === null ? null : `The name has an invisible character (${hidden}). Type it again.`;
}

/**
 * Whoever gives this address to somebody, invites it or accepts for it takes it first, so that of several at once each
 * sees what the one before him did. Held until the transaction ends; taken before any row of a person.
 */
export async function lockAddress(tx: Tx, email: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('email-address'), hashtext(${email}))`;
}

/** The same for what a person may have only once: a membership of a team, a LinkedIn identity. */
export async function lockPerson(tx: Tx, userId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM "users" WHERE "id" = ${userId}::uuid FOR NO KEY UPDATE`;
}

/** Writes the person, his password if there is one, and the audit event. @param actorId who made him; null: himself */
export async function insertUser(
  tx: Tx,
  ctx: AppContext,
  person: Profile & { isSuperuser: boolean },
  actorId: string | null,
): Promise<User> {
  const { email, name, timeZone, isSuperuser, password } = person;
  const user = await tx.user.create({ data: { email, name, timeZone, isSuperuser } });
  if (password !== null) await storePassword(tx, user.id, password);
  await recordEvent(
    tx,
    {
      actorId: actorId ?? user.id,
      action: 'user.created',
      entity: 'User',
      entityId: user.id,
      teamId: null,
      metadata: { email, isSuperuser },
    },
    ctx.clock.now(),
  );
  return user;
}

/** Writes a password that was checked before. */
export async function storePassword(tx: Tx, userId: string, password: string): Promise<void> {
  const passwordHash = await hashPassword(password);
  await tx.localCredential.upsert({ where: { userId }, create: { userId, passwordHash }, update: { passwordHash } });
}
