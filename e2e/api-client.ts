import { consentAs, Visitor } from '../src/testing/visitor.ts';

export interface ApiAnswer {
  status: number;
  location: string | null;
  text: string;
  /** The parsed body; null when it is not JSON. */
  json: unknown;
}

/** Somebody with a cookie jar who talks HTTP to the panel's API, as a script of an operator would. */
export class ApiClient {
  readonly #visitor: Visitor;
  readonly #origin: string;

  constructor(base: string) {
    this.#visitor = new Visitor(base, base);
    this.#origin = base;
  }

  get(path: string): Promise<ApiAnswer> {
    return this.#send(path, {});
  }

  postForm(path: string, fields: Record<string, string>): Promise<ApiAnswer> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields) });
  }

  postJson(path: string, body: unknown): Promise<ApiAnswer> {
    return this.#send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });
  }

  postMultipart(path: string, fields: Record<string, string>): Promise<ApiAnswer> {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return this.#send(path, { method: 'POST', body });
  }

  postBytes(path: string, body: Uint8Array): Promise<ApiAnswer> {
    return this.#send(path, { method: 'POST', body: new Uint8Array(body) });
  }

  signIn(email: string, password: string): Promise<ApiAnswer> {
    return this.postForm('/login', { email, password });
  }

  /** Goes through a consent at the sandbox as one of its members, from a path of ours to our callback. */
  async consent(path: string, member: string): Promise<ApiAnswer> {
    const start = await this.get(path);
    return this.get(await consentAs(start.location ?? '', member));
  }

  /** Without Sec-Fetch-Site: scripts and old browsers are judged by their Origin. */
  async #send(path: string, init: RequestInit): Promise<ApiAnswer> {
    const headers = new Headers(init.headers);
    if (init.method === 'POST') headers.set('Origin', this.#origin);
    const { status, location, text, headers: answered } = await this.#visitor.send(path, { ...init, headers });
    const isJson = answered.get('content-type')?.includes('json') ?? false;
    return { status, location, text, json: isJson ? JSON.parse(text) : null };
  }
}
