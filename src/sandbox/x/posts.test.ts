import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import {
  AMARA,
  api,
  COFFEE,
  connect,
  createPost,
  FORBIDDEN,
  JONAS,
  ledger,
  posted,
  requests,
  UNAUTHORIZED,
} from './test-client.ts';

const NOW = '2026-11-20T10:00:00.123Z';
const INVALID = {
  title: 'Invalid Request',
  detail: 'One or more parameters to your request was invalid.',
  type: 'https://api.twitter.com/2/problems/invalid-request',
};
const DUPLICATE = {
  status: 403,
  body: {
    title: 'Forbidden',
    detail: 'You are not allowed to create a Tweet with duplicate content.',
    type: 'about:blank',
    status: 403,
  },
};
const NOT_PERMITTED = { status: 403, body: { detail: 'You are not permitted to perform this action.' } };

describe('creating a post', () => {
  it('answers 201 with the id, and the ledger shows what readers see', async () => {
    const sandbox = await sandboxForTest();
    const sent = JSON.stringify({ text: 'Hello, world & friends' }, null, 1);
    const response = await createPost(sandbox, await connect(sandbox), sent);
    expect(response.status).toBe(201);
    const body = await response.json();
    const id = body.data.id;
    expect(id).toMatch(/^\d{19}$/);
    expect(body).toEqual({ data: { id, text: 'Hello, world &amp; friends', edit_history_tweet_ids: [id] } });
    expect(await ledger(sandbox)).toEqual([
      {
        platform: 'x',
        id,
        permalink: `https://x.com/${AMARA.username}/status/${id}`,
        account: AMARA.id,
        accountName: 'Amara Okafor',
        receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        endpoint: 'POST /2/tweets',
        text: 'Hello, world & friends',
        cutAt: null,
        link: null,
        images: [],
        visibility: 'everyone',
        body: sent,
        deletedAt: null,
      },
    ]);
    expect(await requests(sandbox)).toMatchObject([{ status: 201, account: AMARA.id, id, code: null }]);
  });

  it.each([
    ['an unknown key', { text: 'x', foo: 1 }, '$.foo: is not defined in the schema'],
    [
      'an unknown key inside',
      { text: 'x', reply: { in_reply_to_tweet_id: '1', foo: 1 } },
      '$.reply.foo: is not defined',
    ],
    ['a number as text', { text: 5 }, '$.text: number found, string expected'],
    ['media ids as text', { media: { media_ids: '1' } }, '$.media.media_ids: string found, array expected'],
    ['a media id as a number', { media: { media_ids: [1] } }, '$.media.media_ids[0]: number found, string expected'],
    ['no media ids', { media: {} }, '$.media.media_ids: is missing but it is required'],
    ['an empty list of media', { media: { media_ids: [] } }, 'minimum of 1 items'],
    ['five media', { media: { media_ids: ['1', '2', '3', '4', '5'] } }, 'maximum of 4 items'],
    ['an unknown reply setting', { text: 'x', reply_settings: 'nobody' }, '$.reply_settings'],
    ['neither text nor media', {}, 'A Tweet needs text or media.'],
    ['blank text', { text: ' \n' }, 'A Tweet needs text or media.'],
    ['281 characters', { text: 'x'.repeat(281) }, 'Your Tweet text is too long'],
    ['141 Chinese characters', { text: '你'.repeat(141) }, 'Your Tweet text is too long'],
    ['half a surrogate pair', '{"text":"broken \\ud83d"}', 'characters that are not allowed'],
    ['a byte order mark', { text: 'a\uFEFFb' }, 'characters that are not allowed'],
    [
      'media and a poll',
      { media: { media_ids: ['1'] }, poll: { options: ['a', 'b'], duration_minutes: 5 } },
      'Only one of',
    ],
    ['broken JSON', '{"text":', 'Invalid JSON'],
    ['an array', '[]', '$: array found, object expected'],
  ])('is refused with 400 for %s', async (_what, body, words) => {
    const sandbox = await sandboxForTest();
    const response = await createPost(sandbox, await connect(sandbox), body);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer(response)).toEqual({
      status: 400,
      body: { ...INVALID, errors: [{ parameters: expect.any(Object), message: expect.stringContaining(words) }] },
    });
    expect(await ledger(sandbox)).toEqual([]);
    expect(await requests(sandbox)).toMatchObject([{ status: 400, code: 'invalid-request', id: null }]);
  });

  it('takes 280 characters by weight', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await posted(sandbox, token, { text: 'x'.repeat(280) });
    await posted(sandbox, token, { text: '你'.repeat(140) });
    await posted(sandbox, token, { text: `${'x'.repeat(256)} https://example.com/${'y'.repeat(300)}` });
    await posted(sandbox, token, { text: '👩‍👩‍👧‍👦'.repeat(140) });
  });

  it('needs JSON, no query, and at most 1 MB', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const form = await answer(
      api(sandbox, token, '/2/tweets', { method: 'POST', body: new URLSearchParams({ text: 'x' }) }),
    );
    expect(form).toMatchObject({
      status: 400,
      body: { errors: [{ message: 'Requests with bodies must have content-type of application/json.' }] },
    });
    const headers = { 'content-type': 'application/json' };
    const withQuery = api(sandbox, token, '/2/tweets?dry=1', { method: 'POST', headers, body: '{"text":"x"}' });
    expect(await answer(withQuery)).toMatchObject({ status: 400 });
    expect((await createPost(sandbox, token, { text: 'x'.repeat(1_100_000) })).status).toBe(413);
    expect(await requests(sandbox)).toMatchObject([{ status: 400 }, { status: 400 }, { status: 413, code: 'BODY' }]);
  });

  it('is refused to a missing and an unknown token with 401, and without every scope with a bare 403', async () => {
    const sandbox = await sandboxForTest();
    expect(await answer(createPost(sandbox, '', { text: 'x' }))).toEqual(UNAUTHORIZED);
    expect(await answer(createPost(sandbox, 'nonsense', { text: 'x' }))).toEqual(UNAUTHORIZED);
    for (const scope of ['tweet.read users.read', 'tweet.write users.read', 'tweet.read tweet.write']) {
      expect(await answer(createPost(sandbox, await connect(sandbox, { scope }), { text: 'x' }))).toEqual(FORBIDDEN);
    }
    expect(await ledger(sandbox)).toEqual([]);
  });
});

