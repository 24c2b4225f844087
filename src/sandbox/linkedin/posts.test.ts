import { describe, expect, it } from 'vitest';
import {
  AMARA,
  answer,
  api,
  COFFEE,
  connect,
  createPost,
  HandClock,
  ledger,
  MEI,
  PAGE_SCOPE,
  postBody,
  requests,
  restHeaders,
  sandboxForTest,
} from './test-client.ts';

const NOW = '2026-11-20T10:00:00.000Z';
const inputErrors = (code: string, fieldPath: string) => ({
  errorDetailType: 'com.linkedin.common.error.BadRequest',
  errorDetails: { inputErrors: [{ code, input: { inputPath: { fieldPath } } }] },
});

describe('creating a post', () => {
  it('answers 201 with an empty body and the URN in x-restli-id alone', async () => {
    const sandbox = await sandboxForTest();
    const sent = JSON.stringify(postBody('Hello \\(world\\) #launch'), null, 1);
    const response = await createPost(sandbox, await connect(sandbox), sent);
    expect(response.status).toBe(201);
    expect(await response.text()).toBe('');
    const urn = response.headers.get('x-restli-id') ?? '';
    expect(urn).toMatch(/^urn:li:share:\d{19}$/);
    expect(await ledger(sandbox)).toEqual([
      expect.objectContaining({
        id: urn,
        permalink: `https://www.linkedin.com/feed/update/${urn}/`,
        account: AMARA.urn,
        accountName: 'Amara Okafor',
        receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        text: 'Hello (world) #launch',
        cutAt: null,
        body: sent,
      }),
    ]);
  });

  it('cuts the text at an unescaped reserved character and says nothing', async () => {
    const sandbox = await sandboxForTest();
    expect((await createPost(sandbox, await connect(sandbox), postBody('Now (really) out'))).status).toBe(201);
    expect(await ledger(sandbox)).toMatchObject([{ text: 'Now ', cutAt: { index: 4, character: '(' } }]);
  });

  it.each([
    ['without a version', { 'linkedin-version': '' }, 400, 'VERSION_MISSING'],
    ['with a malformed version', { 'linkedin-version': '2026-10' }, 400, undefined],
    ['with month 13', { 'linkedin-version': '202613' }, 400, undefined],
    ['with a version a year old', { 'linkedin-version': '202511' }, 426, 'NONEXISTENT_VERSION'],
    ['with next month’s version', { 'linkedin-version': '202612' }, 426, 'NONEXISTENT_VERSION'],
    ['with the version that never was', { 'linkedin-version': '202512' }, 426, 'NONEXISTENT_VERSION'],
    ['without the protocol version', { 'x-restli-protocol-version': '' }, 400, undefined],
    ['with protocol 1.0.0', { 'x-restli-protocol-version': '1.0.0' }, 400, undefined],
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415, undefined],
  ])('is refused %s', async (_what, headers, status, code) => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW) });
    const token = await connect(sandbox);
    const response = await answer(
      createPost(sandbox, token, postBody('x'), { 'linkedin-version': '202610', ...headers }),
    );
    expect(response).toMatchObject({ status, body: { status, ...(code ? { code } : {}) } });
    expect(await ledger(sandbox)).toEqual([]);
    expect(await requests(sandbox)).toMatchObject([{ status, account: AMARA.urn, id: null }]);
  });

  it.each(['202601', '202610', '202611'])('is taken with the version %s in November 2026', async (version) => {
    const sandbox = await sandboxForTest({ clock: new HandClock(NOW) });
    const response = await createPost(sandbox, await connect(sandbox), postBody('x'), { 'linkedin-version': version });
    expect(response.status).toBe(201);
  });

  it.each([
    ['an unknown field', postBody('x', { foo: 1 }), '/foo :: unrecognized field found but not allowed'],
    [
      'a misspelt nested field',
      postBody('x', { distribution: { feedDistribution: 'MAIN_FEED', targetEnties: [] } }),
      '/distribution/targetEnties :: unrecognized field found but not allowed',
    ],
    [
      'no author',
      postBody('x', { author: undefined }),
      '/author :: field is required but not found and has no default value',
    ],
    ['no commentary', postBody('x', { commentary: undefined }), '/commentary :: field is required'],
    ['no visibility', postBody('x', { visibility: undefined }), '/visibility :: field is required'],
    ['no distribution', postBody('x', { distribution: undefined }), '/distribution :: field is required'],
    ['no lifecycle state', postBody('x', { lifecycleState: undefined }), '/lifecycleState :: field is required'],
    [
      'an unknown visibility',
      postBody('x', { visibility: 'EVERYBODY' }),
      '/visibility :: "EVERYBODY" is not an enum symbol',
    ],
    ['a number as text', postBody('x', { commentary: 5 }), '/commentary :: 5 cannot be coerced to string'],
    [
      'an article without a title',
      postBody('x', { content: { article: { source: 'https://a.example' } } }),
      '/content/article/title :: field is required',
    ],
  ])('is refused for %s with 422 and Rest.li’s words', async (_what, body, words) => {
    const sandbox = await sandboxForTest();
    const response = await answer(createPost(sandbox, await connect(sandbox), body));
    expect(response).toEqual({
      status: 422,
      body: { status: 422, message: expect.stringContaining(`ERROR :: ${words}`) },
    });
  });

  it.each([
    ['a draft', postBody('x', { lifecycleState: 'DRAFT' }), 'INVALID_VALUE_FOR_FIELD', 'lifecycleState'],
    ['blank text', postBody(' \n'), 'INVALID_VALUE_BLANK_FIELD', 'commentary'],
    ['3,001 characters', postBody('x'.repeat(3001)), 'FIELD_LENGTH_TOO_LONG', 'commentary'],
    [
      'a link that is none',
      postBody('x', { content: { article: { source: 'nowhere', title: 't' } } }),
      'INVALID_VALUE_FOR_FIELD',
      'content/article/source',
    ],
    ['empty content', postBody('x', { content: {} }), 'INVALID_VALUE_FOR_FIELD', 'content'],
    [
      'an image nobody uploaded',
      postBody('x', { content: { media: { id: 'urn:li:image:C1' } } }),
      'INVALID_IMAGE_ID',
      'content/media/id',
    ],
  ])('is refused for %s with 400', async (_what, body, code, fieldPath) => {
    const sandbox = await sandboxForTest();
    expect(await answer(createPost(sandbox, await connect(sandbox), body))).toMatchObject({
      status: 400,
      body: inputErrors(code, fieldPath),
    });
  });

  it('counts 3,000 characters without their escapes', async () => {
    const sandbox = await sandboxForTest();
    expect((await createPost(sandbox, await connect(sandbox), postBody('\\_'.repeat(3000)))).status).toBe(201);
  });

  it('refuses broken JSON, an oversized body and a query, and logs each', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    expect((await createPost(sandbox, token, '{"author":')).status).toBe(400);
    expect((await createPost(sandbox, token, postBody('x'.repeat(2_000_000)))).status).toBe(413);
    const query = await answer(
      api(sandbox, token, '/rest/posts?dryRun=true', { method: 'POST', body: JSON.stringify(postBody('x')) }),
    );
    expect(query).toMatchObject({ status: 400, body: { code: 'QUERY_PARAM_NOT_ALLOWED' } });
    expect((await requests(sandbox)).map(({ status }) => status)).toEqual([400, 413, 400]);
  });

  it('takes a link with its title and description', async () => {
    const sandbox = await sandboxForTest();
    const article = { source: 'https://example.com/a', title: 'A title', description: 'More' };
    expect((await createPost(sandbox, await connect(sandbox), postBody('', { content: { article } }))).status).toBe(
      201,
    );
    expect(await ledger(sandbox)).toMatchObject([
      { link: { url: 'https://example.com/a', title: 'A title', description: 'More' } },
    ]);
  });
});

