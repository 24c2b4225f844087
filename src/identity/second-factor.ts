/**
 * The second factor: codes of an authenticator app (TOTP, RFC 6238: 6 digits, 30 seconds, SHA-1, which is what every app
 * computes), and recovery codes for whoever lost it. The secret is stored encrypted and bound to its person; a code is
 * good once, and so is a recovery code.
 */
import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { TokenUnreadableError } from '../accounts/token-cipher.ts';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Database, Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import type { AuditAction } from '../domain/audit-event.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import type { GuessLimiter } from './guess-limiter.ts';
import { hashOneTimeToken } from './one-time-token.ts';
import { endSessionsOf } from './sessions.ts';

const ISSUER = 'Social Share Scheduler';
const PERIOD_SECONDS = 30;
/** RFC 4226 asks for 128 bits and recommends 160. */
const SECRET_BYTES = 20;
/** A step to either side: phones' clocks differ, and typing takes time. */
const STEPS_OF_TOLERANCE = 1;
const RECOVERY_CODES = 8;
/** 120 bits in base32, so that a plain hash is enough to store them (ASVS 6.5.2). */
const RECOVERY_CODE_BYTES = 15;

/** @returns a new secret, in base32 as authenticator apps take it */
export function newSecret(): string {
  return new Secret({ buffer: Uint8Array.from(randomBytes(SECRET_BYTES)).buffer }).base32;
}

/** What an authenticator app reads from the picture. */
export function enrolmentUri(secret: string, email: string): string {
  return totpOf(secret, email).toString();
}

export async function hasSecondFactor(db: Database | Tx, userId: string): Promise<boolean> {
  return (await db.secondFactor.count({ where: { userId } })) > 0;
}

/** How many recovery codes a person has left; null: he has no second factor. */
export async function recoveryCodesLeft(db: Database | Tx, userId: string): Promise<number | null> {
  if (!(await hasSecondFactor(db, userId))) return null;
  return db.recoveryCode.count({ where: { userId, usedAt: null } });
}

/**
 * Switches the second factor on, once its app has shown that it computes the right codes. All other sessions end.
 * @param secret as made by `newSecret`
 * @param sessionId the session that goes on
 * @returns the recovery codes, which are shown once
 * @throws {Refusal} `invalid` with field code; `conflict` when there is one already
 */
export async function addSecondFactor(
  ctx: AppContext,
  actor: Actor,
  { secret, code, sessionId }: { secret: string; code: string; sessionId: string },
): Promise<string[]> {
  const step = matchingStep(ctx, secret, digitsOf(code));
  if (step === null) {
    const message = 'This is not the code that belongs to this secret. Wait for the next one and type it.';
    throw new Refusal('invalid', message, { code: message });
  }
  return ctx.db.$transaction(async (tx) => {
    const { count } = await tx.secondFactor.createMany({
      data: [{ userId: actor.id, secret: ctx.tokenCipher.encrypt(secret, boundTo(actor.id)), lastStep: step }],
      skipDuplicates: true,
    });
    if (count === 0) throw new Refusal('conflict', 'Two-step sign-in is on already. Switch it off first.');
    const codes = await writeRecoveryCodes(tx, actor.id);
    await endSessionsOf(tx, actor.id, sessionId);
    await record(tx, ctx, actor, 'user.second_factor_added', actor.id);
    return codes;
  });
}

/**
 * Makes new recovery codes; the old ones are worth nothing any more.
 * @throws {Refusal} `conflict` without a second factor
 */
export async function replaceRecoveryCodes(ctx: AppContext, actor: Actor): Promise<string[]> {
  return ctx.db.$transaction(async (tx) => {
    if (!(await hasSecondFactor(tx, actor.id))) throw switchedOff();
    const codes = await writeRecoveryCodes(tx, actor.id);
    await record(tx, ctx, actor, 'user.recovery_codes_replaced', actor.id);
    return codes;
  });
}

/**
 * Switches a person's second factor off: his own, or by a superuser for somebody who lost his, whose sessions all end:
 * whoever has the phone may be signed in.
 * @throws {Refusal} `forbidden`, `not-found`, `conflict` when there is none
 */
export async function removeSecondFactor(ctx: AppContext, actor: Actor, userId: string): Promise<void> {
  if (actor.id !== userId && !actor.isSuperuser)
    throw new Refusal('forbidden', 'Only a superuser may switch off somebody else’s two-step sign-in.');
  await ctx.db.$transaction(async (tx) => {
    if ((await tx.user.count({ where: { id: userId } })) === 0) throw notFound('person');
    await forgetSecondFactor(tx, ctx, userId, actor);
  });
}

/**
 * The same from the operator's console, for a superuser whom no other one can help.
 * @throws {Refusal} `not-found`, `conflict` when there is none
 */
