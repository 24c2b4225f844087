import { describe, expect, it } from 'vitest';
import { answer, HandClock, sandboxForTest, temporaryDirectory } from '../linkedin/test-client.ts';
import { AMARA, api, connect, createPost, JONAS, ledger, posted, upload } from './test-client.ts';

const NOW = '2026-11-20T10:00:00.000Z';
const IN_15_MINUTES = String(Date.parse(NOW) / 1000 + 900);
const LIMITED = { status: 429, body: { errors: [{ code: 88, message: 'Rate limit exceeded' }] } };

const windowOf = (response: Response, prefix = 'x-rate-limit') =>
  ['limit', 'remaining', 'reset'].map((name) => response.headers.get(`${prefix}-${name}`));

describe('rate limits', () => {
  it('show on every reply, refusals included', async () => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW) });
    const token = await connect(sandbox);
    const me = () => api(sandbox, token, '/2/users/me');
    expect(windowOf(await me())).toEqual(['75', '74', IN_15_MINUTES]);
    expect(windowOf(await me())).toEqual(['75', '73', IN_15_MINUTES]);
    expect(windowOf(await api(sandbox, 'nonsense', '/2/users/me'))).toEqual(['75', '75', IN_15_MINUTES]);
    expect(windowOf(await createPost(sandbox, token, { text: 'x' }))).toEqual(['100', '99', IN_15_MINUTES]);
    expect(windowOf(await createPost(sandbox, token, { foo: 1 }))).toEqual(['100', '98', IN_15_MINUTES]);
    expect(windowOf(await createPost(sandbox, token, { text: 'x' }))).toEqual(['100', '97', IN_15_MINUTES]);
    expect(windowOf(await api(sandbox, token, `/2/users/${AMARA.id}/tweets`))[0]).toBe('900');
    expect(windowOf(await api(sandbox, token, '/2/tweets/1'))[0]).toBe('900');
    expect(windowOf(await api(sandbox, token, '/2/tweets/1', { method: 'DELETE' }))[0]).toBe('50');
    expect(windowOf(await upload(sandbox, token, Buffer.alloc(1)))[0]).toBe('500');
  });

  it('refuse the call beyond the window, for this user only, until its reset', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    const me = () => api(sandbox, token, '/2/users/me');
    for (let calls = 0; calls < 75; calls += 1) expect((await me()).status).toBe(200);
    clock.advance(899_999);
    const refused = await me();
    expect(windowOf(refused)).toEqual(['75', '0', IN_15_MINUTES]);
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(await answer(refused)).toEqual(LIMITED);
    const jonas = await connect(sandbox, { sandbox_user: JONAS.id });
    expect((await api(sandbox, jonas, '/2/users/me')).status).toBe(200);
    clock.advance(1);
    expect((await me()).status).toBe(200);
  });

  it('count posts per user in 15 minutes and in 24 hours, and for the app in 24 hours', async () => {
    const clock = new HandClock(NOW);
    const x = { postsPerWindow: 2, userDailyLimit: 3, applicationDailyLimit: 4 };
    const sandbox = await sandboxForTest({ clock, x });
    const token = await connect(sandbox);
    for (const text of ['one', 'two']) await posted(sandbox, token, { text });
    const short = await createPost(sandbox, token, { text: 'three' });
    expect([windowOf(short)[1], windowOf(short, 'x-user-limit-24hour')[1]]).toEqual(['0', '1']);
    expect(await answer(short)).toEqual(LIMITED);
    clock.advance(900_000);
    const fresh = await connect(sandbox);
    await posted(sandbox, fresh, { text: 'three' });
    const day = await createPost(sandbox, fresh, { text: 'four' });
    const reset = String(Date.parse(NOW) / 1000 + 86_400);
    expect(windowOf(day, 'x-user-limit-24hour')).toEqual(['3', '0', reset]);
    expect([windowOf(day)[1], day.status]).toEqual(['1', 429]);
    const jonas = await connect(sandbox, { sandbox_user: JONAS.id });
    await posted(sandbox, jonas, { text: 'five' });
    const app = await createPost(sandbox, jonas, { text: 'six' });
    expect([windowOf(app, 'x-app-limit-24hour')[1], app.status]).toEqual(['0', 429]);
    expect(await ledger(sandbox)).toHaveLength(4);
  });

  it('of posts survive a restart', async () => {
    const options = { dataDir: await temporaryDirectory(), clock: new HandClock(NOW), x: { postsPerWindow: 1 } };
    const first = await sandboxForTest(options);
    const token = await connect(first);
    await posted(first, token, { text: 'one' });
    await first.close();
    const second = await sandboxForTest(options);
    expect(await answer(createPost(second, token, { text: 'two' }))).toEqual(LIMITED);
  });

  it('can be switched off', async () => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW), x: { rateLimits: false, postsPerWindow: 1 } });
    const token = await connect(sandbox);
    for (const text of ['one', 'two', 'three']) {
      expect(windowOf(await createPost(sandbox, token, { text }))).toEqual(['1', '1', IN_15_MINUTES]);
    }
    expect(await ledger(sandbox)).toHaveLength(3);
  });
});
