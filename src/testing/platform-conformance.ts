/**
 * The suite that every platform passes: what publishing relies on, whatever the platform. It drives an adapter against a
 * running server that plays the platform, through the interfaces of platforms/platform.ts alone, and judges by what that
 * server says it received and accepted. What only one platform does is tested beside that platform's file.
 *
 * A platform joins with a test file of its own, such as src/platforms/linkedin-conformance.test.ts.
 */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Content } from '../domain/content-rules.ts';
import type { Outcome, OutcomeKind } from '../domain/outcome.ts';
import type { OnProgress } from '../platforms/http-client.ts';
import type { AccountCandidate, Prepared, PublishingAccount, TokenGrant } from '../platforms/platform.ts';
import { describeForeignAnswers, type RewritingHttp, rewritingHttp } from './platform-conformance-answers.ts';
import type { Fault, OpenPlatform, PlatformUnderTest } from './platform-under-test.ts';
import { type RecordedHttp, recordedHttp } from './recorded-http.ts';
import { sampleImage, uploadMemory } from './sample-images.ts';

/** Fault, what the outcome has to be, and how many posts are live afterwards (reliability: "Outcomes"). */
const OUTCOMES: readonly (readonly [Fault, OutcomeKind, number])[] = [
  ['429', 'rate-limited', 0],
  ['500 before', 'unknown', 0],
  ['500 after', 'unknown', 1],
  ['reset before', 'unknown', 0],
  ['reset after', 'unknown', 1],
  ['truncated', 'unknown', 1],
  ['malformed', 'unknown', 1],
  ['expired token', 'reauthorization-required', 0],
  ['revoked', 'reauthorization-required', 0],
];

const REDIRECT_URI = 'http://localhost:3000/connect/platform/callback';
/** Older than any clock skew that a look-up allows for, and well within the life of any token. */
const WHILE_MS = 15 * 60_000;

