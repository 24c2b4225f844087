import { describe, expect, it } from 'vitest';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import type { Sandbox } from '../sandbox.ts';
import {
  COFFEE,
  connect,
  createPost,
  get,
  JONAS,
  LIBRARY,
  ledger,
  pageTokens,
  refusal,
  requests,
  setFault,
  signIn,
  uploadPhoto,
} from './test-client.ts';

const SERVER_ERROR = 'An unexpected error has occurred. Please retry your request later.';

/** Both ways to create a post. */
const CREATES: [string, (sandbox: Sandbox, token: string) => Promise<Response>][] = [
  ['a text', (sandbox, token) => createPost(sandbox, token, 'x')],
  ['a photo', (sandbox, token) => uploadPhoto(sandbox, token, undefined, { caption: 'x' })],
];

describe.each(CREATES)('a fault switch, on %s', (_what, create) => {
  it.each([
    ['429', 403, '32', 0],
    ['500 before', 500, '2', 0],
    ['500 after', 500, '2', 1],
    ['1 after', 500, '1', 1],
    ['4', 403, '4', 0],
    ['17', 403, '17/2446079', 0],
    ['341', 403, '341', 0],
    ['613', 403, '613/1996', 0],
    ['80001', 403, '80001', 0],
    ['1390008', 400, '368/1390008', 0],
    ['368', 400, '368', 0],
    ['1346003', 400, '368/1346003', 0],
    ['1404006', 400, '368/1404006', 0],
    ['1404078', 400, '100/1404078', 0],
    ['1363047 after', 400, '100/1363047', 1],
    ['3', 403, '3', 0],
    ['10', 403, '10', 0],
    ['200', 403, '200', 0],
  ])('“%s” answers %i with code %s and %i posts published', async (fault, status, code, published) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    expect((await setFault(sandbox, fault)).status).toBe(200);
    const response = await create(sandbox, token);
    expect(response.headers.get('retry-after')).toBeNull();
    expect(await refusal(response)).toMatchObject({ status, code });
    expect(await ledger(sandbox)).toHaveLength(published);
    expect(await requests(sandbox)).toMatchObject([{ status, code, fault, id: published ? expect.any(String) : null }]);
  });

  it.each([
    ['reset before', 0],
    ['reset after', 1],
  ])('“%s” resets the connection with %i posts published', async (fault, published) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, fault);
    const error = await create(sandbox, token).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(await ledger(sandbox)).toHaveLength(published);
    expect(await requests(sandbox)).toMatchObject([{ status: null, fault }]);
  });

  it('“truncated” publishes and breaks off in the body', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'truncated');
    const response = await create(sandbox, token);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  it('“malformed” publishes and answers 200 without the post’s id', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'malformed');
    const { status, body } = await answer(create(sandbox, token));
    const [entry] = await ledger(sandbox);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain(entry?.id);
  });

  it('“slow” publishes at once and answers late', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, 'slow', { delayMs: 700 });
    const started = performance.now();
    const pending = create(sandbox, token);
    await expect.poll(() => ledger(sandbox)).toHaveLength(1);
    expect((await pending).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(690);
  });
});

describe('a fault switch', () => {
  it('of a server error says that it may pass', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, '500 after');
    expect((await answer(createPost(sandbox, token, 'x'))).body).toEqual({
      error: {
        message: SERVER_ERROR,
        type: 'OAuthException',
        code: 2,
        is_transient: true,
        fbtrace_id: expect.any(String),
      },
    });
  });

  it('lasts as many creates as told; uploads, reads and what is refused for other reasons do not count', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, '500 before', { times: 2 });
    const create = async (text: string) => (await createPost(sandbox, token, text)).status;
    expect((await uploadPhoto(sandbox, token)).status).toBe(200);
    expect((await get(sandbox, token, `/${COFFEE}/feed`)).status).toBe(200);
    expect(await create(' ')).toBe(400);
    expect([await create('x'), await create('x'), await create('x')]).toEqual([500, 500, 200]);
    await setFault(sandbox, '500 after', { times: 1 });
    expect([await create('x'), await create('y'), await create('y'), await create('z')]).toEqual([400, 500, 400, 200]);
  });

  it('hits one Page: the same person’s other Pages and his own token go on', async () => {
    const sandbox = await sandboxForTest();
    const user = await signIn(sandbox, { sandbox_member: JONAS });
    const tokens = await pageTokens(sandbox, user);
    await setFault(sandbox, 'revoked');
    expect((await createPost(sandbox, tokens.get(COFFEE) ?? '', 'x')).status).toBe(401);
    expect((await createPost(sandbox, tokens.get(LIBRARY) ?? '', 'x')).status).toBe(200);
    expect((await get(sandbox, user, '/me/accounts')).status).toBe(200);
  });

  it('that only Facebook has is offered for its Pages and refused elsewhere', async () => {
    const sandbox = await sandboxForTest();
    const page = await (await fetch(`${sandbox.url}/facebook`)).text();
    expect(page).toContain('<option value="190/460">190/460: The password was changed: connect again</option>');
    expect(await (await fetch(`${sandbox.url}/linkedin`)).text()).not.toContain('190/460');
    const elsewhere = await setFault(sandbox, '190/460', { platform: 'linkedin', account: 'urn:li:person:aMr4OkF0r1' });
    expect(await answer(elsewhere)).toEqual({
      status: 400,
      body: { error: expect.stringMatching(/^fault must be one of: ok, slow, ((?!190).)*role lost$/) },
    });
    await setFault(sandbox, '190/460', { times: 3 });
    expect(await (await fetch(`${sandbox.url}/facebook`)).text()).toContain(
      'The password was changed: connect again (3 more)',
    );
  });
});

