/** `POST oauth/v2/accessToken` and `POST oauth/v2/introspectToken`: form-encoded, the client's secret in the body. */
import { createHmac, randomBytes } from 'node:crypto';
import { type Request, type Router, urlencoded } from 'express';
import { digest } from '../digest.ts';
import type { Answer } from '../transmit.ts';
import { ApiError } from './api-error.ts';
import { tokenStatus } from './bearer-session.ts';
import { claims } from './identity.ts';
import { endpoint, type LinkedinContext } from './linkedin-context.ts';
import type { Token } from './linkedin-state.ts';

const ACCESS_TOKEN_LIFE_S = 5_184_000;
const REFRESH_TOKEN_LIFE_S = 31_536_000;

export function mountAccessToken(router: Router, context: LinkedinContext): void {
  const form = urlencoded({ extended: false, limit: '64kb' });
  router.post(
    '/oauth/v2/accessToken',
    form,
    endpoint(context, (request) => accessToken(context, request)),
  );
  router.post(
    '/oauth/v2/introspectToken',
    form,
    endpoint(context, (request) => introspect(context, request)),
  );
}

function accessToken(context: LinkedinContext, request: Request): Answer {
  const grantType = required(request, 'grant_type');
  if (grantType === 'refresh_token') return refresh(context, request);
  if (grantType !== 'authorization_code') {
    throw oauthError(400, 'unsupported_grant_type', `The grant type ${grantType} is not supported`);
  }
  const codeHash = digest(required(request, 'code'));
  const redirectUri = required(request, 'redirect_uri');
  const clientId = requireClient(context, request);

  const code = context.state.codes.get(codeHash);
  const now = context.clock.now();
  if (!code || code.used) {
    throw oauthError(401, 'invalid_request', 'Unable to retrieve access token: authorization code not found');
  }
  if (code.clientId !== clientId || code.redirectUri !== redirectUri || now >= code.expiresAt) {
    throw oauthError(
      400,
      'invalid_redirect_uri',
      'Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code expired. Or external member binding exists',
    );
  }
  const refreshToken = context.options.partner ? newToken('AQW') : null;
  const refreshExpiresAt = new Date(now.getTime() + REFRESH_TOKEN_LIFE_S * 1000);
  return issue(
    context,
    { codeHash, sub: code.sub, scopes: code.scopes, authorizedAt: now },
    refreshToken === null ? null : { token: refreshToken, expiresAt: refreshExpiresAt },
  );
}

/** The same refresh token comes back, and its life keeps counting from the first grant. */
function refresh(context: LinkedinContext, request: Request): Answer {
  const token = required(request, 'refresh_token');
  requireClient(context, request);
  const hash = digest(token);
  const previous = [...context.state.tokens.values()].findLast((candidate) => candidate.refreshHash === hash);
  const expiresAt = previous?.refreshExpiresAt;
  if (!previous || !expiresAt || context.clock.now() >= expiresAt || tokenStatus(context, previous) === 'revoked') {
    throw oauthError(
      400,
      'invalid_request',
      'The provided authorization grant or refresh token is invalid, expired or revoked',
    );
  }
  const { sub, scopes, authorizedAt } = previous;
  return issue(context, { sub, scopes, authorizedAt }, { token, expiresAt });
}

function issue(
  context: LinkedinContext,
  grant: Pick<Token, 'sub' | 'scopes' | 'authorizedAt'> & { codeHash?: string },
  refreshToken: { token: string; expiresAt: Date } | null,
): Answer {
  const issuedAt = context.clock.now();
  const refreshLife = refreshToken
    ? Math.floor((refreshToken.expiresAt.getTime() - issuedAt.getTime()) / 1000)
    : Number.POSITIVE_INFINITY;
  const expiresIn = Math.min(ACCESS_TOKEN_LIFE_S, refreshLife);
  const token = newToken('AQX');
  context.write({
    platform: 'linkedin',
    kind: 'token.issued',
    ...grant,
    tokenHash: digest(token),
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + expiresIn * 1000),
    ...(refreshToken ? { refreshHash: digest(refreshToken.token), refreshExpiresAt: refreshToken.expiresAt } : {}),
  });
  return {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: {
      access_token: token,
      expires_in: expiresIn,
      ...(refreshToken ? { refresh_token: refreshToken.token, refresh_token_expires_in: refreshLife } : {}),
      // Comma-separated, as in LinkedIn's present samples; clients must take spaces as well.
      scope: [...grant.scopes].sort().join(','),
      token_type: 'Bearer',
      ...(grant.scopes.includes('openid') ? { id_token: idToken(context, grant, issuedAt, expiresIn) } : {}),
    },
  };
}

function introspect(context: LinkedinContext, request: Request): Answer {
  const hash = digest(required(request, 'token'));
  const clientId = requireClient(context, request);
  const token = context.state.tokens.get(hash);
  if (!token) return { status: 200, body: { active: false } };
  const status = tokenStatus(context, token);
  return {
    status: 200,
    body: {
      active: status === 'active',
      status,
      client_id: clientId,
      scope: [...token.scopes].sort().join(','),
      created_at: seconds(token.issuedAt),
      expires_at: seconds(token.expiresAt),
      authorized_at: seconds(token.authorizedAt),
      auth_type: '3L',
    },
  };
}

function required(request: Request, name: string): string {
  const value = field(request, name);
  if (value === '') throw oauthError(400, 'invalid_request', `A required parameter "${name}" is missing`);
  return value;
}

/** Documented only as body parameters: a Basic header is refused, so that nobody comes to rely on it. */
function requireClient(context: LinkedinContext, request: Request): string {
  const clientId = required(request, 'client_id');
  const clientSecret = required(request, 'client_secret');
  const { options } = context;
  if (
    clientId !== options.clientId ||
    clientSecret !== options.clientSecret ||
    request.get('authorization') !== undefined
  ) {
    throw oauthError(401, 'invalid_client', 'Client authentication failed');
  }
  return clientId;
}

function field(request: Request, name: string): string {
  const body: unknown = request.body;
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : '';
}

function oauthError(status: number, error: string, description: string): ApiError {
  return new ApiError({ status, body: { error, error_description: description } }, error);
}

/** About 500 characters, as long as LinkedIn's are now. */
function newToken(prefix: string): string {
  return prefix + randomBytes(370).toString('base64url');
}

/** Signed with the client's secret: LinkedIn signs with a published key, which nothing in a sandbox would gain from. */
function idToken(
  context: LinkedinContext,
  grant: Pick<Token, 'sub' | 'scopes'>,
  issuedAt: Date,
  expiresIn: number,
): string {
  const member = context.state.members.get(grant.sub);
  const payload = {
    iss: `${context.publicUrl()}/linkedin/oauth`,
    aud: context.options.clientId,
    iat: seconds(issuedAt),
    exp: seconds(issuedAt) + expiresIn,
    ...(member ? claims(context, member, grant.scopes) : {}),
  };
  const signed = [{ alg: 'HS256', typ: 'JWT' }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${createHmac('sha256', context.options.clientSecret).update(signed).digest('base64url')}`;
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
