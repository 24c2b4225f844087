/** How requests to X's API must look: JSON bodies against a schema, and queries without surplus or unknown values. */
import type { Request } from 'express';
import type { z } from 'zod';
import { type ApiError, invalidRequest, invalidRequests } from './problem.ts';
import type { XContext } from './x-context.ts';

/** The body as text, exactly as it arrived (see the text parser in x.ts). */
export function bodyText(request: Request): string {
  return typeof request.body === 'string' ? request.body : '';
}

/**
 * Reads a JSON body against a schema.
 * @throws ApiError 400 for another content type, for what is not JSON, and listing every schema violation
 */
export function readJson<Output>(context: XContext, request: Request, text: string, schema: z.ZodType<Output>): Output {
  if (!/^application\/json *(;|$)/i.test(request.get('content-type') ?? '')) {
    const message = 'Requests with bodies must have content-type of application/json.';
    throw invalidRequest(context.options.fieldNames, message);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `Invalid JSON: ${cause instanceof Error ? cause.message : 'it cannot be read'}`;
    throw invalidRequest(context.options.fieldNames, message);
  }
  return readValue(context, value, schema);
}

/** @throws ApiError 400 listing every schema violation, in the words of X's validator (as captured) */
export function readValue<Output>(context: XContext, value: unknown, schema: z.ZodType<Output>): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidRequests(
    context.options.fieldNames,
    result.error.issues.flatMap((issue) => describe(issue, value)),
  );
}

function describe(issue: z.core.$ZodIssue, body: unknown) {
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const about = (where: string, words: string) => ({
    parameters: { [where]: [JSON.stringify(valueAt(body, issue.path)) ?? ''] },
    message: `${where}: ${words}`,
  });
  if (issue.code === 'unrecognized_keys') {
    const words = 'is not defined in the schema and the schema does not allow additional properties';
    return issue.keys.map((key) => about(`$${path}.${key}`, words));
  }
  if (valueAt(body, issue.path) === undefined) return [about(`$${path}`, 'is missing but it is required')];
  if (issue.code === 'invalid_type') {
    return [about(`$${path}`, `${typeName(valueAt(body, issue.path))} found, ${issue.expected} expected`)];
  }
  if (issue.code === 'too_big' && issue.origin === 'array') {
    return [about(`$${path}`, `there must be a maximum of ${issue.maximum} items in the array`)];
  }
  return [about(`$${path}`, issue.message)];
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    body,
  );
}

/** One query parameter as text; undefined when it is absent. @throws ApiError 400 when it is given twice */
export function query(context: XContext, request: Request, name: string): string | undefined {
  const value: unknown = request.query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalidQuery(context, name, JSON.stringify(value), `The query parameter \`${name}\` may be given once`);
}

/** @throws ApiError 400 naming a parameter that the endpoint does not have */
export function requireQuery(context: XContext, request: Request, allowed: readonly string[]): void {
  const surplus = Object.keys(request.query).find((name) => !allowed.includes(name));
  if (surplus === undefined) return;
  const message = `The query parameter [${surplus}] is not one of [${allowed.join(',')}]`;
  throw invalidQuery(context, surplus, String(request.query[surplus]), message);
}

/** A comma-separated parameter. @throws ApiError 400 naming a value that the parameter does not take */
export function queryList(
  context: XContext,
  request: Request,
  name: string,
  allowed: readonly string[],
): readonly string[] {
  const given = query(context, request, name);
  if (given === undefined) return [];
  const values = given.split(',');
  const unknown = values.find((value) => !allowed.includes(value));
  if (unknown === undefined) return values;
  const message = `The \`${name}\` query parameter value [${unknown}] is not one of [${allowed.join(',')}]`;
  throw invalidQuery(context, name, given, message);
}

export function invalidQuery(context: XContext, name: string, value: string, message: string): ApiError {
  return invalidRequest(context.options.fieldNames, message, { [name]: [value] });
}
