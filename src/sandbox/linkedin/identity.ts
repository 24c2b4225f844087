/** Who a member is (`/v2/userinfo`), and which organisations he administers. */
import type { Request, Router } from 'express';
import { avatarSvg } from '../pages/avatar.ts';
import type { Answer } from '../transmit.ts';
import { inputError, refusal } from './api-error.ts';
import { hasLostRole, hitOrganizationFaults, requireScope, requireSession } from './bearer-session.ts';
import { endpoint, type LinkedinContext } from './linkedin-context.ts';
import { refuseLegacyProfile } from './posts.ts';
import { requireQuery, requireRestHeaders } from './request-rules.ts';
import { fullName, type Member, organizationUrn, personUrn } from './sample-members.ts';

const ORGANIZATION_SCOPES = [
  'rw_organization_admin',
  'r_organization_admin',
  'w_organization_social',
  'r_organization_social',
];

export function mountIdentity(router: Router, context: LinkedinContext): void {
  router.get(
    '/v2/userinfo',
    endpoint(context, (request) => userinfo(context, request)),
  );
  router.get(
    '/v2/me',
    endpoint(context, (request) => refuseLegacyProfile(context, request)),
  );
  router.get(
    '/rest/organizationAcls',
    endpoint(context, (request) => organizationAcls(context, request)),
  );
  router.get(
    '/rest/organizations/:id',
    endpoint(context, (request) => organization(context, request)),
  );
  router.get('/avatars/:sub', (request, response, next) => {
    const member = context.state.members.get(request.params.sub.replace(/\.svg$/, ''));
    if (!member) return next();
    response.type('image/svg+xml').send(avatarSvg(fullName(member), 200).markup);
  });
}

/** What the granted scopes show of a member. `locale` is an object, as at run time, although the docs say a string. */
export function claims(context: LinkedinContext, member: Member, scopes: readonly string[]): Record<string, unknown> {
  const profile = {
    name: fullName(member),
    given_name: member.givenName,
    family_name: member.familyName,
    locale: { country: 'US', language: 'en' },
    picture: `${context.publicUrl()}/linkedin/avatars/${member.sub}.svg`,
  };
  return {
    sub: member.sub,
    ...(scopes.includes('profile') ? profile : {}),
    ...(scopes.includes('email') ? { email: member.email, email_verified: true } : {}),
  };
}

function userinfo(context: LinkedinContext, request: Request): Answer {
  const session = requireSession(context, request);
  requireScope(session, ['openid'], 'userinfo.GET.NO_VERSION');
  return { status: 200, body: claims(context, session.member, session.token.scopes) };
}

function organizationAcls(context: LinkedinContext, request: Request): Answer {
  const session = requireSession(context, request);
  hitOrganizationFaults(context, session);
  const version = requireRestHeaders(request, context.clock.now());
  requireQuery(request, ['q', 'role', 'state', 'count', 'start']);
  requireScope(session, ORGANIZATION_SCOPES, `organizationAcls.FINDER-roleAssignee.${version}`);
  const { q, role = 'ADMINISTRATOR', state = 'APPROVED' } = request.query;
  if (q !== 'roleAssignee') throw refusal(400, 'ILLEGAL_ARGUMENT', 'Only the finder roleAssignee is offered');
  if (state !== 'APPROVED')
    throw inputError('INVALID_VALUE_FOR_FIELD', 'state', 'The sandbox knows only APPROVED roles');
  const elements = [...context.state.organizations.values()]
    .filter(
      (candidate) =>
        role === 'ADMINISTRATOR' &&
        candidate.administrators.includes(session.member.sub) &&
        !hasLostRole(context, organizationUrn(candidate)),
    )
    .map((candidate) => ({
      role: 'ADMINISTRATOR',
      state: 'APPROVED',
      roleAssignee: personUrn(session.member),
      organization: organizationUrn(candidate),
    }));
  return { status: 200, body: { paging: { start: 0, count: 10, links: [], total: elements.length }, elements } };
}

function organization(context: LinkedinContext, request: Request): Answer {
  const session = requireSession(context, request);
  const version = requireRestHeaders(request, context.clock.now());
  requireScope(session, ORGANIZATION_SCOPES, `organizations.GET.${version}`);
  const found = context.state.organizations.get(String(request.params.id));
  if (!found) throw refusal(404, 'NOT_FOUND', `Could not find organization ${String(request.params.id)}`);
  if (!found.administrators.includes(session.member.sub)) {
    throw refusal(403, 'ACCESS_DENIED', `Member is unauthorized on ${organizationUrn(found)}`, 100);
  }
  return { status: 200, body: { id: Number(found.id), localizedName: found.name, vanityName: found.vanityName } };
}
