/**
 * `oauth/v2/authorization`: the consent screen.
 *
 * GET shows the page; the page posts the visitor's decision back to the same address. Programs may skip the page: add
 * `sandbox_member=<sub or e-mail>` to the address and the code comes at once, as from real LinkedIn when the member is signed
 * in and has consented before; `sandbox_decision=cancel` cancels. Or POST the form: the same parameters and
 * `decision=allow|cancel`, `member=<sub>`, or `member=new` with `name` and `email`.
 */
import { randomBytes } from 'node:crypto';
import { type Request, type RequestHandler, type Response, type Router, urlencoded } from 'express';
import { digest } from '../digest.ts';
import { sendPage } from '../pages/page.ts';
import { authorizePage, refusedPage } from './authorize-page.ts';
import type { LinkedinContext } from './linkedin-context.ts';
import type { Member } from './sample-members.ts';

const CODE_LIFE_MS = 30 * 60_000;

export function mountAuthorize(router: Router, context: LinkedinContext, sameOrigin: RequestHandler): void {
  router.get('/oauth/v2/authorization', (request, response) => authorize(context, parameters(request.query), response));
  router.post(
    '/oauth/v2/authorization',
    sameOrigin,
    urlencoded({ extended: false, limit: '64kb' }),
    (request: Request, response) => authorize(context, parameters(request.body), response),
  );
}

async function authorize(
  context: LinkedinContext,
  given: ReadonlyMap<string, string>,
  response: Response,
): Promise<void> {
  const clientId = given.get('client_id') ?? '';
  const redirectUri = given.get('redirect_uri') ?? '';
  const problem =
    clientId !== context.options.clientId ? 'Client_id doesn’t match' : redirectProblem(context, redirectUri);
  if (problem) return sendPage(response, 401, refusedPage(problem, { clientId, redirectUri }));

  const back = (result: Record<string, string>): void => {
    const url = new URL(redirectUri);
    const state = given.get('state');
    for (const [name, value] of Object.entries({ ...result, ...(state === undefined ? {} : { state }) }))
      url.searchParams.set(name, value);
    response.redirect(303, url.href);
  };
  const scopes = (given.get('scope') ?? '').split(/[ ,]+/).filter((scope) => scope !== '');
  if (given.get('response_type') !== 'code') {
    return back({ error: 'unsupported_response_type', error_description: 'The response_type must be code' });
  }
  if (scopes.length === 0) return sendPage(response, 401, refusedPage('Invalid scope', { clientId, redirectUri }));
  const unauthorized = scopes.find((scope) => !context.options.scopes.includes(scope));
  if (unauthorized !== undefined) {
    return back({
      error: 'unauthorized_scope_error',
      error_description: `Scope "${unauthorized}" is not authorized for your application`,
    });
  }

  const decision =
    given.get('decision') ?? given.get('sandbox_decision') ?? (given.has('sandbox_member') ? 'allow' : '');
  if (decision === 'cancel') {
    return back({ error: 'user_cancelled_authorize', error_description: 'The user cancelled the authorization' });
  }
  const form = {
    ...Object.fromEntries(given),
    scopes,
    members: [...context.state.members.values()],
    redirectOrigin: new URL(redirectUri).origin,
  };
  if (decision !== 'allow') return sendPage(response, 200, authorizePage(context, form));
  const chosen = chooseMember(context, given);
  if ('problem' in chosen) return sendPage(response, 400, authorizePage(context, { ...form, problem: chosen.problem }));

  const code = `AQ${randomBytes(60).toString('base64url')}`;
  if (chosen.isNew) context.write({ platform: 'linkedin', kind: 'member.created', ...chosen.member });
  context.write({
    platform: 'linkedin',
    kind: 'code.issued',
    codeHash: digest(code),
    clientId,
    redirectUri,
    sub: chosen.member.sub,
    scopes: [...new Set(scopes)],
    expiresAt: new Date(context.clock.now().getTime() + CODE_LIFE_MS),
  });
  await context.durable();
  back({ code });
}

function parameters(source: unknown): ReadonlyMap<string, string> {
  const entries = typeof source === 'object' && source !== null ? Object.entries(source) : [];
  return new Map(entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])));
}

/** Absolute, no fragment, HTTPS except on this machine; exactly one of the registered ones when there are any. */
function redirectProblem(context: LinkedinContext, redirectUri: string): string | null {
  const registered = context.options.redirectUris;
  const url = URL.parse(redirectUri);
  const mismatch = 'Redirect_uri doesn’t match';
  if (!url || redirectUri.includes('#')) return mismatch;
  if (registered) return registered.includes(redirectUri) ? null : mismatch;
  const ownHosts = ['localhost', '127.0.0.1', '[::1]', new URL(context.publicUrl()).hostname];
  return url.protocol === 'https:' || (url.protocol === 'http:' && ownHosts.includes(url.hostname)) ? null : mismatch;
}

type Choice = { member: Member; isNew: boolean } | { problem: string };

function chooseMember(context: LinkedinContext, given: ReadonlyMap<string, string>): Choice {
  const members = [...context.state.members.values()];
  const wanted = given.get('member') ?? given.get('sandbox_member') ?? '';
  if (wanted !== 'new') {
    const member = members.find(({ sub, email }) => sub === wanted || email === wanted.toLowerCase());
    return member ? { member, isNew: false } : { problem: 'Choose who you are.' };
  }
  const words = (given.get('name') ?? '')
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  const email = (given.get('email') ?? '').trim().toLowerCase();
  if (words.length === 0) return { problem: 'Give the new member a name.' };
  if (words.join(' ').length > 100) return { problem: 'That name is too long: 100 characters at most.' };
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
    return { problem: 'Give the new member an e-mail address, such as sam@example.com.' };
  if (members.some((member) => member.email === email))
    return { problem: `Somebody with the address ${email} exists already: choose that member.` };
  const familyName = words.length > 1 ? (words.at(-1) ?? '') : '';
  const givenName = words.length > 1 ? words.slice(0, -1).join(' ') : words.join(' ');
  return {
    member: { sub: randomBytes(8).toString('base64url').slice(0, 10), givenName, familyName, email },
    isNew: true,
  };
}
