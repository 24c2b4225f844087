import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answer, HandClock, sandboxForTest } from '../linkedin/test-client.ts';
import {
  COFFEE,
  CYCLING,
  connect,
  createPost,
  get,
  JONAS,
  LIBRARY,
  MEI,
  pageTokens,
  RAFAEL,
  refusal,
  signIn,
  THEATRE,
} from './test-client.ts';

const listSchema = z.object({
  data: z.array(z.looseObject({ id: z.string() })),
  paging: z
    .object({
      cursors: z.object({ before: z.string(), after: z.string() }),
      next: z.string().optional(),
      previous: z.string().optional(),
    })
    .optional(),
});

async function list(response: Response | Promise<Response>): Promise<z.infer<typeof listSchema>> {
  return listSchema.parse(await (await response).json());
}

async function ids(response: Response | Promise<Response>): Promise<string[]> {
  return (await list(response)).data.map(({ id }) => id);
}

describe('the Pages of a person', () => {
  it('are told with everything that matters when nothing is asked for', async () => {
    const sandbox = await sandboxForTest();
    expect((await answer(get(sandbox, await signIn(sandbox), '/me/accounts'))).body).toEqual({
      data: [
        {
          access_token: expect.stringMatching(/^EAAP/),
          category: 'Coffee shop',
          category_list: [{ id: '2200', name: 'Coffee shop' }],
          name: 'Northwind Coffee Roasters',
          tasks: ['ADVERTISE', 'ANALYZE', 'CREATE_CONTENT', 'MESSAGING', 'MODERATE', 'MANAGE'],
          id: COFFEE,
        },
      ],
      paging: { cursors: { before: expect.any(String), after: expect.any(String) } },
    });
  });

  it('are told with the id and the fields asked for, and no others', async () => {
    const sandbox = await sandboxForTest();
    const token = await signIn(sandbox);
    const fields = { fields: 'username,picture{url}' };
    expect(await list(get(sandbox, token, '/me/accounts', fields))).toMatchObject({
      data: [
        {
          username: 'northwindcoffee',
          picture: { data: { url: `${sandbox.url}/facebook/pictures/${COFFEE}.svg` } },
          id: COFFEE,
        },
      ],
    });
    const [page = {}] = (await list(get(sandbox, token, '/me/accounts', fields))).data;
    expect(Object.keys(page).sort()).toEqual(['id', 'picture', 'username']);
    const picture = await fetch(`${sandbox.url}/facebook/pictures/${COFFEE}.svg`);
    expect(picture.headers.get('content-type')).toContain('image/svg+xml');
  });

  it.each([
    ['fields', { fields: 'id,nmae' }, '100', 'Tried accessing nonexisting field (nmae) on node type (Page)'],
    ['fields', { fields: 'picture{uri}' }, '100', 'nonexisting field (uri) on node type (ProfilePictureSource)'],
    ['fields', { fields: 'id,,name' }, '2500', 'Syntax error'],
    ['fields', { fields: 'picture{url' }, '2500', 'Syntax error'],
    ['limit', { limit: 'many' }, '100', 'limit must be an integer'],
    ['limit', { limit: '101' }, '100', 'limit must be at most 100'],
    ['cursor', { after: 'x' }, '100', 'after is not a valid cursor'],
  ])('are refused for wrong %s in %j', async (_what, parameters, code, words) => {
    const sandbox = await sandboxForTest();
    expect(await refusal(get(sandbox, await signIn(sandbox), '/me/accounts', parameters))).toEqual({
      status: 400,
      code,
      message: expect.stringContaining(words),
    });
  });

  it('come in pages, forwards and back, by address and by cursor', async () => {
    const sandbox = await sandboxForTest();
    const token = await signIn(sandbox, { sandbox_member: JONAS });
    const first = await list(get(sandbox, token, '/me/accounts', { fields: 'name', limit: '3' }));
    expect(first.data.map(({ id }) => id)).toEqual([COFFEE, LIBRARY, CYCLING]);
    expect(first.paging?.previous).toBeUndefined();
    const next = first.paging?.next ?? '';
    expect(new URL(next).origin).toBe(sandbox.url);
    // The address has the token in it, as on the real platform.
    expect(new URL(next).searchParams.get('access_token')).toBe(token);
    const second = await list(fetch(next));
    expect(second.data).toEqual([{ name: 'Quayside Theatre', id: THEATRE }]);
    expect(second.paging?.next).toBeUndefined();
    expect(await ids(fetch(second.paging?.previous ?? ''))).toEqual([COFFEE, LIBRARY, CYCLING]);
    const after = first.paging?.cursors.after ?? '';
    expect(await ids(get(sandbox, token, '/me/accounts', { after }))).toEqual([THEATRE]);
    expect(await ids(get(sandbox, token, '/me/accounts', { after, limit: '0' }))).toEqual([]);
  });

  it('of a Business are only listed with business_management', async () => {
    const sandbox = await sandboxForTest();
    const scope = 'pages_show_list,pages_manage_posts,pages_read_engagement';
    const token = await signIn(sandbox, { sandbox_member: JONAS, scope });
    expect(await ids(get(sandbox, token, '/me/accounts'))).toEqual([COFFEE, LIBRARY, CYCLING]);
  });

  it('are an empty list for somebody without one, and for an app without pages_show_list', async () => {
    const sandbox = await sandboxForTest();
    const nobody = await answer(get(sandbox, await signIn(sandbox, { sandbox_member: MEI }), '/me/accounts'));
    expect(nobody).toEqual({ status: 200, body: { data: [] } });
    const unticked = await signIn(sandbox, { sandbox_declined: 'pages_show_list' });
    expect(await answer(get(sandbox, unticked, '/me/accounts'))).toEqual(nobody);
  });
});

