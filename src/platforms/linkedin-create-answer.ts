/**
 * What LinkedIn's answer to "create this post" means. The one place that knows its statuses, codes and wordings.
 * Sources: LinkedIn's Posts API, UGC Post API, rate-limit and error pages; bodies captured by public clients.
 *
 * The asymmetry that decides every doubtful row: a refusal that we take for an unknown costs a person a look, an accepted
 * post that we take for a refusal is published twice. Only a status that LinkedIn gives before it creates anything may end
 * in something that is sent again.
 */
import { z } from 'zod';
import type { Outcome } from '../domain/outcome.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import { type LinkedInError, readJson, readLinkedInError } from './linkedin-error.ts';
import { retryAfter } from './retry-after.ts';

/** A burst throttle carries no Retry-After; one was seen to be over after about 35 s. */
const BURST_SECONDS = 60;
const DUPLICATE = /DUPLICATE_POST|[Cc]ontent is a duplicate of/;

/**
 * Pure: one outcome for every result.
 * @param now the instant the answer was read; decides retry times
 * @param permalink where a post with this id is seen
 */
export function readCreateAnswer(result: HttpResult, now: Date, permalink: (urn: string) => string): Outcome {
  switch (result.kind) {
    case 'not-sent':
      return {
        kind: 'unavailable',
        httpStatus: null,
        errorCode: result.reason,
        errorMessage: NOT_SENT[result.reason],
        retryAt: null,
      };
    case 'no-answer':
      return {
        kind: 'unknown',
        httpStatus: null,
        errorCode: result.reason,
        errorMessage: `${NO_ANSWER[result.reason]} ${LOOK_FIRST}`,
      };
    case 'answer':
      return readAnswer(result, now, permalink);
    default:
      return unreachable(result);
  }
}

const NOT_SENT = {
  'dns-failure': 'The name of LinkedIn’s server could not be looked up. Nothing was sent.',
  'connection-refused': 'LinkedIn’s server refused the connection. Nothing was sent.',
  'tls-failure': 'No secure connection to LinkedIn could be made. Nothing was sent.',
  'connect-timeout': 'LinkedIn’s server could not be reached in time. Nothing was sent.',
  'aborted-before-sending': 'This server was stopping. Nothing was sent.',
  'connect-failure': 'No connection to LinkedIn could be made. Nothing was sent.',
};
const NO_ANSWER = {
  'answer-timeout': 'The post was sent, but LinkedIn did not answer in time.',
  'connection-lost': 'The post was sent, but the connection broke before LinkedIn answered.',
  'aborted-after-sending': 'This server was stopped after the post was sent and before LinkedIn answered.',
  'malformed-answer': 'The post was sent, but what came back cannot be read.',
};
const LOOK_FIRST = 'It may be live: look at the profile before it is sent again.';

function readAnswer(answer: HttpAnswer, now: Date, permalink: (urn: string) => string): Outcome {
  const { status } = answer;
  if (status >= 200 && status <= 299) return readSuccess(answer, permalink);

  const error = readLinkedInError(answer);
  const code = error.code ?? `http-${status}`;
  if ([400, 409, 422].includes(status) && (error.code === 'DUPLICATE_POST' || DUPLICATE.test(answer.body)))
    return duplicate(answer, permalink);
  if (status === 401)
    return reauthorization(
      status,
      code,
      'LinkedIn no longer accepts the permission this account gave us. Connect the account again.',
    );
  if (status === 403) return readForbidden(error, code);
  if (status === 429) return readThrottle(answer, error, now);
  if (status === 426 || error.code === 'VERSION_MISSING') {
    return rejected(
      status,
      code,
      `LinkedIn does not serve this API version any more (${said(error, status)}). The operator has to set LINKEDIN_VERSION to a current month, such as last month’s, and restart; then retry.`,
    );
  }
  if (status === 400 && error.code === 'MEDIA_ASSET_WAITING_UPLOAD') {
    return {
      kind: 'unavailable',
      httpStatus: status,
      errorCode: code,
      errorMessage: 'LinkedIn is still processing an image of this post. Nothing was published yet.',
      retryAt: null,
    };
  }
  if (status === 404)
    return rejected(
      status,
      code,
      `LinkedIn does not find the account, or something the post refers to: ${said(error, status)}.`,
    );
  // 408: it may have read the post and then given up. 409: another write to the same thing is under way.
  if (status < 400 || status >= 500 || status === 408 || status === 409) {
    return {
      kind: 'unknown',
      httpStatus: status,
      errorCode: code,
      errorMessage: `LinkedIn did not say whether it took the post: ${said(error, status)}. ${LOOK_FIRST}`,
    };
  }
  return rejected(status, code, `LinkedIn refused the post: ${said(error, status)}.`);
}

