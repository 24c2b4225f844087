/**
 * Milliseconds. A quota of a day is the longest any of the platforms has, and clocks differ; a header that says more is not
 * believed, and is as good as none: nobody is silent for a day because of a slip of theirs.
 */
export const LONGEST_BELIEVED_MS = 25 * 60 * 60_000;

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3) in both its forms, whole seconds and an HTTP date.
 * @returns the instant, null when the header is missing, unreadable, in the past or too far ahead to be believed
 */
export function retryAfter(header: string | undefined, now: Date): Date | null {
  const text = header?.trim() ?? '';
  const milliseconds = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : httpDate(text) - now.getTime();
  // NaN fails the comparison too.
  if (!(milliseconds >= 0 && milliseconds <= LONGEST_BELIEVED_MS)) return null;
  return new Date(now.getTime() + milliseconds);
}

/** Only the dates HTTP knows: Date.parse alone would also read "2" or "March". */
function httpDate(text: string): number {
  return /^[A-Z][a-z]+,? .*\d{2}:\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}
