/**
 * Facebook's login: consent, code for a token of an hour, that for one of about sixty days, and the Pages behind it.
 * Source: Meta's "Manually build a login flow", "Long-lived access tokens" and Page access token pages. Its quirks: scopes
 * are separated by commas; the token endpoint does not say what was granted, `/me/permissions` does; who once unticked a
 * permission is asked for it again only with `auth_type=rerequest`. A Page has a token of its own; derived from a
 * long-lived token it has no end, so there is nothing to refresh; but access to data lapses 90 days after the person last
 * used the app, and then the person has to consent again. `debug_token` would tell that day, but takes a token in its
 * address; consenting is using the app, so the day is known without it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { PlatformSettings } from '../config.ts';
import { visibleName } from '../domain/invisible-characters.ts';
import { connectErrorOf, isPassing, unreachable, unreadable } from './facebook-connect-error.ts';
import { graphRead, graphUrl, graphVersion } from './facebook-graph.ts';
import { afterCursor, paging } from './facebook-paging.ts';
import type { HttpClient, HttpRequest, HttpResult } from './http-client.ts';
import { type AccountCandidate, ConnectError, type Connector, type TokenGrant } from './platform.ts';
import { readJson } from './read-json.ts';

/** Finding the Pages, reading a Page's posts (to look for one whose outcome is unknown), and publishing. */
export const REQUIRED_SCOPES: readonly string[] = ['pages_show_list', 'pages_read_engagement', 'pages_manage_posts'];
/** Without it Pages that belong to a business portfolio are not listed; who has none may leave it out. */
const SCOPES = [...REQUIRED_SCOPES, 'business_management'];

/** Any of these lets a person publish as the Page. Pages of the new kind name their tasks otherwise. */
const PUBLISHING_TASKS = ['CREATE_CONTENT', 'MANAGE', 'PROFILE_PLUS_CREATE_CONTENT', 'PROFILE_PLUS_FULL_CONTROL'];

/** Source: Meta's "Data access expiration". */
const DATA_ACCESS_DAYS = 90;

/** How long a person is kept waiting when Facebook has a hiccup. */
const RETRY_DELAYS_MS = [500, 1500];
/** 2,000 Pages. */
const MOST_LISTS = 20;

interface ConnectorOptions {
  http: HttpClient;
  /** Milliseconds between tries of what may be asked again, for tests. */
  delaysMs?: readonly number[];
}

export function createFacebookConnector(settings: PlatformSettings, options: ConnectorOptions): Connector {
  const { http, delaysMs = RETRY_DELAYS_MS } = options;
  /** Only for what may be asked twice: not for a code, which is good once. */
  const ask = async (request: HttpRequest): Promise<HttpResult> => {
    for (const pause of delaysMs) {
      const result = await http.send(request);
      if (!isPassing(result)) return result;
      await delay(pause);
    }
    return http.send(request);
  };
  return {
    authorizeUrl({ redirectUri, state }) {
      const query = new URLSearchParams({
        client_id: credentials(settings).client_id,
        redirect_uri: redirectUri,
        state,
        response_type: 'code',
        scope: SCOPES.join(','),
        auth_type: 'rerequest',
      });
      return `${settings.authorizeUrl}/${graphVersion(settings)}/dialog/oauth?${query}`;
    },

    async exchangeCode({ code, redirectUri }, now) {
      const short = readTokenAnswer(await http.send(tokenRequest(settings, { code, redirect_uri: redirectUri })), now);
      const long = readTokenAnswer(
        await ask(tokenRequest(settings, { grant_type: 'fb_exchange_token', fb_exchange_token: short.accessToken })),
        now,
      );
      const permissions = await ask(graphRead(settings, '/me/permissions', {}, long.accessToken));
      return {
        ...long,
        refreshToken: null,
        refreshTokenExpiresAt: null,
        permissionEndsAt: new Date(now.getTime() + DATA_ACCESS_DAYS * 86_400_000),
        scopes: readPermissionsAnswer(permissions),
      };
    },

    async candidates(grant, _now, asked) {
      if (typeof asked === 'object') {
        const request = graphRead(
          settings,
          `/${encodeURIComponent(asked.externalId)}/published_posts`,
          { fields: 'id', limit: '1' },
          grant.accessToken,
        );
        return readStandingAnswer(await http.send(request))
          ? [candidateOf(asked.externalId, '', grant.accessToken, grant)]
          : [];
      }
      const pages: ListedPage[] = [];
      let after: string | null = null;
      for (let lists = 0; lists < MOST_LISTS; lists++) {
        const list = readPagesAnswer(await ask(pagesRequest(settings, grant.accessToken, after)));
        pages.push(...list.pages);
        after = list.after;
        if (after === null) break;
      }
      return candidatesOf(pages, grant);
    },
  };
}

/** By POST, so that the secret and the code stand in no address. */
function tokenRequest(settings: PlatformSettings, fields: Record<string, string>): HttpRequest {
  return {
    method: 'POST',
    url: graphUrl(settings, '/oauth/access_token'),
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ ...credentials(settings), ...fields }).toString(),
  };
}

function pagesRequest(settings: PlatformSettings, accessToken: string, after: string | null): HttpRequest {
  const query = { fields: 'id,name,access_token,tasks', limit: '100', ...(after !== null && { after }) };
  return graphRead(settings, '/me/accounts', query, accessToken);
}