describe('the duplicate guard', () => {
  it('refuses identical text with 403 and without an id, also after the post was deleted', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const { id } = await posted(sandbox, token, { text: 'caf\u00e9' });
    const again = await answer(createPost(sandbox, token, { text: 'cafe\u0301' }));
    expect(again).toEqual(DUPLICATE);
    expect(JSON.stringify(again)).not.toContain(id);
    await api(sandbox, token, `/2/tweets/${id}`, { method: 'DELETE' });
    expect(await answer(createPost(sandbox, token, { text: 'caf\u00e9' }))).toEqual(DUPLICATE);
    await posted(sandbox, token, { text: 'café!' });
    expect(await requests(sandbox)).toMatchObject([{}, { code: 'duplicate' }, { code: 'duplicate' }, { status: 201 }]);
  });

  it('is each user’s own', async () => {
    const sandbox = await sandboxForTest();
    await posted(sandbox, await connect(sandbox), { text: 'same' });
    await posted(sandbox, await connect(sandbox, { sandbox_user: JONAS.username }), { text: 'same' });
  });

  it('lets one of several at once through', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const racers = await Promise.all(Array.from({ length: 6 }, () => createPost(sandbox, token, { text: 'once' })));
    expect(racers.map(({ status }) => status).sort()).toEqual([201, 403, 403, 403, 403, 403]);
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  it('forgets after its window', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock, x: { duplicateWindowMs: 60_000 } });
    const token = await connect(sandbox);
    await posted(sandbox, token, { text: 'again' });
    clock.advance(59_999);
    expect((await createPost(sandbox, token, { text: 'again' })).status).toBe(403);
    clock.advance(1);
    expect((await createPost(sandbox, token, { text: 'again' })).status).toBe(201);
  });
});

describe('what policy forbids', () => {
  it('is a second cashtag', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    await posted(sandbox, token, { text: 'Buy $TWTR for $5, or 3$ABC' });
    expect(await answer(createPost(sandbox, token, { text: 'Buy $TWTR, $BRK.A' }))).toMatchObject({
      status: 403,
      body: { type: 'about:blank', detail: expect.stringContaining('maximum of one cashtag') },
    });
  });

  it('is quoting, and replying where one was not mentioned', async () => {
    const sandbox = await sandboxForTest();
    const [amara, jonas] = [await connect(sandbox), await connect(sandbox, { sandbox_user: JONAS.id })];
    const { id: quiet } = await posted(sandbox, amara, { text: 'talking to myself' });
    const { id: open } = await posted(sandbox, amara, { text: `@${JONAS.username} what do you think?` });
    const reply = (id: string, text: string) => ({ text, reply: { in_reply_to_tweet_id: id } });
    expect(await answer(createPost(sandbox, jonas, { text: 'look', quote_tweet_id: quiet }))).toMatchObject(
      NOT_PERMITTED,
    );
    expect(await answer(createPost(sandbox, jonas, reply(quiet, 'hm')))).toMatchObject(NOT_PERMITTED);
    // Whom a reply answers is free of charge.
    await posted(sandbox, jonas, reply(open, `@${AMARA.username} ${'x'.repeat(280)}`));
    await posted(sandbox, amara, reply(quiet, 'and again'));
    expect(await answer(createPost(sandbox, amara, reply('999', 'hm')))).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('deleted or not visible') },
    });
  });
});

