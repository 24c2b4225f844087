/** What Facebook's answer to "create this post" means. Refusals are read in facebook-refusal.ts. */
import { z } from 'zod';
import type { Outcome } from '../domain/outcome.ts';
import { readRefusal } from './facebook-refusal.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import { readJson } from './read-json.ts';

/**
 * Pure: one outcome for every result.
 * @param now the instant the answer was read; decides retry times
 * @param permalink where a post with this id is seen
 */
export function readCreateAnswer(
  result: HttpResult,
  now: Date,
  pageId: string,
  permalink: (id: string) => string,
): Outcome {
  switch (result.kind) {
    case 'not-sent':
      return notSent(result.reason);
    case 'no-answer':
      return {
        kind: 'unknown',
        httpStatus: null,
        errorCode: result.reason,
        errorMessage: `${NO_ANSWER[result.reason]} It may be live: look at the Page before it is sent again.`,
      };
    case 'answer':
      return result.status >= 200 && result.status <= 299
        ? readSuccess(result, permalink)
        : readRefusal(result, now, { pageId, subject: 'the post', creates: true });
    default:
      return unreachable(result);
  }
}

const NO_ANSWER = {
  'answer-timeout': 'The post was sent, but Facebook did not answer in time.',
  'connection-lost': 'The post was sent, but the connection broke before Facebook answered.',
  'aborted-after-sending': 'This server was stopped after the post was sent and before Facebook answered.',
  'malformed-answer': 'The post was sent, but what came back cannot be read.',
};

const NOT_SENT = {
  'dns-failure': 'The name of Facebook’s server could not be looked up. Nothing was sent.',
  'connection-refused': 'Facebook’s server refused the connection. Nothing was sent.',
  'tls-failure': 'No secure connection to Facebook could be made. Nothing was sent.',
  'connect-timeout': 'Facebook’s server could not be reached in time. Nothing was sent.',
  'aborted-before-sending': 'This server was stopping. Nothing was sent.',
  'connect-failure': 'No connection to Facebook could be made. Nothing was sent.',
};

/** Not one byte left this machine: whatever it was, it may be tried again. */
export function notSent(reason: keyof typeof NOT_SENT): Outcome & { kind: 'unavailable' } {
  return {
    kind: 'unavailable',
    httpStatus: null,
    errorCode: reason,
    errorMessage: NOT_SENT[reason],
    retryAt: null,
  };
}

/**
 * `{page}_{post}`, kept exactly as it came: some edges answer bare ids, and the two are not interchangeable. Source: Meta's
 * Page feed page. Whatever else a 2xx may carry is no post.
 */
export const POST_ID = /^\d{1,20}(?:_\d{1,20})?$/;

const created = z.object({ id: z.string().regex(POST_ID) });

/** The id is in the body only, so a body that cannot be read hides a post that is live. */
function readSuccess(answer: HttpAnswer, permalink: (id: string) => string): Outcome {
  const body = created.safeParse(readJson(answer.body));
  if (!body.success) {
    return {
      kind: 'unknown',
      httpStatus: answer.status,
      errorCode: 'accepted-without-id',
      errorMessage:
        'Facebook accepted the post but did not say where it is. Look at the Page and paste its link; do not send it again.',
    };
  }
  const { id } = body.data;
  return { kind: 'accepted', httpStatus: answer.status, externalId: id, permalink: permalink(id) };
}

function unreachable(value: never): never {
  throw new Error(`not a result: ${JSON.stringify(value)}`);
}
