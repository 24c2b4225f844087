/**
 * When X's quotas start anew. X documents no Retry-After; it sends the window of the request that was made
 * (`x-rate-limit-*`) and, for creating, the day's quotas of person and app (`x-user-limit-24hour-*`,
 * `x-app-limit-24hour-*`), each with what remains and the reset in Unix seconds.
 */
import type { HttpAnswer } from './http-client.ts';
import { LONGEST_BELIEVED_MS, retryAfter } from './retry-after.ts';

const QUOTAS = ['x-rate-limit', 'x-user-limit-24hour', 'x-app-limit-24hour'] as const;

/**
 * Pure. The latest reset of what is used up; if nothing says it is, the window's.
 * @returns null when X does not say, names the past, or what is not believed
 */
export function quotaReset(headers: HttpAnswer['headers'], now: Date): Date | null {
  const usedUp = QUOTAS.filter((quota) => headers[`${quota}-remaining`]?.trim() === '0');
  const resets = (usedUp.length > 0 ? usedUp : [QUOTAS[0]])
    .map((quota) => unixSeconds(headers[`${quota}-reset`]))
    .filter((at) => at > now.getTime() && at <= now.getTime() + LONGEST_BELIEVED_MS);
  if (resets.length === 0) return retryAfter(headers, now);
  return new Date(Math.max(...resets));
}

/** @returns milliseconds since 1970; NaN for what is no number of seconds */
function unixSeconds(header: string | undefined): number {
  return /^\d{9,11}$/.test(header?.trim() ?? '') ? Number(header) * 1000 : Number.NaN;
}
