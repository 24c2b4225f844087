/**
 * X's refusals. Shapes: problem details (`title`, `detail`, `type`, `status`), bare ones with the type `about:blank`; invalid
 * requests, which list messages in `errors`; the legacy list of numbered errors; and OAuth's own at the token endpoint.
 */
import type { Answer } from '../transmit.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly answer: Answer;
  /** The code as the request log shows it. */
  readonly code: string;

  constructor(answer: Answer, code: string) {
    super(code);
    this.answer = answer;
    this.code = code;
  }
}

/** The address that problem types begin with until API description 2.166, and since. */
export const PROBLEM_HOST = {
  old: 'https://api.twitter.com/2/problems',
  new: 'https://api.x.com/2/problems',
} as const;

type Names = keyof typeof PROBLEM_HOST;

/** A problem without a type of its own, such as 401 or a missing scope. */
export function bareProblem(status: number, title: string, detail: string = title, code: string = title): ApiError {
  return new ApiError(problem(status, { title, detail, type: 'about:blank', status }), code);
}

/** Captured; unlike LinkedIn, X does not name the post that is already there. */
export function duplicateContent(): ApiError {
  const detail = 'You are not allowed to create a Tweet with duplicate content.';
  return bareProblem(403, 'Forbidden', detail, 'duplicate');
}

/** The prepaid credit is used up (observed, with either status). */
export function creditsDepleted(status: 402 | 403): ApiError {
  const body = {
    account_id: 1_900_000_000_000,
    title: 'CreditsDepleted',
    detail: 'Your enrolled account [1900000000000] does not have any credits to fulfill this request.',
    type: 'https://api.twitter.com/2/problems/credits',
  };
  return new ApiError(problem(status, body), 'credits');
}

/** 403 for what policy forbids; X's words do not say more. */
export function notPermitted(): ApiError {
  return bareProblem(403, 'Forbidden', 'You are not permitted to perform this action.');
}

/** @param parameters what was wrong: each parameter's name with the values sent */
export function invalidRequest(
  names: Names,
  message: string,
  parameters: Readonly<Record<string, readonly string[]>> = {},
): ApiError {
  return invalidRequests(names, [{ parameters, message }]);
}

export function invalidRequests(
  names: Names,
  errors: readonly { parameters: Readonly<Record<string, readonly string[]>>; message: string }[],
): ApiError {
  const body = {
    errors,
    title: 'Invalid Request',
    detail: 'One or more parameters to your request was invalid.',
    type: `${PROBLEM_HOST[names]}/invalid-request`,
  };
  return new ApiError(problem(400, body), 'invalid-request');
}

/** What stands for something that is not there: beside data in a 200, or alone in a 404. */
export function notFoundDetails(names: Names, resource: 'tweet' | 'user' | 'media', parameter: string, id: string) {
  return {
    value: id,
    detail: `Could not find ${resource} with ${parameter}: [${id}].`,
    title: 'Not Found Error',
    resource_type: resource,
    parameter,
    resource_id: id,
    type: `${PROBLEM_HOST[names]}/resource-not-found`,
  };
}

export function notFound(names: Names, resource: 'tweet' | 'media', parameter: string, id: string): ApiError {
  const body = { ...notFoundDetails(names, resource, parameter, id), status: 404 };
  return new ApiError(problem(404, body), 'resource-not-found');
}

/** The quota's answer as documented; a 429 from the fault switch has the shape that was observed. */
export function rateLimited(): ApiError {
  return new ApiError({ status: 429, body: { errors: [{ code: 88, message: 'Rate limit exceeded' }] } }, 'rate-limit');
}

export function oauthError(status: number, error: string, description: string): ApiError {
  return new ApiError({ status, body: { error, error_description: description } }, error);
}

function problem(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/problem+json; charset=utf-8' }, body };
}
