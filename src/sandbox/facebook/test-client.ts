/** Drives the sandbox's Facebook over HTTP as an app would, for tests only. Shares nothing with the product's own client. */
import { deflateSync } from 'node:zlib';
import { z } from 'zod';
import type { Sandbox } from '../sandbox.ts';

export const REDIRECT_URI = 'http://localhost:3000/connect/facebook/callback';
export const AMARA = '10210000000000011';
export const JONAS = '10210000000000022';
export const MEI = '10210000000000033';
export const RAFAEL = '10210000000000044';
export const COFFEE = '102000000000101';
export const LIBRARY = '102000000000202';
export const CYCLING = '102000000000303';
export const THEATRE = '102000000000404';
export const SCOPE = 'pages_show_list,pages_read_engagement,pages_manage_posts,business_management';
export const APP = { client_id: 'sandbox-client', client_secret: 'sandbox-secret' };

export function dialogUrl(sandbox: Sandbox, parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    client_id: APP.client_id,
    redirect_uri: REDIRECT_URI,
    state: 'st-1',
    scope: SCOPE,
    response_type: 'code',
    ...parameters,
  });
  return `${sandbox.facebook.dialogUrl}/v26.0/dialog/oauth?${query}`;
}

/** Where the dialog sends a person back to. */
export async function consent(sandbox: Sandbox, parameters: Record<string, string> = {}): Promise<URL> {
  const response = await fetch(dialogUrl(sandbox, { sandbox_member: AMARA, ...parameters }), { redirect: 'manual' });
  return new URL(response.headers.get('location') ?? '');
}

export async function authorizationCode(sandbox: Sandbox, parameters: Record<string, string> = {}): Promise<string> {
  return (await consent(sandbox, parameters)).searchParams.get('code') ?? '';
}

export function exchange(sandbox: Sandbox, parameters: Record<string, string>): Promise<Response> {
  const query = new URLSearchParams({ ...APP, ...parameters });
  return fetch(`${sandbox.facebook.graphUrl}/v26.0/oauth/access_token?${query}`);
}

const tokenSchema = z.object({ access_token: z.string() });

/** A person's short-lived token. */
export async function signIn(sandbox: Sandbox, parameters: Record<string, string> = {}): Promise<string> {
  const code = await authorizationCode(sandbox, parameters);
  const response = await exchange(sandbox, { redirect_uri: REDIRECT_URI, code });
  return tokenSchema.parse(await response.json()).access_token;
}

export async function longLived(sandbox: Sandbox, token: string): Promise<string> {
  const response = await exchange(sandbox, { grant_type: 'fb_exchange_token', fb_exchange_token: token });
  return tokenSchema.parse(await response.json()).access_token;
}

const pagesSchema = z.object({ data: z.array(z.object({ id: z.string(), access_token: z.string() })) });

export async function pageTokens(sandbox: Sandbox, token: string): Promise<Map<string, string>> {
  const response = await get(sandbox, token, '/me/accounts', { fields: 'id,access_token' });
  const { data } = pagesSchema.parse(await response.json());
  return new Map(data.map(({ id, access_token }) => [id, access_token]));
}

/** The token of a Page that lasts, from the dialog on. */
export async function connect(
  sandbox: Sandbox,
  page = COFFEE,
  parameters: Record<string, string> = {},
): Promise<string> {
  const token = await longLived(sandbox, await signIn(sandbox, parameters));
  return (await pageTokens(sandbox, token)).get(page) ?? '';
}

/** @param token empty for none */
export function get(
  sandbox: Sandbox,
  token: string,
  path: string,
  parameters: Record<string, string> = {},
  version = '/v26.0',
): Promise<Response> {
  const query = new URLSearchParams({ ...parameters, ...(token === '' ? {} : { access_token: token }) });
  return fetch(`${sandbox.facebook.graphUrl}${version}${path}?${query}`);
}

/** As a form, with the token in the header. */
export function post(
  sandbox: Sandbox,
  token: string,
  path: string,
  parameters: Record<string, string> | URLSearchParams | FormData,
): Promise<Response> {
  const body = parameters instanceof FormData ? parameters : new URLSearchParams(parameters);
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`${sandbox.facebook.graphUrl}/v26.0${path}`, { method: 'POST', headers, body });
}

export function createPost(
  sandbox: Sandbox,
  token: string,
  message: string,
  parameters: Record<string, string> = {},
): Promise<Response> {
  return post(sandbox, token, '/me/feed', { message, ...parameters });
}

const idSchema = z.looseObject({ id: z.string(), post_id: z.string().optional() });

export async function idOf(response: Response | Promise<Response>): Promise<string> {
  return idSchema.parse(await (await response).json()).id;
}

export function uploadPhoto(
  sandbox: Sandbox,
  token: string,
  bytes: Buffer = png(),
  parameters: Record<string, string> = { published: 'false' },
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(parameters)) form.set(name, value);
  form.set('source', new Blob([new Uint8Array(bytes)], { type: 'image/png' }), 'photo.png');
  return post(sandbox, token, '/me/photos', form);
}

/** A whole PNG; `extra` chunks stand before its pixels. */
export function png(width = 2, height = 3, extra: readonly [type: string, data: Buffer][] = []): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const pixels = deflateSync(Buffer.alloc((width + 1) * height));
  const chunks: readonly [string, Buffer][] = [['IHDR', header], ...extra, ['IDAT', pixels], ['IEND', Buffer.alloc(0)]];
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ...chunks.map(([type, data]) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(data.length);
      // Nobody here reads the checksum.
      return Buffer.concat([length, Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
    }),
  ]);
}

export function setFault(sandbox: Sandbox, fault: string, details: object = {}): Promise<Response> {
  return fetch(`${sandbox.url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ platform: 'facebook', account: COFFEE, fault, ...details }),
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
  const response = await fetch(`${sandbox.url}/sandbox/ledger?platform=facebook`);
  return ledgerSchema.parse(await response.json()).entries;
}

const requestsSchema = z.object({ requests: z.array(z.looseObject({ status: z.number().nullable() })) });

export async function requests(sandbox: Sandbox): Promise<z.infer<typeof requestsSchema>['requests']> {
  const response = await fetch(`${sandbox.url}/sandbox/requests?platform=facebook`);
  return requestsSchema.parse(await response.json()).requests;
}

const errorSchema = z.object({
  error: z.looseObject({ message: z.string(), type: z.string(), code: z.number(), fbtrace_id: z.string() }),
});

/** What a refusal says, its code with the subcode. */
export async function refusal(
  response: Response | Promise<Response>,
): Promise<{ status: number; code: string; message: string }> {
  const { status } = await response;
  const { error } = errorSchema.parse(await (await response).json());
  const { code, error_subcode: subcode, message } = error;
  return { status, code: subcode === undefined ? String(code) : `${code}/${subcode}`, message };
}
