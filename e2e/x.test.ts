/** An X account from consent to the live post, through the product as it runs, against a small X of our own. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { animation, png } from '../src/testing/drawn-images.ts';
import { ApiClient } from './api-client.ts';
import { field, newVisit, openBrowser } from './browser.ts';
import { type RunningProduct, SUPERUSER, startProduct } from './running-product.ts';

const CLIENT = { id: 'client-id', secret: 'secret-of-the-app' };
const listAnswer = z.object({
  records: z.array(z.object({ id: z.string(), params: z.record(z.string(), z.unknown()) })),
});
const recordAnswer = z.object({ record: z.object({ params: z.record(z.string(), z.unknown()) }) });
const api = '/admin/api/resources';

let server: Server;
let product: RunningProduct;
let ann: ApiClient;
let teamId: string;
let accountId: string;

// What X knows.
const live: { id: string; text: string; at: Date; mediaIds: string[] }[] = [];
const uploads: { id: string; category: string; file: Uint8Array; altText: string | null; asked: number }[] = [];
let consent: { code: string; challenge: string } | null = null;
let accessToken = '';
let refreshToken = '';
const requests: { path: string; body: string }[] = [];
/** What the next creation is answered, and whether X publishes all the same. */
let fault: { status: number; body?: unknown; headers?: Record<string, string>; commit?: true } | null = null;

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  product = await startProduct({
    X_CLIENT_ID: CLIENT.id,
    X_CLIENT_SECRET: CLIENT.secret,
    X_AUTHORIZE_URL: `${url}/i/oauth2/authorize`,
    X_API_URL: url,
  });
  ann = new ApiClient(product.url);
  await ann.signIn(SUPERUSER.email, SUPERUSER.password);
  teamId = (await list('Team'))[0]?.id ?? '';
}, 60_000);
afterAll(async () => {
  await product.stop();
  server.closeAllConnections();
  server.close();
});

async function list(resource: string, query = '') {
  return listAnswer.parse((await ann.get(`${api}/${resource}/actions/list${query}`)).json).records;
}

/** What a person does at X: looks at what is asked, and allows it. */
async function connect(): Promise<void> {
  const page = new URL((await ann.get(`/connect/x?team=${teamId}`)).location ?? '');
  const asked = Object.fromEntries(page.searchParams);
  expect(asked).toMatchObject({
    response_type: 'code',
    client_id: CLIENT.id,
    redirect_uri: `${product.url}/connect/x/callback`,
    scope: 'tweet.read tweet.write users.read offline.access media.write',
    code_challenge_method: 'S256',
  });
  consent = { code: randomUUID(), challenge: asked.code_challenge ?? '' };
  const back = new URL(asked.redirect_uri ?? '');
  back.searchParams.set('code', consent.code);
  back.searchParams.set('state', asked.state ?? '');
  expect(await ann.get(back.href)).toMatchObject({ status: 302, location: '/admin/resources/ConnectedAccount' });
}

