import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import type { Sandbox } from '../sandbox.ts';
import {
  COFFEE,
  connect,
  createPost,
  get,
  idOf,
  JONAS,
  LIBRARY,
  ledger,
  pageTokens,
  post,
  refusal,
  requests,
  signIn,
  uploadPhoto,
} from './test-client.ts';

const NOW = '2026-11-20T10:00:00.000Z';
const listSchema = z.object({ data: z.array(z.looseObject({ id: z.string() })) });

async function listed(
  sandbox: Sandbox,
  token: string,
  edge: string,
  parameters: Record<string, string> = {},
): Promise<string[]> {
  const response = await get(sandbox, token, `/${COFFEE}/${edge}`, parameters);
  return listSchema.parse(await response.json()).data.map(({ id }) => id);
}

function sendJson(sandbox: Sandbox, token: string, body: unknown): Promise<Response> {
  return fetch(`${sandbox.facebook.graphUrl}/v26.0/${COFFEE}/feed`, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('creating a post', () => {
  it('answers {page}_{post} and puts the text into the ledger as it was sent', async () => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW) });
    const message = 'Hello (world)\n#launch & more 🎉';
    const response = await answer(createPost(sandbox, await connect(sandbox), message));
    expect(response).toEqual({ status: 200, body: { id: expect.stringMatching(/^102000000000101_\d{18}$/) } });
    const [entry] = await ledger(sandbox);
    expect(entry).toEqual({
      platform: 'facebook',
      id: z.object({ id: z.string() }).parse(response.body).id,
      permalink: `https://www.facebook.com/${entry?.id.replace('_', '/posts/')}`,
      account: COFFEE,
      accountName: 'Northwind Coffee Roasters',
      receivedAt: NOW,
      endpoint: 'POST /{page-id}/feed',
      text: message,
      cutAt: null,
      link: null,
      images: [],
      visibility: 'public',
      body: new URLSearchParams({ message }).toString(),
      deletedAt: null,
    });
    expect(await requests(sandbox)).toEqual([
      {
        platform: 'facebook',
        receivedAt: NOW,
        endpoint: 'POST /{page-id}/feed',
        account: COFFEE,
        status: 200,
        code: null,
        fault: null,
        id: entry?.id,
      },
    ]);
  });

  it('takes its parameters from a form, from JSON, from multipart and from the query', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const form = new FormData();
    form.set('message', 'multipart');
    expect((await createPost(sandbox, token, 'form')).status).toBe(200);
    expect((await sendJson(sandbox, token, { message: 'JSON', published: true })).status).toBe(200);
    expect((await post(sandbox, token, '/me/feed', form)).status).toBe(200);
    expect((await post(sandbox, token, '/me/feed?message=query', { message: 'body' })).status).toBe(200);
    const query = new URLSearchParams({ message: 'query', access_token: token });
    expect((await fetch(`${sandbox.facebook.graphUrl}/v26.0/me/feed?${query}`, { method: 'POST' })).status).toBe(200);
    expect((await ledger(sandbox)).map(({ text }) => text)).toEqual(['form', 'JSON', 'multipart', 'body', 'query']);
  });

  it('ignores parameters it does not know', async () => {
    const sandbox = await sandboxForTest();
    const response = await createPost(sandbox, await connect(sandbox), 'x', { mesage: 'y', client_mutation_id: 'm' });
    expect(await answer(response)).toEqual({
      status: 200,
      body: { id: expect.any(String), post_supports_client_mutation_id: true },
    });
  });

  it('shows a link by the name of its host', async () => {
    const sandbox = await sandboxForTest();
    const link = 'https://shop.example.com/a?b=c';
    expect((await post(sandbox, await connect(sandbox), '/me/feed', { link })).status).toBe(200);
    expect(await ledger(sandbox)).toMatchObject([{ text: '', link: { url: link, title: 'shop.example.com' } }]);
  });

  it.each([
    ['nothing in it', {}, '197', 'The post is empty. Please enter a message to share.'],
    ['blank text', { message: ' \n' }, '197', 'The post is empty'],
    ['text that is too long', { message: 'x'.repeat(63_207) }, '100', 'no longer than 63206 characters'],
    ['a link that is none', { link: 'shop.example.com' }, '1500', 'The url you supplied is invalid'],
    ['a link that is no web address', { link: 'ftp://example.com/' }, '1500', 'The url you supplied is invalid'],
    ['a link to Facebook', { link: 'https://www.facebook.com/x' }, '100/1609008', 'Invalid parameter'],
    ['a link that cannot be read', { link: 'https://gone.invalid/' }, '100/1609005', 'Invalid parameter'],
    ['a wrong boolean', { message: 'x', published: 'maybe' }, '100', 'published must be a boolean'],
    [
      'a time although it is published',
      { message: 'x', scheduled_publish_time: '1763700000' },
      '100',
      'cannot specify a scheduled publish time on a published post',
    ],
    ['media that are no list', { message: 'x', attached_media: '{}' }, '100', 'attached_media must be an array'],
    ['media without an id', { message: 'x', 'attached_media[0]': '{"id":"1"}' }, '100', 'an object with media_fbid'],
    ['media that do not exist', { 'attached_media[0]': '{"media_fbid":"1"}' }, '100', 'Photo 1 does not exist'],
  ])('is refused for %s', async (_what, parameters, code, words) => {
    const sandbox = await sandboxForTest();
    const response = await post(sandbox, await connect(sandbox), `/${COFFEE}/feed`, { ...parameters });
    expect(await refusal(response)).toEqual({ status: 400, code, message: expect.stringContaining(words) });
    expect(await ledger(sandbox)).toEqual([]);
    expect(await requests(sandbox)).toMatchObject([{ status: 400, code, account: COFFEE, id: null }]);
  });

  it('takes 63,206 characters', async () => {
    const sandbox = await sandboxForTest();
    expect((await createPost(sandbox, await connect(sandbox), 'x'.repeat(63_206))).status).toBe(200);
  });

  it.each(['{"message":', '[1]', '"text"'])('is refused for the JSON body %s, and logged', async (body) => {
    const sandbox = await sandboxForTest();
    expect(await refusal(sendJson(sandbox, await connect(sandbox), body))).toMatchObject({ status: 400, code: '100' });
    expect(await requests(sandbox)).toMatchObject([{ status: 400, code: '100', account: COFFEE }]);
  });

  it('is refused for a body beyond all limits, and logged', async () => {
    const sandbox = await sandboxForTest();
    const response = sendJson(sandbox, await connect(sandbox), { message: 'x'.repeat(33 * 1024 * 1024) });
    expect(await refusal(response)).toMatchObject({ status: 413, code: '5101' });
    expect(await requests(sandbox)).toMatchObject([{ status: 413, code: '5101', account: COFFEE }]);
  });

  it('may be for later, from ten minutes to thirty days, and shows when its time has come', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    const now = Date.parse(NOW) / 1000;
    const schedule = (seconds: number) =>
      createPost(sandbox, token, 'later', { published: 'false', scheduled_publish_time: String(now + seconds) });
    for (const wrong of [599, 30 * 86_400 + 1]) {
      expect(await refusal(schedule(wrong))).toMatchObject({
        code: '100',
        message: '(#100) The specified scheduled publish time is invalid.',
      });
    }
    const id = await idOf(schedule(600));
    expect(await ledger(sandbox)).toMatchObject([{ visibility: 'scheduled for 2026-11-20T10:10:00.000Z' }]);
    expect(await listed(sandbox, token, 'feed')).toEqual([]);
    clock.advance(600_000);
    expect(await listed(sandbox, token, 'feed')).toEqual([id]);
    expect((await answer(get(sandbox, token, `/${id}`, { fields: 'created_time' }))).body).toEqual({
      created_time: '2026-11-20T10:10:00+0000',
      id,
    });
  });

  it('may stay unpublished: nobody sees it', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const id = await idOf(createPost(sandbox, token, 'dark', { published: 'false' }));
    expect(await listed(sandbox, token, 'feed')).toEqual([]);
    expect(await ledger(sandbox)).toMatchObject([{ id, visibility: 'unpublished' }]);
  });
});

