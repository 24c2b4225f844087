/** `oauth/access_token`: a code for a token, a token for a longer-lived one, and the app's own token. GET and POST alike. */
import { createHmac, randomBytes } from 'node:crypto';
import type { RequestHandler, Router } from 'express';
import { digest } from '../digest.ts';
import type { Answer } from '../transmit.ts';
import { endpoint, type FacebookContext } from './facebook-context.ts';
import type { Token } from './facebook-state.ts';
import { GraphError, tokenInvalid } from './graph-error.ts';
import { type GraphCall, requiredText, textOf } from './graph-request.ts';
import { issuedAppToken, type Session } from './graph-session.ts';
import type { Page } from './sample-people.ts';
import { deadToken } from './token-death.ts';

/** "About an hour or two", and "about 60 days" (Meta, Access Token Guide). */
const SHORT_LIFE_S = 3_600;
const LONG_LIFE_S = 5_184_000;

/** @param body reads the body of a POST, which is mounted after this */
export function mountAccessToken(router: Router, context: FacebookContext, body: RequestHandler): void {
  const exchange = endpoint(context, (call) => accessToken(context, call));
  router.get('/oauth/access_token', exchange);
  router.post('/oauth/access_token', body, exchange);
}

function accessToken(context: FacebookContext, call: GraphCall): Answer {
  requireApp(context, call);
  const grantType = textOf(call, 'grant_type') ?? 'authorization_code';
  switch (grantType) {
    case 'authorization_code':
      return exchangeCode(context, call);
    case 'fb_exchange_token':
      return exchangeToken(context, call);
    case 'client_credentials':
      return { status: 200, body: { access_token: issuedAppToken(context.options), token_type: 'bearer' } };
    default:
      throw new GraphError(100, `Unsupported grant_type "${grantType}".`);
  }
}

function requireApp({ options }: FacebookContext, call: GraphCall): void {
  if (requiredText(call, 'client_id', 101) !== options.clientId)
    throw new GraphError(101, 'Error validating application. Invalid application ID.');
  if (requiredText(call, 'client_secret', 1) !== options.clientSecret)
    throw new GraphError(1, 'Error validating client secret.');
}

function exchangeCode(context: FacebookContext, call: GraphCall): Answer {
  const redirectUri = requiredText(call, 'redirect_uri', 191);
  const codeHash = digest(requiredText(call, 'code', 1));
  const code = context.state.codes.get(codeHash);
  const now = context.clock.now();
  if (!code) throw codeRefused('Invalid verification code format.');
  if (code.used) throw codeRefused('This authorization code has been used.', 36009);
  if (now >= code.expiresAt) throw codeRefused('This authorization code has expired.', 36007);
  if (code.redirectUri !== redirectUri) {
    throw codeRefused(
      'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request',
      36008,
    );
  }
  return issue(context, { personId: code.personId, authorizedAt: code.issuedAt, codeHash }, false);
}

function codeRefused(message: string, subcode?: number): GraphError {
  return new GraphError(100, message, { challenge: 'invalid_code', ...(subcode === undefined ? {} : { subcode }) });
}

/** Short for long, and long for a new long one; a dead token buys nothing. */
function exchangeToken(context: FacebookContext, call: GraphCall): Answer {
  const token = context.state.tokens.get(digest(requiredText(call, 'fb_exchange_token', 100)));
  if (!token) throw tokenInvalid('Invalid OAuth access token - Cannot parse access token');
  const dead = deadToken(context, token);
  if (dead) throw dead.error;
  // A Page's token made of a long-lived one lives as long as it can; there is nothing to exchange it for.
  if (token.pageId !== null) throw new GraphError(100, 'fb_exchange_token must be the access token of a user.');
  return issue(context, { personId: token.personId, authorizedAt: token.authorizedAt }, true);
}

function issue(
  context: FacebookContext,
  grant: Pick<Token, 'personId' | 'authorizedAt'> & { codeHash?: string },
  longLived: boolean,
): Answer {
  const issuedAt = context.clock.now();
  const expiresIn = longLived ? LONG_LIFE_S : SHORT_LIFE_S;
  const accessToken = `EAA${randomBytes(140).toString('base64url')}`;
  context.write({
    platform: 'facebook',
    kind: 'token.issued',
    ...grant,
    tokenHash: digest(accessToken),
    pageId: null,
    longLived,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + expiresIn * 1000),
  });
  return { status: 200, body: { access_token: accessToken, token_type: 'bearer', expires_in: expiresIn } };
}

/**
 * The token of a Page, made of a person's: without end when that one is long-lived, else with the same end. Computed, so
 * that asking twice gives the same one although the sandbox keeps only its digest.
 */
export function pageToken(context: FacebookContext, session: Session, page: Page): string {
  const { token, accessToken } = session;
  const bytes = createHmac('sha512', context.options.clientSecret).update(`${page.id} ${accessToken}`).digest();
  const derived = `EAAP${bytes.toString('base64url')}${page.id}`;
  const tokenHash = digest(derived);
  if (!context.state.tokens.has(tokenHash)) {
    const { personId, longLived, authorizedAt } = token;
    const expiresAt = longLived ? null : token.expiresAt;
    const issuedAt = context.clock.now();
    context.write({
      platform: 'facebook',
      kind: 'token.issued',
      ...{ tokenHash, personId, pageId: page.id, longLived, authorizedAt, issuedAt, expiresAt },
    });
  }
  return derived;
}
