/**
 * LinkedIn's refusals. Shapes: the gateway's envelope (`status`, `serviceErrorCode`, `code`, `message`), the content
 * service's input errors (`errorDetailType`, `errorDetails.inputErrors`, no top-level code, as captured) and Rest.li's
 * own schema errors (only `message` and `status`, as captured).
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

/** The gateway's envelope. */
export function refusal(status: number, code: string, message: string, serviceErrorCode?: number): ApiError {
  return new ApiError(
    { status, body: { status, ...(serviceErrorCode === undefined ? {} : { serviceErrorCode }), code, message } },
    code,
  );
}

export function accessDenied(message: string): ApiError {
  return refusal(403, 'ACCESS_DENIED', message, 100);
}

/** A field whose value the content service does not take. */
export function inputError(code: string, fieldPath: string, description: string, status = 400): ApiError {
  return new ApiError(
    {
      status,
      body: {
        errorDetailType: 'com.linkedin.common.error.BadRequest',
        message: description,
        errorDetails: { inputErrors: [{ description, input: { inputPath: { fieldPath } }, code }] },
        status,
      },
    },
    code,
  );
}

/** The captured answer to content that is already there; the only place where LinkedIn names the live post. */
export function duplicateOf(urn: string): ApiError {
  return new ApiError(
    {
      status: 422,
      body: {
        errorDetailType: 'com.linkedin.common.error.BadRequest',
        message: `com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of ${urn}`,
        errorDetails: {
          inputErrors: [{ description: 'Duplicate post is detected', input: {}, code: 'DUPLICATE_POST' }],
        },
        status: 422,
      },
    },
    'DUPLICATE_POST',
  );
}

/** Rest.li checks a body against the resource's schema before the resource sees it, and lists everything it found. */
export function schemaErrors(lines: readonly string[]): ApiError {
  const message = lines.map((line) => `ERROR :: ${line}\n`).join('');
  return new ApiError({ status: 422, body: { message, status: 422 } }, 'SCHEMA');
}
