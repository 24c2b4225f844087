/**
 * What LinkedIn's refusals mean, whatever was asked: those that it gives before it creates or changes anything. Shared by
 * the create call and by everything that is done before it, so that a throttle or a dead token is one thing everywhere.
 * Sources: LinkedIn's error, rate-limit and OAuth pages; bodies captured by public clients.
 */
import type { HttpAnswer } from './http-client.ts';
import { type LinkedInError, readLinkedInError } from './linkedin-error.ts';
import type { NotCreated } from './platform.ts';
import { retryAfter } from './retry-after.ts';

/** A burst throttle carries no Retry-After; one was seen to be over after about 35 s. */
const BURST_SECONDS = 60;
/** So long a new token may be called revoked, or be taken for one with the scopes of its predecessor (observed). */
const TOKEN_SETTLES_MS = 5 * 60_000;
const SETTLE_MARGIN_MS = 5_000;
const FIRST_WAIT_MS = 20_000;

export interface Reading {
  /** The instant the answer was read. */
  now: Date;
  /** When the token was given; null when that is not known. */
  tokenIssuedAt: Date | null;
  /** What was refused, as the middle of a sentence: `the post`. */
  what: string;
}

/** Pure. @returns null for a status that does not say whether anything was done: what that means depends on the call */
export function readRefusal(answer: HttpAnswer, reading: Reading): NotCreated | null {
  const { status } = answer;
  // 408: it may have read the request and then given up. 409: another write to the same thing is under way.
  if (status < 400 || status >= 500 || status === 408 || status === 409) return null;
  const error = readLinkedInError(answer);
  const code = error.code ?? `http-${status}`;
  switch (status) {
    case 401:
      return readUnauthorized(error, code, reading);
    case 403:
      return readForbidden(error, code, reading);
    case 429:
      return readThrottle(answer, error, reading.now);
    case 404:
      return rejected(
        status,
        code,
        `LinkedIn does not find the account, or something the post refers to: ${said(error, status)}.`,
      );
  }
  if (status === 426 || error.code === 'VERSION_MISSING') {
    return rejected(
      status,
      code,
      `LinkedIn does not serve this API version any more (${said(error, status)}). The operator has to set LINKEDIN_VERSION to a current month, such as last month’s, and restart; then use “Send again”.`,
    );
  }
  return rejected(status, code, `LinkedIn refused ${reading.what}: ${said(error, status)}.`);
}

function readUnauthorized(error: LinkedInError, code: string, reading: Reading): NotCreated {
  const revoked = error.serviceErrorCode === 65601 || error.code === 'REVOKED_ACCESS_TOKEN';
  const retryAt = revoked ? settledAt(reading) : null;
  if (retryAt !== null) return notSettled(401, code, retryAt);
  return reauthorization(
    401,
    code,
    'LinkedIn no longer accepts the permission this account gave us. Connect the account again.',
  );
}

/** A missing scope is repaired by consenting again; being no administrator of an organisation is not. */
function readForbidden(error: LinkedInError, code: string, reading: Reading): NotCreated {
  const scopeMissing =
    error.code === 'ACCESS_DENIED' ||
    error.serviceErrorCode === 100 ||
    /not enough permissions/i.test(error.message ?? '');
  const otherReason = /unauthorized on|resource is forbidden/i.test(error.message ?? '');
  if (scopeMissing && !otherReason) {
    const retryAt = settledAt(reading);
    if (retryAt !== null) return notSettled(403, code, retryAt);
    return reauthorization(
      403,
      code,
      `The permission to post is missing: ${said(error, 403)}. Connect the account again and allow everything that LinkedIn asks.`,
    );
  }
  return rejected(
    403,
    code,
    `LinkedIn does not let this account post: ${said(error, 403)}. Check that the person may post there and that the LinkedIn app has the product “Share on LinkedIn”.`,
  );
}

/**
 * When a token that is new is tried again; null when it is old enough to be taken at its word. The wait doubles with the
 * token's age, so that a lag of seconds costs seconds and the whole five minutes cost five requests; the last of them is
 * made when the five minutes are over and believes what it is told.
 */
function settledAt({ now, tokenIssuedAt }: Reading): Date | null {
  if (tokenIssuedAt === null) return null;
  const ageMs = Math.max(now.getTime() - tokenIssuedAt.getTime(), 0);
  if (ageMs >= TOKEN_SETTLES_MS) return null;
  const waitMs = Math.max(FIRST_WAIT_MS, 2 * ageMs);
  return new Date(now.getTime() + Math.min(waitMs, TOKEN_SETTLES_MS + SETTLE_MARGIN_MS - ageMs));
}

function notSettled(httpStatus: number, errorCode: string, retryAt: Date): NotCreated {
  return {
    kind: 'unavailable',
    httpStatus,
    errorCode,
    errorMessage:
      'LinkedIn does not accept the new permission yet, which can take five minutes. Nothing was published; it is tried again shortly.',
    retryAt,
    // Ends by itself after five minutes; a post's own attempts are for when something is wrong with it.
    uncounted: true,
  };
}

/** Daily quotas end at midnight UTC. LinkedIn documents no Retry-After, but if one is there it is right. */
function readThrottle(answer: HttpAnswer, error: LinkedInError, now: Date): NotCreated {
  const told = retryAfter(answer.headers, now);
  const daily = /\bDAY\b/.test(error.message ?? '');
  const guess = daily ? nextMidnightUtc(now) : new Date(now.getTime() + BURST_SECONDS * 1000);
  return {
    kind: 'rate-limited',
    httpStatus: 429,
    errorCode: daily ? 'DAY_LIMIT' : (error.code ?? 'TOO_MANY_REQUESTS'),
    errorMessage: daily
      ? 'LinkedIn’s daily limit for this account or app is used up. It starts anew at 00:00 UTC.'
      : 'LinkedIn asks us to slow down. The post is sent a little later.',
    retryAt: told ?? guess,
  };
}

function nextMidnightUtc(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
}

export function rejected(httpStatus: number, errorCode: string, errorMessage: string): NotCreated {
  return { kind: 'rejected', httpStatus, errorCode, errorMessage };
}

function reauthorization(httpStatus: number, errorCode: string, errorMessage: string): NotCreated {
  return { kind: 'reauthorization-required', httpStatus, errorCode, errorMessage };
}

/** LinkedIn's own words in quotes, without its full stop, or the bare status. */
export function said(error: LinkedInError, status: number): string {
  const words = error.message?.replace(/[.!\s]+$/, '') ?? '';
  return words === '' ? `HTTP ${status}` : `“${words}” (HTTP ${status})`;
}
