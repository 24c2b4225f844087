import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import type { Actor } from '../domain/access.ts';
import { Refusal, refuseFields } from '../domain/refusal.ts';
import { passwordProblem, verifyPassword } from './password.ts';
import { setPassword } from './users.ts';

/** As typed. */
export interface OwnPasswordChange {
  currentPassword: string;
  newPassword: string;
}

/**
 * Changes the password of whoever asks; the current one proves that it is he and not somebody at his open browser. All
 * his other sessions end.
 * @param sessionId the session he is asking from, which goes on
 * @throws {Refusal} `invalid` with fields currentPassword, newPassword
 */
export async function changeOwnPassword(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  typed: OwnPasswordChange,
  sessionId: string | null,
): Promise<void> {
  const stored = await tx.localCredential.findUnique({ where: { userId: actor.id }, select: { passwordHash: true } });
  if (stored === null) {
    const message = 'You have no password here: you sign in with LinkedIn. Ask a superuser to give you one.';
    throw new Refusal('invalid', message, { newPassword: message });
  }
  const fields: Record<string, string> = {};
  const problem = passwordProblem(typed.newPassword);
  if (typed.currentPassword === '') fields.currentPassword = 'Type the password you have now.';
  else if (!(await verifyPassword(stored.passwordHash, typed.currentPassword)))
    fields.currentPassword = 'This is not your current password.';
  if (problem !== null) fields.newPassword = problem;
  const refusal = refuseFields(fields);
  if (refusal !== null) throw refusal;
  await setPassword(tx, ctx, actor, actor.id, typed.newPassword, sessionId);
}
