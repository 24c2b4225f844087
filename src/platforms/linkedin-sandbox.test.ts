/** The product's side of LinkedIn against the sandbox's side, over real HTTP. The two share no code, so they check each other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Content } from '../domain/content-rules.ts';
import { readLittleText } from '../sandbox/linkedin/little-text.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import { createHttpClient } from './http-client.ts';
import { createLinkedIn } from './linkedin.ts';
import { toLittleText } from './little-text.ts';
import type { ImageUploads, PublishingAccount } from './platform.ts';

const redirectUri = 'http://localhost:3000/connect/linkedin/callback';
const directories: string[] = [];
const sandboxes: Sandbox[] = [];
let now = new Date('2026-11-21T12:00:00Z');
const clock = { now: () => now };
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await start();
});
afterAll(async () => {
  for (const running of sandboxes) await running.close();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  now = new Date('2026-11-21T12:00:00Z');
  await control(sandbox, 'reset', {});
});

describe('connecting', () => {
  test('gives the member, and a token that publishes for sixty days', async () => {
    const { adapter, code } = await consent(sandbox);
    const grant = await adapter.connector.exchangeCode({ code, redirectUri: redirectUri, codeVerifier: '' }, now);
    expect(adapter.requiredScopes.filter((scope) => !grant.scopes.includes(scope))).toEqual([]);
    expect(grant).toMatchObject({ refreshToken: null, accessTokenExpiresAt: new Date('2027-01-20T12:00:00Z') });
    expect(await adapter.connector.candidates(grant, now)).toEqual([
      {
        externalId: 'aMr4OkF0r1',
        kind: 'member',
        displayName: 'Amara Okafor',
        profileUrl: null,
        email: 'amara.okafor@example.com',
        grant: null,
        grantedBy: 'aMr4OkF0r1',
      },
    ]);
  });

  test('with a code that was used, a wrong redirect URI or a wrong secret is refused with a sentence', async () => {
    const first = await consent(sandbox);
    await first.adapter.connector.exchangeCode({ code: first.code, redirectUri: redirectUri, codeVerifier: '' }, now);
    await expect(
      first.adapter.connector.exchangeCode({ code: first.code, redirectUri: redirectUri, codeVerifier: '' }, now),
    ).rejects.toMatchObject({
      code: 'code-refused',
      dead: true,
    });
    const second = await consent(sandbox);
    await expect(
      second.adapter.connector.exchangeCode(
        { code: second.code, redirectUri: `${redirectUri}/other`, codeVerifier: '' },
        now,
      ),
    ).rejects.toMatchObject({ code: 'code-refused' });
    const third = await consent(sandbox);
    await expect(
      adapterFor(sandbox, { clientSecret: 'wrong' }).connector.exchangeCode(
        { code: third.code, redirectUri: redirectUri, codeVerifier: '' },
        now,
      ),
    ).rejects.toMatchObject({ code: 'app-refused', dead: false });
  });

  test('waits while a new token is still called revoked', async () => {
    const lagging = await start({ linkedin: { newTokenLagMs: 300 }, clock: { now: () => new Date() } });
    const { adapter, code } = await consent(lagging);
    const grant = await adapter.connector.exchangeCode(
      { code, redirectUri: redirectUri, codeVerifier: '' },
      new Date(),
    );
    expect(await adapter.connector.candidates(grant, now)).toMatchObject([{ externalId: 'aMr4OkF0r1' }]);
  });

  test('as a partner gives a refresh token that renews until it is invalid', async () => {
    const partner = await start({ linkedin: { partner: true } });
    const { adapter, code } = await consent(partner);
    const grant = await adapter.connector.exchangeCode({ code, redirectUri: redirectUri, codeVerifier: '' }, now);
    const renewed = await adapter.connector.refresh?.(grant.refreshToken ?? '', now);
    expect(renewed).toMatchObject({
      refreshToken: grant.refreshToken,
      accessTokenExpiresAt: new Date('2027-01-20T12:00:00Z'),
    });
    expect(renewed?.accessToken).not.toBe(grant.accessToken);
    await expect(adapter.connector.refresh?.('AQWnonsense', now)).rejects.toMatchObject({
      code: 'refresh-refused',
      dead: true,
    });
  });
});

describe('publishing', () => {
  test('arrives complete, whatever characters it has, and is shown where the permalink leads', async () => {
    const { publish } = await connected(sandbox);
    const text = 'C# (50% off) [now] <b> {x} |y| a_b *c* ~d @all \\ #launch #snake_case\n😀 żółć';
    const outcome = await publish({ text, linkUrl: 'https://example.com/blog?x=1' });
    const [post] = await ledger(sandbox);
    expect(post).toMatchObject({
      text,
      cutAt: null,
      link: { url: 'https://example.com/blog?x=1', title: 'example.com/blog' },
    });
    expect(outcome).toMatchObject({ kind: 'accepted', externalId: post?.id, httpStatus: 201 });
    const permalink = outcome.kind === 'accepted' ? outcome.permalink : '';
    const page = await (await fetch(permalink)).text();
    expect(page).toContain(`id="${new URL(permalink).hash.slice(1)}"`);
  });

  test('the same text twice is a duplicate that names the live post', async () => {
    const { publish } = await connected(sandbox);
    const first = await publish({ text: 'Once', linkUrl: null });
    const second = await publish({ text: 'Once', linkUrl: null });
    expect(second).toMatchObject({ kind: 'duplicate', externalId: first.kind === 'accepted' ? first.externalId : '?' });
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  test.each([
    ['429', 'rate-limited', 0],
    ['500 before', 'unknown', 0],
    ['500 after', 'unknown', 1],
    ['reset before', 'unknown', 0],
    ['reset after', 'unknown', 1],
    ['truncated', 'accepted', 1],
    ['malformed', 'unknown', 1],
    ['expired token', 'reauthorization-required', 0],
    ['revoked', 'reauthorization-required', 0],
  ])('with the fault "%s" is %s, and %i posts are live', async (fault, kind, live) => {
    const { publish } = await connected(sandbox);
    await control(sandbox, 'faults', { platform: 'linkedin', account: 'urn:li:person:aMr4OkF0r1', fault, times: 1 });
    expect(await publish({ text: `Fault ${fault}`, linkUrl: null })).toMatchObject({ kind });
    expect(await ledger(sandbox)).toHaveLength(live);
  });

  test('into a platform that answers too late is unknown although the post is live', async () => {
    const { publish } = await connected(sandbox, { http: createHttpClient({ deadlineMs: 500 }) });
    await control(sandbox, 'faults', {
      platform: 'linkedin',
      account: 'urn:li:person:aMr4OkF0r1',
      fault: 'slow',
      delayMs: 5000,
      times: 1,
    });
    expect(await publish({ text: 'Slow', linkUrl: null })).toMatchObject({
      kind: 'unknown',
      errorCode: 'answer-timeout',
    });
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  test('over the day’s quota waits for midnight UTC', async () => {
    const small = await start({ linkedin: { memberDailyLimit: 1 } });
    const { publish } = await connected(small);
    await publish({ text: 'One', linkUrl: null });
    expect(await publish({ text: 'Two', linkUrl: null })).toMatchObject({
      kind: 'rate-limited',
      errorCode: 'DAY_LIMIT',
      retryAt: new Date('2026-11-22T00:00:00Z'),
    });
  });

  test('with a version that LinkedIn has retired tells the operator', async () => {
    const { publish } = await connected(sandbox, { version: '202409' });
    expect(await publish({ text: 'Old', linkUrl: null })).toMatchObject({
      kind: 'rejected',
      errorCode: 'NONEXISTENT_VERSION',
      errorMessage: expect.stringContaining('LINKEDIN_VERSION'),
    });
  });

  test('in somebody else’s name, or longer than LinkedIn takes, is rejected', async () => {
    const { publish, account } = await connected(sandbox);
    expect(await publish({ text: 'x'.repeat(3001), linkUrl: null })).toMatchObject({
      kind: 'rejected',
      errorCode: 'FIELD_LENGTH_TOO_LONG',
    });
    expect(await publish({ text: 'Hello', linkUrl: null }, { ...account, externalId: 'jN5LndQ-vT' })).toMatchObject({
      kind: 'rejected',
      errorCode: 'ACCESS_DENIED',
    });
    expect(await publish({ text: '('.repeat(3000), linkUrl: null })).toMatchObject({ kind: 'accepted' });
  });

  test('after a restart of the platform goes through at once, on a new connection', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'linkedin-restart-'));
    directories.push(directory);
    const before = await startSandbox({ port: 0, dataDir: directory, log: pino({ level: 'silent' }), clock });
    const { publish } = await connected(before);
    expect(await publish({ text: 'Before', linkUrl: null })).toMatchObject({ kind: 'accepted' });
    await before.close();
    expect(await publish({ text: 'During', linkUrl: null })).toMatchObject({
      kind: 'unavailable',
      errorCode: 'connection-refused',
    });
    sandboxes.push(
      await startSandbox({
        port: Number(new URL(before.url).port),
        dataDir: directory,
        log: pino({ level: 'silent' }),
        clock,
      }),
    );
    expect(await publish({ text: 'After', linkUrl: null })).toMatchObject({ kind: 'accepted' });
  });
});

test('an organisation’s post is found by looking, a member’s is not', async () => {
  const organization = { kind: 'organization', externalId: '1001' } as const;
  now = new Date('2026-11-20T12:00:00Z');
  const scopes = 'openid profile email w_member_social w_organization_social r_organization_social';
  const { adapter, publish, account } = await connected(sandbox, { scopes });
  const content = { text: 'We *roast* today #coffee', linkUrl: null, images: [] };
  const lookUp = (as: PublishingAccount) => adapter.publisher.lookUp?.(content, as, now, AbortSignal.timeout(10_000));
  const asOrganization = { ...account, ...organization };

  expect(await publish({ text: 'Older', linkUrl: null }, asOrganization)).toMatchObject({ kind: 'accepted' });
  now = new Date('2026-11-21T12:00:00Z');
  expect(await lookUp(asOrganization)).toMatchObject({ found: 'absent', alike: [] });
  const outcome = await publish(content, asOrganization);
  expect(await lookUp(asOrganization)).toMatchObject({
    found: 'present',
    externalId: outcome.kind === 'accepted' ? outcome.externalId : '?',
  });
  expect(await lookUp(account)).toMatchObject({ found: 'no-answer' });
});

test('no text that a person can type is cut off or shown otherwise', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'|{}@[]()<>#\\*_~aż1é \n😀&/') }), (typed) => {
      expect(readLittleText(toLittleText(typed))).toEqual({ shown: typed, length: typed.length, cutAt: null });
    }),
    { numRuns: 2000 },
  );
});

async function start(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const dataDir = await mkdtemp(join(tmpdir(), 'linkedin-sandbox-'));
  directories.push(dataDir);
  const started = await startSandbox({ port: 0, dataDir, log: pino({ level: 'silent' }), clock, ...options });
  sandboxes.push(started);
  return started;
}

type Part = { clientSecret?: string; version?: string; http?: ReturnType<typeof createHttpClient>; scopes?: string };

function adapterFor({ linkedin }: Sandbox, { http, ...part }: Part = {}) {
  const settings = {
    clientId: 'sandbox-client',
    clientSecret: part.clientSecret ?? 'sandbox-secret',
    authorizeUrl: linkedin.oauthUrl,
    apiUrl: linkedin.apiUrl,
    version: part.version ?? null,
  };
  return createLinkedIn(settings, { sandboxed: true, clock, ...(http && { http }) });
}

/** Goes through the consent page as Amara, as a browser would. */
async function consent(at: Sandbox, part: Part = {}) {
  const adapter = adapterFor(at, part);
  const url = new URL(adapter.connector.authorizeUrl({ redirectUri, state: 'the state', codeChallenge: '' }));
  url.searchParams.set('sandbox_member', 'aMr4OkF0r1');
  if (part.scopes) url.searchParams.set('scope', part.scopes);
  const response = await fetch(url, { redirect: 'manual' });
  const back = new URL(response.headers.get('location') ?? '');
  expect(back.searchParams.get('state')).toBe('the state');
  return { adapter, code: back.searchParams.get('code') ?? '' };
}

