/** Somebody with a cookie jar who talks HTTP to the product, as a script of an operator would. */
export interface Answer {
  status: number;
  location: string | null;
  text: string;
  json: unknown;
}

export class Visitor {
  readonly #base: string;
  #cookies = new Map<string, string>();

  constructor(base: string) {
    this.#base = base;
  }

  get(path: string): Promise<Answer> {
    return this.#send(path, { method: 'GET' });
  }

  postForm(path: string, fields: Record<string, string>): Promise<Answer> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields) });
  }

  postJson(path: string, body: unknown): Promise<Answer> {
    return this.#send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });
  }

  postMultipart(path: string, fields: Record<string, string>): Promise<Answer> {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return this.#send(path, { method: 'POST', body });
  }

  signIn(email: string, password: string): Promise<Answer> {
    return this.postForm('/login', { email, password });
  }

  /** Goes through a consent at the sandbox as one of its members, from a path of ours to our callback. */
  async consent(path: string, member: string): Promise<Answer> {
    const start = await this.get(path);
    const authorize = new URL(start.location ?? '');
    authorize.searchParams.set('sandbox_member', member);
    const back = await fetch(authorize, { redirect: 'manual' });
    return this.get(back.headers.get('location') ?? '');
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    const unsafe = init.method !== 'GET';
    const headers = new Headers(init.headers);
    headers.set('Cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    if (unsafe && !headers.has('Origin')) headers.set('Origin', this.#base);
    const answer = await fetch(new URL(path, this.#base), { ...init, headers, redirect: 'manual' });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=');
      this.#cookies.set(name, value);
    }
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: answer.status,
      location: answer.headers.get('location'),
      text,
      json: isJson ? JSON.parse(text) : null,
    };
  }
}