describe('the duplicate guard', () => {
  it('refuses the same content for ten minutes, naming the live post in LinkedIn’s own words', async () => {
    const clock = new HandClock(NOW);
    const sandbox = await sandboxForTest({ clock });
    const token = await connect(sandbox);
    const create = () => createPost(sandbox, token, postBody('same'), { 'linkedin-version': '202610' });
    const urn = (await create()).headers.get('x-restli-id');
    clock.advance(10 * 60_000 - 1);
    expect(await answer(create())).toEqual({
      status: 422,
      body: {
        errorDetailType: 'com.linkedin.common.error.BadRequest',
        message: `com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of ${urn}`,
        errorDetails: {
          inputErrors: [{ description: 'Duplicate post is detected', input: {}, code: 'DUPLICATE_POST' }],
        },
        status: 422,
      },
    });
    clock.advance(1);
    expect((await create()).status).toBe(201);
    expect((await requests(sandbox)).map(({ status, code }) => [status, code])).toEqual([
      [201, null],
      [422, 'DUPLICATE_POST'],
      [201, null],
    ]);
  });

  it('lets one of many identical requests at once through', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const responses = await Promise.all(Array.from({ length: 8 }, () => createPost(sandbox, token, postBody('race'))));
    expect(responses.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422, 422, 422, 422, 422]);
    expect(await ledger(sandbox)).toHaveLength(1);
  });

  it('leaves other authors and other texts alone', async () => {
    const sandbox = await sandboxForTest();
    const amara = await connect(sandbox);
    const mei = await connect(sandbox, { sandbox_member: MEI.sub });
    expect((await createPost(sandbox, amara, postBody('one'))).status).toBe(201);
    expect((await createPost(sandbox, amara, postBody('two'))).status).toBe(201);
    expect((await createPost(sandbox, mei, postBody('one', { author: MEI.urn }))).status).toBe(201);
  });
});

