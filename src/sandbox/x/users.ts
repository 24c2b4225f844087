/** Who a user is: `GET /2/users/me`, and his picture. */
import type { Request, Router } from 'express';
import { avatarSvg } from '../pages/avatar.ts';
import type { Answer } from '../transmit.ts';
import type { Session } from './bearer-session.ts';
import { USER_FIELDS } from './object-fields.ts';
import { READ_SCOPES } from './posts.ts';
import { PROBLEM_HOST } from './problem.ts';
import { apiEndpoint } from './rate-limited.ts';
import { queryList, requireQuery } from './request-rules.ts';
import { userObject } from './user-object.ts';
import type { XContext } from './x-context.ts';

export function mountUsers(router: Router, context: XContext): void {
  router.get(
    '/2/users/me',
    apiEndpoint(context, 'GET /2/users/me', READ_SCOPES, (request, session) => me(context, request, session)),
  );
  router.get('/avatars/:id', (request, response, next) => {
    const user = context.state.users.get(request.params.id.replace(/\.svg$/, ''));
    if (!user) return next();
    response.type('image/svg+xml').send(avatarSvg(user.name, 200).markup);
  });
}

function me(context: XContext, request: Request, { user, token }: Session): Answer {
  requireQuery(context, request, ['user.fields', 'expansions', 'tweet.fields']);
  const fields = queryList(context, request, 'user.fields', USER_FIELDS);
  const mayReadEmail = token.scopes.includes('users.email');
  const email = fields.includes('confirmed_email') && mayReadEmail ? { confirmed_email: user.email } : {};
  const refused = fields.includes('confirmed_email') && !mayReadEmail;
  return {
    status: 200,
    body: {
      data: { ...userObject(context, user, fields), ...email },
      ...(refused ? { errors: [emailRefused(context, user.id)] } : {}),
    },
  };
}

/** A field that takes a scope of its own is told beside the data. */
function emailRefused(context: XContext, id: string) {
  return {
    resource_id: id,
    resource_type: 'user',
    field: 'confirmed_email',
    parameter: 'user.fields',
    title: 'Field Authorization Error',
    detail: "Sorry, you are not authorized to access 'confirmed_email' on the user.",
    type: `${PROBLEM_HOST[context.options.fieldNames]}/not-authorized-for-field`,
  };
}
