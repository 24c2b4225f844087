/** The product's side of Facebook against the sandbox's side, over real HTTP. The two share no code, so they check each other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Content } from '../domain/content-rules.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import { sampleImage, uploadMemory } from '../testing/sample-images.ts';
import { createFacebook } from './facebook.ts';
import { createHttpClient } from './http-client.ts';
import type { PublishingAccount } from './platform.ts';

const COFFEE = '102000000000101';
const redirectUri = 'http://localhost:3000/connect/facebook/callback';
const directories: string[] = [];
const sandboxes: Sandbox[] = [];
const start = new Date('2026-11-21T12:00:00Z');
let now = start;
const clock = { now: () => now };
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await open();
});
afterAll(async () => {
  for (const running of sandboxes) await running.close();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  now = start;
  await control(sandbox, 'reset', {});
});

describe('connecting', () => {
  test('gives a permission of sixty days, and each Page with a token of its own that has no end', async () => {
    const { adapter, grant } = await granted(sandbox, { person: 'jonas.lindqvist@example.com' });
    expect(adapter.requiredScopes.filter((scope) => !grant.scopes.includes(scope))).toEqual([]);
    expect(grant).toMatchObject({ accessTokenExpiresAt: new Date('2027-01-20T12:00:00Z'), refreshToken: null });
    const candidates = await adapter.connector.candidates(grant, now);
    // The theatre belongs to a business; at the cycling club he may only look.
    expect(candidates.map(({ displayName, kind, cannotPublish }) => [displayName, kind, cannotPublish])).toEqual([
      ['Northwind Coffee Roasters', 'page', undefined],
      ['Harbour City Library', 'page', undefined],
      ['Quayside Theatre', 'page', undefined],
      ['Riverside Cycling Club', 'page', expect.stringContaining('CREATE_CONTENT')],
    ]);
    expect(candidates.at(-1)?.grant).toBeNull();
    expect(candidates[0]?.grant).toMatchObject({ accessTokenExpiresAt: null, refreshToken: null });
    const tokens = [grant, ...candidates.slice(0, 3).map((one) => one.grant)].map((one) => one?.accessToken);
    expect(new Set(tokens).size).toBe(4);
    expect(adapter.connector.refresh).toBeUndefined();
  });

  test('of a Page still publishes after the permission of the person has ended', async () => {
    const { publish } = await connected(sandbox);
    now = new Date('2027-01-21T12:00:00Z');
    expect(await publish({ text: 'Still here' })).toMatchObject({ kind: 'accepted' });
  });

  test('shows what was unticked, and asks for it again the next time', async () => {
    const first = await granted(sandbox, { declined: 'pages_manage_posts' });
    expect(first.grant.scopes).not.toContain('pages_manage_posts');
    expect((await granted(sandbox)).grant.scopes).toContain('pages_manage_posts');
  });

  test('without any Page gives none; where one may only look, it says which task is missing', async () => {
    const none = await granted(sandbox, { person: 'mei.tanaka@example.com' });
    expect(await none.adapter.connector.candidates(none.grant, now)).toEqual([]);
    const looking = await granted(sandbox, { person: 'rafael.duarte@example.com' });
    await expect(looking.adapter.connector.candidates(looking.grant, now)).rejects.toMatchObject({
      code: 'task-missing',
      message: expect.stringContaining('Riverside Cycling Club'),
    });
  });

  test('with a code that was used, expired, or came for another address is refused with a sentence', async () => {
    const used = await consent(sandbox);
    await used.adapter.connector.exchangeCode(used.answer, now);
    const refused = { code: 'code-refused', dead: true };
    await expect(used.adapter.connector.exchangeCode(used.answer, now)).rejects.toMatchObject(refused);
    const other = await consent(sandbox);
    const elsewhere = { ...other.answer, redirectUri: `${redirectUri}/other` };
    await expect(other.adapter.connector.exchangeCode(elsewhere, now)).rejects.toMatchObject(refused);
    const late = await consent(sandbox);
    now = new Date(now.getTime() + 11 * 60_000);
    await expect(late.adapter.connector.exchangeCode(late.answer, now)).rejects.toMatchObject(refused);
  });

  test('with a wrong secret tells the operator', async () => {
    const { answer } = await consent(sandbox);
    const wrong = adapterFor(sandbox, { clientSecret: 'wrong' });
    await expect(wrong.connector.exchangeCode(answer, now)).rejects.toMatchObject({
      code: 'app-refused',
      dead: false,
      message: expect.stringContaining('FACEBOOK_APP_SECRET'),
    });
  });
});

describe('publishing', () => {
  test('arrives complete, whatever characters it has, and is shown where the permalink leads', async () => {
    const { publish } = await connected(sandbox);
    const text = 'Coffee & cake <half price>: C# 100% + more = *a*\n😀 żółć &amp;';
    const outcome = await publish({ text });
    const [post] = await ledger(sandbox);
    expect(post).toMatchObject({ text, link: null });
    expect(outcome).toMatchObject({ kind: 'accepted', externalId: post?.id, httpStatus: 200 });
    expect(post?.id).toMatch(new RegExp(`^${COFFEE}_\\d+$`));
    const permalink = outcome.kind === 'accepted' ? outcome.permalink : '';
    const page = await (await fetch(permalink)).text();
    expect(page).toContain(`id="${new URL(permalink).hash.slice(1)}"`);
  });

  test('a link has a card of its own, and beside images stands in the text', async () => {
    const { publish } = await connected(sandbox);
    const linkUrl = 'https://example.com/blog?x=1&y=2';
    await publish({ text: 'Read this', linkUrl });
    await publish({ text: 'See this', linkUrl, images: [sampleImage(50, null)] });
    expect(await ledger(sandbox)).toMatchObject([
      { text: 'Read this', link: { url: linkUrl } },
      { text: `See this\n\n${linkUrl}`, link: null },
    ]);
  });

  test.each([1, 2, 5])('%i images come in their order with their descriptions', async (count) => {
    const { publish } = await connected(sandbox);
    const texts = ['First', null, 'Third & <last>', 'Fourth', 'Fifth'].slice(0, count);
    const images = texts.map((altText, index) => sampleImage(60 + index, altText));
    expect(await publish({ text: 'Pictures', images })).toMatchObject({ kind: 'accepted' });
    const [post] = await ledger(sandbox);
    expect(post?.images.map(({ altText }) => altText || null)).toEqual(texts);
    const widths = await Promise.all(
      (post?.images ?? []).map(async ({ url }) => {
        const bytes = Buffer.from(await (await fetch(new URL(url, sandbox.url))).arrayBuffer());
        return bytes.readUInt32BE(16);
      }),
    );
    expect(widths).toEqual(images.map(({ width }) => width));
  });

  test('a post with images that is sent again by mistake is refused, and stays the only one', async () => {
    const { adapter, account } = await connected(sandbox);
    const content: Content = { text: 'Once', linkUrl: null, images: [sampleImage(70, null)] };
    const { uploads } = uploadMemory();
    const signal = AbortSignal.timeout(20_000);
    for (const kind of ['accepted', 'duplicate']) {
      const prepared = await adapter.publisher.prepare(content, account, uploads, now, signal);
      if (!prepared.ready) return expect.unreachable(prepared.outcome.errorMessage);
      expect(await adapter.publisher.send(prepared.request, signal)).toMatchObject({ kind });
    }
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  test.each([506, 368] as const)(
    'the same text twice in a row is a duplicate (code %i) that names no post',
    async (code) => {
      const at = await open({ facebook: { duplicateCode: code } });
      const { publish } = await connected(at);
      await publish({ text: 'Once' });
      expect(await publish({ text: 'Once' })).toMatchObject({
        kind: 'duplicate',
        errorCode: String(code),
        externalId: null,
      });
      await publish({ text: 'Another' });
      expect(await publish({ text: 'Once' })).toMatchObject({ kind: 'accepted' });
      expect(await ledger(at)).toHaveLength(3);
    },
  );

  test.each([
    ['429', 'rate-limited', 0],
    ['500 before', 'unknown', 0],
    ['500 after', 'unknown', 1],
    ['1 after', 'unknown', 1],
    ['1363047 after', 'unknown', 1],
    ['reset before', 'unknown', 0],
    ['reset after', 'unknown', 1],
    ['truncated', 'unknown', 1],
    ['malformed', 'unknown', 1],
    ['expired token', 'reauthorization-required', 0],
    ['revoked', 'reauthorization-required', 0],
    ['190/459', 'reauthorization-required', 0],
    ['190/460', 'reauthorization-required', 0],
    ['190/464', 'reauthorization-required', 0],
    ['190/467', 'reauthorization-required', 0],
    ['102/467', 'reauthorization-required', 0],
    ['190/492', 'reauthorization-required', 0],
    ['4', 'rate-limited', 0],
    ['17', 'rate-limited', 0],
    ['341', 'rate-limited', 0],
    ['613', 'rate-limited', 0],
    ['80001', 'rate-limited', 0],
    ['1390008', 'rate-limited', 0],
    ['368', 'rejected', 0],
    ['1346003', 'rejected', 0],
    ['1404006', 'reauthorization-required', 0],
    ['1404078', 'rejected', 0],
    ['3', 'rejected', 0],
    ['10', 'reauthorization-required', 0],
    ['200', 'reauthorization-required', 0],
  ])('with the fault "%s" is %s, and %i posts are live', async (name, kind, live) => {
    const { publish } = await connected(sandbox);
    await fault(sandbox, name);
    expect(await publish({ text: `Fault ${name}` })).toMatchObject({ kind });
    expect(await ledger(sandbox)).toHaveLength(live);
  });

  test('near the Page’s limit slows down by itself, and over it waits as long as Facebook says', async () => {
    const at = await open({ facebook: { engagedUsers: 10 / 4_800 } });
    const { publish } = await connected(at);
    for (let count = 0; count < 9; count++)
      expect(await publish({ text: `Post ${count}` })).toMatchObject({ kind: 'accepted' });
    const inFiveMinutes = new Date(now.getTime() + 5 * 60_000);
    expect(await publish({ text: 'Ten' })).toMatchObject({
      kind: 'rate-limited',
      errorCode: 'usage-high',
      retryAt: inFiveMinutes,
    });
    now = inFiveMinutes;
    expect(await publish({ text: 'Ten' })).toMatchObject({ kind: 'accepted' });
    // All ten calls of the day are used now: what is left to be told is when the next day begins.
    const midnight = new Date('2026-11-22T00:00:00Z');
    expect(await publish({ text: 'Eleven' })).toMatchObject({ kind: 'rate-limited', retryAt: midnight });
    expect(await (await connected(at)).publish({ text: 'Eleven' })).toMatchObject({
      kind: 'rate-limited',
      errorCode: '80001',
      retryAt: midnight,
    });
    now = midnight;
    expect(await publish({ text: 'Eleven' })).toMatchObject({ kind: 'accepted' });
  });

  test('into a Facebook that answers too late is unknown although the post is live', async () => {
    const { publish } = await connected(sandbox, { http: createHttpClient({ deadlineMs: 500 }) });
    await fault(sandbox, 'slow', 5_000);
    expect(await publish({ text: 'Slow' })).toMatchObject({ kind: 'unknown', errorCode: 'answer-timeout' });
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  test('connecting again repairs a dead token, and nothing less does', async () => {
    const { publish } = await connected(sandbox);
    await fault(sandbox, '190/460', undefined, 100);
    expect(await publish({ text: 'Hello' })).toMatchObject({ kind: 'reauthorization-required' });
    now = new Date(now.getTime() + 1_000);
    expect(await publish({ text: 'Hello' })).toMatchObject({ kind: 'reauthorization-required' });
    const again = await connected(sandbox);
    expect(await again.publish({ text: 'Hello' })).toMatchObject({ kind: 'accepted' });
  });

  test('with a text or link that Facebook refuses is rejected with its words', async () => {
    const { publish } = await connected(sandbox);
    for (const [part, code] of [
      [{ text: '' }, '197'],
      [{ text: 'x'.repeat(63_207) }, '100'],
      [{ text: 'Friend', linkUrl: 'https://www.facebook.com/northwind' }, '1609008'],
      [{ text: 'Nowhere', linkUrl: 'https://nothing.invalid/' }, '1609005'],
    ] as const)
      expect([code, await publish(part)]).toMatchObject([
        code,
        { kind: 'rejected', errorCode: expect.stringContaining(code) },
      ]);
  });

  test('with the token of the person instead of the Page’s asks to connect again', async () => {
    const { publish, account, grant } = await connected(sandbox);
    const asPerson = { ...account, accessToken: grant.accessToken };
    expect(await publish({ text: 'Hello' }, asPerson)).toMatchObject({ kind: 'reauthorization-required' });
    expect(await ledger(sandbox)).toEqual([]);
  });
});

describe('looking for a post', () => {
  test.each<[string, Partial<Content>]>([
    ['with characters that HTML escapes', { text: 'Q&A <live> at 5 > 4 &amp; more' }],
    ['with a link', { text: 'Read this', linkUrl: 'https://example.com/blog?a=1&b=2' }],
    ['with line breaks and blanks', { text: '  One\r\n\r\ntwo\tthree  ' }],
    ['with an image', { text: 'Look', images: [sampleImage(80, 'Described')] }],
    [
      'with images and a link',
      {
        text: 'Look',
        linkUrl: 'https://example.com/a',
        images: [sampleImage(81, null), sampleImage(82, 'Two')],
      },
    ],
    ['with nothing but an image', { text: '', images: [sampleImage(83, null)] }],
  ])('%s finds it', async (_what, part) => {
    const { publish, lookUp } = await connected(sandbox);
    await publish({ text: 'Older' });
    now = new Date(start.getTime() + 15 * 60_000);
    expect(await lookUp(part, now)).toMatchObject({ found: 'absent', alike: [] });
    await fault(sandbox, 'reset after');
    expect(await publish(part)).toMatchObject({ kind: 'unknown' });
    const post = (await ledger(sandbox)).at(-1);
    expect(await lookUp(part, now)).toMatchObject({ found: 'present', externalId: post?.id });
    expect(await lookUp({ ...part, text: `${part.text} not` }, now)).toMatchObject({ found: 'absent', alike: [] });
  });

  test('that is listed late is absent first, and present on the second look', async () => {
    const at = await open({ facebook: { listingDelayMs: 60_000 } });
    const { publish, lookUp } = await connected(at);
    await publish({ text: 'Older' });
    now = new Date(start.getTime() + 15 * 60_000);
    const sentAt = now;
    await publish({ text: 'Late in the list' });
    expect(await lookUp({ text: 'Late in the list' }, sentAt)).toMatchObject({ found: 'absent', alike: [] });
    now = new Date(now.getTime() + 61_000);
    expect(await lookUp({ text: 'Late in the list' }, sentAt)).toMatchObject({ found: 'present' });
  });

  test('reads on while the Page has posted more than one page since', async () => {
    const { publish, lookUp } = await connected(sandbox);
    await publish({ text: 'Older' });
    now = new Date(start.getTime() + 15 * 60_000);
    const sentAt = now;
    await publish({ text: 'The one' });
    for (let count = 0; count < 40; count++) await publish({ text: `Later ${count}` });
    expect(await lookUp({ text: 'The one' }, sentAt)).toMatchObject({ found: 'present' });
    expect(await lookUp({ text: 'Another' }, sentAt)).toMatchObject({ found: 'absent', alike: [] });
  });

  test('with a dead token has no answer', async () => {
    const { lookUp } = await connected(sandbox);
    await fault(sandbox, 'revoked');
    expect(await lookUp({ text: 'Hello' }, now)).toMatchObject({ found: 'no-answer' });
  });
});

async function open(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const dataDir = await mkdtemp(join(tmpdir(), 'facebook-sandbox-'));
  directories.push(dataDir);
  const started = await startSandbox({ port: 0, dataDir, log: pino({ level: 'silent' }), clock, ...options });
  sandboxes.push(started);
  return started;
}

type Part = { clientSecret?: string; http?: ReturnType<typeof createHttpClient>; person?: string; declined?: string };

function adapterFor({ facebook }: Sandbox, { http, clientSecret = 'sandbox-secret' }: Part = {}) {
  const { dialogUrl: authorizeUrl, graphUrl: apiUrl } = facebook;
  const settings = { clientId: 'sandbox-client', clientSecret, authorizeUrl, apiUrl, version: null };
  return createFacebook(settings, { sandboxed: true, clock, ...(http && { http }) });
}

/** Goes through the dialog, as a browser would. */
async function consent(at: Sandbox, part: Part = {}) {
  const adapter = adapterFor(at, part);
  const url = new URL(adapter.connector.authorizeUrl({ redirectUri, state: 'the state', codeChallenge: '' }));
  url.searchParams.set('sandbox_member', part.person ?? 'amara.okafor@example.com');
  if (part.declined) url.searchParams.set('sandbox_declined', part.declined);
  const response = await fetch(url, { redirect: 'manual' });
  const back = new URL(response.headers.get('location') ?? '');
  expect(back.searchParams.get('state')).toBe('the state');
  return { adapter, answer: { code: back.searchParams.get('code') ?? '', redirectUri, codeVerifier: '' } };
}