const noImages: ImageUploads = {
  recall: () => expect.unreachable(),
  read: () => expect.unreachable(),
  remember: () => expect.unreachable(),
};

async function connected(at: Sandbox, part: Part = {}) {
  const { adapter, code } = await consent(at, part);
  const { accessToken } = await adapter.connector.exchangeCode(
    { code, redirectUri: redirectUri, codeVerifier: '' },
    now,
  );
  const account: PublishingAccount = { externalId: 'aMr4OkF0r1', kind: 'member', accessToken };
  const publish = async (part: Partial<Content>, as = account) => {
    const signal = AbortSignal.timeout(20_000);
    const content = { text: '', linkUrl: null, images: [], ...part };
    const prepared = await adapter.publisher.prepare(content, as, noImages, now, signal);
    return prepared.ready ? adapter.publisher.send(prepared.request, signal) : prepared.outcome;
  };
  return { adapter, account, publish };
}

async function control(at: Sandbox, what: 'faults' | 'reset', body: object): Promise<void> {
  const response = await fetch(`${at.url}/sandbox/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: at.url },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function ledger(at: Sandbox): Promise<{ id: string; text: string }[]> {
  const { entries } = (await (await fetch(`${at.url}/sandbox/ledger`)).json()) as {
    entries: { id: string; text: string }[];
  };
  return entries;
}
