export interface Answer {
  status: number;
  headers: Headers;
  /** Null when there is none. */
  location: string | null;
  text: string;
  cookies: readonly string[];
}

/** A browser, as far as our server can tell: keeps cookies, says where its requests come from, follows no redirect by itself. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly #url: string;
  readonly #origin: string;
  readonly #address: string | undefined;

  constructor(url: string, origin: string, address?: string) {
    this.#url = url;
    this.#origin = origin;
    this.#address = address;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, { headers: { accept: 'text/html', ...headers } });
  }

  /** Sends a form of our own pages. */
  post(
    path: string,
    fields: Record<string, string> | [string, string][] = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.send(path, {
      method: 'POST',
      headers: {
        accept: 'text/html',
        origin: this.#origin,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body: new URLSearchParams(fields).toString(),
    });
  }

  signIn(email: string, password: string): Promise<Answer> {
    return this.post('/login', { email, password });
  }

  /** @param path or an address on our server */
  async send(path: string, init: RequestInit = {}): Promise<Answer> {
    const target = new URL(path, this.#url);
    const headers = new Headers(init.headers);
    if (this.cookies.size > 0 && !headers.has('cookie'))
      headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    if (this.#address !== undefined) headers.set('x-forwarded-for', this.#address);
    const response = await fetch(`${this.#url}${target.pathname}${target.search}`, {
      ...init,
      headers,
      redirect: 'manual',
    });
    const cookies = response.headers.getSetCookie();
    for (const cookie of cookies) this.#keep(cookie);
    return {
      status: response.status,
      headers: response.headers,
      location: response.headers.get('location'),
      text: await response.text(),
      cookies,
    };
  }

  #keep(cookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    if (/expires=Thu, 01 Jan 1970/i.test(cookie)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/**
 * Goes to the sandbox's consent page as a member who has agreed before.
 * @param authorizeUrl where our server sent the browser
 * @returns where LinkedIn sends the browser back to
 */
export async function consentAs(
  authorizeUrl: string,
  member: string,
  change: Record<string, string> = {},
): Promise<string> {
  const url = new URL(authorizeUrl);
  for (const [name, value] of Object.entries({ sandbox_member: member, ...change })) url.searchParams.set(name, value);
  const response = await fetch(url, { redirect: 'manual' });
  const location = response.headers.get('location');
  if (location === null) throw new Error(`the sandbox answered ${response.status}: ${await response.text()}`);
  return location;
}
