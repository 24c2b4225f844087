/** The product's side of X against the sandbox's side, over real HTTP. The two share no code, so they check each other. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Content } from '../domain/content-rules.ts';
import { weightedLength } from '../domain/weighted-length.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import { weightedLength as sandboxLength } from '../sandbox/x/weighted-length.ts';
import { sampleImage, uploadMemory } from '../testing/sample-images.ts';
import { createHttpClient } from './http-client.ts';
import type { PublishingAccount, TokenGrant } from './platform.ts';
import { createX } from './x.ts';

const AMARA = '1504823016379125761';
const redirectUri = 'http://localhost:3000/connect/x/callback';
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
  test('gives the account by its user name, and a token of two hours with one to renew it', async () => {
    const { adapter, grant } = await connected(sandbox);
    expect([...grant.scopes].toSorted()).toEqual([...adapter.requiredScopes].toSorted());
    expect(grant).toMatchObject({
      accessTokenExpiresAt: new Date('2026-11-21T14:00:00Z'),
      refreshTokenExpiresAt: null,
    });
    expect(grant.refreshToken).toMatch(/^[\w-]{40,}$/);
    expect(await adapter.connector.candidates(grant, now)).toEqual([
      {
        externalId: AMARA,
        kind: 'member',
        displayName: 'Amara Okafor (@amara_okafor)',
        profileUrl: 'https://x.com/amara_okafor',
        email: null,
        grant: null,
      },
    ]);
  });

  test('with the verifier of another browser is refused, and so is a code of half a minute ago', async () => {
    const mine = await consent(sandbox);
    const foreign = { ...mine.answer, codeVerifier: randomBytes(32).toString('base64url') };
    const refused = { code: 'code-refused', dead: true };
    await expect(mine.adapter.connector.exchangeCode(foreign, now)).rejects.toMatchObject(refused);
    const late = await consent(sandbox);
    now = new Date(now.getTime() + 30_000);
    await expect(late.adapter.connector.exchangeCode(late.answer, now)).rejects.toMatchObject(refused);
  });

  test('with a wrong secret or another redirect address is refused with what to do', async () => {
    const { answer } = await consent(sandbox);
    const wrong = adapterFor(sandbox, { clientSecret: 'wrong' });
    await expect(wrong.connector.exchangeCode(answer, now)).rejects.toMatchObject({
      code: 'app-refused',
      dead: false,
      message: expect.stringContaining('X_CLIENT_SECRET'),
    });
    const other = { ...(await consent(sandbox)).answer, redirectUri: `${redirectUri}/other` };
    await expect(adapterFor(sandbox).connector.exchangeCode(other, now)).rejects.toMatchObject({
      code: 'code-refused',
    });
  });
});

describe('renewing', () => {
  test('gives a new pair, and the old refresh token is dead', async () => {
    const { adapter, grant, publish, account } = await connected(sandbox);
    now = new Date(now.getTime() + 2 * 3_600_000);
    expect(await publish({ text: 'Too late' })).toMatchObject({ kind: 'reauthorization-required' });
    const renewed = await refresh(adapter, grant);
    expect(renewed.refreshToken).not.toBe(grant.refreshToken);
    expect(renewed.accessTokenExpiresAt).toEqual(new Date('2026-11-21T16:00:00Z'));
    const renewedAccount = { ...account, accessToken: renewed.accessToken };
    expect(await publish({ text: 'On time' }, renewedAccount)).toMatchObject({ kind: 'accepted' });
    await expect(refresh(adapter, grant)).rejects.toMatchObject({ code: 'refresh-refused', dead: true });
    expect(await refresh(adapter, renewed)).toMatchObject({ refreshToken: expect.any(String) });
  });

  test('with a used refresh token may end the whole connection, which then says so', async () => {
    const strict = await open({ x: { revokeFamilyOnReuse: true } });
    const { adapter, grant, publish, account } = await connected(strict);
    const renewed = await refresh(adapter, grant);
    await expect(refresh(adapter, grant)).rejects.toMatchObject({ dead: true });
    const renewedAccount = { ...account, accessToken: renewed.accessToken };
    expect(await publish({ text: 'Hello' }, renewedAccount)).toMatchObject({ kind: 'reauthorization-required' });
    await expect(refresh(adapter, renewed)).rejects.toMatchObject({ code: 'refresh-refused', dead: true });
  });

  test('after the person took back the app’s access is over', async () => {
    const { adapter, grant } = await connected(sandbox);
    await fault(sandbox, 'revoked');
    await expect(refresh(adapter, grant)).rejects.toMatchObject({ code: 'refresh-refused', dead: true });
  });
});

describe('publishing', () => {
  test('arrives complete, whatever characters it has, and is shown where the permalink leads', async () => {
    const { publish } = await connected(sandbox);
    const text = 'Coffee & cake <half price>: C# *a* _b_ @all #launch\n😀 żółć &amp; more';
    const outcome = await publish({ text });
    const [post] = await ledger(sandbox);
    expect(post).toMatchObject({ text, link: null });
    expect(outcome).toMatchObject({ kind: 'accepted', externalId: post?.id, httpStatus: 201 });
    const permalink = outcome.kind === 'accepted' ? outcome.permalink : '';
    const page = await (await fetch(permalink)).text();
    expect(page).toContain(`id="${new URL(permalink).hash.slice(1)}"`);
  });

  test('a link goes to the end of the text and becomes the card', async () => {
    const { publish } = await connected(sandbox);
    await publish({ text: 'Read this', linkUrl: 'https://example.com/blog?x=1&y=2' });
    await publish({ text: 'At https://example.com/blog it is', linkUrl: 'https://example.com/blog' });
    expect(await ledger(sandbox)).toMatchObject([
      { text: 'Read this\nhttps://example.com/blog?x=1&y=2', link: { url: 'https://example.com/blog?x=1&y=2' } },
      { text: 'At https://example.com/blog it is', link: { url: 'https://example.com/blog' } },
    ]);
  });

  test('a link that ends like a sentence is linked as a whole all the same', async () => {
    const { publish } = await connected(sandbox);
    await publish({ text: 'Read this', linkUrl: 'https://example.com/wiki/A_(b))' });
    expect(await ledger(sandbox)).toMatchObject([{ link: { url: 'https://example.com/wiki/A_(b)%29' } }]);
  });

  test('images come in their order with their descriptions, up to four', async () => {
    const { publish } = await connected(sandbox);
    const images = ['First', null, 'Third & <last>', 'Fourth'].map((altText, index) =>
      sampleImage(20 + index, altText),
    );
    expect(await publish({ text: 'Four', images })).toMatchObject({ kind: 'accepted' });
    const [post] = await ledger(sandbox);
    expect(post?.images.map(({ altText }) => altText)).toEqual(['First', '', 'Third & <last>', 'Fourth']);
    const widths = await Promise.all(
      (post?.images ?? []).map(async ({ url }) => {
        const bytes = Buffer.from(await (await fetch(new URL(url, sandbox.url))).arrayBuffer());
        return bytes.readUInt32BE(16);
      }),
    );
    expect(widths).toEqual([20, 21, 22, 23]);
    expect(await publish({ text: 'Five', images: [...images, sampleImage(24, null)] })).toMatchObject({
      kind: 'rejected',
    });
  });

  test('an image that has expired at X is uploaded again once', async () => {
    const short = await open({ x: { mediaLifeS: 3_600 } });
    const { adapter, account } = await connected(short);
    const content: Content = { text: 'Late', linkUrl: null, images: [sampleImage(30, 'Late')] };
    const { uploads, read } = uploadMemory();
    const signal = AbortSignal.timeout(20_000);
    const send = async () => {
      const prepared = await adapter.publisher.prepare(content, account, uploads, now, signal);
      return prepared.ready ? adapter.publisher.send(prepared.request, signal) : prepared.outcome;
    };
    const prepared = await adapter.publisher.prepare(content, account, uploads, now, signal);
    expect(prepared.ready).toBe(true);
    now = new Date(now.getTime() + 3_600_000);
    expect(await send()).toMatchObject({ kind: 'unavailable', errorCode: 'media-gone', retryAt: now });
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(read).toHaveLength(2);
  });

  test('an image that X still has to process is waited for', async () => {
    const slow = await open({ clock: { now: () => new Date() }, x: { mediaProcessingMs: 700 } });
    now = new Date();
    const { publish } = await connected(slow);
    expect(await publish({ text: 'Slow', images: [sampleImage(31, null)] })).toMatchObject({ kind: 'accepted' });
  });

  test('the same text is a duplicate, whatever it ends in, and is not another’s', async () => {
    const { publish } = await connected(sandbox);
    expect(await publish({ text: 'Once' })).toMatchObject({ kind: 'accepted' });
    expect(await publish({ text: 'Once' })).toMatchObject({
      kind: 'duplicate',
      errorCode: 'duplicate-content',
      externalId: null,
      httpStatus: 403,
    });
    const jonas = await connected(sandbox, { user: 'jlindqvist' });
    expect(await jonas.publish({ text: 'Once' })).toMatchObject({ kind: 'accepted' });
    expect(await ledger(sandbox)).toHaveLength(2);
  });

  test.each([
    ['429', 'rate-limited', 0],
    ['500 before', 'unknown', 0],
    ['500 after', 'unknown', 1],
    ['503 after', 'unknown', 1],
    ['reset before', 'unknown', 0],
    ['reset after', 'unknown', 1],
    ['truncated', 'unknown', 1],
    ['malformed', 'unknown', 1],
    ['expired token', 'reauthorization-required', 0],
    ['revoked', 'reauthorization-required', 0],
    ['401 blip', 'reauthorization-required', 0],
    ['402 credits', 'rejected', 0],
    ['403 credits', 'rejected', 0],
  ])('with the fault "%s" is %s, and %i posts are live', async (name, kind, live) => {
    const { publish } = await connected(sandbox);
    await fault(sandbox, name);
    const outcome = await publish({ text: `Fault ${name}` });
    expect(outcome).toMatchObject({ kind });
    if (name.endsWith('credits')) expect(outcome).toMatchObject({ errorCode: 'credits-depleted' });
    expect(await ledger(sandbox)).toHaveLength(live);
  });

  test('into an X that answers too late is unknown although the post is live', async () => {
    const { publish } = await connected(sandbox, { http: createHttpClient({ deadlineMs: 500 }) });
    await fault(sandbox, 'slow', 5_000);
    expect(await publish({ text: 'Slow' })).toMatchObject({ kind: 'unknown', errorCode: 'answer-timeout' });
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  test('over a quota waits for the reset that X names: the window’s, or the day’s', async () => {
    const window = await connected(await open({ x: { postsPerWindow: 1 } }));
    await window.publish({ text: 'One' });
    const afterWindow = await window.publish({ text: 'Two' });
    expect(waitOf(afterWindow)).toBeGreaterThan(0);
    expect(waitOf(afterWindow)).toBeLessThanOrEqual(15 * 60_000);
    const day = await connected(await open({ x: { userDailyLimit: 1 } }));
    await day.publish({ text: 'One' });
    const afterDay = await day.publish({ text: 'Two' });
    expect(waitOf(afterDay)).toBeGreaterThan(15 * 60_000);
    expect(waitOf(afterDay)).toBeLessThanOrEqual(24 * 3_600_000);
  });

  test('longer than X takes, or with two cashtags, is rejected with X’s words', async () => {
    const { publish } = await connected(sandbox);
    expect(await publish({ text: 'x'.repeat(281) })).toMatchObject({
      kind: 'rejected',
      errorMessage: expect.stringContaining('Your Tweet text is too long'),
    });
    expect(await publish({ text: '$ABC and $DEF' })).toMatchObject({
      kind: 'rejected',
      errorMessage: expect.stringContaining('maximum of one cashtag'),
    });
    expect(
      await publish({ text: `${'x'.repeat(256)}`, linkUrl: `https://example.com/${'y'.repeat(200)}` }),
    ).toMatchObject({
      kind: 'accepted',
    });
  });

  test('without the permission to write asks to connect again', async () => {
    const { publish } = await connected(sandbox, { scopes: 'tweet.read users.read offline.access media.write' });
    expect(await publish({ text: 'Hello' })).toMatchObject({
      kind: 'reauthorization-required',
      errorCode: 'missing-scope',
    });
  });
});

describe('looking for a post', () => {
  test.each<[string, Partial<Content>]>([
    ['with what HTML escapes', { text: 'Q&A <live> at 5 > 4 & more' }],
    ['with what looks escaped already', { text: 'Write &amp; for & in HTML, and &lt;b&gt;' }],
    ['with a link at its end', { text: 'Read this', linkUrl: 'https://example.com/blog?a=1&b=2' }],
    ['with a link that ends like a sentence', { text: 'Read this', linkUrl: 'https://example.com/wiki/A_(b)).' }],
    ['with a link in another script', { text: 'Read this', linkUrl: 'https://example.com/\u6f22\u5b57?q=\u{1f389}' }],
    ['with an address that has no scheme', { text: 'See Example.com/Path and https://example.org today' }],
    ['with the same address twice', { text: 'https://example.com and again https://example.com' }],
    ['with composed and decomposed characters', { text: 'Cafe\u0301 und Café' }],
    ['with line breaks and blanks', { text: '  One\r\n\r\ntwo\tthree  ' }],
    ['with an image', { text: 'Look & see', images: [sampleImage(40, 'Described')] }],
    [
      'with images and a link',
      {
        text: 'Look',
        linkUrl: 'https://example.com/a',
        images: [sampleImage(41, null), sampleImage(42, 'Two')],
      },
    ],
    ['with nothing but an image', { text: '', images: [sampleImage(43, null)] }],
  ])('%s finds it, although X shows it otherwise than it was sent', async (_what, part) => {
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

  test('does not take a post of another time or with other images for it', async () => {
    const { publish, lookUp } = await connected(sandbox);
    await publish({ text: 'Menu of the day' });
    now = new Date(start.getTime() + 3_600_000);
    expect(await lookUp({ text: 'Menu of the day' }, now)).toMatchObject({
      found: 'absent',
      alike: [expect.anything()],
    });
    await publish({ text: 'With a picture', images: [sampleImage(44, null)] });
    expect(await lookUp({ text: 'With a picture' }, now)).toMatchObject({
      found: 'absent',
      alike: [expect.anything()],
    });
  });

  test('reads on while the account has posted more than one page since', async () => {
    const { publish, lookUp } = await connected(await open({ x: { postsPerWindow: 1_000 } }));
    await publish({ text: 'Older' });
    now = new Date(start.getTime() + 15 * 60_000);
    const sentAt = now;
    await publish({ text: 'The one' });
    for (let count = 0; count < 120; count++) await publish({ text: `Later ${count}` });
    expect(await lookUp({ text: 'The one' }, sentAt)).toMatchObject({ found: 'present' });
    expect(await lookUp({ text: 'Another' }, sentAt)).toMatchObject({ found: 'absent', alike: [] });
  });

  test('with a dead token has no answer', async () => {
    const { lookUp } = await connected(sandbox);
    await fault(sandbox, 'revoked');
    expect(await lookUp({ text: 'Hello' }, now)).toMatchObject({ found: 'no-answer' });
  });
});

test('both sides count a text alike, so that what the composer allows is taken', () => {
  const characters = 'a|Z|9|é|e\u0301|漢|ひ|한|😀|👩‍👩‍👧|👍🏽|🇵🇱|1️⃣|…|–|“|†|@ann|#tag|$X|&|<|!'.split('|');
  const addresses =
    'example.com|https://example.com/a?b=c&d|http://żółw.pl/ą|a.b|x@example.com|www.example.org.|(example.de)';
  const word = fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
  const address = fc.constantFrom(...addresses.split('|'));
  fc.assert(
    fc.property(fc.array(fc.oneof(word, address), { maxLength: 8 }), fc.constantFrom(' ', '\n'), (words, blank) => {
      const text = words.join(blank);
      expect([text, sandboxLength(text)]).toEqual([text, weightedLength(text)]);
    }),
    { numRuns: 2_000 },
  );
});

async function open(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const dataDir = await mkdtemp(join(tmpdir(), 'x-sandbox-'));
  directories.push(dataDir);
  const started = await startSandbox({ port: 0, dataDir, log: pino({ level: 'silent' }), clock, ...options });
  sandboxes.push(started);
  return started;
}

type Part = { clientSecret?: string; http?: ReturnType<typeof createHttpClient>; scopes?: string; user?: string };

function adapterFor({ x }: Sandbox, { http, clientSecret = 'sandbox-secret' }: Part = {}) {
  const { authorizeUrl, apiUrl } = x;
  const settings = { clientId: 'sandbox-client', clientSecret, authorizeUrl, apiUrl, version: null };
  return createX(settings, { sandboxed: true, clock, ...(http && { http }) });
}

/** Goes through the consent page, as a browser would. */
async function consent(at: Sandbox, part: Part = {}) {
  const adapter = adapterFor(at, part);
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const url = new URL(adapter.connector.authorizeUrl({ redirectUri, state: 'the state', codeChallenge }));
  url.searchParams.set('sandbox_user', part.user ?? 'amara_okafor');
  if (part.scopes) url.searchParams.set('scope', part.scopes);
  const response = await fetch(url, { redirect: 'manual' });
  const back = new URL(response.headers.get('location') ?? '');
  expect(back.searchParams.get('state')).toBe('the state');
  return { adapter, answer: { code: back.searchParams.get('code') ?? '', redirectUri, codeVerifier } };
}

async function connected(at: Sandbox, part: Part = {}) {
  const { adapter, answer } = await consent(at, part);
  const grant = await adapter.connector.exchangeCode(answer, now);
  const [candidate] = await adapter.connector.candidates(grant, now);
  const externalId = candidate?.externalId ?? '';
  const account: PublishingAccount = { externalId, kind: 'member', accessToken: grant.accessToken };
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

function refresh({ connector }: ReturnType<typeof createX>, { refreshToken }: TokenGrant): Promise<TokenGrant> {
  return connector.refresh?.(refreshToken ?? '', now) ?? expect.unreachable('X renews');
}

function waitOf(outcome: Awaited<ReturnType<Awaited<ReturnType<typeof connected>>['publish']>>): number {
  if (outcome.kind !== 'rate-limited') return expect.unreachable(outcome.kind);
  return (outcome.retryAt?.getTime() ?? Number.NaN) - now.getTime();
}

function fault(at: Sandbox, name: string, delayMs = 60_000): Promise<void> {
  return control(at, 'faults', { platform: 'x', account: AMARA, fault: name, times: 1, delayMs });
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