/** Publishes now and waits for a status. @returns the publication */
async function publish(
  fields: { text: string; linkUrl?: string; media?: { id: string; altText?: string }[] },
  status: string,
): Promise<Record<string, unknown>> {
  const created = await ann.postJson(`${api}/Post/actions/new`, { ...fields, accounts: [accountId] });
  const id = String(recordAnswer.parse(created.json).record.params.id);
  await ann.postJson(`${api}/Post/records/${id}/publishNow`, {});
  let seen: unknown;
  for (let tries = 0; tries < 300; tries++) {
    const [publication] = await list('Publication', `?filters.post=${id}`);
    seen = publication?.params;
    if (publication?.params.status === status) return publication.params;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not become ${status}: ${JSON.stringify(seen)}`);
}

/** Puts an image into the product. @returns its id */
async function add(bytes: Uint8Array): Promise<string> {
  const { json } = await ann.postBytes(`/media?team=${teamId}`, bytes);
  return z.object({ id: z.string() }).parse(json).id;
}

const sent = (text: string) =>
  requests.filter(({ path, body }) => path === 'POST /2/tweets' && body === JSON.stringify({ text }));
const refreshes = () => requests.filter(({ body }) => body.includes('grant_type=refresh_token'));
const account = async () => (await list('ConnectedAccount'))[0];

describe('an X account', () => {
  it('is connected with PKCE, by its own name', async () => {
    await connect();
    const connected = await account();
    accountId = connected?.id ?? '';
    expect(connected?.params).toMatchObject({
      platform: 'x',
      externalId: '7',
      displayName: 'Library (@library)',
      status: 'active',
    });
  });

  it('has a post with its link in the text, once', async () => {
    const publication = await publish({ text: 'Open until eight', linkUrl: 'https://example.com/hours' }, 'published');
    expect(live).toMatchObject([{ text: 'Open until eight\nhttps://example.com/hours', id: publication.externalId }]);
    expect(publication.permalink).toBe(`https://x.com/i/web/status/${live[0]?.id}`);
  });

  it('has a post with pictures and what they show', async () => {
    const [one, two] = [await add(await png(30)), await add(await png(31))];
    const media = [{ id: two, altText: 'The door' }, { id: one }];
    const publication = await publish({ text: 'Two pictures', media }, 'published');
    const post = live.find(({ id }) => id === publication.externalId);
    const shown = post?.mediaIds.map((id) => uploads.find((upload) => upload.id === id));
    expect(shown).toMatchObject([
      { category: 'tweet_image', altText: 'The door' },
      { category: 'tweet_image', altText: null },
    ]);
    // PNGs, whole: the second is one pixel narrower than the first.
    expect(shown?.map((upload) => Buffer.from(upload?.file ?? []).readUInt32BE(16))).toEqual([31, 30]);
  });

  it('has a post with an animation as soon as X has processed it', async () => {
    const media = [{ id: await add(await animation('gif')) }];
    const publication = await publish({ text: 'It moves', media }, 'published');
    const [mediaId] = live.find(({ id }) => id === publication.externalId)?.mediaIds ?? [];
    expect(uploads.find(({ id }) => id === mediaId)).toMatchObject({ category: 'tweet_gif', asked: 2 });
  });

  it('takes no text that X would refuse as too long', async () => {
    const refused = await ann.postJson(`${api}/Post/actions/new`, { text: '日'.repeat(141), accounts: [accountId] });
    expect(JSON.stringify(refused.json)).toContain('X takes 280 characters; this is 2 too long.');
  });

  it('has its own count beside the text while one writes, with the link in it', async () => {
    await using stack = new AsyncDisposableStack();
    const browser = await openBrowser();
    stack.defer(() => browser.close());
    const { page, complaints } = await newVisit(browser);
    await page.goto(`${product.url}/login`);
    await (await field(page, 'E-mail')).type(SUPERUSER.email);
    await (await field(page, 'Password')).type(SUPERUSER.password);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    await page.goto(`${product.url}/admin/resources/Post/actions/new`);
    await (await field(page, 'Text')).type('日本 \u{1f468}\u200d\u{1f469}\u200d\u{1f467}');
    await page.click('input[type="checkbox"]');
    const count = () => page.$eval('[data-testid="character-count"]', (element) => element.textContent);
    expect(await count()).toBe('X: 7 of 280');
    await (await field(page, 'Link')).type(`https://example.com/${'a'.repeat(300)}`);
    expect(await count()).toBe('X: 31 of 280');
    expect(complaints).toEqual([]);
  });

  it('that commits and then answers 503 has the post once, found by looking', async () => {
    fault = { commit: true, status: 503 };
    const publication = await publish({ text: 'Lost and found' }, 'published');
    expect(live.filter(({ text }) => text === 'Lost and found')).toMatchObject([{ id: publication.externalId }]);
    expect(sent('Lost and found')).toHaveLength(1);
  }, 60_000);

  it('refuses the same text twice, and the second fails with what to do', async () => {
    const publication = await publish({ text: 'Lost and found' }, 'failed');
    expect(publication).toMatchObject({
      errorCode: 'duplicate-content',
      errorMessage: expect.stringContaining('Change'),
    });
  });

  it('whose good token is refused once gets the post with a new one, and stays connected', async () => {
    fault = { status: 401, body: { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' } };
    await publish({ text: 'After a blip' }, 'published');
    expect(refreshes()).toHaveLength(1);
    expect((await account())?.params).toMatchObject({ id: accountId, status: 'active' });
  });

  it('that is over its limit gets the post when that starts anew', async () => {
    const reset = Math.floor(Date.now() / 1000) + 600;
    fault = { status: 429, headers: { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(reset) } };
    const publication = await publish({ text: 'Patience' }, 'retrying');
    expect(Math.abs(Date.parse(String(publication.nextAttemptAt)) / 1000 - reset)).toBeLessThan(60);
    expect(publication.attemptCount).toBe(0);
  });

  it('of an app without credits fails, and says who has to do what', async () => {
    fault = { status: 402, body: { title: 'CreditsDepleted', type: 'https://api.twitter.com/2/problems/credits' } };
    const publication = await publish({ text: 'Too poor' }, 'failed');
    expect(publication.errorMessage).toContain('The operator has to buy credits');
  });

  it('whose permission was taken away holds the post, and connecting again lets it go', async () => {
    accessToken = '';
    refreshToken = '';
    await publish({ text: 'Held back' }, 'held');
    expect((await account())?.params).toMatchObject({ id: accountId, status: 'reconnect_required' });
    await connect();
    for (let tries = 0; tries < 100 && !live.some(({ text }) => text === 'Held back'); tries++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(live.filter(({ text }) => text === 'Held back')).toHaveLength(1);
    expect((await account())?.params).toMatchObject({ id: accountId, status: 'active' });
  });

  it('is published to without a token or secret in any address or line of the log', () => {
    const seen = [product.output(), ...requests.map(({ path }) => path)].join('\n');
    expect(seen).not.toMatch(/secret-of-the-app|access-of-x|refresh-of-x/);
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const body = bytes.toString();
  const path = `${request.method} ${request.url?.split('?')[0]}`;
  requests.push({ path, body });
  const say = (status: number, content: unknown, headers: Record<string, string> = {}) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(content));
  const problem = (status: number, title: string, detail: string = title) =>
    say(status, { title, detail, type: 'about:blank', status });

  if (path === 'POST /2/oauth2/token') {
    const basic = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`;
    if (request.headers.authorization !== basic) return say(401, { error: 'unauthorized_client' });
    return mayHaveToken(new URLSearchParams(body))
      ? say(200, newTokens())
      : say(400, { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' });
  }
  if (accessToken === '' || request.headers.authorization !== `Bearer ${accessToken}`)
    return problem(401, 'Unauthorized');
  switch (path) {
    case 'GET /2/users/me':
      return say(200, { data: { id: '7', name: 'Library', username: 'library' } });
    case 'GET /2/users/7/tweets':
      return say(200, {
        data: live.map(({ id, text, at }) => ({ id, text, created_at: at.toISOString() })),
        meta: { result_count: live.length },
      });
    case 'POST /2/media/upload': {
      const form = await new Response(bytes, {
        headers: { 'content-type': request.headers['content-type'] ?? '' },
      }).formData();
      const file = form.get('media');
      if (!(file instanceof File)) return problem(400, 'Invalid Request', 'media is missing');
      const id = String(5_000_000 + uploads.length);
      const category = String(form.get('media_category'));
      uploads.push({ id, category, file: await file.bytes(), altText: null, asked: 0 });
      return say(200, { data: state(id, category === 'tweet_gif' ? 'pending' : null) });
    }
    case 'GET /2/media/upload': {
      const { command, media_id: id } = Object.fromEntries(new URL(request.url ?? '', 'http://x').searchParams);
      const upload = uploads.find((one) => one.id === id);
      if (command !== 'STATUS' || upload === undefined) return problem(404, 'Not Found');
      upload.asked += 1;
      return say(200, { data: state(upload.id, upload.asked === 1 ? 'in_progress' : 'succeeded') });
    }
    case 'POST /2/media/metadata': {
      const { id, metadata } = JSON.parse(body) as { id: string; metadata: { alt_text: { text: string } } };
      const upload = uploads.find((one) => one.id === id);
      if (upload === undefined) return problem(404, 'Not Found');
      upload.altText = metadata.alt_text.text;
      return say(200, {});
    }
    case 'POST /2/tweets': {
      const trouble = fault;
      fault = null;
      if (trouble !== null && !trouble.commit) return say(trouble.status, trouble.body ?? {}, trouble.headers);
      const { text, media } = JSON.parse(body) as { text: string; media?: { media_ids: string[] } };
      if (live.some((post) => post.text === text))
        return problem(403, 'Forbidden', 'You are not allowed to create a Tweet with duplicate content.');
      const id = String(1_000_000 + live.length);
      live.unshift({ id, text, at: new Date(), mediaIds: media?.media_ids ?? [] });
      return trouble === null ? say(201, { data: { id, text } }) : say(trouble.status, {});
    }
    default:
      return problem(404, 'Not Found');
  }
}

function state(id: string, processing: string | null) {
  return {
    id,
    media_key: `3_${id}`,
    expires_after_secs: 86_400,
    ...(processing !== null && { processing_info: { state: processing, check_after_secs: 1 } }),
  };
}

/** A code and a refresh token are good once; a code only with the verifier of its challenge. */
function mayHaveToken(fields: URLSearchParams): boolean {
  if (fields.get('grant_type') === 'refresh_token')
    return refreshToken !== '' && fields.get('refresh_token') === refreshToken;
  const expected = consent;
  consent = null;
  const challenge = createHash('sha256')
    .update(fields.get('code_verifier') ?? '')
    .digest('base64url');
  return (
    expected !== null &&
    fields.get('code') === expected.code &&
    challenge === expected.challenge &&
    fields.get('redirect_uri') === `${product.url}/connect/x/callback`
  );
}

function newTokens() {
  accessToken = `access-of-x-${randomUUID()}`;
  refreshToken = `refresh-of-x-${randomUUID()}`;
  const scope = 'tweet.write users.read tweet.read offline.access media.write';
  return { token_type: 'bearer', expires_in: 7200, access_token: accessToken, refresh_token: refreshToken, scope };
}