describe('the day’s quota', () => {
  it('refuses a member’s call beyond it with 429, without Retry-After, until midnight UTC', async () => {
    const clock = new HandClock('2026-11-20T23:59:00.000Z');
    const sandbox = await sandboxForTest({ clock, linkedin: { memberDailyLimit: 2 } });
    const token = await connect(sandbox);
    const mei = await connect(sandbox, { sandbox_member: MEI.sub });
    const create = (text: string) => createPost(sandbox, token, postBody(text), { 'linkedin-version': '202610' });
    expect((await create('1')).status).toBe(201);
    expect((await create('1')).status).toBe(422);
    const refused = await create('2');
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(await answer(refused)).toMatchObject({
      status: 429,
      body: {
        code: 'TOO_MANY_REQUESTS',
        message: 'Resource level throttle MEMBER DAY limit for calls to this resource is reached.',
      },
    });
    expect(
      (await createPost(sandbox, mei, postBody('2', { author: MEI.urn }), { 'linkedin-version': '202610' })).status,
    ).toBe(201);
    clock.advance(60_000);
    expect((await create('2')).status).toBe(201);
  });

  it('is 150 calls by default', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const statuses = [];
    for (let index = 0; index <= 150; index += 1)
      statuses.push((await createPost(sandbox, token, postBody(`n ${index}`))).status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(150);
    expect(statuses.at(-1)).toBe(429);
  });
});

