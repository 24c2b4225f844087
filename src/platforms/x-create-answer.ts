/**
 * What X's answer to "create this post" means. Refusals that hold for every call are in x-refusal.ts; here is what only
 * creating has: an id, a duplicate, and the doubt.
 *
 * The asymmetry that decides every doubtful row: a refusal that we take for an unknown costs a person a look, an accepted
 * post that we take for a refusal is published twice. Only a status that X gives before it creates anything may end in
 * something that is sent again, and only with X's own error: a gateway in between may refuse the answer to what X has taken.
 * A 401 and a 429 need none; no other status is documented to come without. X answered 503 to creations in an incident of 2026-04-14; whether it had created is not known.
 */
import { z } from 'zod';
import type { Outcome } from '../domain/outcome.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import type { CreateRequest } from './platform.ts';
import { readJson } from './read-json.ts';
import { mediaIdsOf } from './x-create-request.ts';
import { readXError, type XError } from './x-error.ts';
import { codeOf, readRefusal, said } from './x-refusal.ts';

/**
 * Pure: one outcome for every result.
 * @param request what was sent
 * @param now the instant the answer was read; decides retry times
 * @param permalink where a post with this id is seen
 */
export function readCreateAnswer(
  request: CreateRequest,
  result: HttpResult,
  now: Date,
  permalink: (id: string) => string,
): Outcome {
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
      return readAnswer(request, result, now, permalink);
    default:
      return unreachable(result);
  }
}

export const NOT_SENT = {
  'dns-failure': 'The name of X’s server could not be looked up. Nothing was sent.',
  'connection-refused': 'X’s server refused the connection. Nothing was sent.',
  'tls-failure': 'No secure connection to X could be made. Nothing was sent.',
  'connect-timeout': 'X’s server could not be reached in time. Nothing was sent.',
  'aborted-before-sending': 'This server was stopping. Nothing was sent.',
  'connect-failure': 'No connection to X could be made. Nothing was sent.',
};
const NO_ANSWER = {
  'answer-timeout': 'The post was sent, but X did not answer in time.',
  'connection-lost': 'The post was sent, but the connection broke before X answered.',
  'aborted-after-sending': 'This server was stopped after the post was sent and before X answered.',
  'malformed-answer': 'The post was sent, but what came back cannot be read.',
};
const LOOK_FIRST = 'It may be live: look at the account before it is sent again.';

function readAnswer(request: CreateRequest, answer: HttpAnswer, now: Date, permalink: (id: string) => string): Outcome {
  const { status } = answer;
  if (status >= 200 && status <= 299) return readSuccess(answer, permalink);

  const error = readXError(answer);
  const unknown: Outcome = {
    kind: 'unknown',
    httpStatus: status,
    errorCode: codeOf(error, status),
    errorMessage: `X did not say whether it took the post: ${said(error, status)}. ${LOOK_FIRST}`,
  };
  if (!error.isOwn && status !== 401 && status !== 429) return unknown;
  if (status >= 400 && status <= 499 && isDuplicate(error)) {
    return {
      kind: 'duplicate',
      httpStatus: status,
      errorCode: 'duplicate-content',
      errorMessage:
        'X refused the post because the same text was posted on this account recently. Change the text to publish it again.',
      externalId: null,
      permalink: null,
    };
  }
  if (mediaIdsOf(request).length > 0 && isMissingMedia(status, error)) {
    return {
      kind: 'rejected',
      httpStatus: status,
      errorCode: MEDIA_GONE,
      errorMessage: `X no longer has an image of this post: ${said(error, status)}.`,
    };
  }
  return readRefusal(answer, 'post', now) ?? unknown;
}

/** The error code of a refusal that uploading the images anew may repair. */
export const MEDIA_GONE = 'media-gone';

// Errors may stand beside the data, about parts of a post that X could not show us; the id counts all the same.
const created = z.object({ data: z.object({ id: z.string().regex(/^\d{1,19}$/) }) });

function readSuccess(answer: HttpAnswer, permalink: (id: string) => string): Outcome {
  const body = created.safeParse(readJson(answer.body));
  if (!body.success) {
    return {
      kind: 'unknown',
      httpStatus: answer.status,
      errorCode: 'accepted-without-id',
      errorMessage:
        'X accepted the post but did not say where it is. Look at the account and paste its link; do not send it again.',
    };
  }
  const { id } = body.data.data;
  return { kind: 'accepted', httpStatus: answer.status, externalId: id, permalink: permalink(id) };
}

/** Told by its wording alone (the type is `about:blank`), or by the older shape's number. It names no post. */
function isDuplicate(error: XError): boolean {
  return error.code === 187 || /duplicate content/i.test(error.wording);
}

/** Media ids end after a day, and X has lost some earlier (an incident of 2026-01-29). */
function isMissingMedia(status: number, error: XError): boolean {
  // Images are all that our requests refer to.
  if (status === 404) return error.problem === 'resource-not-found';
  return status === 400 && /media.*(ids? (is|are) invalid|not found|expired)/i.test(error.wording);
}

function unreachable(value: never): never {
  throw new Error(`not a result: ${JSON.stringify(value)}`);
}
