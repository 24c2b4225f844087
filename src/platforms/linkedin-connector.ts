/**
 * LinkedIn's OAuth 2 and OpenID Connect: consent, code for token, who it is, refresh.
 * Source: LinkedIn's "Authorization Code Flow", "Programmatic refresh tokens" and "Sign In with LinkedIn using OpenID
 * Connect". Its quirks: the client secret goes into the form body; PKCE is not part of the web flow; scopes come back
 * separated by commas or spaces; refresh tokens exist for approved partners only and do not rotate. Asking for another set
 * of scopes kills a member's earlier tokens, so there are exactly two sets: the member's own, and that with Pages. What
 * a change from one to the other means is in docs/decisions.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { PlatformSettings } from '../config.ts';
import { visibleName } from '../domain/invisible-characters.ts';
import type { HttpAnswer, HttpClient, HttpRequest, HttpResult } from './http-client.ts';
import { restHeaders } from './linkedin-create-request.ts';
import { endsToken, readLinkedInError } from './linkedin-error.ts';
import { findOrganizations, mayPostAs } from './linkedin-organizations.ts';
import { linkedinVersion } from './linkedin-version.ts';
import { type AccountCandidate, ConnectError, type Connector, type TokenGrant } from './platform.ts';
import { readJson } from './read-json.ts';
import { retryAfter } from './retry-after.ts';

const SCOPES = ['openid', 'profile', 'email', 'w_member_social'];
/** `email` may be withheld; publishing does not need it. */
export const REQUIRED_SCOPES: readonly string[] = ['openid', 'profile', 'w_member_social'];
/** What publishing as an organisation needs on top. They come with LinkedIn's vetted Community Management API. */
export const ORGANIZATION_SCOPES: readonly string[] = [
  'w_organization_social',
  'r_organization_social',
  'rw_organization_admin',
];
/** What members' ids look like: letters, digits, hyphens and underscores. LinkedIn promises no length. */
export const LINKEDIN_ID = /^[\w-]{1,200}$/;
/** A new token may be called revoked for its first moments; this is how long a person is kept waiting for it. */
const NEW_TOKEN_DELAYS_MS = [500, 1000, 2000, 4000];

interface ConnectorOptions {
  http: HttpClient;
  /** Milliseconds between tries of the first calls with a new token, for tests. */
  delaysMs?: readonly number[];
}

export function createLinkedInConnector(settings: PlatformSettings, options: ConnectorOptions): Connector {
  const { http, delaysMs = NEW_TOKEN_DELAYS_MS } = options;
  const askForToken = (fields: Record<string, string>) => http.send(tokenRequest(settings, fields));

  /** Reading only, so it may be repeated: a token too new to be known, or a hiccup. */
  async function askPatiently(request: HttpRequest, isPassing: (result: HttpResult) => boolean): Promise<HttpResult> {
    for (const pause of delaysMs) {
      const result = await http.send(request);
      if (!isPassing(result)) return result;
      await delay(pause);
    }
    return http.send(request);
  }

  return {
    authorizeUrl({ redirectUri, state, reach }) {
      const query = {
        response_type: 'code',
        client_id: credentials(settings).id,
        redirect_uri: redirectUri,
        state,
        scope: (reach === 'organizations' ? [...SCOPES, ...ORGANIZATION_SCOPES] : SCOPES).join(' '),
      };
      // URLSearchParams would write a space as "+"; LinkedIn documents %20.
      return `${settings.authorizeUrl}/authorization?${Object.entries(query)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
        .join('&')}`;
    },

    async exchangeCode({ code, redirectUri }, now) {
      return readTokenAnswer(
        await askForToken({ grant_type: 'authorization_code', code, redirect_uri: redirectUri }),
        now,
      );
    },

    async candidates(grant, now, asked) {
      const rest = {
        apiUrl: settings.apiUrl,
        headers: restHeaders(settings.version ?? linkedinVersion(now), grant.accessToken),
        ask: (request: HttpRequest) => http.send(request),
      };
      const userinfo = userinfoRequest(settings, grant.accessToken);
      if (typeof asked === 'object') {
        if (asked.kind !== 'organization')
          return [readUserinfoAnswer(await rest.ask(userinfo))].filter(
            ({ externalId }) => externalId === asked.externalId,
          );
        const isTheirs = await mayPostAs({ ...rest, askPatiently: rest.ask }, asked.externalId);
        return isTheirs ? [organizationCandidate({ id: asked.externalId, name: '' }, null)] : [];
      }
      const member = readUserinfoAnswer(await askPatiently(userinfo, isPassing));
      if (asked !== 'organizations') return [member];
      const pages = await findOrganizations({
        ...rest,
        // Right after the consent the scopes of the token before it may still be in force.
        askPatiently: (request) => askPatiently(request, (result) => isPassing(result) || isForbidden(result)),
      });
      return [member, ...pages.map((page) => organizationCandidate(page, member))];
    },

    async refresh(refreshToken, now) {
      return readTokenAnswer(await askForToken({ grant_type: 'refresh_token', refresh_token: refreshToken }), now);
    },
  };
}

