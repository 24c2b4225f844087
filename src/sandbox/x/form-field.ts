/** Reads the form bodies of the OAuth endpoints. */
import type { Request } from 'express';
import { oauthError } from './problem.ts';

/** @returns '' when it is missing or given twice */
export function field(request: Request, name: string): string {
  const body: unknown = request.body;
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : '';
}

/** @throws ApiError 400 in X's words */
export function requiredField(request: Request, name: string): string {
  const value = field(request, name);
  if (value === '') throw oauthError(400, 'invalid_request', `Missing required parameter [${name}].`);
  return value;
}
