/** `debug_token`: what a token is, for the app that owns it. A fault switch counts, but is not used up by looking. */
import type { Router } from 'express';
import { digest } from '../digest.ts';
import type { Answer } from '../transmit.ts';
import { endpoint, type FacebookContext } from './facebook-context.ts';
import type { Token } from './facebook-state.ts';
import { type GraphError, invalidParameter, tokenInvalid } from './graph-error.ts';
import { type GraphCall, requiredText } from './graph-request.ts';
import { isAppToken } from './graph-session.ts';
import { deadToken } from './token-death.ts';

/** An app loses a person's data this long after he last agreed to it. */
const DATA_ACCESS_MS = 90 * 86_400_000;

export function mountDebugToken(router: Router, context: FacebookContext): void {
  router.get(
    '/debug_token',
    endpoint(context, (call) => debugToken(context, call)),
  );
}

function debugToken(context: FacebookContext, call: GraphCall): Answer {
  if (call.accessToken === null || !isAppToken(context, call.accessToken)) {
    throw invalidParameter(
      'You must provide an app access token, or a user access token that is an owner or developer of the app',
    );
  }
  const token = context.state.tokens.get(digest(requiredText(call, 'input_token', 100)));
  if (!token) {
    const unknown = tokenInvalid('Invalid OAuth access token - Cannot parse access token');
    return { status: 200, body: { data: { error: errorData(unknown), is_valid: false, scopes: [] } } };
  }
  const dead = deadToken(context, token);
  return {
    status: 200,
    body: {
      data: {
        app_id: context.options.clientId,
        application: 'Sandbox app',
        type: token.pageId === null ? 'USER' : 'PAGE',
        data_access_expires_at: seconds(new Date(token.authorizedAt.getTime() + DATA_ACCESS_MS)),
        ...(dead ? { error: errorData(dead.error) } : {}),
        expires_at: token.expiresAt === null ? 0 : seconds(token.expiresAt),
        is_valid: dead === null,
        issued_at: seconds(token.issuedAt),
        ...scopes(context, token),
        user_id: token.personId,
        ...(token.pageId === null ? {} : { profile_id: token.pageId }),
      },
    },
  };
}

function scopes(context: FacebookContext, { personId }: Token): { scopes: string[]; granular_scopes: object[] } {
  const granted = [...context.state.permissionsOf(personId)].flatMap(([permission, status]) =>
    status === 'granted' ? [permission] : [],
  );
  const pages = context.state.pagesOf(personId).map(({ id }) => id);
  return {
    scopes: granted,
    granular_scopes: granted
      .filter((permission) => permission.startsWith('pages_'))
      .map((scope) => ({ scope, target_ids: pages })),
  };
}

function errorData({ code, message, subcode }: GraphError): object {
  return { code, message, ...(subcode === null ? {} : { subcode }) };
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