function tokenRequest(settings: PlatformSettings, fields: Record<string, string>) {
  const { id, secret } = credentials(settings);
  return {
    method: 'POST' as const,
    url: `${settings.authorizeUrl}/accessToken`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ ...fields, client_id: id, client_secret: secret }).toString(),
  };
}

function userinfoRequest(settings: PlatformSettings, accessToken: string) {
  return {
    method: 'GET' as const,
    url: `${settings.apiUrl}/v2/userinfo`,
    headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
  };
}

/** @throws ConnectError when no app is configured */
function credentials(settings: PlatformSettings): { id: string; secret: string } {
  const { clientId, clientSecret } = settings;
  if (clientId === null || clientSecret === null) {
    throw new ConnectError(
      'not-configured',
      'LinkedIn is not set up on this server. The operator has to set LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET.',
      { dead: false },
    );
  }
  return { id: clientId, secret: clientSecret };
}

function organizationCandidate(
  { id, name }: { id: string; name: string },
  member: AccountCandidate | null,
): AccountCandidate {
  return {
    externalId: id,
    kind: 'organization',
    displayName: name,
    profileUrl: null,
    email: null,
    grant: null,
    grantedBy: member?.externalId ?? null,
  };
}

function isForbidden(result: HttpResult): boolean {
  return result.kind === 'answer' && result.status === 403;
}

function isPassing(result: HttpResult): boolean {
  if (result.kind !== 'answer' || result.status >= 500) return true;
  if (result.status !== 401) return false;
  const error = readLinkedInError(result);
  return error.serviceErrorCode === 65601 || error.code === 'REVOKED_ACCESS_TOKEN';
}

const seconds = z.coerce.number().positive().nullish().catch(null);
const tokenBody = z.object({
  access_token: z.string().min(1),
  expires_in: seconds,
  refresh_token: z.string().min(1).nullish().catch(null),
  refresh_token_expires_in: seconds,
  scope: z.string().catch(''),
});

/** Pure. @throws ConnectError */
export function readTokenAnswer(result: HttpResult, now: Date): TokenGrant {
  if (result.kind !== 'answer') throw unreachable(result.reason);
  if (result.status !== 200) throw tokenError(result, now);
  const body = tokenBody.safeParse(readJson(result.body));
  if (!body.success) throw unreadable();
  const after = (lifetime: number | null | undefined) => (lifetime ? new Date(now.getTime() + lifetime * 1000) : null);
  return {
    accessToken: body.data.access_token,
    accessTokenExpiresAt: after(body.data.expires_in),
    refreshToken: body.data.refresh_token ?? null,
    refreshTokenExpiresAt: body.data.refresh_token ? after(body.data.refresh_token_expires_in) : null,
    scopes: body.data.scope.split(/[\s,]+/).filter((scope) => /^[\w.]{1,100}$/.test(scope)),
  };
}

const oauthError = z.object({ error: z.string().catch(''), error_description: z.string().catch('') });