export function describePlatform(platform: PlatformUnderTest): void {
  describe(`${platform.name} keeps the rules of every platform:`, () => {
    let ahead = 0;
    const clock = { now: () => new Date(Date.now() + ahead) };
    let wire: RecordedHttp;
    let foreign: RewritingHttp;
    let open: OpenPlatform;
    let grant: TokenGrant;
    let candidate: AccountCandidate;
    let account: PublishingAccount;

    beforeAll(async () => {
      wire = recordedHttp();
      foreign = rewritingHttp(wire.http);
      open = await platform.open({ clock, http: foreign.http });
      ({ grant, candidate, account } = await connect());
    });
    afterAll(async () => {
      await open.close();
      await wire.http.close();
    });
    beforeEach(() => open.forgetPosts());

    /** A consent, as a browser makes it, up to the code. */
    async function agree() {
      const codeVerifier = randomBytes(32).toString('base64url');
      const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
      const state = randomBytes(16).toString('base64url');
      const { reach = 'own' } = platform;
      const { connector } = open.adapter;
      const back = await open.consent(
        connector.authorizeUrl({ redirectUri: REDIRECT_URI, state, codeChallenge, reach }),
      );
      expect(back.searchParams.get('state')).toBe(state);
      return { code: back.searchParams.get('code') ?? '', redirectUri: REDIRECT_URI, codeVerifier };
    }

    async function connect() {
      const { connector } = open.adapter;
      const given = await connector.exchangeCode(await agree(), clock.now());
      const candidates = await connector.candidates(given, clock.now(), platform.reach);
      const chosen = candidates.find(platform.account ?? (() => true));
      if (chosen === undefined) throw new Error(`no account to publish to among ${candidates.length}`);
      const { externalId, kind } = chosen;
      const { accessToken } = chosen.grant ?? given;
      return { grant: given, candidate: chosen, account: { externalId, kind, accessToken } };
    }

    const prepare = (content: Content, uploads = uploadMemory().uploads): Promise<Prepared> =>
      open.adapter.publisher.prepare(content, account, uploads, clock.now(), AbortSignal.timeout(20_000));

    async function requestFor(content: Content, uploads = uploadMemory().uploads) {
      const prepared = await prepare(content, uploads);
      if (!prepared.ready) throw new Error(`not ready: ${prepared.outcome.errorCode} ${prepared.outcome.errorMessage}`);
      return prepared.request;
    }

    /** Sends it. Whatever comes back: one request arrived at most, and nothing secret is in it. */
    async function send(content: Content, signal = AbortSignal.timeout(20_000), onProgress?: OnProgress) {
      const request = await requestFor(content);
      const before = await open.createRequests();
      const outcome = await open.adapter.publisher.send(request, signal, onProgress);
      const arrived = (await open.createRequests()) - before;
      expectNothingSecret(outcome);
      if (outcome.kind !== 'accepted') expect(outcome.errorMessage).toMatch(/^\p{Lu}.*\.$/su);
      return { outcome, arrived };
    }

    function expectNothingSecret(said: unknown): void {
      const text = said instanceof Error ? `${said.message} ${JSON.stringify(said)}` : JSON.stringify(said);
      for (const secret of [grant.accessToken, account.accessToken, grant.refreshToken, open.secret])
        if (secret !== null) expect(text).not.toContain(secret);
    }

    async function livePosts(text: string) {
      return (await open.posts()).filter((post) => post.text === text);
    }

    describe('connecting', () => {
      test('gives everything that publishing needs, and an account with a name', async () => {
        const { requiredScopes, organizationScopes = [] } = open.adapter;
        const needed = platform.reach === 'organizations' ? [...requiredScopes, ...organizationScopes] : requiredScopes;
        expect(needed.filter((scope) => !grant.scopes.includes(scope))).toEqual([]);
        expect(candidate.externalId).toMatch(/./);
        expect(candidate.displayName.trim()).toMatch(/./);
      });

      test('refuses a code that was used, and one that is made up, with a sentence', async () => {
        const used = await agree();
        await open.adapter.connector.exchangeCode(used, clock.now());
        for (const answer of [used, { ...used, code: 'made-up' }]) {
          const refusal = await open.adapter.connector.exchangeCode(answer, clock.now()).catch((error: Error) => error);
          expect(refusal).toMatchObject({ name: 'ConnectError', dead: true, message: expect.stringMatching(/\.$/) });
          expectNothingSecret(refusal);
          expect(String(refusal)).not.toContain(answer.code);
        }
        ({ grant, candidate, account } = await connect());
      });

      test('sends nothing that could create a post', async () => {
        ({ grant, candidate, account } = await connect());
        expect(await open.createRequests()).toBe(0);
      });

      test.runIf(platform.renews)('gives a permission that can be renewed; a made-up one is dead', async () => {
        const { connector, publisher } = open.adapter;
        const renewed = await connector.refresh?.(grant.refreshToken ?? '', clock.now());
        if (renewed === undefined) return expect.unreachable('there is no way to renew');
        expect(renewed.accessToken).not.toBe(grant.accessToken);
        grant = { ...renewed, refreshToken: renewed.refreshToken ?? grant.refreshToken };
        account = { ...account, accessToken: renewed.accessToken };
        const request = await requestFor(post());
        expect(await publisher.send(request, AbortSignal.timeout(20_000))).toMatchObject({ kind: 'accepted' });
        const refusal = await connector.refresh?.('made-up', clock.now()).catch((error: Error) => error);
        expect(refusal).toMatchObject({ name: 'ConnectError', dead: true });
        expectNothingSecret(refusal);
      });

      test.runIf(!platform.renews)('gives no refresh token where there is none, not even an empty one', () => {
        expect(grant.refreshToken).toBeNull();
      });
    });

    describe('preparing', () => {
      test('a text and a link touches no network, and gives the same request twice', async () => {
        const content = { ...post(), linkUrl: 'https://example.com/page?x=1' };
        const before = wire.requests.length;
        const [first, second] = [await requestFor(content), await requestFor(content)];
        expect(second).toEqual(first);
        expect(wire.requests.length).toBe(before);
      });

      test.runIf(platform.images ?? true)(
        'images uploads each once, creates nothing, and gives the same request twice',
        async () => {
          const content = { ...post(), images: [sampleImage(3, 'Three'), sampleImage(4, null)] };
          const { uploads, read } = uploadMemory();
          const first = await requestFor(content, uploads);
          const uploaded = wire.requests.length;
          expect(await requestFor(content, uploads)).toEqual(first);
          expect(wire.requests.length).toBe(uploaded);
          expect(read).toEqual(content.images.map(({ sha256 }) => sha256));
          expect(await open.createRequests()).toBe(0);
        },
      );

      test('images with a server that is stopping ends without a post, and does not throw', async () => {
        const content = { ...post(), images: [sampleImage(5, null)] };
        const { publisher } = open.adapter;
        const prepared = await publisher.prepare(
          content,
          account,
          uploadMemory().uploads,
          clock.now(),
          AbortSignal.abort(),
        );
        expect(prepared).toMatchObject({ ready: false, outcome: { kind: 'unavailable' } });
      });
    });

    describe('sending', () => {
      test('creates the post, once, and says where it is', async () => {
        const content = post();
        const { outcome, arrived } = await send(content);
        const [live, ...others] = await livePosts(content.text);
        expect(others).toEqual([]);
        expect(arrived).toBe(1);
        expect(outcome).toMatchObject({ kind: 'accepted', externalId: live?.id });
        const permalink = outcome.kind === 'accepted' ? outcome.permalink : '';
        const page = await fetch(permalink);
        expect(page.ok).toBe(true);
        expect(await page.text()).toContain(content.text);
      });

      test.runIf(platform.images ?? true).each([1, 2])(
        'creates a post with %i images and their descriptions',
        async (count) => {
          const images = [sampleImage(6, 'A description'), sampleImage(7, null)].slice(0, count);
          const content = { ...post(), images };
          const request = await requestFor(content);
          expect(await open.adapter.publisher.send(request, AbortSignal.timeout(20_000))).toMatchObject({
            kind: 'accepted',
          });
          const [live] = await livePosts(content.text);
          expect(live?.images.map(({ altText }) => altText || null)).toEqual(images.map(({ altText }) => altText));
        },
      );

      test.each(OUTCOMES)(
        'into the fault "%s" is one request and %s, with %i live posts',
        async (fault, kind, live) => {
          const content = post();
          await open.fault(candidate, fault);
          const { outcome, arrived } = await send(content);
          expect(outcome.kind).toBe(fault === 'truncated' ? (platform.truncated ?? kind) : kind);
          expect(arrived).toBe(1);
          expect(await livePosts(content.text)).toHaveLength(live);
          if (outcome.kind === 'rate-limited') expectFuture(outcome.retryAt);
        },
      );

      test('the same again is a duplicate, and the first one stays the only one', async () => {
        const content = post();
        const first = await send(content);
        const { outcome, arrived } = await send(content);
        expect(arrived).toBe(1);
        expect(outcome.kind).toBe('duplicate');
        expect(await livePosts(content.text)).toHaveLength(1);
        const named = outcome.kind === 'duplicate' ? outcome.externalId : null;
        expect(named).toBe(platform.namesDuplicates ? idOf(first.outcome) : null);
      });

      test('that is called off before its first byte reaches nobody', async () => {
        const content = post();
        const { outcome, arrived } = await send(content, AbortSignal.abort());
        expect(outcome).toMatchObject({ kind: 'unavailable' });
        expect(arrived).toBe(0);
        expect(await livePosts(content.text)).toEqual([]);
      });

      test('that is called off after its last byte is unknown', async () => {
        await open.fault(candidate, 'slow');
        const stop = new AbortController();
        const { outcome } = await send(post(), stop.signal, (progress) => {
          if (progress === 'flushed') stop.abort();
        });
        expect(outcome).toMatchObject({ kind: 'unknown' });
      });
    });

    describeForeignAnswers(() => ({
      rewriteNext: foreign.rewriteNext,
      post,
      send,
      liveIds: async (text) => (await livePosts(text)).map(({ id }) => id),
    }));

    describe('looking for a post', () => {
      const lookUp = async (content: Content, sentAt: Date) =>
        open.adapter.publisher.lookUp?.(content, account, sentAt, AbortSignal.timeout(20_000));

      test.runIf(platform.looksUp)(
        'finds the one whose answer never came, and misses the one that is not there',
        async () => {
          await send(post());
          ahead += WHILE_MS;
          const [there, notThere] = [post(), post()];
          const sentAt = clock.now();
          await open.fault(candidate, 'reset after');
          expect((await send(there)).outcome.kind).toBe('unknown');
          const before = await open.createRequests();
          const [live] = await livePosts(there.text);
          expect(await lookUp(there, sentAt)).toMatchObject({ found: 'present', externalId: live?.id });
          expect(await lookUp(notThere, sentAt)).toMatchObject({ found: 'absent', alike: [] });
          expect(await open.createRequests()).toBe(before);
        },
      );

      test.runIf(!platform.looksUp)('says that this account cannot be read, and asks nobody', async () => {
        const before = wire.requests.length;
        const found = await lookUp(post(), clock.now());
        expect(found === undefined || found.found === 'no-answer').toBe(true);
        expect(wire.requests.length).toBe(before);
      });
    });

    test('no address that was asked for has a token, a code or the secret in it', async () => {
      const { code, ...answer } = await agree();
      const given = await open.adapter.connector.exchangeCode({ code, ...answer }, clock.now());
      await open.adapter.connector.candidates(given, clock.now(), platform.reach);
      expect(wire.requests.length).toBeGreaterThan(10);
      const secrets = [
        code,
        given.accessToken,
        grant.accessToken,
        account.accessToken,
        grant.refreshToken,
        open.secret,
      ];
      for (const url of wire.requests)
        for (const secret of secrets) if (secret !== null) expect(decodeURIComponent(url)).not.toContain(secret);
    });

    // The last one: it takes the platform away.
    test('a platform that is not there costs nothing but time', async () => {
      const [request, images] = [await requestFor(post()), { ...post(), images: [sampleImage(8, null)] }];
      await open.stop();
      const outcome = await open.adapter.publisher.send(request, AbortSignal.timeout(20_000));
      expect(outcome).toMatchObject({ kind: 'unavailable', httpStatus: null });
      expect(await prepare(images)).toMatchObject({ ready: false, outcome: { kind: 'unavailable' } });
      const answer = { code: 'a code', redirectUri: REDIRECT_URI, codeVerifier: 'a verifier' };
      const refusal = await open.adapter.connector.exchangeCode(answer, clock.now()).catch((error: Error) => error);
      expect(refusal).toMatchObject({ name: 'ConnectError', dead: false });
    });

    function expectFuture(instant: Date | null): void {
      if (instant !== null) expect(instant.getTime()).toBeGreaterThan(clock.now().getTime());
    }
  });
}

let posts = 0;
function post(): Content {
  return { text: `Post ${++posts} of the conformance suite`, linkUrl: null, images: [] };
}

function idOf(outcome: Outcome): string | null {
  return outcome.kind === 'accepted' ? outcome.externalId : null;
}