describe('the duplicate guard', () => {
  it('refuses the same text as the newest post, without an id, whatever the time between', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    expect((await createPost(sandbox, token, 'same')).status).toBe(200);
    clock.advance(86_400_000);
    expect((await answer(createPost(sandbox, token, 'same'))).body).toEqual({
      error: {
        message: '(#506) Duplicate status message',
        type: 'OAuthException',
        code: 506,
        error_user_title: 'Duplicate post',
        error_user_msg: 'Duplicate posts cannot be published consecutively',
        is_transient: false,
        fbtrace_id: expect.any(String),
      },
    });
    expect(await requests(sandbox)).toMatchObject([{ status: 200 }, { status: 400, code: '506', id: null }]);
  });

  it('may answer 368 with the words for repetition instead', async () => {
    const sandbox = await sandboxForTest({ facebook: { duplicateCode: 368 } });
    const token = await connect(sandbox);
    await createPost(sandbox, token, 'same');
    expect(await refusal(createPost(sandbox, token, 'same'))).toEqual({
      status: 400,
      code: '368',
      message: "You've already posted this. Posting the same content repeatedly on Facebook isn't allowed.",
    });
  });

  it('looks at consecutive posts only: not past another one, another link, another Page or a deleted post', async () => {
    const sandbox = await sandboxForTest();
    const tokens = await pageTokens(sandbox, await signIn(sandbox, { sandbox_member: JONAS }));
    const token = tokens.get(COFFEE) ?? '';
    const statuses = async (...texts: [string, Record<string, string>?][]) => {
      const found: number[] = [];
      for (const [text, more] of texts) found.push((await createPost(sandbox, token, text, more)).status);
      return found;
    };
    const link = { link: 'https://example.com/' };
    expect(await statuses(['a'], ['b'], ['a'], ['a', link], ['a', link], ['a'])).toEqual([
      200, 200, 200, 200, 400, 200,
    ]);
    expect((await createPost(sandbox, tokens.get(LIBRARY) ?? '', 'a')).status).toBe(200);
    const newest = (await ledger(sandbox)).findLast(({ account }) => account === COFFEE);
    await fetch(`${sandbox.facebook.graphUrl}/v26.0/${newest?.id}?access_token=${token}`, { method: 'DELETE' });
    expect((await createPost(sandbox, token, 'a')).status).toBe(200);
  });

  it('does not cover photos: each sending makes a post, before and after the same text too', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const text = () => createPost(sandbox, token, 'same');
    expect((await text()).status).toBe(200);
    for (let count = 0; count < 2; count += 1) {
      const media = JSON.stringify({ media_fbid: await idOf(uploadPhoto(sandbox, token)) });
      expect((await createPost(sandbox, token, 'same', { 'attached_media[0]': media })).status).toBe(200);
      expect((await uploadPhoto(sandbox, token, undefined, { caption: 'same' })).status).toBe(200);
    }
    expect((await text()).status).toBe(200);
    expect(await ledger(sandbox)).toHaveLength(6);
  });

  it('lets one of many identical requests at once through', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const responses = await Promise.all(Array.from({ length: 8 }, () => createPost(sandbox, token, 'race')));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400, 400, 400]);
    expect(await ledger(sandbox)).toHaveLength(1);
  });
});

