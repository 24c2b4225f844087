/** Who the token is (`me`), the Pages a person manages, and what he permitted. */
import type { Router } from 'express';
import { avatarSvg } from '../pages/avatar.ts';
import type { Answer } from '../transmit.ts';
import { endpoint, type FacebookContext } from './facebook-context.ts';
import { selectFields } from './graph-fields.ts';
import { type GraphCall, textOf } from './graph-request.ts';
import { requirePerson, requireSession } from './graph-session.ts';
import { managedPageType, pageType, personType } from './page-fields.ts';
import { listPage } from './paging.ts';

export function mountIdentity(router: Router, context: FacebookContext): void {
  router.get(
    '/me',
    endpoint(context, (call) => me(context, call)),
  );
  router.get(
    '/me/accounts',
    endpoint(context, (call) => accounts(context, call)),
  );
  router.get(
    '/me/permissions',
    endpoint(context, (call) => permissions(context, call)),
  );
  router.get('/pictures/:id', (request, response, next) => {
    const id = request.params.id.replace(/\.svg$/, '');
    const found = context.state.people.get(id) ?? context.state.pages.get(id);
    if (!found) return next();
    response.type('image/svg+xml').send(avatarSvg(found.name, 200).markup);
  });
}

function me(context: FacebookContext, call: GraphCall): Answer {
  const session = requireSession(context, call);
  const fields = textOf(call, 'fields');
  const body = session.page
    ? selectFields(pageType(context, session), session.page, fields)
    : selectFields(personType(context), session.person, fields);
  return { status: 200, body };
}

/** Without the permission the list is not refused but empty, which looks the same as managing no Page. */
function accounts(context: FacebookContext, call: GraphCall): Answer {
  const session = requireSession(context, call);
  const person = requirePerson(session, 'accounts');
  const fields = textOf(call, 'fields');
  const type = managedPageType(context, session);
  const may = (permission: string): boolean => context.state.hasPermission(person.id, permission);
  const pages = context.state
    .pagesOf(person.id)
    .filter((page) => may('pages_show_list') && (!page.ownedByBusiness || may('business_management')));
  const body = listPage(
    context,
    call,
    pages,
    ({ id }) => id,
    (page) => selectFields(type, page, fields),
  );
  return { status: 200, body };
}

function permissions(context: FacebookContext, call: GraphCall): Answer {
  const person = requirePerson(requireSession(context, call), 'permissions');
  const decisions = [...context.state.permissionsOf(person.id)];
  return { status: 200, body: { data: decisions.map(([permission, status]) => ({ permission, status })) } };
}
