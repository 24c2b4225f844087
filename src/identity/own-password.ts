import type { AppContext } from '../context.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal, refuseFields } from '../domain/refusal.ts';
import { type GuessLimiter, TooManyGuesses } from './guess-limiter.ts';
import { passwordProblem, verifyPassword } from './password.ts';
import { recordSignInFailure } from './sign-in.ts';
import { recordSignInBlock } from './sign-in-block.ts';

/** As typed. */
export interface OwnPasswordChange {
  currentPassword: string;
  newPassword: string;
}

/** Where the question comes from, for the audit. */
interface Asking {
  guesses: GuessLimiter;
  address: string;
}

/**
 * Checks that whoever wants another password knows the one he has: that it is he, and not somebody at his open browser.
 * Wrong guesses are counted and audited like failed sign-ins. Nothing is changed.
 * @throws {Refusal} `invalid` with fields currentPassword, newPassword; `too-many`
 */
export async function checkPasswordChange(
  ctx: AppContext,
  actor: Actor,
  typed: OwnPasswordChange,
  asking: Asking,
): Promise<void> {
  if (!(await hasPassword(ctx, actor))) {
    const message = 'You have no password here: you sign in with LinkedIn. Ask a superuser to give you one.';
    throw new Refusal('invalid', message, { newPassword: message });
  }
  const fields: Record<string, string> = {};
  const wrong = await currentPasswordProblem(ctx, actor, typed.currentPassword, asking);
  const problem = passwordProblem(typed.newPassword);
  if (wrong !== null) fields.currentPassword = wrong;
  if (problem !== null) fields.newPassword = problem;
  const refusal = refuseFields(fields);
  if (refusal !== null) throw refusal;
}

export async function hasPassword(ctx: AppContext, actor: Actor): Promise<boolean> {
  return (await ctx.db.localCredential.count({ where: { userId: actor.id } })) > 0;
}

/**
 * @returns a sentence when this is not his password; null when it is
 * @throws {Refusal} `too-many`
 */
export async function currentPasswordProblem(
  ctx: AppContext,
  actor: Actor,
  typed: string,
  { guesses, address }: Asking,
): Promise<string | null> {
  if (typed === '') return 'Type the password you have now.';
  try {
    await guesses.attempt(actor.id);
  } catch (error) {
    if (error instanceof TooManyGuesses)
      await recordSignInBlock(ctx, {
        method: 'current password',
        by: 'person',
        email: actor.email,
        address,
        refused: error.refused,
        waitSeconds: error.wait,
      });
    throw error;
  }
  const stored = await ctx.db.localCredential.findUnique({
    where: { userId: actor.id },
    select: { passwordHash: true },
  });
  if (await verifyPassword(stored?.passwordHash ?? null, typed)) {
    await guesses.succeeded(actor.id);
    return null;
  }
  await recordSignInFailure(ctx.db, ctx, { method: 'current password', userId: actor.id, email: actor.email, address });
  return 'This is not your current password.';
}
