/** Drives the sandbox over HTTP as an app would, for tests only. Shares nothing with the product's own client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox.ts';

export const REDIRECT_URI = 'http://localhost:3000/connect/linkedin/callback';
export const AMARA = { sub: 'aMr4OkF0r1', urn: 'urn:li:person:aMr4OkF0r1', email: 'amara.okafor@example.com' };
export const MEI = { sub: 'm3iTnK_a9c', urn: 'urn:li:person:m3iTnK_a9c' };
export const COFFEE = 'urn:li:organization:1001';
export const LIBRARY = 'urn:li:organization:1002';
export const MEMBER_SCOPE = 'openid profile email w_member_social';
export const PAGE_SCOPE = `${MEMBER_SCOPE} w_organization_social r_organization_social rw_organization_admin`;

/** A clock that stands still until told. */
export class HandClock {
  #now: number;
  constructor(iso: string) {
    this.#now = Date.parse(iso);
  }
  now(): Date {
    return new Date(this.#now);
  }
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A sandbox that ends with the test. */
export async function sandboxForTest(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const dataDir = options.dataDir ?? (await temporaryDirectory());
  const sandbox = await startSandbox({ port: 0, log: pino({ level: 'silent' }), ...options, dataDir });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** Last month's version for a clock, as LinkedIn writes it. */
export function lastMonth(now: Date): string {
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1));
  return month.toISOString().slice(0, 7).replace('-', '');
}

export function authorizeUrl(sandbox: Sandbox, parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'sandbox-client',
    redirect_uri: REDIRECT_URI,
    scope: MEMBER_SCOPE,
    state: 'st-1',
    ...parameters,
  });
  return `${sandbox.linkedin.oauthUrl}/authorization?${query}`;
}

export async function authorizationCode(sandbox: Sandbox, parameters: Record<string, string> = {}): Promise<string> {
  const url = authorizeUrl(sandbox, { sandbox_member: AMARA.sub, ...parameters });
  const response = await fetch(url, { redirect: 'manual' });
  return new URL(response.headers.get('location') ?? '').searchParams.get('code') ?? '';
}

export function exchange(sandbox: Sandbox, form: Record<string, string>, headers = {}): Promise<Response> {
  return fetch(`${sandbox.linkedin.oauthUrl}/accessToken`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      redirect_uri: REDIRECT_URI,
      client_id: 'sandbox-client',
      client_secret: 'sandbox-secret',
      ...form,
    }),
  });
}

const tokenSchema = z.looseObject({ access_token: z.string(), refresh_token: z.string().optional() });

export async function connect(sandbox: Sandbox, parameters: Record<string, string> = {}): Promise<string> {
  const response = await exchange(sandbox, { code: await authorizationCode(sandbox, parameters) });
  return tokenSchema.parse(await response.json()).access_token;
}

export function restHeaders(token: string, version = lastMonth(new Date())): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    'linkedin-version': version,
    'x-restli-protocol-version': '2.0.0',
    'content-type': 'application/json',
  };
}

export function postBody(commentary: string, extra: object = {}): Record<string, unknown> {
  return {
    author: AMARA.urn,
    commentary,
    visibility: 'PUBLIC',
    distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
    lifecycleState: 'PUBLISHED',
    isReshareDisabledByAuthor: false,
    ...extra,
  };
}

export function createPost(sandbox: Sandbox, token: string, body: unknown, headers = {}): Promise<Response> {
  return fetch(`${sandbox.linkedin.apiUrl}/rest/posts`, {
    method: 'POST',
    headers: { ...restHeaders(token), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export function api(sandbox: Sandbox, token: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${sandbox.linkedin.apiUrl}${path}`, { ...init, headers: { ...restHeaders(token), ...init.headers } });
}

export function setFault(sandbox: Sandbox, fault: string, details: object = {}): Promise<Response> {
  return fetch(`${sandbox.url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ platform: 'linkedin', account: AMARA.urn, fault, ...details }),
  });
}

const ledgerSchema = z.object({
  entries: z.array(
    z.looseObject({ id: z.string(), account: z.string(), receivedAt: z.string(), text: z.string(), body: z.string() }),
  ),
});

export async function ledger(sandbox: Sandbox): Promise<z.infer<typeof ledgerSchema>['entries']> {
  const response = await fetch(`${sandbox.url}/sandbox/ledger?platform=linkedin`);
  return ledgerSchema.parse(await response.json()).entries;
}

const requestsSchema = z.object({
  requests: z.array(
    z.looseObject({ status: z.number().nullable(), code: z.string().nullable(), fault: z.string().nullable() }),
  ),
});

export async function requests(sandbox: Sandbox): Promise<z.infer<typeof requestsSchema>['requests']> {
  const response = await fetch(`${sandbox.url}/sandbox/requests?platform=linkedin`);
  return requestsSchema.parse(await response.json()).requests;
}

/** Status and parsed body of an answer, for comparing in one go. */
export async function answer(response: Response | Promise<Response>): Promise<{ status: number; body: unknown }> {
  const { status } = await response;
  const text = await (await response).text();
  return { status, body: text === '' ? '' : JSON.parse(text) };
}