describe('reading posts', () => {
  it.each(['published_posts', 'feed', 'posts'])(
    'lists them at %s, newest first, since a time, in pages',
    async (edge) => {
      const clock = new HandClock(NOW);
      const sandbox = await sandboxForTest({ clock });
      const token = await connect(sandbox);
      const ids: string[] = [];
      for (const text of ['one', 'two', 'three']) {
        ids.unshift(await idOf(createPost(sandbox, token, text)));
        clock.advance(60_500);
      }
      expect(await listed(sandbox, token, edge)).toEqual(ids);
      const since = (offset: number) => ({ since: String(Date.parse(NOW) / 1000 + offset) });
      expect(await listed(sandbox, token, edge, since(60))).toEqual(ids.slice(0, 2));
      expect(await listed(sandbox, token, edge, since(61))).toEqual(ids.slice(0, 1));
      expect(await listed(sandbox, token, edge, { since: '2026-11-20T10:01:30Z' })).toEqual(ids.slice(0, 1));
      expect(await listed(sandbox, token, edge, { until: String(Date.parse(NOW) / 1000) })).toEqual(ids.slice(2));
      expect(await listed(sandbox, token, edge, { limit: '2' })).toEqual(ids.slice(0, 2));
      const first = await get(sandbox, token, `/${COFFEE}/${edge}`, { limit: '2' });
      const { paging } = z.object({ paging: z.object({ next: z.string() }) }).parse(await first.json());
      expect(listSchema.parse(await (await fetch(paging.next)).json()).data.map(({ id }) => id)).toEqual(ids.slice(2));
      expect(await refusal(get(sandbox, token, `/${COFFEE}/${edge}`, { since: 'now-ish' }))).toMatchObject({
        code: '100',
      });
    },
  );

  it('tells the fields asked for, in Graph’s forms', async () => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW) });
    const token = await connect(sandbox);
    const link = 'https://example.com/a';
    const id = await idOf(createPost(sandbox, token, 'hello', { link }));
    const fields =
      'id,message,created_time,permalink_url,from{name},attachments{media_type,unshimmed_url},is_published,shares,reactions.summary(total_count).limit(0),comments.limit(0)';
    const described = {
      id,
      message: 'hello',
      created_time: '2026-11-20T10:00:00+0000',
      permalink_url: `https://www.facebook.com/${id.replace('_', '/posts/')}`,
      from: { name: 'Northwind Coffee Roasters' },
      attachments: { data: [{ media_type: 'link', unshimmed_url: link }] },
      is_published: true,
      reactions: { data: [], summary: { total_count: 0 } },
      comments: { data: [] },
    };
    expect((await answer(get(sandbox, token, `/${id}`, { fields }))).body).toEqual(described);
    expect((await answer(get(sandbox, token, `/${COFFEE}/published_posts`, { fields }))).body).toMatchObject({
      data: [described],
    });
    expect((await answer(get(sandbox, token, `/${id}`))).body).toEqual({
      created_time: described.created_time,
      message: 'hello',
      id,
    });
    expect(await refusal(get(sandbox, token, `/${id}`, { fields: 'text' }))).toMatchObject({
      code: '100',
      message: '(#100) Tried accessing nonexisting field (text) on node type (Post)',
    });
  });

  it('may show a new post late', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock, facebook: { listingDelayMs: 30_000 } });
    const token = await connect(sandbox);
    const id = await idOf(createPost(sandbox, token, 'hello'));
    expect(await listed(sandbox, token, 'published_posts')).toEqual([]);
    expect((await get(sandbox, token, `/${id}`)).status).toBe(200);
    clock.advance(30_000);
    expect(await listed(sandbox, token, 'published_posts')).toEqual([id]);
  });

  it('takes the Page’s own token, with pages_read_engagement', async () => {
    const sandbox = await sandboxForTest();
    const user = await signIn(sandbox);
    const token = await connect(sandbox);
    const id = await idOf(createPost(sandbox, token, 'hello'));
    for (const path of [`/${COFFEE}/published_posts`, `/${COFFEE}/feed`, `/${id}`]) {
      expect(await refusal(get(sandbox, user, path))).toMatchObject({ status: 403, code: '210' });
    }
    await signIn(sandbox, { sandbox_declined: 'pages_read_engagement' });
    expect(await refusal(get(sandbox, token, `/${COFFEE}/published_posts`))).toMatchObject({
      status: 403,
      code: '10',
      message: expect.stringContaining('pages_read_engagement'),
    });
  });
});

describe('deleting a post', () => {
  it('takes it out of every list once; then there is nothing to delete', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const id = await idOf(createPost(sandbox, token, 'gone'));
    const remove = (by: string) =>
      fetch(`${sandbox.facebook.graphUrl}/v26.0/${id}`, {
        method: 'DELETE',
        headers: { authorization: `OAuth ${by}` },
      });
    expect(await refusal(remove(await signIn(sandbox)))).toMatchObject({ status: 403, code: '200' });
    expect(await answer(remove(token))).toEqual({ status: 200, body: { success: true } });
    expect(await refusal(remove(token))).toMatchObject({ status: 400, code: '100/33' });
    expect(await refusal(get(sandbox, token, `/${id}`))).toMatchObject({ status: 400, code: '100/33' });
    expect(await listed(sandbox, token, 'feed')).toEqual([]);
    expect(await ledger(sandbox)).toMatchObject([{ id, deletedAt: expect.any(String) }]);
  });
});