async function granted(at: Sandbox, part: Part = {}) {
  const { adapter, answer } = await consent(at, part);
  return { adapter, grant: await adapter.connector.exchangeCode(answer, now) };
}

async function connected(at: Sandbox, part: Part = {}) {
  const { adapter, grant } = await granted(at, part);
  const [page] = await adapter.connector.candidates(grant, now);
  const account: PublishingAccount = { externalId: COFFEE, kind: 'page', accessToken: page?.grant?.accessToken ?? '' };
  const whole = (of: Partial<Content>): Content => ({ text: '', linkUrl: null, images: [], ...of });
  const publish = async (of: Partial<Content>, as = account) => {
    const signal = AbortSignal.timeout(20_000);
    const prepared = await adapter.publisher.prepare(whole(of), as, uploadMemory().uploads, now, signal);
    return prepared.ready ? adapter.publisher.send(prepared.request, signal) : prepared.outcome;
  };
  const lookUp = (of: Partial<Content>, sentAt: Date) =>
    adapter.publisher.lookUp?.(whole(of), account, sentAt, AbortSignal.timeout(20_000));
  return { adapter, grant, account, publish, lookUp };
}

function fault(at: Sandbox, name: string, delayMs = 60_000, times = 1): Promise<void> {
  return control(at, 'faults', { platform: 'facebook', account: COFFEE, fault: name, times, delayMs });
}

async function control(at: Sandbox, what: 'faults' | 'reset', body: object): Promise<void> {
  const response = await fetch(`${at.url}/sandbox/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: at.url },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
}

interface Entry {
  id: string;
  text: string;
  images: { url: string; altText: string }[];
}

async function ledger(at: Sandbox): Promise<Entry[]> {
  const { entries } = (await (await fetch(`${at.url}/sandbox/ledger`)).json()) as { entries: Entry[] };
  return entries;
}
