import type { Request, Response } from 'express';
import type { AppContext } from '../context.ts';
import type { ProvenPerson } from '../identity/actor.ts';
import { hasSecondFactor } from '../identity/second-factor.ts';
import { recordSignIn, type SignInMethod } from '../identity/sign-in.ts';
import { beginSignIn } from './pending-sign-in.ts';
import { takeReturnPath } from './return-path.ts';
import { startSession } from './session.ts';

/** Where the second step is asked for. */
export const SECOND_STEP = '/login/second-factor';

/**
 * The end of every way in: who has a second factor is asked for it, whichever way he came; everybody else is signed in.
 * On record first: there is no session without it.
 * @returns where to send him
 */
export async function letIn(
  ctx: AppContext,
  req: Request,
  res: Response,
  person: ProvenPerson,
  method: SignInMethod,
): Promise<string> {
  const { actor } = person;
  if (await hasSecondFactor(ctx.db, actor.id)) {
    await beginSignIn(ctx, req, person, method);
    return SECOND_STEP;
  }
  await recordSignIn(ctx.db, ctx, actor, { method, address: req.ip ?? 'unknown' });
  await startSession(ctx, req, res, person);
  return takeReturnPath(ctx, req, res);
}
