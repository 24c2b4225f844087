/**
 * X's OAuth 2: consent with PKCE, code for token, whose account it is, refresh.
 * Source: X's "OAuth 2.0 Authorization Code Flow with PKCE" and "Users lookup: me". Its quirks: a confidential app names
 * itself in a Basic header, a public one by `client_id` in the body; a code lives 30 seconds, an access token two hours;
 * each refresh gives a new refresh token and ends the old one (observed everywhere, not documented); a dead refresh token
 * is `invalid_request`, where the standard says `invalid_grant`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { PlatformSettings } from '../config.ts';
import { visibleName } from '../domain/invisible-characters.ts';
import type { HttpAnswer, HttpClient, HttpRequest, HttpResult } from './http-client.ts';
import { type AccountCandidate, ConnectError, type Connector, type TokenGrant } from './platform.ts';
import { readJson } from './read-json.ts';
import { bearer } from './x-create-request.ts';
import { quotaReset } from './x-rate-limit.ts';
import { readRefusal } from './x-refusal.ts';

const SCOPES = ['tweet.read', 'tweet.write', 'users.read', 'offline.access', 'media.write'];
/**
 * All that is asked for. Without `offline.access` there is no refresh token and the connection ends after two hours, most
 * often before a scheduled post is due; without `media.write` a post with images fails at its time.
 */
export const REQUIRED_SCOPES: readonly string[] = SCOPES;
/** Documented; for an answer that does not say. */
const ACCESS_TOKEN_SECONDS = 7200;
/** X has answered 401 and 5xx for healthy tokens; this is how long a person is kept waiting for it. */
const IDENTITY_DELAYS_MS = [500, 1500];

interface ConnectorOptions {
  http: HttpClient;
  /** Milliseconds between tries of asking whose account it is, for tests. */
  delaysMs?: readonly number[];
}

export function createXConnector(settings: PlatformSettings, options: ConnectorOptions): Connector {
  const { http, delaysMs = IDENTITY_DELAYS_MS } = options;
  return {
    authorizeUrl({ redirectUri, state, codeChallenge }) {
      const query = {
        response_type: 'code',
        client_id: appOf(settings).id,
        redirect_uri: redirectUri,
        scope: SCOPES.join(' '),
        state,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
      };
      // URLSearchParams would write a space as "+"; X documents %20.
      return `${settings.authorizeUrl}?${Object.entries(query)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
        .join('&')}`;
    },

    async exchangeCode({ code, redirectUri, codeVerifier }, now) {
      const fields = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      };
      return readTokenAnswer('code', await http.send(tokenRequest(settings, fields)), now);
    },

    async candidates(grant, now, asked) {
      if (typeof asked === 'object') {
        const one = readIdentityAnswer(await http.send(identityRequest(settings, grant.accessToken)), now);
        return one.externalId === asked.externalId ? [one] : [];
      }
      for (const pause of delaysMs) {
        const result = await http.send(identityRequest(settings, grant.accessToken));
        if (!isPassing(result)) return [readIdentityAnswer(result, now)];
        await delay(pause);
      }
      return [readIdentityAnswer(await http.send(identityRequest(settings, grant.accessToken)), now)];
    },

    async refresh(refreshToken, now) {
      const fields = { grant_type: 'refresh_token', refresh_token: refreshToken };
      return readTokenAnswer('refresh', await http.send(tokenRequest(settings, fields)), now);
    },
  };
}

function tokenRequest(settings: PlatformSettings, fields: Record<string, string>): HttpRequest {
  const { id, secret } = appOf(settings);
  const basic = secret === null ? null : Buffer.from(`${id}:${secret}`).toString('base64');
  return {
    method: 'POST',
    url: `${settings.apiUrl}/2/oauth2/token`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(basic !== null && { authorization: `Basic ${basic}` }),
    },
    body: new URLSearchParams({ ...fields, ...(basic === null && { client_id: id }) }).toString(),
  };
}

function identityRequest(settings: PlatformSettings, accessToken: string): HttpRequest {
  return { method: 'GET', url: `${settings.apiUrl}/2/users/me`, headers: bearer(accessToken) };
}

/** @throws ConnectError when no app is configured */
function appOf(settings: PlatformSettings): { id: string; secret: string | null } {
  if (settings.clientId === null) {
    throw new ConnectError(
      'not-configured',
      'X is not set up on this server. The operator has to set X_CLIENT_ID and, for a confidential app, X_CLIENT_SECRET.',
      { dead: false },
    );
  }
  return { id: settings.clientId, secret: settings.clientSecret };
}

/** Reading only, so it may be repeated. */
function isPassing(result: HttpResult): boolean {
  return result.kind !== 'answer' || result.status >= 500 || result.status === 401;
}

const tokenBody = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().nullish().catch(null),
  refresh_token: z.string().min(1).nullish().catch(null),
  // RFC 6749, 5.1: left out when it is what was asked for.
  scope: z.string().nullish(),
});

/**
 * Pure.
 * @param asked with a code from the consent page, or with a refresh token
 * @throws ConnectError; its `answerLost` is true when the token asked with may be used up all the same
 */