const lookup = z.object({
  data: z.looseObject({
    text: z.string(),
    entities: z.object({ urls: z.array(z.looseObject({ start: z.number(), end: z.number(), url: z.string() })) }),
  }),
});

describe('the returned text', () => {
  it('has t.co links of 23 characters, and entities that say where they lead, in code points', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const text = '👋 <b> www.example.com/a?b=c&d=e, https://example.org/a-very-long-path/to/an/article & more';
    const { id, text: returned } = await posted(sandbox, token, { text });
    const link = 'https://t.co/[A-Za-z0-9]{10}';
    expect(returned).toMatch(new RegExp(`^👋 &lt;b&gt; ${link}, ${link} &amp; more$`, 'u'));
    const { data } = lookup.parse(await (await api(sandbox, token, `/2/tweets/${id}?tweet.fields=entities`)).json());
    expect(data.text).toBe(returned);
    expect(data.entities.urls).toMatchObject([
      { expanded_url: 'http://www.example.com/a?b=c&d=e', display_url: 'example.com/a?b=c&d=e' },
      {
        expanded_url: 'https://example.org/a-very-long-path/to/an/article',
        display_url: 'example.org/a-very-long-pa…',
      },
    ]);
    for (const { start, end, url } of data.entities.urls) expect([...returned].slice(start, end).join('')).toBe(url);
    expect(await ledger(sandbox)).toMatchObject([
      { text, link: { url: 'https://example.org/a-very-long-path/to/an/article' } },
    ]);
  });

  it('can be had without the entities of HTML', async () => {
    const sandbox = await sandboxForTest({ x: { decoratedText: false } });
    const { text } = await posted(sandbox, await connect(sandbox), { text: 'a & b < c' });
    expect(text).toBe('a & b < c');
  });
});

describe('looking posts up', () => {
  it('shows the default fields, and more when asked', async () => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW) });
    const token = await connect(sandbox);
    const { id } = await posted(sandbox, token, { text: 'one', reply_settings: 'following' });
    const { id: reply } = await posted(sandbox, token, { text: 'two', reply: { in_reply_to_tweet_id: id } });
    const shown = { id, text: 'one', edit_history_tweet_ids: [id] };
    expect(await answer(api(sandbox, token, `/2/tweets/${id}`))).toEqual({ status: 200, body: { data: shown } });
    const fields = 'created_at,author_id,public_metrics,entities,attachments,reply_settings,conversation_id';
    expect(await answer(api(sandbox, token, `/2/tweets/${id}?tweet.fields=${fields}`))).toEqual({
      status: 200,
      body: {
        data: {
          ...shown,
          created_at: '2026-11-20T10:00:00.000Z',
          author_id: AMARA.id,
          conversation_id: id,
          reply_settings: 'following',
          public_metrics: {
            retweet_count: 0,
            reply_count: 0,
            like_count: 0,
            quote_count: 0,
            bookmark_count: 0,
            impression_count: 0,
          },
        },
      },
    });
    const path = `/2/tweets/${reply}?tweet.fields=conversation_id,referenced_tweets,in_reply_to_user_id&expansions=author_id`;
    expect(await answer(api(sandbox, token, path))).toMatchObject({
      body: {
        data: {
          conversation_id: id,
          in_reply_to_user_id: AMARA.id,
          referenced_tweets: [{ type: 'replied_to', id }],
        },
        includes: { users: [{ id: AMARA.id, username: AMARA.username }] },
      },
    });
  });

  it('tells what is not there in a 200, beside what is', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const { id } = await posted(sandbox, token, { text: 'one' });
    const missing = {
      value: '999',
      title: 'Not Found Error',
      resource_type: 'tweet',
      resource_id: '999',
      type: 'https://api.twitter.com/2/problems/resource-not-found',
    };
    expect(await answer(api(sandbox, token, '/2/tweets/999'))).toEqual({
      status: 200,
      body: { errors: [{ ...missing, parameter: 'id', detail: 'Could not find tweet with id: [999].' }] },
    });
    expect(await answer(api(sandbox, token, `/2/tweets?ids=${id},999`))).toMatchObject({
      status: 200,
      body: { data: [{ id }], errors: [{ ...missing, parameter: 'ids' }] },
    });
  });

  it.each([
    ['/2/tweets/1?tweet.fields=text,foo', 'The `tweet.fields` query parameter value [foo] is not one of'],
    ['/2/tweets/1?foo=1', 'The query parameter [foo] is not one of'],
    ['/2/tweets/1?post.fields=text', 'The query parameter [post.fields] is not one of'],
    ['/2/tweets/1?tweet.fields=id&tweet.fields=text', 'may be given once'],
    ['/2/tweets/abc', 'The `id` query parameter value [abc] is not valid'],
    ['/2/tweets', 'The `ids` query parameter value [] is not valid'],
  ])('refuses %s with 400', async (path, words) => {
    const sandbox = await sandboxForTest();
    expect(await answer(api(sandbox, await connect(sandbox), path))).toMatchObject({
      status: 400,
      body: { ...INVALID, errors: [{ message: expect.stringContaining(words) }] },
    });
  });

  it('can use the names that came with API description 2.167', async () => {
    const sandbox = await sandboxForTest({ x: { fieldNames: 'new' } });
    const token = await connect(sandbox);
    const { id } = await posted(sandbox, token, { text: 'one' });
    for (const name of ['tweet.fields', 'post.fields']) {
      expect(await answer(api(sandbox, token, `/2/tweets/${id}?${name}=public_metrics`))).toMatchObject({
        body: { data: { edit_history_post_ids: [id], public_metrics: { repost_count: 0 } } },
      });
    }
    expect(await answer(createPost(sandbox, token, { foo: 1 }))).toMatchObject({
      body: { type: 'https://api.x.com/2/problems/invalid-request' },
    });
  });
});