describe('reading and deleting posts', () => {
  const finder = { 'x-restli-method': 'FINDER' };
  const list = (author: string) => `/rest/posts?q=author&author=${encodeURIComponent(author)}&count=10&sortBy=CREATED`;

  it('never lists a member’s posts', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, { scope: PAGE_SCOPE });
    const urn = (await createPost(sandbox, token, postBody('mine'))).headers.get('x-restli-id') ?? '';
    expect(await answer(api(sandbox, token, list(AMARA.urn), { headers: finder }))).toMatchObject({
      status: 403,
      body: { serviceErrorCode: 100 },
    });
    expect((await api(sandbox, token, `/rest/posts/${encodeURIComponent(urn)}`)).status).toBe(403);
  });

  it('lists an organisation’s posts, newest first, with r_organization_social', async () => {
    const sandbox = await sandboxForTest();
    const writeOnly = await connect(sandbox, { scope: 'openid w_organization_social' });
    expect((await api(sandbox, writeOnly, list(COFFEE), { headers: finder })).status).toBe(403);
    const token = await connect(sandbox, { scope: PAGE_SCOPE });
    const ids = [];
    for (const text of ['first \\(1\\)', 'second']) {
      ids.push((await createPost(sandbox, token, postBody(text, { author: COFFEE }))).headers.get('x-restli-id'));
    }
    expect(await answer(api(sandbox, token, list(COFFEE), { headers: finder }))).toMatchObject({
      status: 200,
      body: {
        paging: { start: 0, count: 10, total: 2 },
        elements: [
          { id: ids[1], author: COFFEE, commentary: 'second', publishedAt: expect.any(Number) },
          { id: ids[0], commentary: 'first \\(1\\)', lifecycleState: 'PUBLISHED' },
        ],
      },
    });
    expect((await api(sandbox, token, list(COFFEE))).status).toBe(400);
    expect((await api(sandbox, token, list(COFFEE).replace('count=10', 'count=101'), { headers: finder })).status).toBe(
      400,
    );
    expect((await api(sandbox, token, `/rest/posts/${encodeURIComponent(ids[0] ?? '')}`)).status).toBe(200);
  });

  it('deletes a post twice without complaint, and nobody else’s', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    const mei = await connect(sandbox, { sandbox_member: MEI.sub });
    const urn = (await createPost(sandbox, token, postBody('gone'))).headers.get('x-restli-id') ?? '';
    const remove = (by: string, what: string) =>
      api(sandbox, by, `/rest/posts/${encodeURIComponent(what)}`, { method: 'DELETE' });
    expect((await remove(mei, urn)).status).toBe(403);
    expect((await remove(token, urn)).status).toBe(204);
    expect((await remove(token, urn)).status).toBe(204);
    expect((await remove(token, 'urn:li:share:1')).status).toBe(404);
    expect(await ledger(sandbox)).toMatchObject([{ id: urn, deletedAt: expect.any(String) }]);
  });
});

describe('ugcPosts', () => {
  const ugc = (text: string, media: object = { shareMediaCategory: 'NONE', media: [] }) => ({
    author: AMARA.urn,
    lifecycleState: 'PUBLISHED',
    specificContent: { 'com.linkedin.ugc.ShareContent': { shareCommentary: { text }, ...media } },
    visibility: { 'com.linkedin.ugc.MemberNetworkVisibility': 'PUBLIC' },
  });
  const article = {
    shareMediaCategory: 'ARTICLE',
    media: [{ status: 'READY', originalUrl: 'https://example.com/', title: { text: 'T' } }],
  };

  it('takes plain text without a version and says the URN in header and body', async () => {
    const sandbox = await sandboxForTest();
    const { 'linkedin-version': _, ...headers } = restHeaders(await connect(sandbox));
    const response = await fetch(`${sandbox.linkedin.apiUrl}/v2/ugcPosts`, {
      method: 'POST',
      headers,
      body: JSON.stringify(ugc('as (it) is #_', article)),
    });
    expect(response.status).toBe(201);
    const urn = response.headers.get('x-restli-id');
    expect(await response.json()).toEqual({ id: urn });
    expect(await ledger(sandbox)).toMatchObject([
      {
        id: urn,
        text: 'as (it) is #_',
        endpoint: 'POST /v2/ugcPosts',
        link: { url: 'https://example.com/', title: 'T' },
      },
    ]);
  });

  it.each([
    ['too long a text', ugc('x'.repeat(3001)), 400],
    ['blank text', ugc(' '), 400],
    ['media although none are announced', ugc('x', { ...article, shareMediaCategory: 'NONE' }), 400],
    ['an article without a URL', ugc('x', { shareMediaCategory: 'ARTICLE', media: [{ status: 'READY' }] }), 400],
    ['an unknown field', { ...ugc('x'), commentary: 'x' }, 422],
    ['another author', { ...ugc('x'), author: MEI.urn }, 403],
  ])('refuses %s', async (_what, body, status) => {
    const sandbox = await sandboxForTest();
    const response = await api(sandbox, await connect(sandbox), '/v2/ugcPosts', {
      method: 'POST',
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(status);
    expect(await ledger(sandbox)).toEqual([]);
  });
});

it('answers any other path with 404 in LinkedIn’s envelope', async () => {
  const sandbox = await sandboxForTest();
  const token = await connect(sandbox);
  expect(await answer(api(sandbox, token, '/rest/nothing'))).toMatchObject({ status: 404, body: { status: 404 } });
  expect((await api(sandbox, token, '/rest/posts', { method: 'PUT', body: '{}' })).status).toBe(405);
});