export function readTokenAnswer(asked: 'code' | 'refresh', result: HttpResult, now: Date): TokenGrant {
  if (result.kind !== 'answer') throw unreachable(result.reason, result.kind === 'no-answer');
  if (result.status < 200 || result.status > 299) throw tokenError(asked, result, now);
  const body = tokenBody.safeParse(readJson(result.body));
  if (!body.success) throw unreadable(true);
  const { access_token: accessToken, expires_in: lifetime, refresh_token: refreshToken, scope } = body.data;
  return {
    accessToken,
    accessTokenExpiresAt: new Date(now.getTime() + (lifetime ?? ACCESS_TOKEN_SECONDS) * 1000),
    refreshToken: refreshToken ?? null,
    // X does not say how long a refresh token lives; it is found out by using it.
    refreshTokenExpiresAt: null,
    scopes:
      scope === undefined || scope === null ? SCOPES : scope.split(/\s+/).filter((name) => /^[\w.]{1,100}$/.test(name)),
  };
}

const oauthError = z.object({ error: z.string().catch(''), error_description: z.string().catch('') });

function tokenError(asked: 'code' | 'refresh', answer: HttpAnswer, now: Date): ConnectError {
  const { status } = answer;
  if (status === 429) {
    return new ConnectError('rate-limited', 'X asks us to slow down. Try again in a few minutes.', {
      dead: false,
      retryAt: quotaReset(answer.headers, now),
    });
  }
  // It may have been carried out before the answer went wrong.
  if (status >= 500 || status === 408 || status < 400) return unreachable(`HTTP ${status}`, true);
  const body = oauthError.safeParse(readJson(answer.body));
  const { error, error_description: description } = body.success ? body.data : { error: '', error_description: '' };

  if (status === 401 || /^(unauthorized_client|invalid_client)$/.test(error)) {
    return new ConnectError(
      'app-refused',
      'X does not accept this server’s app credentials. The operator has to check X_CLIENT_ID and X_CLIENT_SECRET (a confidential app needs both, a public one only the first).',
      { dead: false },
    );
  }
  if (/missing required parameter/i.test(description)) {
    return new ConnectError(
      'app-refused',
      'X misses a parameter in our request. The operator has to check the X settings of this server.',
      { dead: false },
    );
  }
  if (error === 'invalid_request' || error === 'invalid_grant') {
    return asked === 'refresh'
      ? new ConnectError('refresh-refused', 'X no longer accepts the stored permission. Connect the account again.', {
          dead: true,
        })
      : new ConnectError(
          'code-refused',
          'X did not accept the confirmation: it was used already, is older than half a minute, or the redirect address differs from the one registered for the app. Start connecting again.',
          { dead: true },
        );
  }
  return new ConnectError(
    'refused',
    `X refused (HTTP ${status}${/^\w{1,40}$/.test(error) ? `, ${error}` : ''}). Start connecting again.`,
    { dead: false },
  );
}

const identity = z.object({
  data: z.object({
    id: z.string().regex(/^\d{1,19}$/),
    name: z.string().catch('').transform(visibleName),
    username: z.string().regex(/^\w{1,50}$/),
  }),
});

/** Pure. @throws ConnectError */
export function readIdentityAnswer(result: HttpResult, now: Date): AccountCandidate {
  if (result.kind !== 'answer') throw unreachable(result.reason, false);
  const { status } = result;
  if (status === 429 || status >= 500) throw unreachable(`HTTP ${status}`, false);
  if (status < 200 || status > 299) throw identityError(result, now);
  const body = identity.safeParse(readJson(result.body));
  if (!body.success) throw unreadable(false);
  const { id, name, username } = body.data.data;
  return {
    externalId: id,
    kind: 'member',
    displayName: name === '' ? `@${username}` : `${name} (@${username})`,
    profileUrl: `https://x.com/${username}`,
    email: null,
    grant: null,
  };
}

/**
 * What is for the operator (no credits, an app without a plan) is said as it is when a post is refused so. Never dead: X has
 * answered this question with 401 for healthy tokens for a day, and what is missing for reading need not be missing for posts.
 */
function identityError(answer: HttpAnswer, now: Date): ConnectError {
  const refusal = readRefusal(answer, 'request', now);
  if (refusal === null) return unreachable(`HTTP ${answer.status}`, false);
  if (refusal.kind !== 'reauthorization-required')
    return new ConnectError('app-refused', refusal.errorMessage, { dead: false });
  if (answer.status !== 401) return new ConnectError('refused', refusal.errorMessage, { dead: false });
  return new ConnectError('token-refused', 'X does not accept the permission it just gave. Start connecting again.', {
    dead: false,
  });
}

function unreachable(reason: string, answerLost: boolean): ConnectError {
  return new ConnectError('unreachable', `X could not be asked (${reason}). Try again in a few minutes.`, {
    dead: false,
    answerLost,
  });
}

function unreadable(answerLost: boolean): ConnectError {
  return new ConnectError('unreadable-answer', 'X’s answer could not be read. Try again in a few minutes.', {
    dead: false,
    answerLost,
  });
}