export async function removeSecondFactorByOperator(ctx: AppContext, email: string): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    const user = await tx.user.findUnique({ where: { email: email.trim().toLowerCase() }, select: { id: true } });
    if (user === null) throw notFound('person');
    await forgetSecondFactor(tx, ctx, user.id, null);
  });
}

/**
 * Looks at what somebody typed as his second step: a code of his app, or a recovery code. Used up when it is right; a
 * wrong one is counted.
 * @returns which it was; null: neither
 * @throws {Refusal} `too-many`
 */
export async function passSecondFactor(
  ctx: AppContext,
  guesses: GuessLimiter,
  userId: string,
  typed: string,
): Promise<'totp' | 'recovery code' | null> {
  await guesses.attempt(userId);
  const passed = (await useCode(ctx, userId, typed))
    ? 'totp'
    : (await useRecoveryCode(ctx, userId, typed))
      ? 'recovery code'
      : null;
  if (passed !== null) await guesses.succeeded(userId);
  return passed;
}

/** Compare-and-set on the time step: of two requests with the same code one gets through, and an older code never does. */
async function useCode(ctx: AppContext, userId: string, typed: string): Promise<boolean> {
  const code = digitsOf(typed);
  const stored = /^\d{6}$/.test(code) ? await ctx.db.secondFactor.findUnique({ where: { userId } }) : null;
  if (stored === null) return false;
  let secret: string;
  try {
    secret = ctx.tokenCipher.decrypt(stored.secret, boundTo(userId));
  } catch (error) {
    if (!(error instanceof TokenUnreadableError)) throw error;
    // His recovery codes still open the door: they need no key.
    ctx.log.error({ userId, reason: error.reason }, 'a second factor cannot be read with the keys in TOKEN_KEYS');
    return false;
  }
  const step = matchingStep(ctx, secret, code);
  if (step === null) return false;
  const { count } = await ctx.db.secondFactor.updateMany({
    where: { userId, lastStep: { lt: step } },
    data: { lastStep: step },
  });
  return count === 1;
}

async function useRecoveryCode(ctx: AppContext, userId: string, typed: string): Promise<boolean> {
  const { count } = await ctx.db.recoveryCode.updateMany({
    where: { userId, codeHash: hashRecoveryCode(typed), usedAt: null },
    data: { usedAt: ctx.clock.now() },
  });
  return count === 1;
}

async function writeRecoveryCodes(tx: Tx, userId: string): Promise<string[]> {
  await tx.recoveryCode.deleteMany({ where: { userId } });
  const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
  await tx.recoveryCode.createMany({ data: codes.map((code) => ({ userId, codeHash: hashRecoveryCode(code) })) });
  return codes;
}

/** `abcd-efgh-…`, in base32. */
function newRecoveryCode(): string {
  const secret = new Secret({ buffer: Uint8Array.from(randomBytes(RECOVERY_CODE_BYTES)).buffer });
  return (secret.base32.toLowerCase().match(/.{4}/g) ?? []).join('-');
}

/** However it is copied: capitals, blanks and dashes do not matter. */
function hashRecoveryCode(typed: string): string {
  return hashOneTimeToken(typed.toLowerCase().replaceAll(/[^a-z2-7]/g, ''));
}

async function forgetSecondFactor(tx: Tx, ctx: AppContext, userId: string, actor: Actor | null): Promise<void> {
  const { count } = await tx.secondFactor.deleteMany({ where: { userId } });
  if (count === 0) throw switchedOff();
  await tx.recoveryCode.deleteMany({ where: { userId } });
  if (actor?.id !== userId) await endSessionsOf(tx, userId, null);
  await record(tx, ctx, actor, 'user.second_factor_removed', userId);
}

/** @returns the time step whose code this is, near now; null: none */
function matchingStep(ctx: AppContext, secret: string, code: string): number | null {
  const timestamp = ctx.clock.now().getTime();
  const delta = totpOf(secret, '').validate({ token: code, timestamp, window: STEPS_OF_TOLERANCE });
  return delta === null ? null : Math.floor(timestamp / 1000 / PERIOD_SECONDS) + delta;
}

function totpOf(secret: string, label: string): TOTP {
  return new TOTP({ issuer: ISSUER, label, algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS, secret });
}

/** Apps show `123 456`. */
function digitsOf(typed: string): string {
  return typed.replaceAll(/[\s-]/g, '');
}

export function boundTo(userId: string) {
  return { table: 'second_factors', column: 'secret', rowId: userId, account: `user:${userId}` };
}

function switchedOff(): Refusal {
  return new Refusal('conflict', 'Two-step sign-in is not switched on.');
}

function record(tx: Tx, ctx: AppContext, actor: Actor | null, action: AuditAction, userId: string): Promise<void> {
  return recordEvent(
    tx,
    {
      actorId: actor?.id ?? null,
      action,
      entity: 'User',
      entityId: userId,
      teamId: null,
      metadata: actor === null ? { by: 'operator' } : {},
    },
    ctx.clock.now(),
  );
}
