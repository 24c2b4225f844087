/** Drives the sandbox's X over HTTP as an app would, for tests only. Shares nothing with the product's own client. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Sandbox } from '../sandbox.ts';

export const REDIRECT_URI = 'http://127.0.0.1:3000/connect/x/callback';
export const AMARA = { id: '1504823016379125761', username: 'amara_okafor' };
export const JONAS = { id: '2719046385', username: 'jlindqvist' };
export const COFFEE = { id: '1398260547713462272', username: 'northwindcoffee' };
export const ALL_SCOPES = 'tweet.read tweet.write users.read media.write offline.access';
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const UNAUTHORIZED = {
  status: 401,
  body: { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' },
};
export const FORBIDDEN = {
  status: 403,
  body: { title: 'Forbidden', type: 'about:blank', status: 403, detail: 'Forbidden' },
};

/** The PNG of one pixel. */
export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

export function authorizeUrl(sandbox: Sandbox, parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'sandbox-client',
    redirect_uri: REDIRECT_URI,
    scope: ALL_SCOPES,
    state: 'st-1',
    code_challenge: challengeOf(VERIFIER),
    code_challenge_method: 'S256',
    ...parameters,
  });
  return `${sandbox.x.authorizeUrl}?${query}`;
}

export async function authorizationCode(sandbox: Sandbox, parameters: Record<string, string> = {}): Promise<string> {
  const response = await fetch(authorizeUrl(sandbox, { sandbox_user: AMARA.id, ...parameters }), {
    redirect: 'manual',
  });
  return new URL(response.headers.get('location') ?? '').searchParams.get('code') ?? '';
}

export const BASIC = { authorization: `Basic ${Buffer.from('sandbox-client:sandbox-secret').toString('base64')}` };

/** Posts a form to the token endpoint, or another below `/2/oauth2/`. An empty value leaves the field out. */
export function oauth(
  sandbox: Sandbox,
  form: Record<string, string>,
  headers: Record<string, string> = BASIC,
  path = 'token',
): Promise<Response> {
  const given = Object.entries(form).filter(([, value]) => value !== '');
  return fetch(`${sandbox.x.apiUrl}/2/oauth2/${path}`, { method: 'POST', headers, body: new URLSearchParams(given) });
}

export function exchange(
  sandbox: Sandbox,
  form: Record<string, string>,
  headers: Record<string, string> = BASIC,
): Promise<Response> {
  const whole = {
    grant_type: 'authorization_code',
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
    ...form,
  };
  return oauth(sandbox, whole, headers);
}

export function refresh(sandbox: Sandbox, refreshToken: string): Promise<Response> {
  return oauth(sandbox, { grant_type: 'refresh_token', refresh_token: refreshToken });
}

const tokensSchema = z.looseObject({
  access_token: z.string(),
  refresh_token: z.string().default(''),
  scope: z.string(),
});

export async function tokensOf(response: Promise<Response>): Promise<z.infer<typeof tokensSchema>> {
  return tokensSchema.parse(await (await response).json());
}

/** @returns an access token */
export async function connect(sandbox: Sandbox, parameters: Record<string, string> = {}): Promise<string> {
  return (await tokensOf(exchange(sandbox, { code: await authorizationCode(sandbox, parameters) }))).access_token;
}

export function api(sandbox: Sandbox, token: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, ...init.headers };
  return fetch(`${sandbox.x.apiUrl}${path}`, { ...init, headers });
}

export function post(sandbox: Sandbox, token: string, path: string, body: unknown): Promise<Response> {
  return api(sandbox, token, path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export function createPost(sandbox: Sandbox, token: string, body: unknown): Promise<Response> {
  return post(sandbox, token, '/2/tweets', body);
}

const createdSchema = z.object({ data: z.looseObject({ id: z.string(), text: z.string() }) });

/** Creates a post that must be accepted. */
export async function posted(sandbox: Sandbox, token: string, body: unknown): Promise<{ id: string; text: string }> {
  const response = await createPost(sandbox, token, body);
  if (response.status !== 201) throw new Error(`Not accepted: ${response.status} ${await response.text()}`);
  return createdSchema.parse(await response.json()).data;
}

/** Uploads in one multipart request. */
export function upload(
  sandbox: Sandbox,
  token: string,
  bytes: Buffer,
  fields: Record<string, string> = { media_category: 'tweet_image' },
): Promise<Response> {
  const body = new FormData();
  body.set('media', new Blob([new Uint8Array(bytes)]), 'picture');
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return api(sandbox, token, '/2/media/upload', { method: 'POST', body });
}

const mediaSchema = z.object({ data: z.looseObject({ id: z.string(), media_key: z.string() }) });

/** Uploads what must be accepted. @returns its id */
export async function uploaded(
  sandbox: Sandbox,
  token: string,
  bytes: Buffer = PIXEL,
  category = 'tweet_image',
): Promise<string> {
  return mediaId(upload(sandbox, token, bytes, { media_category: category }));
}

export async function mediaId(response: Promise<Response>): Promise<string> {
  return mediaSchema.parse(await (await response).json()).data.id;
}

export function setFault(sandbox: Sandbox, fault: string, details: object = {}): Promise<Response> {
  return fetch(`${sandbox.url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ platform: 'x', account: AMARA.id, fault, ...details }),
  });
}

const ledgerSchema = z.object({
  entries: z.array(
    z.looseObject({
      id: z.string(),
      text: z.string(),
      images: z.array(z.object({ url: z.string(), altText: z.string() })),
    }),
  ),
});

export async function ledger(sandbox: Sandbox): Promise<z.infer<typeof ledgerSchema>['entries']> {
  return ledgerSchema.parse(await (await fetch(`${sandbox.url}/sandbox/ledger?platform=x`)).json()).entries;
}

export async function requests(sandbox: Sandbox): Promise<unknown> {
  return (await (await fetch(`${sandbox.url}/sandbox/requests?platform=x`)).json()).requests;
}
