/** What every call of LinkedIn's Rest.li resources must carry. */
import type { Request } from 'express';
import type { z } from 'zod';
import { ApiError, refusal, schemaErrors } from './api-error.ts';
import { requireActiveVersion } from './api-version.ts';

/** Headers of `/rest/…`. @returns the version as LinkedIn names it in messages, with a day */
export function requireRestHeaders(request: Request, now: Date): string {
  const version = `${requireActiveVersion(request.get('linkedin-version'), now)}01`;
  requireProtocol(request);
  return version;
}

/** The default protocol is 1.0.0, whose URLs and bodies mean something else. */
export function requireProtocol(request: Request): void {
  if (request.get('x-restli-protocol-version') === '2.0.0') return;
  const message = 'This resource is served with X-Restli-Protocol-Version 2.0.0';
  throw new ApiError({ status: 400, body: { status: 400, message } }, 'PROTOCOL_VERSION');
}

export function requireQuery(request: Request, allowed: readonly string[]): void {
  const surplus = Object.keys(request.query).find((name) => !allowed.includes(name));
  if (surplus !== undefined) throw refusal(400, 'QUERY_PARAM_NOT_ALLOWED', `Query parameter ${surplus} is not allowed`);
}

/** The body as text, exactly as it arrived (see the text parser in linkedin.ts). */
export function bodyText(request: Request): string {
  return typeof request.body === 'string' ? request.body : '';
}

/**
 * Reads a JSON body against a schema.
 * @throws ApiError 415 for another content type, 400 for what is not JSON, 422 listing every schema violation
 */
export function readJson<Output>(request: Request, schema: z.ZodType<Output>): Output {
  if (!/^application\/json *(;|$)/i.test(request.get('content-type') ?? '')) {
    throw new ApiError({ status: 415, body: { status: 415, message: 'Unsupported Media Type' } }, 'CONTENT_TYPE');
  }
  let value: unknown;
  try {
    value = JSON.parse(bodyText(request));
  } catch (cause) {
    const message = `Unable to parse the request body: ${cause instanceof Error ? cause.message : 'not JSON'}`;
    throw new ApiError({ status: 400, body: { status: 400, message } }, 'MALFORMED_JSON');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw schemaErrors(result.error.issues.flatMap((issue) => describe(issue, value)));
}

/** Rest.li's wording, as captured from the real API. */
function describe(issue: z.core.$ZodIssue, body: unknown): string[] {
  const path = `/${issue.path.map(String).join('/')}`;
  const found = valueAt(body, issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${path === '/' ? '' : path}/${key} :: unrecognized field found but not allowed`);
  }
  if (found === undefined) return [`${path} :: field is required but not found and has no default value`];
  if (issue.code === 'invalid_value') return [`${path} :: "${String(found)}" is not an enum symbol`];
  if (issue.code === 'invalid_type')
    return [`${path} :: ${JSON.stringify(found)} cannot be coerced to ${issue.expected}`];
  return [`${path} :: ${issue.message}`];
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    body,
  );
}
