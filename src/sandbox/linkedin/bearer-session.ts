/** Who is calling, and what may they do: bearer tokens, scopes, and in whose name a member may act. */
import type { Request } from 'express';
import { digest } from '../digest.ts';
import { accessDenied, inputError, refusal } from './api-error.ts';
import type { LinkedinContext } from './linkedin-context.ts';
import type { Token } from './linkedin-state.ts';
import { type Member, organizationUrn, personUrn } from './sample-members.ts';

export interface Session {
  readonly member: Member;
  readonly token: Token;
}

/** @throws ApiError 401 with LinkedIn's code for a missing, unknown, revoked or expired token */
export function requireSession(context: LinkedinContext, request: Request): Session {
  const bearer = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
  if (bearer === undefined) throw refusal(401, 'EMPTY_ACCESS_TOKEN', 'Empty oauth2 access token', 65604);
  const token = context.state.tokens.get(digest(bearer));
  const member = token && context.state.members.get(token.sub);
  if (!token || !member) throw refusal(401, 'INVALID_ACCESS_TOKEN', 'Invalid access token', 65600);

  const now = context.clock.now().getTime();
  // Observed on the real platform: a token may be called revoked for its first moments.
  if (token.revoked || now < token.issuedAt.getTime() + context.options.newTokenLagMs) throw revoked();
  if (now >= token.expiresAt.getTime()) throw expired();
  hitTokenFault(context, personUrn(member), token);
  return { member, token };
}

export function requireScope(session: Session, scopes: readonly string[], resource: string): void {
  if (!scopes.some((scope) => session.token.scopes.includes(scope))) {
    throw accessDenied(`Not enough permissions to access: ${resource}`);
  }
}

/**
 * Lets a session act for a person or an organisation.
 * @param scopes what it takes: one scope for the member himself, any of some for an organisation
 * @param resource as LinkedIn names it in the refusal, e.g. `partnerApiPostsExternal.CREATE.20261001`
 * @throws ApiError 400 for what is no such URN, 403 for somebody else's
 */
export function requireActor(
  context: LinkedinContext,
  session: Session,
  actor: { urn: string; fieldPath: string },
  scopes: { person: readonly string[]; organization: readonly string[] },
  resource: string,
): void {
  const urn = /^urn:li:([A-Za-z]+):([^\s:]+)$/.exec(actor.urn);
  if (!urn) throw inputError('INVALID_URN_ID', actor.fieldPath, `${actor.urn} is not a valid URN`);
  if (urn[1] === 'person') {
    requireScope(session, scopes.person, resource);
    if (actor.urn !== personUrn(session.member)) throw accessDenied(`Member is unauthorized on ${actor.urn}`);
    return;
  }
  if (urn[1] !== 'organization') {
    throw inputError('INVALID_URN_TYPE', actor.fieldPath, `${actor.urn} is neither a person nor an organization`);
  }
  requireScope(session, scopes.organization, resource);
  const organization = [...context.state.organizations.values()].find(
    (candidate) => organizationUrn(candidate) === actor.urn,
  );
  if (!organization?.administrators.includes(session.member.sub)) {
    throw accessDenied(`Member is unauthorized on ${actor.urn}`);
  }
  hitTokenFault(context, actor.urn, session.token);
  if (hasLostRole(context, actor.urn)) throw accessDenied(`Member is unauthorized on ${actor.urn}`);
}

/** The switch of a Page whose administrators are none any more. Their tokens live on. */
export const ROLE_LOST = { 'role lost': 'The member does not administer the Page any more' } as const;

export function hasLostRole({ faults }: LinkedinContext, organizationUrn: string): boolean {
  return (faults.get('linkedin', organizationUrn)?.fault ?? '') in ROLE_LOST;
}

/** A Page has no token of its own: what its switch says of the token holds for whatever is asked about Pages. */
export function hitOrganizationFaults(context: LinkedinContext, session: Session): void {
  for (const organization of context.state.organizations.values())
    if (organization.administrators.includes(session.member.sub))
      hitTokenFault(context, organizationUrn(organization), session.token);
}

/** What introspection says of a token: the fault switch counts, but is not used up by looking. */
export function tokenStatus(context: LinkedinContext, token: Token): 'active' | 'expired' | 'revoked' {
  const fault = faultOn(context, `urn:li:person:${token.sub}`, token);
  if (token.revoked || fault === 'revoked') return 'revoked';
  if (context.clock.now() >= token.expiresAt || fault === 'expired token') return 'expired';
  return 'active';
}

function hitTokenFault(context: LinkedinContext, account: string, token: Token): void {
  const fault = faultOn(context, account, token);
  if (!fault) return;
  context.write({ platform: 'linkedin', kind: 'fault.used', account });
  throw fault === 'revoked' ? revoked() : expired();
}

/** A token issued after the switch was set is a new connection and works. */
function faultOn(context: LinkedinContext, account: string, token: Token): 'revoked' | 'expired token' | null {
  const setting = context.faults.get('linkedin', account);
  if (!setting || token.issuedAt > setting.setAt) return null;
  return setting.fault === 'revoked' || setting.fault === 'expired token' ? setting.fault : null;
}

function revoked(): Error {
  return refusal(401, 'REVOKED_ACCESS_TOKEN', 'The token used in the request has been revoked by the user', 65601);
}

function expired(): Error {
  return refusal(401, 'EXPIRED_ACCESS_TOKEN', 'The token used in the request has expired', 65602);
}