describe('deleting a post', () => {
  it('takes it from every view but the ledger, which marks it', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const { id } = await posted(sandbox, token, { text: 'one' });
    const remove = (as: string, which = id) => answer(api(sandbox, as, `/2/tweets/${which}`, { method: 'DELETE' }));
    const done = { status: 200, body: { data: { deleted: true } } };
    expect(await remove(await connect(sandbox, { sandbox_user: COFFEE.id }))).toMatchObject({ status: 403 });
    expect(await remove(await connect(sandbox, { scope: 'tweet.read users.read' }))).toEqual(FORBIDDEN);
    expect(await remove(token, '999')).toMatchObject({ status: 404, body: { title: 'Not Found Error' } });
    expect([await remove(token), await remove(token)]).toEqual([done, done]);
    expect(await answer(api(sandbox, token, `/2/tweets/${id}`))).toMatchObject({ body: { errors: [{}] } });
    expect(await ledger(sandbox)).toMatchObject([{ id, deletedAt: expect.any(String) }]);
  });
});

describe('who a user is', () => {
  it('takes both read scopes, and shows what is asked for', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, { sandbox_user: JONAS.id });
    await posted(sandbox, token, { text: 'one' });
    const fields = 'profile_image_url,verified,verified_type,subscription_type,public_metrics';
    expect(await answer(api(sandbox, token, `/2/users/me?user.fields=${fields}`))).toEqual({
      status: 200,
      body: {
        data: {
          id: JONAS.id,
          name: 'Jonas Lindqvist',
          username: JONAS.username,
          profile_image_url: `${sandbox.url}/x/avatars/${JONAS.id}.svg`,
          verified: true,
          verified_type: 'blue',
          subscription_type: 'Premium',
          public_metrics: expect.objectContaining({ tweet_count: 1 }),
        },
      },
    });
    const picture = await fetch(`${sandbox.url}/x/avatars/${JONAS.id}.svg`);
    expect(picture.headers.get('content-type')).toContain('image/svg+xml');
    const half = await connect(sandbox, { scope: 'users.read' });
    expect(await answer(api(sandbox, half, '/2/users/me'))).toEqual(FORBIDDEN);
    expect(await answer(api(sandbox, token, '/2/users/me?user.fields=age'))).toMatchObject({ status: 400 });
  });

  it('tells the e-mail address only with its own scope', async () => {
    const sandbox = await sandboxForTest();
    const path = '/2/users/me?user.fields=confirmed_email';
    const without = await connect(sandbox);
    expect(await answer(api(sandbox, without, path))).toMatchObject({
      status: 200,
      body: { data: { id: AMARA.id }, errors: [{ field: 'confirmed_email', title: 'Field Authorization Error' }] },
    });
    const scoped = await connect(sandbox, { scope: 'tweet.read users.read users.email' });
    expect(await answer(api(sandbox, scoped, path))).toMatchObject({
      body: { data: { confirmed_email: 'amara.okafor@example.com' } },
    });
  });
});

it('answers other paths below it with 404', async () => {
  const sandbox = await sandboxForTest();
  const token = await connect(sandbox);
  expect(await answer(api(sandbox, token, '/1.1/statuses/update.json', { method: 'POST' }))).toMatchObject({
    status: 404,
    body: { title: 'Not Found', type: 'about:blank' },
  });
});