describe('usage', () => {
  const usage = (response: Response) => ({
    app: JSON.parse(response.headers.get('x-app-usage') ?? 'null'),
    page: JSON.parse(response.headers.get('x-business-use-case-usage') ?? 'null'),
  });
  const full = { call_count: 100, total_cputime: 100, total_time: 100 };

  it('is in the headers of every reply, in percent: the Page’s for its token, the app’s for all', async () => {
    const sandbox = await sandboxForTest({ facebook: { engagedUsers: 1, appUsers: 1 } });
    const token = await connect(sandbox);
    for (let count = 0; count < 48; count += 1) await get(sandbox, token, '/me');
    const share = { type: 'pages', call_count: 1, total_cputime: 1, total_time: 1, estimated_time_to_regain_access: 0 };
    const app = { call_count: 0, total_cputime: 0, total_time: 0 };
    expect(usage(await createPost(sandbox, token, 'x'))).toEqual({ app, page: { [COFFEE]: [share] } });
    expect(usage(await createPost(sandbox, token, ''))).toEqual({ app, page: { [COFFEE]: [share] } });
    await get(sandbox, await signIn(sandbox), '/me');
    expect(usage(await get(sandbox, 'garbage', '/me'))).toEqual({
      app: { call_count: 1, total_cputime: 1, total_time: 1 },
      page: null,
    });
  });

  it('beyond 200 calls of a person in an hour is refused with 4 until the hour ends', async () => {
    const clock = new HandClock('2026-11-20T10:59:00.000Z');
    const sandbox = await sandboxForTest({ clock, facebook: { appUsers: 1 } });
    const user = await signIn(sandbox);
    for (let count = 0; count < 200; count += 1) expect((await get(sandbox, user, '/me')).status).toBe(200);
    const refused = await get(sandbox, user, '/me');
    expect(usage(refused).app).toEqual(full);
    expect(await refusal(refused)).toEqual({
      status: 403,
      code: '4',
      message: '(#4) Application request limit reached',
    });
    clock.advance(60_000);
    expect((await get(sandbox, user, '/me')).status).toBe(200);
  });

  it('beyond a Page’s calls of the day is refused with 80001 and the minutes to wait', async () => {
    const clock = new HandClock('2026-11-20T23:30:00.000Z');
    const sandbox = await sandboxForTest({ clock, facebook: { engagedUsers: 1 / 1_600 } });
    const token = await connect(sandbox);
    for (let count = 0; count < 3; count += 1) expect((await get(sandbox, token, '/me')).status).toBe(200);
    const refused = await createPost(sandbox, token, 'x');
    expect(usage(refused).page).toEqual({
      [COFFEE]: [{ type: 'pages', ...full, estimated_time_to_regain_access: 30 }],
    });
    expect(await refusal(refused)).toMatchObject({
      status: 403,
      code: '80001',
      message: expect.stringContaining('too many calls to this Page account'),
    });
    expect(await requests(sandbox)).toMatchObject([{ status: 403, code: '80001', account: COFFEE }]);
    clock.advance(30 * 60_000);
    expect((await createPost(sandbox, token, 'x')).status).toBe(200);
  });

  it('is full in the headers when a switch pretends it', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await setFault(sandbox, '80001');
    expect(usage(await createPost(sandbox, token, 'x')).page).toEqual({
      [COFFEE]: [{ type: 'pages', ...full, estimated_time_to_regain_access: 1 }],
    });
    await setFault(sandbox, '4');
    expect(usage(await createPost(sandbox, token, 'x')).app).toEqual(full);
  });
});
