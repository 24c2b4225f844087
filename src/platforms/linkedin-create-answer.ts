/**
 * What LinkedIn's answer to "create this post" means; refusals that any call can meet are read in linkedin-refusal.ts.
 * Sources: LinkedIn's Posts API, UGC Post API, rate-limit and error pages; bodies captured by public clients.
 *
 * The asymmetry that decides every doubtful row: a refusal that we take for an unknown costs a person a look, an accepted
 * post that we take for a refusal is published twice. Only a status that LinkedIn gives before it creates anything may end
 * in something that is sent again, and only with LinkedIn's own error: a gateway in between may refuse the answer to what
 * LinkedIn has taken. A 401 and a 429 need none; no other status is documented to come without.
 */
import { z } from 'zod';
import type { Outcome } from '../domain/outcome.ts';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import { readLinkedInError } from './linkedin-error.ts';
import { type Reading, readRefusal, said } from './linkedin-refusal.ts';
import { readJson } from './read-json.ts';

/** How long an image that is being processed is given before the post is tried again. */
const PROCESSING_SECONDS = 20;
const DUPLICATE = /DUPLICATE_POST|[Cc]ontent is a duplicate of/;

/**
 * Pure: one outcome for every result.
 * @param now the instant the answer was read; decides retry times
 * @param permalink where a post with this id is seen
 * @param tokenIssuedAt of the token that was sent; null when that is not known
 */
export function readCreateAnswer(
  result: HttpResult,
  now: Date,
  permalink: (urn: string) => string,
  tokenIssuedAt: Date | null = null,
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
      return readAnswer(result, { now, tokenIssuedAt, what: 'the post' }, permalink);
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

function readAnswer(answer: HttpAnswer, reading: Reading, permalink: (urn: string) => string): Outcome {
  const { status } = answer;
  if (status >= 200 && status <= 299) return readSuccess(answer, permalink);

  const error = readLinkedInError(answer);
  if ([400, 409, 422].includes(status) && (error.code === 'DUPLICATE_POST' || DUPLICATE.test(answer.body)))
    return duplicate(answer, permalink);
  const code = error.code ?? `http-${status}`;
  const unknown: Outcome = {
    kind: 'unknown',
    httpStatus: status,
    errorCode: code,
    errorMessage: `LinkedIn did not say whether it took the post: ${said(error, status)}. ${LOOK_FIRST}`,
  };
  if (!error.isOwn && status !== 401 && status !== 429) return unknown;
  if (status === 400 && error.code === 'MEDIA_ASSET_WAITING_UPLOAD') {
    return {
      kind: 'unavailable',
      httpStatus: status,
      errorCode: code,
      errorMessage: 'LinkedIn is still processing an image of this post. Nothing was published yet.',
      retryAt: new Date(reading.now.getTime() + PROCESSING_SECONDS * 1000),
    };
  }
  return readRefusal(answer, reading) ?? unknown;
}

/**
 * The two kinds of URN that a created post has, in the Posts API and in ugcPosts alike; the number has 64 bits. A gateway may
 * answer for LinkedIn with a 2xx and anything, and what is kept as published has to be a post. Source: LinkedIn's Posts API
 * and UGC Post API pages.
 */
export const POST_URN = /^urn:li:(?:share|ugcPost):\d{1,20}$/;

const bodyWithId = z.object({ id: z.string().regex(POST_URN) });

/** The id is in a header, so a broken body does no harm. The JSON id is what the older endpoint adds. */
function readSuccess(answer: HttpAnswer, permalink: (urn: string) => string): Outcome {
  const body = bodyWithId.safeParse(readJson(answer.body));
  const id = restliId(answer.headers['x-restli-id']) ?? (body.success ? body.data.id : null);
  if (id === null) {
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

/** Rest.li may write a key into a header URL-encoded; of a post's URN only the colons can be. */
function restliId(header: string | undefined): string | null {
  const id = header?.trim().replace(/%3a/gi, ':') ?? '';
  return POST_URN.test(id) ? id : null;
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

function unreachable(value: never): never {
  throw new Error(`not a result: ${JSON.stringify(value)}`);
}
