/** A Facebook Page from consent to the live post, through the product as it runs, against a small Page of our own. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type GraphAnswer,
  type GraphCall,
  type GraphServer,
  graphError,
  startGraphServer,
} from '../src/testing/graph-server.ts';
import { ApiClient } from './api-client.ts';
import { type RunningProduct, SUPERUSER, startProduct } from './running-product.ts';

const PAGE = '112233';
const listAnswer = z.object({
  records: z.array(z.object({ id: z.string(), params: z.record(z.string(), z.unknown()) })),
});
const recordAnswer = z.object({ record: z.object({ params: z.record(z.string(), z.unknown()) }) });
const api = '/admin/api/resources';

let facebook: GraphServer;
let product: RunningProduct;
let ann: ApiClient;
let teamId: string;
let accountId: string;
const live: { id: string; message: string; createdAt: Date }[] = [];
/** What the next feed request is answered, and whether the Page publishes all the same. */
let fault: { answer: GraphAnswer; commit: boolean } | null = null;

beforeAll(async () => {
  facebook = await startGraphServer(graph);
  product = await startProduct({
    FACEBOOK_APP_ID: '4711',
    FACEBOOK_APP_SECRET: 'secret-of-the-app',
    FACEBOOK_DIALOG_URL: facebook.url,
    FACEBOOK_GRAPH_URL: facebook.url,
  });
  ann = new ApiClient(product.url);
  await ann.signIn(SUPERUSER.email, SUPERUSER.password);
  teamId = (await list('Team'))[0]?.id ?? '';
}, 60_000);
afterAll(async () => {
  await product.stop();
  await facebook.close();
});

async function list(resource: string, query = '') {
  return listAnswer.parse((await ann.get(`${api}/${resource}/actions/list${query}`)).json).records;
}

async function connect(): Promise<void> {
  const dialog = new URL((await ann.get(`/connect/facebook?team=${teamId}`)).location ?? '');
  const back = new URL(dialog.searchParams.get('redirect_uri') ?? '');
  back.searchParams.set('code', randomUUID());
  back.searchParams.set('state', dialog.searchParams.get('state') ?? '');
  expect(await ann.get(back.href)).toMatchObject({ status: 302, location: '/admin/resources/ConnectedAccount' });
}

/** Publishes now and waits for a status. @returns the publication */
async function publish(text: string, status: string): Promise<Record<string, unknown>> {
  const created = await ann.postJson(`${api}/Post/actions/new`, { text, accounts: [accountId] });
  const id = String(recordAnswer.parse(created.json).record.params.id);
  await ann.postJson(`${api}/Post/records/${id}/publishNow`, {});
  let seen: unknown;
  for (let tries = 0; tries < 300; tries++) {
    const [publication] = await list('Publication', `?filters.post=${id}`);
    seen = publication?.params;
    if (publication?.params.status === status) return publication.params;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not become ${status}: ${JSON.stringify(seen)}`);
}

describe('a Facebook Page', () => {
  it('is connected with its own token', async () => {
    await connect();
    const [account] = await list('ConnectedAccount');
    accountId = account?.id ?? '';
    expect(account?.params).toMatchObject({
      platform: 'facebook',
      externalId: PAGE,
      displayName: 'Library',
      status: 'active',
    });
  });

  it('shows a post where its permalink leads', async () => {
    const publication = await publish('Open until eight', 'published');
    expect(live).toMatchObject([{ message: 'Open until eight', id: publication.externalId }]);
    expect(publication.permalink).toBe(`https://www.facebook.com/${live[0]?.id}`);
  });

  it('that commits and then answers 500 with code 2 has the post once, found by looking', async () => {
    fault = { commit: true, answer: { status: 500, body: graphError(2, 'Please retry your request later.') } };
    const publication = await publish('Lost and found', 'published');
    expect(live.filter(({ message }) => message === 'Lost and found')).toMatchObject([{ id: publication.externalId }]);
    const path = `/v26.0/${PAGE}/feed`;
    const sent = facebook.calls.filter((call) => call.path === path && call.fields.message === 'Lost and found');
    expect(sent).toHaveLength(1);
  }, 60_000);

  it('refuses the same text twice in a row, and the second fails with what to do', async () => {
    const publication = await publish('Lost and found', 'failed');
    expect(publication).toMatchObject({ errorCode: '506', errorMessage: expect.stringContaining('change the text') });
  });

  it('that is over its limit gets the post when Facebook estimates', async () => {
    const usage = [{ type: 'pages', call_count: 100, estimated_time_to_regain_access: 30 }];
    fault = {
      commit: false,
      answer: {
        status: 400,
        headers: { 'x-business-use-case-usage': JSON.stringify({ [PAGE]: usage }) },
        body: graphError(80001, 'There have been too many calls to this Page account.'),
      },
    };
    const publication = await publish('Patience', 'retrying');
    const minutes = (Date.parse(String(publication.nextAttemptAt)) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(28);
    expect(minutes).toBeLessThan(31);
    expect(publication.attemptCount).toBe(0);
  });

  it('whose token is dead holds the post, and connecting again lets it go', async () => {
    fault = { commit: false, answer: { status: 400, body: graphError(190, 'Session has expired', { subcode: 463 }) } };
    await publish('Held back', 'held');
    const [account] = await list('ConnectedAccount');
    expect(account?.params).toMatchObject({ id: accountId, status: 'reconnect_required' });
    await connect();
    for (let tries = 0; tries < 200 && !live.some(({ message }) => message === 'Held back'); tries++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(live.filter(({ message }) => message === 'Held back')).toHaveLength(1);
  });

  it('is published to without a token or secret in any address or line of the log', () => {
    const seen = [product.output(), ...facebook.calls.map(({ url }) => url)].join('\n');
    expect(seen).not.toMatch(/secret-of-the-app|-token/);
  });
});

function graph({ method, path, token, fields }: GraphCall): GraphAnswer {
  switch (`${method} ${path}`) {
    case 'POST /v26.0/oauth/access_token':
      return { body: { access_token: fields.grant_type ? 'long-token' : 'short-token', expires_in: 5_183_944 } };
    case 'GET /v26.0/me/permissions': {
      const scopes = ['pages_show_list', 'pages_read_engagement', 'pages_manage_posts'];
      return { body: { data: scopes.map((permission) => ({ permission, status: 'granted' })) } };
    }
    case 'GET /v26.0/me/accounts': {
      const page = { id: PAGE, name: 'Library', access_token: 'page-token', tasks: ['CREATE_CONTENT'] };
      return { body: { data: token === 'long-token' ? [page] : [] } };
    }
    case `POST /v26.0/${PAGE}/feed`: {
      const trouble = fault;
      fault = null;
      if (token !== 'page-token') return refuse(200, 'A Page access token is required.');
      if (trouble?.commit === false) return trouble.answer;
      if (live[0]?.message === fields.message) return refuse(506, '(#506) Duplicate status message');
      const id = `${PAGE}_${live.length + 1}`;
      live.unshift({ id, message: fields.message ?? '', createdAt: new Date() });
      return trouble?.answer ?? { body: { id } };
    }
    case `GET /v26.0/${PAGE}/published_posts`: {
      const data = live.map(({ id, message, createdAt }) => ({
        id,
        message,
        created_time: `${createdAt.toISOString().slice(0, 19)}+0000`,
      }));
      return { body: { data } };
    }
    default:
      return refuse(2500, `Unknown path components: ${path}`);
  }
}

function refuse(code: number, message: string): GraphAnswer {
  return { status: 400, body: graphError(code, message) };
}
