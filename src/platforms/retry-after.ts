import type { HttpAnswer } from './http-client.ts';

/**
 * Milliseconds. A quota of a day is the longest any of the platforms has, and clocks differ; a header that says more is not
 * believed, and is as good as none: nobody is silent for a day because of a slip of theirs.
 */
export const LONGEST_BELIEVED_MS = 25 * 60 * 60_000;

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3) in both its forms, whole seconds and an HTTP date.
 * @param now by our clock; what is returned is by it too
 * @returns the instant, null when the header is missing, unreadable, in the past or too far ahead to be believed
 */
export function retryAfter(headers: HttpAnswer['headers'], now: Date): Date | null {
  const text = headers['retry-after']?.trim() ?? '';
  const milliseconds = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : httpDate(text) - theirTime(headers, now);
  // NaN fails the comparison too.
  if (!(milliseconds >= 0 && milliseconds <= LONGEST_BELIEVED_MS)) return null;
  return new Date(now.getTime() + milliseconds);
}

/**
 * The time by the clock that an HTTP date in the answer is by: that of its Date header, else ours. A clock of ours that is
 * minutes behind would wait so much longer, one that is ahead not at all.
 * @returns milliseconds since 1970
 */
function theirTime(headers: HttpAnswer['headers'], now: Date): number {
  const theirs = httpDate(headers.date?.trim() ?? '');
  return Number.isNaN(theirs) ? now.getTime() : theirs;
}

/** Only the dates HTTP knows: Date.parse alone would also read "2" or "March". */
function httpDate(text: string): number {
  return /^[A-Z][a-z]+,? .*\d{2}:\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}