const bodyWithId = z.object({ id: z.string().min(1) });

/** The id is in a header, so a broken body does no harm. The JSON id is what the older endpoint adds. */
function readSuccess(answer: HttpAnswer, permalink: (urn: string) => string): Outcome {
  const body = bodyWithId.safeParse(readJson(answer.body));
  const id = restliId(answer.headers['x-restli-id']) ?? (body.success ? body.data.id : null);
  if (id === null || !isPlainText(id)) {
    return {
      kind: 'unknown',
      httpStatus: answer.status,
      errorCode: 'accepted-without-id',
      errorMessage:
        'LinkedIn accepted the post but did not say where it is. Look at the profile and paste its link; do not send it again.',
    };
  }
  return { kind: 'accepted', httpStatus: answer.status, externalId: id, permalink: permalink(id) };
}

/** An id that no database could keep is no id. */
function isPlainText(id: string): boolean {
  return id.isWellFormed() && !/\p{Cc}/u.test(id);
}

function restliId(header: string | undefined): string | null {
  const id = header?.trim() ?? '';
  if (id === '') return null;
  // Rest.li may write a key into a header URL-encoded; the colons of a URN then give it away.
  return /^urn%3a[a-z0-9%:._-]+$/i.test(id) ? decodeURIComponent(id) : id;
}

/** The only refusal of any platform that names the live post. LinkedIn used 409 until October 2020, 422 since. */
function duplicate(answer: HttpAnswer, permalink: (urn: string) => string): Outcome {
  const urn = /urn:li:(?:share|ugcPost):\d+/.exec(answer.body)?.[0] ?? null;
  return {
    kind: 'duplicate',
    httpStatus: answer.status,
    errorCode: 'DUPLICATE_POST',
    errorMessage:
      'LinkedIn refused the post because the same text is live on this account already. Change the text to publish it again.',
    externalId: urn,
    permalink: urn && permalink(urn),
  };
}

/** A missing scope is repaired by consenting again; being no administrator of an organisation is not. */
function readForbidden(error: LinkedInError, code: string): Outcome {
  const scopeMissing =
    error.code === 'ACCESS_DENIED' ||
    error.serviceErrorCode === 100 ||
    /not enough permissions/i.test(error.message ?? '');
  const otherReason = /unauthorized on|resource is forbidden/i.test(error.message ?? '');
  if (scopeMissing && !otherReason) {
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

/** Daily quotas end at midnight UTC. LinkedIn documents no Retry-After, but if one is there it is right. */
function readThrottle(answer: HttpAnswer, error: LinkedInError, now: Date): Outcome {
  const told = retryAfter(answer.headers['retry-after'], now);
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

function rejected(httpStatus: number, errorCode: string, errorMessage: string): Outcome {
  return { kind: 'rejected', httpStatus, errorCode, errorMessage };
}

function reauthorization(httpStatus: number, errorCode: string, errorMessage: string): Outcome {
  return { kind: 'reauthorization-required', httpStatus, errorCode, errorMessage };
}

/** LinkedIn's own words in quotes, without its full stop, or the bare status. */
function said(error: LinkedInError, status: number): string {
  const words = error.message?.replace(/[.!\s]+$/, '') ?? '';
  return words === '' ? `HTTP ${status}` : `“${words}” (HTTP ${status})`;
}

function unreachable(value: never): never {
  throw new Error(`not a result: ${JSON.stringify(value)}`);
}
