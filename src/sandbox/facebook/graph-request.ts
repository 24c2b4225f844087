/**
 * Reads a call as Graph does: parameters from the query and from the body, which may be a form, JSON or multipart, and the
 * token from either or from the Authorization header. What Graph does not know it ignores.
 */
import type { Request } from 'express';
import { GraphError, invalidParameter } from './graph-error.ts';

export interface GraphCall {
  readonly request: Request;
  /** Strings; from a JSON body anything. The body's value wins over the query's. */
  readonly parameters: ReadonlyMap<string, unknown>;
  /** Files of a multipart body, by the name of their part. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The body as text, as it came but for the token in it; of a multipart body's files only the size. */
  readonly bodyText: string;
  readonly accessToken: string | null;
}

type Body = Pick<GraphCall, 'files' | 'bodyText'> & { readonly fields: Iterable<readonly [string, unknown]> };

/** @throws GraphError 100 for a body that is not what its content type says */
export async function readCall(request: Request): Promise<GraphCall> {
  const query = Object.entries(request.query).map(([name, value]) => [name, last(value)] as const);
  const { fields, files, bodyText } = await readBody(request);
  const parameters = new Map<string, unknown>([...query, ...fields]);
  const header = /^(?:Bearer|OAuth) +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
  const parameter = parameters.get('access_token');
  const accessToken = typeof parameter === 'string' && parameter !== '' ? parameter : (header ?? null);
  // The ledger and the journal keep the body, and must hold nothing that opens anything.
  const safeText = accessToken === null ? bodyText : bodyText.replaceAll(accessToken, '(the token)');
  return { request, parameters, files, bodyText: safeText, accessToken };
}

function last(value: unknown): unknown {
  return Array.isArray(value) ? value.at(-1) : value;
}

async function readBody(request: Request): Promise<Body> {
  const bytes: unknown = request.body;
  const none = { fields: [], files: new Map<string, Uint8Array>(), bodyText: '' };
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) return none;
  const contentType = request.get('content-type') ?? '';
  if (/^multipart\/form-data *(;|$)/i.test(contentType)) return readMultipart(bytes, contentType);
  const bodyText = bytes.toString('utf8');
  if (/^application\/json *(;|$)/i.test(contentType)) return { ...none, bodyText, fields: readJson(bodyText) };
  if (/^application\/x-www-form-urlencoded *(;|$)/i.test(contentType))
    return { ...none, bodyText, fields: new URLSearchParams(bodyText) };
  // Graph takes no parameters from other bodies; the call then lacks what the sender meant to say.
  return { ...none, bodyText };
}

function readJson(text: string): [string, unknown][] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidParameter('The request body is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidParameter('The request body must be a JSON object');
  return Object.entries(value);
}

async function readMultipart(bytes: Buffer, contentType: string): Promise<Body> {
  const headers = { 'content-type': contentType };
  const form = await new Response(new Uint8Array(bytes), { headers }).formData().catch((cause: unknown) => {
    if (cause instanceof TypeError) throw invalidParameter('The request body is not valid multipart/form-data');
    throw cause;
  });
  const fields: [string, string][] = [];
  const files = new Map<string, Uint8Array>();
  const lines: string[] = [];
  for (const [name, value] of form) {
    if (typeof value === 'string') {
      fields.push([name, value]);
      lines.push(`${name}=${value}`);
    } else {
      files.set(name, new Uint8Array(await value.arrayBuffer()));
      lines.push(`${name}=(a file of ${value.size} bytes)`);
    }
  }
  return { fields, files, bodyText: lines.join('\n') };
}

/** A parameter as text. @returns null when it is absent */
export function textOf({ parameters }: GraphCall, name: string): string | null {
  const value = parameters.get(name);
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw invalidParameter(`Param ${name} must be a string`);
}

export function flagOf(call: GraphCall, name: string, fallback: boolean): boolean {
  const text = textOf(call, name);
  if (text === null || text === '') return fallback;
  if (/^(true|1)$/i.test(text)) return true;
  if (/^(false|0)$/i.test(text)) return false;
  throw invalidParameter(`Param ${name} must be a boolean`);
}

export function wholeNumberOf(call: GraphCall, name: string): number | null {
  const text = textOf(call, name);
  if (text === null || text === '') return null;
  if (!/^\d{1,12}$/.test(text)) throw invalidParameter(`Param ${name} must be an integer`);
  return Number(text);
}

/** @param missing Graph's code for this parameter's absence */
export function requiredText(call: GraphCall, name: string, missing: number): string {
  const text = textOf(call, name) ?? '';
  if (text === '') throw new GraphError(missing, `Missing ${name} parameter.`);
  return text;
}