/** @throws ConnectError when no app is configured */
function credentials({ clientId, clientSecret }: PlatformSettings): { client_id: string; client_secret: string } {
  if (clientId === null || clientSecret === null) {
    throw new ConnectError(
      'not-configured',
      'Facebook is not set up on this server. The operator has to set FACEBOOK_APP_ID and FACEBOOK_APP_SECRET.',
      { dead: false },
    );
  }
  return { client_id: clientId, client_secret: clientSecret };
}

const tokenBody = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().nullish().catch(null),
});

/** Pure. @throws ConnectError */
export function readTokenAnswer(
  result: HttpResult,
  now: Date,
): Pick<TokenGrant, 'accessToken' | 'accessTokenExpiresAt'> {
  const { access_token: accessToken, expires_in: lifetime } = read(result, tokenBody);
  return { accessToken, accessTokenExpiresAt: lifetime ? new Date(now.getTime() + lifetime * 1000) : null };
}

const permissions = z.object({ data: z.array(z.object({ permission: z.string(), status: z.string() })) });

/** Pure. @returns what was granted; what was unticked is listed too, as declined. @throws ConnectError */
export function readPermissionsAnswer(result: HttpResult): string[] {
  return read(result, permissions)
    .data.filter(({ permission, status }) => status === 'granted' && /^\w{1,100}$/.test(permission))
    .map(({ permission }) => permission);
}

const posts = z.object({ data: z.array(z.unknown()) });

/**
 * Pure. A Page's own token does not tell its person's tasks, but Meta shows a Page's posts only to somebody with one of
 * CREATE_CONTENT, MANAGE and MODERATE ("Page Feed", reading, requirements; not the feed itself, which needs a permission
 * more for what visitors write). So who lost them all is noticed; who may still moderate and no longer publish is not.
 * @returns false when the person may not do this on the Page any more
 * @throws ConnectError
 */
export function readStandingAnswer(result: HttpResult): boolean {
  try {
    read(result, posts);
    return true;
  } catch (error) {
    if (error instanceof ConnectError && error.code === 'permission-missing') return false;
    throw error;
  }
}

const pages = z.object({
  data: z.array(
    z.object({
      // What Meta's ids are: a number, in digits.
      id: z.string().regex(/^\d{1,32}$/),
      name: z.string().catch('').transform(visibleName),
      access_token: z.string().min(1).nullish().catch(null),
      tasks: z.array(z.string()).catch([]),
    }),
  ),
  paging,
});
type ListedPage = z.infer<typeof pages>['data'][number];

/** Pure. @throws ConnectError */
function readPagesAnswer(result: HttpResult): { pages: ListedPage[]; after: string | null } {
  const { data, paging: page } = read(result, pages);
  return { pages: data, after: afterCursor(page) };
}

/** Pure. @throws ConnectError when there are Pages, but none that this person may publish on */
function candidatesOf(listed: readonly ListedPage[], grant: TokenGrant): AccountCandidate[] {
  const { publishable = [], others = [] } = Object.groupBy(listed, ({ tasks }) =>
    tasks.some((task) => PUBLISHING_TASKS.includes(task)) ? 'publishable' : 'others',
  );
  if (listed.length > 0 && publishable.length === 0) throw taskMissing(listed);
  return [
    ...publishable.flatMap(({ id, name, access_token: accessToken }) =>
      accessToken ? [candidateOf(id, name, accessToken, grant)] : [],
    ),
    ...others.map(({ id, name }) => ({
      ...candidateOf(id, name, '', grant),
      grant: null,
      cannotPublish: TASK_MISSING,
    })),
  ];
}

function candidateOf(id: string, name: string, accessToken: string, grant: TokenGrant): AccountCandidate {
  return {
    externalId: id,
    kind: 'page',
    displayName: name || `Page ${id}`,
    profileUrl: null,
    email: null,
    grant: {
      accessToken,
      accessTokenExpiresAt: null,
      refreshToken: null,
      refreshTokenExpiresAt: null,
      ...(grant.permissionEndsAt !== undefined && { permissionEndsAt: grant.permissionEndsAt }),
      scopes: grant.scopes,
    },
  };
}

const TASK_MISSING =
  'Your access to it lacks the task “Content” (CREATE_CONTENT). Ask somebody with full control of the Page to give it to you, then connect again.';

function taskMissing(listed: readonly ListedPage[]): ConnectError {
  const names = listed.slice(0, 3).map(({ id, name }) => name || `Page ${id}`);
  const which = names.join(', ') + (listed.length > names.length ? ' and others' : '');
  return new ConnectError(
    'task-missing',
    `You may not publish on ${which}: your access there lacks the task “Content” (CREATE_CONTENT). Somebody with full control of the Page can give it to you at Facebook, under the Page’s settings, Page access. Then try again.`,
    { dead: false },
  );
}

/** @throws ConnectError */
function read<T>(result: HttpResult, schema: z.ZodType<T>): T {
  if (result.kind !== 'answer') throw unreachable(result.reason);
  if (result.status < 200 || result.status > 299) throw connectErrorOf(result);
  const body = schema.safeParse(readJson(result.body));
  if (!body.success) throw unreadable();
  return body.data;
}
