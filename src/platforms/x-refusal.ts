/**
 * Answers with which X says that it has done nothing, whatever was asked: creating a post, uploading an image. The one
 * place that knows X's statuses, problem types and wordings. Sources: X's error and rate-limit pages and its OpenAPI
 * document (2.166, 2.167); bodies captured by public clients.
 */
import type { HttpAnswer } from './http-client.ts';
import type { NotCreated } from './platform.ts';
import { readXError, type XError } from './x-error.ts';
import { quotaReset } from './x-rate-limit.ts';

/** How a sentence names what was refused. */
export type Subject = 'post' | 'image' | 'request';

/**
 * Pure.
 * @param now decides until when a quota is waited for
 * @returns null when the answer does not say that nothing was done: 2xx, 3xx, 408, 409, 5xx
 */
export function readRefusal(answer: HttpAnswer, subject: Subject, now: Date): NotCreated | null {
  const { status } = answer;
  if (status < 400 || status >= 500 || status === 408 || status === 409) return null;

  const error = readXError(answer);
  const words = said(error, status);
  // X answers 402 when the app's prepaid credits are used up; some have seen 403.
  if (status === 402 || error.problem === 'credits' || /credits ?depleted/i.test(error.wording)) {
    return rejected(
      status,
      'credits-depleted',
      `The X app of this server has no credits left: ${words}. The operator has to buy credits in X’s developer console; then send it again.`,
    );
  }
  if (error.problem === 'usage-capped') return readCap(answer, error, now);
  if (status === 429 || error.code === 88) {
    return {
      kind: 'rate-limited',
      httpStatus: status,
      errorCode: 'rate-limit',
      errorMessage: `X asks us to slow down. The ${subject} is sent when its quota starts anew.`,
      retryAt: quotaReset(answer.headers, now),
    };
  }
  if (status === 401) {
    return reauthorization(
      status,
      'unauthorized',
      'X no longer accepts the permission this account gave us. Connect the account again.',
    );
  }
  if (/\b(user|account)\b.*suspended|suspended.*\b(user|account)\b/i.test(error.wording)) {
    return reauthorization(
      status,
      'suspended',
      `X has suspended this account: ${words}. When X has lifted that, connect the account again.`,
    );
  }
  if (status === 403) return readForbidden(error, subject);
  return rejected(status, codeOf(error, status), `X refused the ${subject}: ${words}.`);
}

const SCOPE_OF: Record<Subject, string> = { post: 'post', image: 'upload images', request: 'read the account' };

/** A missing scope is repaired by consenting again; what the app or the person may not do is not. */
function readForbidden(error: XError, subject: Subject): NotCreated {
  const words = said(error, 403);
  const code = codeOf(error, 403);
  if (error.problem === 'oauth1-permissions') {
    return rejected(
      403,
      code,
      `The X app of this server may only read: ${words}. The operator has to set its permissions to “Read and write” in X’s developer console; then connect the account again.`,
    );
  }
  if (error.problem === 'client-forbidden') {
    return rejected(
      403,
      code,
      `X does not let the app of this server do this (${error.reason ?? 'no reason given'}): ${words}. The operator has to check the app’s project and plan in X’s developer console.`,
    );
  }
  if (error.problem === 'unsupported-authentication') {
    return rejected(
      403,
      code,
      `X does not accept this kind of permission: ${words}. The operator has to check that X_CLIENT_ID is that of an app with OAuth 2.0 user authentication.`,
    );
  }
  // The bare word: a scope is missing. Everything else comes with a reason.
  if (error.problem === null && /^forbidden\.?$/i.test(error.message ?? '')) {
    return reauthorization(
      403,
      'missing-scope',
      `The permission to ${SCOPE_OF[subject]} is missing at X. Connect the account again and leave every permission ticked.`,
    );
  }
  if (/not permitted to perform this action/i.test(error.wording)) {
    return rejected(
      403,
      code,
      `X refused the ${subject}: ${words}. It does not say why: its rules on automation and spam, or something this account may not do. Look at the account on X.`,
    );
  }
  return rejected(403, code, `X refused the ${subject}: ${words}.`);
}

/** What the app's plan allows. A day is waited for; a month is not, since nobody wants a post weeks late without being asked. */
function readCap(answer: HttpAnswer, error: XError, now: Date): NotCreated {
  const { status } = answer;
  const period = error.period?.toLowerCase();
  if (period === 'daily') {
    return {
      kind: 'rate-limited',
      httpStatus: status,
      errorCode: 'usage-capped',
      errorMessage: 'The X app of this server has used up what its plan allows for today. It goes on tomorrow.',
      retryAt: quotaReset(answer.headers, now) ?? nextMidnightUtc(now),
    };
  }
  return rejected(
    status,
    'usage-capped',
    `The X app of this server has used up what its plan allows${period === 'monthly' ? ' for this month' : ''}: ${said(error, status)}. The operator has to raise the cap in X’s developer console; then send it again.`,
  );
}

function nextMidnightUtc(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
}

function rejected(httpStatus: number, errorCode: string, errorMessage: string): NotCreated {
  return { kind: 'rejected', httpStatus, errorCode, errorMessage };
}

function reauthorization(httpStatus: number, errorCode: string, errorMessage: string): NotCreated {
  return { kind: 'reauthorization-required', httpStatus, errorCode, errorMessage };
}

/** For the record: X's problem type, or the number of the older shape, or the status. */
export function codeOf(error: XError, status: number): string {
  return error.problem ?? (error.code === null ? `http-${status}` : `code-${error.code}`);
}

/** X's own words in quotes, without their full stop, or the bare status. */
export function said(error: XError, status: number): string {
  const words = error.message?.replace(/[.!\s]+$/, '') ?? '';
  return words === '' ? `HTTP ${status}` : `“${words}” (HTTP ${status})`;
}