describe('in whose name', () => {
  it('posts the Page’s own token, of somebody with CREATE_CONTENT', async () => {
    const sandbox = await sandboxForTest();
    const jonas = await signIn(sandbox, { sandbox_member: JONAS });
    const tokens = await pageTokens(sandbox, jonas);
    const mayNotPost = { status: 403, code: '200', message: expect.stringContaining('pages_manage_posts') };
    const create = (token: string, page: string) => {
      const body = new URLSearchParams({ message: 'x', access_token: token });
      return fetch(`${sandbox.facebook.graphUrl}/v26.0/${page}/feed`, { method: 'POST', body });
    };
    expect((await create(tokens.get(COFFEE) ?? '', COFFEE)).status).toBe(200);
    expect((await create(tokens.get(LIBRARY) ?? '', LIBRARY)).status).toBe(200);
    const withoutTheTask = await create(tokens.get(CYCLING) ?? '', CYCLING);
    expect(withoutTheTask.headers.get('www-authenticate')).toContain('"insufficient_scope"');
    expect(await refusal(withoutTheTask)).toEqual(mayNotPost);
    expect(await refusal(create(tokens.get(COFFEE) ?? '', LIBRARY))).toEqual(mayNotPost);
    expect(await refusal(create(jonas, COFFEE))).toEqual(mayNotPost);
    expect(await refusal(create(jonas, '1'))).toMatchObject({ status: 400, code: '100/33' });
  });

  it.each(['pages_manage_posts', 'pages_read_engagement'])('posts nobody without %s', async (permission) => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox, COFFEE, { sandbox_declined: permission });
    expect(await refusal(createPost(sandbox, token, 'x'))).toMatchObject({ status: 403, code: '200' });
  });

  it('shows everybody’s Pages, and tasks and tokens only to those with a role', async () => {
    const sandbox = await sandboxForTest();
    const fields = { fields: 'name,tasks,access_token' };
    const rafael = await signIn(sandbox, { sandbox_member: RAFAEL });
    expect((await answer(get(sandbox, rafael, `/${CYCLING}`, fields))).body).toEqual({
      name: 'Riverside Cycling Club',
      tasks: ['ANALYZE'],
      access_token: expect.stringMatching(/^EAAP/),
      id: CYCLING,
    });
    expect((await answer(get(sandbox, rafael, `/${COFFEE}`, fields))).body).toEqual({
      name: 'Northwind Coffee Roasters',
      id: COFFEE,
    });
  });

  it('tells a Page itself its token and no tasks', async () => {
    const sandbox = await sandboxForTest();
    const token = await connect(sandbox);
    expect((await answer(get(sandbox, token, '/me', { fields: 'tasks,access_token' }))).body).toEqual({
      access_token: token,
      id: COFFEE,
    });
  });

  it('tells a person’s e-mail address only with the permission', async () => {
    const sandbox = await sandboxForTest();
    const fields = { fields: 'first_name,email' };
    expect((await answer(get(sandbox, await signIn(sandbox), '/me', fields))).body).toMatchObject({
      first_name: 'Amara',
    });
    expect((await answer(get(sandbox, await signIn(sandbox), '/me', fields))).body).not.toHaveProperty('email');
    const token = await signIn(sandbox, { scope: 'email' });
    expect((await answer(get(sandbox, token, '/me', fields))).body).toMatchObject({
      email: 'amara.okafor@example.com',
    });
  });
});

describe('the version', () => {
  it.each([
    ['/v26.0', 'v26.0'],
    ['/v21.0', 'v21.0'],
    ['/v20.0', 'v21.0'],
    ['/v3.3', 'v21.0'],
    ['', 'v21.0'],
  ])('“%s” is served by %s in November 2026', async (version, serving) => {
    const sandbox = await sandboxForTest({ clock: new HandClock('2026-11-20T10:00:00.000Z') });
    const response = await get(sandbox, await signIn(sandbox), '/me', {}, version);
    expect([response.status, response.headers.get('facebook-api-version')]).toEqual([200, serving]);
  });

  it.each(['/v27.0', '/v26.1', '/v3.4', '/v0.0'])('“%s” was never released', async (version) => {
    const sandbox = await sandboxForTest();
    expect(await refusal(get(sandbox, await signIn(sandbox), '/me', {}, version))).toEqual({
      status: 400,
      code: '2500',
      message: 'Unknown path components: /me',
    });
  });
});

it.each([
  ['/me/nothing/more', '2500', 'Unknown path components: /me/nothing/more'],
  [`/${COFFEE}/nothing`, '100', 'Tried accessing nonexisting field (nothing) on node type (Page)'],
  ['/12345', '100/33', "Unsupported get request. Object with ID '12345' does not exist"],
  ['/12345/feed', '100/33', "Unsupported get request. Object with ID '12345' does not exist"],
])('answers %s with %s', async (path, code, words) => {
  const sandbox = await sandboxForTest();
  expect(await refusal(get(sandbox, await connect(sandbox), path))).toEqual({
    status: 400,
    code,
    message: expect.stringContaining(words),
  });
});
