import { describe, expect, it } from 'vitest';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import {
  AMARA,
  api,
  authorizationCode,
  connect,
  createPost,
  exchange,
  JONAS,
  ledger,
  refresh,
  requests,
  setFault,
  tokensOf,
  UNAUTHORIZED,
} from './test-client.ts';

const NOW = '2026-11-20T10:00:00.000Z';
const credits = {
  title: 'CreditsDepleted',
  type: 'https://api.twitter.com/2/problems/credits',
  detail: expect.stringContaining('does not have any credits'),
};

describe('a fault switch of an X account', () => {
  it.each([
    ['429', 429, { title: 'Too Many Requests', type: 'about:blank', status: 429 }, 0],
    ['500 before', 500, { type: 'about:blank', status: 500 }, 0],
    ['500 after', 500, { type: 'about:blank', status: 500 }, 1],
    ['503 after', 503, { type: 'about:blank', status: 503 }, 1],
    ['402 credits', 402, credits, 0],
    ['403 credits', 403, credits, 0],
    ['401 blip', 401, UNAUTHORIZED.body, 0],
  ])('“%s” answers %i and publishes what its name says', async (fault, status, body, published) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    expect((await setFault(sandbox, fault, { times: 1 })).status).toBe(200);
    const response = await createPost(sandbox, token, { text: 'x' });
    expect(response.headers.get('retry-after')).toBeNull();
    expect(response.headers.get('x-rate-limit-limit')).toBe('100');
    expect(await answer(response)).toMatchObject({ status, body });
    const entries = await ledger(sandbox);
    expect(entries).toHaveLength(published);
    expect(await requests(sandbox)).toMatchObject([{ status, id: entries[0]?.id ?? null }]);
    // It was told to last for one request.
    expect((await createPost(sandbox, token, { text: 'y' })).status).toBe(201);
  });

  it('“429” tells when to come back, after the switch’s delay', async () => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW) });
    const token = await connect(sandbox);
    await setFault(sandbox, '429', { delayMs: 30_000 });
    const { headers } = await createPost(sandbox, token, { text: 'x' });
    expect([headers.get('x-rate-limit-remaining'), headers.get('x-rate-limit-reset')]).toEqual([
      '0',
      String(Date.parse(NOW) / 1000 + 30),
    ]);
  });

  it.each([
    ['reset before', 0],
    ['reset after', 1],
  ])('“%s” resets the connection with %i posts published', async (fault, published) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, fault);
    const error = await createPost(sandbox, token, { text: 'x' }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(await ledger(sandbox)).toHaveLength(published);
    expect(await requests(sandbox)).toMatchObject([{ status: null, fault }]);
  });

  it('“truncated” publishes, sends every header, and breaks off in the body', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'truncated');
    const response = await createPost(sandbox, token, { text: 'x' });
    expect(response.status).toBe(201);
    await expect(response.text()).rejects.toThrow();
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  it('“malformed” publishes and answers 201 without the id', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'malformed');
    expect(await answer(createPost(sandbox, token, { text: 'x' }))).toEqual({
      status: 201,
      body: { data: { text: 'x' } },
    });
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  it('“slow” publishes at once and answers late', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'slow', { delayMs: 700 });
    const started = performance.now();
    const pending = createPost(sandbox, token, { text: 'x' });
    await expect.poll(() => ledger(sandbox)).toHaveLength(1);
    expect((await pending).status).toBe(201);
    expect(performance.now() - started).toBeGreaterThanOrEqual(690);
  });

  it('is not spent by a request that is refused for another reason, and the duplicate guard knows what was published', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const create = async (text: string) => (await createPost(sandbox, token, { text })).status;
    await setFault(sandbox, '500 after', { times: 1 });
    expect([await create(' '), await create('x'), await create('x'), await create('y')]).toEqual([400, 500, 403, 201]);
  });

  it('hits one account', async () => {
    const sandbox = await sandboxForTest();
    await setFault(sandbox, '500 before');
    expect((await createPost(sandbox, await connect(sandbox), { text: 'x' })).status).toBe(500);
    const jonas = await connect(sandbox, { sandbox_user: JONAS.id });
    expect((await createPost(sandbox, jonas, { text: 'x' })).status).toBe(201);
  });

  it('“expired token” and “revoked” hit every call until the account is connected again', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    for (const fault of ['expired token', 'revoked']) {
      const token = await connect(sandbox);
      clock.advance(1_000);
      await setFault(sandbox, fault);
      expect(await answer(api(sandbox, token, '/2/users/me'))).toEqual(UNAUTHORIZED);
      expect(await answer(createPost(sandbox, token, { text: fault }))).toEqual(UNAUTHORIZED);
      clock.advance(1_000);
      expect((await createPost(sandbox, await connect(sandbox), { text: fault })).status).toBe(201);
    }
  });

  it('“401 blip” hits a refreshed token as well, and leaves refreshing alone', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const first = await tokensOf(exchange(sandbox, { code: await authorizationCode(sandbox) }));
    await setFault(sandbox, '401 blip', { times: 2 });
    clock.advance(1_000);
    expect(await answer(api(sandbox, first.access_token, '/2/users/me'))).toEqual(UNAUTHORIZED);
    const second = await tokensOf(refresh(sandbox, first.refresh_token));
    expect(await answer(createPost(sandbox, second.access_token, { text: 'x' }))).toEqual(UNAUTHORIZED);
    expect((await createPost(sandbox, second.access_token, { text: 'x' })).status).toBe(201);
  });

  it('that only X has is refused on another platform, and offered on X’s page alone', async () => {
    const sandbox = await sandboxForTest();
    const elsewhere = { platform: 'linkedin', account: 'urn:li:person:aMr4OkF0r1' };
    expect((await setFault(sandbox, '402 credits', elsewhere)).status).toBe(400);
    const page = async (path: string) => (await fetch(`${sandbox.url}/${path}`)).text();
    expect(await page('x')).toContain('402 credits');
    expect(await page('linkedin')).not.toContain('402 credits');
    expect(await page('x')).toContain(AMARA.id);
  });
});
