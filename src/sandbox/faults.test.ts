import { describe, expect, it } from 'vitest';
import {
  AMARA,
  answer,
  api,
  COFFEE,
  connect,
  createPost,
  ledger,
  MEI,
  PAGE_SCOPE,
  postBody,
  requests,
  sandboxForTest,
  setFault,
} from './linkedin/test-client.ts';

describe('a fault switch', () => {
  it.each([
    ['429', 429, 0],
    ['500 before', 500, 0],
    ['500 after', 500, 1],
  ])('“%s” answers %i with %i posts published', async (fault, status, published) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, fault);
    const response = await createPost(sandbox, token, postBody('x'));
    expect(response.headers.get('retry-after')).toBeNull();
    expect(response.headers.get('x-restli-id')).toBeNull();
    expect(await answer(response)).toMatchObject({ status, body: { status } });
    expect(await ledger(sandbox)).toHaveLength(published);
    expect(await requests(sandbox)).toMatchObject([{ status, fault, id: published ? expect.any(String) : null }]);
  });

  it.each([
    ['reset before', 0],
    ['reset after', 1],
  ])('“%s” resets the connection with %i posts published', async (fault, published) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, fault);
    const error = await createPost(sandbox, token, postBody('x')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(await ledger(sandbox)).toHaveLength(published);
    expect(await requests(sandbox)).toMatchObject([{ status: null, fault }]);
  });

  it('“truncated” publishes, sends every header, and breaks off in the body', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'truncated');
    const response = await createPost(sandbox, token, postBody('x'));
    expect(response.status).toBe(201);
    await expect(response.text()).rejects.toThrow();
    expect(await ledger(sandbox)).toMatchObject([{ id: response.headers.get('x-restli-id') }]);
  });

  it('“malformed” publishes and answers 201 without the id', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'malformed');
    const response = await createPost(sandbox, token, postBody('x'));
    expect([response.status, response.headers.get('x-restli-id'), await response.text()]).toEqual([201, null, '']);
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  it('“slow” publishes at once and answers late', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'slow', { delayMs: 700 });
    const started = performance.now();
    const pending = createPost(sandbox, token, postBody('x'));
    await expect.poll(() => ledger(sandbox)).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(700);
    expect((await pending).status).toBe(201);
    expect(performance.now() - started).toBeGreaterThanOrEqual(690);
  });

  it('breaks ugcPosts in the same ways', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const body = JSON.stringify({
      author: AMARA.urn,
      lifecycleState: 'PUBLISHED',
      specificContent: {
        'com.linkedin.ugc.ShareContent': { shareCommentary: { text: 'x' }, shareMediaCategory: 'NONE' },
      },
      visibility: { 'com.linkedin.ugc.MemberNetworkVisibility': 'PUBLIC' },
    });
    await setFault(sandbox, 'malformed');
    const response = await api(sandbox, token, '/v2/ugcPosts', { method: 'POST', body });
    expect([response.status, response.headers.get('x-restli-id'), await response.text()]).toEqual([
      201,
      null,
      '{"id":',
    ]);
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  it('lasts as many requests as told, and requests refused for other reasons do not count', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, '500 before', { times: 2 });
    const create = async (text: string) => (await createPost(sandbox, token, postBody(text))).status;
    expect(await create(' ')).toBe(400);
    expect([await create('x'), await create('x'), await create('x')]).toEqual([500, 500, 201]);
    await setFault(sandbox, '500 after', { times: 1 });
    expect([await create('x'), await create('y'), await create('y'), await create('z')]).toEqual([422, 500, 422, 201]);
  });

  it('hits one account: another member and the member’s page go through', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, { scope: PAGE_SCOPE });
    const mei = await connect(sandbox, { sandbox_member: MEI.sub });
    await setFault(sandbox, '500 before');
    expect((await createPost(sandbox, token, postBody('x'))).status).toBe(500);
    expect((await createPost(sandbox, token, postBody('x', { author: COFFEE }))).status).toBe(201);
    expect((await createPost(sandbox, mei, postBody('x', { author: MEI.urn }))).status).toBe(201);
    await setFault(sandbox, 'revoked', { account: COFFEE });
    expect((await createPost(sandbox, token, postBody('y', { author: COFFEE }))).status).toBe(401);
    expect((await api(sandbox, token, '/v2/userinfo')).status).toBe(200);
  });

  it.each([
    [{ fault: 'nonsense' }, 400, 'fault must be one of'],
    [{ fault: 'slow', times: 0 }, 400, 'times must be at least 1'],
    [{ fault: 'slow', delayMs: 'x' }, 400, 'delayMs must be a number'],
    [{ fault: 'slow', account: 'urn:li:person:nobody' }, 404, 'There is no account'],
    [{ fault: 'slow', platform: 'myspace' }, 404, 'There is no platform'],
  ])('is not set by %j, and the answer says why', async (details, status, words) => {
    const sandbox = await sandboxForTest();
    const response = await answer(setFault(sandbox, details.fault, details));
    expect(response).toEqual({ status, body: { error: expect.stringContaining(words) } });
  });

  it('is flipped by the page’s form and by no other website', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const submit = (headers: Record<string, string>) =>
      fetch(`${sandbox.url}/sandbox/faults`, {
        method: 'POST',
        redirect: 'manual',
        headers,
        body: new URLSearchParams({ platform: 'linkedin', account: AMARA.urn, fault: '429', times: '' }),
      });
    expect((await submit({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    // A name that was rebound to this machine calls itself same-origin; its Origin gives it away.
    expect(
      (await submit({ origin: `http://evil.example:${new URL(sandbox.url).port}`, 'sec-fetch-site': 'same-origin' }))
        .status,
    ).toBe(403);
    expect(
      (await submit({ origin: `http://localhost:${new URL(sandbox.url).port}`, 'sec-fetch-site': 'same-site' })).status,
    ).toBe(403);
    expect((await createPost(sandbox, token, postBody('x'))).status).toBe(201);
    expect((await submit({ origin: new URL(sandbox.url).origin, 'sec-fetch-site': 'same-origin' })).status).toBe(303);
    expect((await createPost(sandbox, token, postBody('y'))).status).toBe(429);
  });
});
