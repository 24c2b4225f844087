/** `POST 2/oauth2/token` and `POST 2/oauth2/revoke`: form-encoded; refresh tokens work once. */
import { createHash, randomBytes } from 'node:crypto';
import { type Request, type Router, urlencoded } from 'express';
import { digest } from '../digest.ts';
import type { Answer } from '../transmit.ts';
import { isTakenBack } from './bearer-session.ts';
import { requireClient } from './client-authentication.ts';
import { field, requiredField } from './form-field.ts';
import { oauthError } from './problem.ts';
import { endpoint, type XContext } from './x-context.ts';
import type { Token } from './x-state.ts';

const ACCESS_TOKEN_LIFE_S = 7_200;

export function mountOauthToken(router: Router, context: XContext): void {
  const form = urlencoded({ extended: false, limit: '64kb' });
  router.post(
    '/2/oauth2/token',
    form,
    endpoint(context, (request) => token(context, request)),
  );
  router.post(
    '/2/oauth2/revoke',
    form,
    endpoint(context, (request) => revoke(context, request)),
  );
}

function token(context: XContext, request: Request): Answer {
  const clientId = requireClient(context, request);
  const grantType = requiredField(request, 'grant_type');
  if (grantType === 'authorization_code') return exchange(context, request, clientId);
  if (grantType === 'refresh_token') return refresh(context, request, clientId);
  throw oauthError(400, 'unsupported_grant_type', `The grant type ${grantType} is not supported.`);
}

function exchange(context: XContext, request: Request, clientId: string): Answer {
  const codeHash = digest(requiredField(request, 'code'));
  const redirectUri = requiredField(request, 'redirect_uri');
  const verifier = requiredField(request, 'code_verifier');
  const code = context.state.codes.get(codeHash);
  if (!code || code.used || code.clientId !== clientId || context.clock.now() >= code.expiresAt) {
    throw invalidValue('authorization code was invalid');
  }
  if (code.redirectUri !== redirectUri) {
    throw invalidValue('redirect uri did not match the uri of the authorization code');
  }
  // RFC 7636: 43 to 128 of these characters; a shorter verifier could be guessed.
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier) || challenge !== code.challenge) {
    throw invalidValue('code verifier did not match the code challenge');
  }
  const { userId, scopes } = code;
  return issue(context, { codeHash, family: randomBytes(12).toString('base64url'), clientId, userId, scopes });
}

/** The new pair replaces the spent refresh token at once: whoever loses this answer has lost the connection. */
function refresh(context: XContext, request: Request, clientId: string): Answer {
  const spentRefreshHash = digest(requiredField(request, 'refresh_token'));
  const previous = [...context.state.tokens.values()].find(({ refreshHash }) => refreshHash === spentRefreshHash);
  if (!previous || previous.clientId !== clientId) throw invalidValue('token was invalid');
  if (previous.refreshSpent && context.options.revokeFamilyOnReuse) {
    context.write({ platform: 'x', kind: 'family.revoked', family: previous.family });
  }
  if (previous.refreshSpent || isTakenBack(context, previous)) throw invalidValue('token was invalid');
  const { family, userId, scopes } = previous;
  return issue(context, { spentRefreshHash, family, clientId, userId, scopes });
}

type Grant = Pick<Token, 'family' | 'clientId' | 'userId' | 'scopes'> &
  ({ codeHash: string } | { spentRefreshHash: string });

function issue(context: XContext, grant: Grant): Answer {
  const issuedAt = context.clock.now();
  const accessToken = randomBytes(66).toString('base64url');
  const refreshToken = grant.scopes.includes('offline.access') ? randomBytes(66).toString('base64url') : null;
  context.write({
    platform: 'x',
    kind: 'token.issued',
    ...grant,
    tokenHash: digest(accessToken),
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + ACCESS_TOKEN_LIFE_S * 1000),
    ...(refreshToken === null ? {} : { refreshHash: digest(refreshToken) }),
  });
  return {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: {
      token_type: 'bearer',
      expires_in: ACCESS_TOKEN_LIFE_S,
      access_token: accessToken,
      // The order of scopes is not promised: this is not the one they were asked in.
      scope: [...grant.scopes].sort().reverse().join(' '),
      ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    },
  };
}

/** A refresh token takes its access tokens with it (RFC 7009); what X does not know counts as revoked. */
function revoke(context: XContext, request: Request): Answer {
  const clientId = requireClient(context, request);
  const hash = digest(requiredField(request, 'token'));
  const hint = field(request, 'token_type_hint');
  if (hint !== '' && hint !== 'access_token' && hint !== 'refresh_token') {
    throw oauthError(400, 'unsupported_token_type', `The token type ${hint} is not supported.`);
  }
  const own = [...context.state.tokens.values()].filter((token) => token.clientId === clientId);
  const access = own.find(({ tokenHash }) => tokenHash === hash);
  const refreshed = own.find(({ refreshHash }) => refreshHash === hash);
  if (access) context.write({ platform: 'x', kind: 'token.revoked', tokenHash: hash });
  if (refreshed) context.write({ platform: 'x', kind: 'family.revoked', family: refreshed.family });
  return { status: 200, body: { revoked: true } };
}

/** X says `invalid_request` where the RFC says `invalid_grant` (observed). */
function invalidValue(what: string): Error {
  return oauthError(400, 'invalid_request', `Value passed for the ${what}.`);
}
