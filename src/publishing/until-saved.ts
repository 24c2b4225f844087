import { setTimeout as pause } from 'node:timers/promises';
import type { AppContext } from '../context.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const GIVE_UP_AFTER_MS = 5 * 60_000;

/**
 * Runs `save` again until it succeeds or five minutes have passed; each failure is logged with what is at stake, so that
 * even a lost database leaves the platform's answer somewhere. `save` must be safe to repeat after an unclear commit.
 * @throws the last error
 */
export async function untilSaved(
  ctx: Pick<AppContext, 'log'>,
  atStake: object,
  save: () => Promise<void>,
): Promise<void> {
  const started = performance.now();
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
    try {
      await save();
      return;
    } catch (error) {
      ctx.log.error({ ...atStake, err: error }, 'an outcome is known but could not be saved; trying again');
      if (performance.now() - started > GIVE_UP_AFTER_MS) throw error;
      await pause(wait);
    }
  }
}