/** LinkedIn uses `invalid_request` for nearly everything; only the description tells the cases apart. */
function tokenError(answer: HttpAnswer, now: Date): ConnectError {
  const { status } = answer;
  if (status === 429) {
    return new ConnectError('rate-limited', 'LinkedIn asks us to slow down. Try again in a few minutes.', {
      dead: false,
      retryAt: retryAfter(answer.headers, now),
    });
  }
  if (status >= 500) return unreachable(`HTTP ${status}`);
  const body = oauthError.safeParse(readJson(answer.body));
  const { error, error_description: description } = body.success ? body.data : { error: '', error_description: '' };
  const failed = (code: string, message: string, dead = false) => new ConnectError(code, message, { dead });

  if (/^invalid_client/.test(error)) {
    return failed(
      'app-refused',
      'LinkedIn does not accept this server’s app credentials. The operator has to check LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET.',
    );
  }
  if (/refresh token is invalid|expired or revoked/i.test(description)) {
    return failed(
      'refresh-refused',
      'LinkedIn no longer accepts the stored permission. Connect the account again.',
      true,
    );
  }
  if (error === 'invalid_redirect_uri' || /does not match authorization code/i.test(description)) {
    return failed(
      'code-refused',
      'LinkedIn did not accept the confirmation: it has expired, or the redirect URL differs from the one registered for the app. Start connecting again.',
      true,
    );
  }
  if (error === 'invalid_grant' || /code not found/i.test(description)) {
    return failed(
      'code-refused',
      'This confirmation from LinkedIn was used already or has expired. Start connecting again.',
      true,
    );
  }
  if (/required parameter/i.test(description)) {
    return failed(
      'app-refused',
      'LinkedIn misses a parameter in our request. The operator has to check the LinkedIn settings of this server.',
    );
  }
  return failed(
    'refused',
    `LinkedIn refused (HTTP ${status}${/^\w{1,40}$/.test(error) ? `, ${error}` : ''}). Start connecting again.`,
  );
}

const nameOf = z.string().catch('').transform(visibleName);
const userinfo = z.object({
  sub: z.string().regex(LINKEDIN_ID),
  name: nameOf,
  given_name: nameOf,
  family_name: nameOf,
  email: z.string().nullish().catch(null),
  // A boolean by the docs; some servers write it as a string.
  email_verified: z.union([z.boolean(), z.stringbool()]).nullish().catch(null),
});

/** Pure. @throws ConnectError */
export function readUserinfoAnswer(result: HttpResult): AccountCandidate {
  if (result.kind !== 'answer') throw unreachable(result.reason);
  if (result.status === 429 || result.status >= 500) throw unreachable(`HTTP ${result.status}`);
  if (result.status === 403) {
    throw new ConnectError(
      'app-refused',
      'LinkedIn does not tell this app who you are. The operator has to add the product “Sign In with LinkedIn using OpenID Connect” to the LinkedIn app.',
      { dead: false },
    );
  }
  if (result.status !== 200) {
    throw new ConnectError(
      result.status === 401 ? 'token-refused' : 'refused',
      'LinkedIn does not accept the permission it just gave. Start connecting again.',
      { dead: result.status === 401 && endsToken(readLinkedInError(result)) },
    );
  }
  const body = userinfo.safeParse(readJson(result.body));
  if (!body.success) throw unreadable();
  const { sub, name, given_name: given, family_name: family, email, email_verified: verified } = body.data;
  return {
    externalId: sub,
    kind: 'member',
    displayName: name || [given, family].filter(Boolean).join(' ') || 'LinkedIn member',
    profileUrl: null,
    email: verified === true && email ? email.toLowerCase() : null,
    grant: null,
    grantedBy: sub,
  };
}

function unreachable(reason: string): ConnectError {
  return new ConnectError('unreachable', `LinkedIn could not be asked (${reason}). Try again in a few minutes.`, {
    dead: false,
  });
}

function unreadable(): ConnectError {
  return new ConnectError('unreadable-answer', 'LinkedIn’s answer could not be read. Try again in a few minutes.', {
    dead: false,
  });
}
