import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import type { Sandbox } from '../sandbox.ts';
import { AMARA, api, connect, FORBIDDEN, JONAS, posted, UNAUTHORIZED } from './test-client.ts';

const NOW = '2026-11-20T10:00:00.500Z';
const pageSchema = z.object({
  data: z.array(z.looseObject({ id: z.string(), text: z.string() })).default([]),
  meta: z.object({
    result_count: z.number(),
    newest_id: z.string().optional(),
    oldest_id: z.string().optional(),
    next_token: z.string().optional(),
  }),
});

async function timeline(sandbox: Sandbox, token: string, parameters: Record<string, string> = {}) {
  const response = await api(sandbox, token, `/2/users/${AMARA.id}/tweets?${new URLSearchParams(parameters)}`);
  const page = pageSchema.parse(await response.json());
  return { texts: page.data.map(({ text }) => text).join(' '), ...page };
}

/** Posts 1, 2, 3 … a minute apart. */
async function postMany(sandbox: Sandbox, token: string, clock: HandClock, count: number): Promise<string[]> {
  const ids = [];
  for (let number = 1; number <= count; number += 1) {
    ids.push((await posted(sandbox, token, { text: String(number) })).id);
    clock.advance(60_000);
  }
  return ids;
}

describe('a user’s posts', () => {
  it('come newest first, and empty without data', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    const path = `/2/users/${AMARA.id}/tweets`;
    expect(await answer(api(sandbox, token, path))).toEqual({ status: 200, body: { meta: { result_count: 0 } } });
    const ids = await postMany(sandbox, token, clock, 3);
    await posted(sandbox, await connect(sandbox, { sandbox_user: JONAS.id }), { text: 'another’s' });
    await api(sandbox, token, `/2/tweets/${ids[1]}`, { method: 'DELETE' });
    expect(await answer(api(sandbox, token, `${path}?tweet.fields=created_at`))).toEqual({
      status: 200,
      body: {
        data: [
          { id: ids[2], text: '3', edit_history_tweet_ids: [ids[2]], created_at: '2026-11-20T10:02:00.000Z' },
          { id: ids[0], text: '1', edit_history_tweet_ids: [ids[0]], created_at: '2026-11-20T10:00:00.000Z' },
        ],
        meta: { result_count: 2, newest_id: ids[2], oldest_id: ids[0] },
      },
    });
  });

  it('come in pages of 10, or of 5 to 100, which new posts do not shift', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    await postMany(sandbox, token, clock, 12);
    const first = await timeline(sandbox, token);
    expect(first.texts).toBe('12 11 10 9 8 7 6 5 4 3');
    await posted(sandbox, token, { text: 'new' });
    const second = await timeline(sandbox, token, { pagination_token: first.meta.next_token ?? '' });
    expect(second).toMatchObject({ texts: '2 1', meta: { result_count: 2 } });
    expect(second.meta.next_token).toBeUndefined();
    expect((await timeline(sandbox, token, { max_results: '5' })).texts).toBe('new 12 11 10 9');
    expect((await timeline(sandbox, token, { max_results: '100' })).meta.result_count).toBe(13);
  });

  it('can be narrowed by time, to whole seconds, and by id', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    const [first = '', , third = ''] = await postMany(sandbox, token, clock, 4);
    const narrowed = async (parameters: Record<string, string>) => (await timeline(sandbox, token, parameters)).texts;
    expect(await narrowed({ start_time: '2026-11-20T10:01:00Z' })).toBe('4 3 2');
    // Created at 10:01:00.500, shown as 10:01:00: who asks from the millisecond on does not find it.
    expect(await narrowed({ start_time: '2026-11-20T10:01:00.500Z' })).toBe('4 3');
    expect(await narrowed({ end_time: '2026-11-20T10:01:00Z' })).toBe('1');
    expect(await narrowed({ start_time: '2026-11-20T10:01:00Z', end_time: '2026-11-20T10:03:00Z' })).toBe('3 2');
    expect(await narrowed({ since_id: first })).toBe('4 3 2');
    expect(await narrowed({ since_id: first, until_id: third })).toBe('2');
    expect(await narrowed({ since_id: third, max_results: '5' })).toBe('4');
  });

  it('leave replies out when told to', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const { id } = await posted(sandbox, token, { text: 'one' });
    await posted(sandbox, token, { text: 'two', reply: { in_reply_to_tweet_id: id } });
    expect((await timeline(sandbox, token)).texts).toBe('two one');
    expect((await timeline(sandbox, token, { exclude: 'replies,retweets' })).texts).toBe('one');
  });

  it.each([
    ['max_results=4', 'is not between 5 and 100'],
    ['max_results=101', 'is not between 5 and 100'],
    ['max_results=x', 'is not between 5 and 100'],
    ['start_time=yesterday', 'is not a valid RFC3339 date-time'],
    ['start_time=2026-11-20T10:00:00%2B01:00', 'is not a valid RFC3339 date-time'],
    ['since_id=abc', 'is not valid'],
    ['pagination_token=nonsense', 'is not valid'],
    ['exclude=likes', 'is not one of [replies,retweets]'],
    ['sort=asc', 'The query parameter [sort] is not one of'],
    ['tweet.fields=foo', 'is not one of'],
  ])('are refused with %s', async (parameters, words) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    expect(await answer(api(sandbox, token, `/2/users/${AMARA.id}/tweets?${parameters}`))).toMatchObject({
      status: 400,
      body: { title: 'Invalid Request', errors: [{ message: expect.stringContaining(words) }] },
    });
  });

  it('take a token, both read scopes, and a user who exists', async () => {
    const sandbox = await sandboxForTest();
    const path = `/2/users/${AMARA.id}/tweets`;
    expect(await answer(api(sandbox, 'nonsense', path))).toEqual(UNAUTHORIZED);
    const write = await connect(sandbox, { scope: 'tweet.write users.read' });
    expect(await answer(api(sandbox, write, path))).toEqual(FORBIDDEN);
    expect(await answer(api(sandbox, await connect(sandbox), '/2/users/999/tweets'))).toMatchObject({
      status: 200,
      body: { errors: [{ resource_type: 'user', title: 'Not Found Error' }] },
    });
  });
});
