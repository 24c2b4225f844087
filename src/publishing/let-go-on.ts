import type { Publication } from '@prisma/client';
import type { AppContext } from '../context.ts';
import type { Tx } from '../database/client.ts';
import { goesOnAt } from '../domain/late-policy.ts';
import { setAlarm } from './alarm.ts';
import { movePublication } from './transition.ts';

/**
 * Lets one go on that was stopped: at the time it had, with the attempts it has used up. What is overdue by now leaves at
 * once, unless the caller gives it a place (putInPlace). The caller holds the post's lock.
 * @returns false when it was moved by somebody else meanwhile
 */
export async function letGoOn(
  tx: Tx,
  ctx: Pick<AppContext, 'boss' | 'clock'>,
  publication: Publication,
): Promise<boolean> {
  const generation = publication.generation + 1;
  const dueAt = publication.dueAt ?? ctx.clock.now();
  const nextAttemptAt = goesOnAt({ ...publication, dueAt }) ?? dueAt;
  const moved = await movePublication(tx, publication, 'scheduled', {
    dueAt,
    nextAttemptAt,
    generation,
    errorCode: null,
    errorMessage: null,
  });
  if (moved) await setAlarm(tx, ctx, { id: publication.id, generation }, nextAttemptAt);
  return moved;
}
