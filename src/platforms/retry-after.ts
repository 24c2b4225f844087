/** A quota of a day is the longest any of the platforms has; a header that says more is not believed. */
const LONGEST_SECONDS = 24 * 60 * 60;

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3) in both its forms, whole seconds and an HTTP date.
 * @returns the instant, at most a day after `now`; null when the header is missing, unreadable or in the past
 */
export function retryAfter(header: string | undefined, now: Date): Date | null {
  const text = header?.trim() ?? '';
  const milliseconds = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : httpDate(text) - now.getTime();
  // NaN fails the comparison too.
  if (!(milliseconds >= 0)) return null;
  return new Date(now.getTime() + Math.min(milliseconds, LONGEST_SECONDS * 1000));
}

/** Only the dates HTTP knows: Date.parse alone would also read "2" or "March". */
function httpDate(text: string): number {
  return /^[A-Z][a-z]+,? .*\d{2}:\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}
