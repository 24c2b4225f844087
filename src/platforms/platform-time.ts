/**
 * What time it is for a platform. Its posts carry its own clock's time, our attempts the database's; where the two differ,
 * a post of ours seems to be from before its attempt.
 */
import type { HttpResult } from './http-client.ts';

/** By the Date header of an answer, in whole seconds; null when it does not say. */
export function platformTime(result: HttpResult): Date | null {
  const at = result.kind === 'answer' ? Date.parse(result.headers.date ?? '') : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at);
}

/** Less than this is the second that the header lacks, and the way of the answer. */
const NOTEWORTHY_MS = 5_000;

/**
 * Our instant `at`, as the platform's clock would show it.
 * @param theirs what the platform's clock shows now; null: not known, so it is taken to be right
 * @param ours what the clock shows that `at` is by; absent: not known either
 */
export function byTheirClock(at: Date, theirs: Date | null, ours: Date | undefined): Date {
  if (theirs === null || ours === undefined) return at;
  const behindMs = ours.getTime() - theirs.getTime();
  return Math.abs(behindMs) < NOTEWORTHY_MS ? at : new Date(at.getTime() - behindMs);
}
