/**
 * `i/oauth2/authorize`: the consent screen.
 *
 * GET shows the page; the page posts the visitor's decision back to the same address. Programs may skip the page: add
 * `sandbox_user=<id or user name>` to the address and the code comes at once; `sandbox_decision=cancel` denies. Or POST the
 * form: the same parameters and `decision=allow|cancel`, `user=<id>`, or `user=new` with `name` and `username`.
 */
import { randomBytes } from 'node:crypto';
import { type Request, type RequestHandler, type Response, type Router, urlencoded } from 'express';
import { digest } from '../digest.ts';
import { sendPage } from '../pages/page.ts';
import { authorizePage, refusedPage } from './authorize-page.ts';
import type { User } from './sample-users.ts';
import type { XContext } from './x-context.ts';

const PATH = '/i/oauth2/authorize';
const CODE_LIFE_MS = 30_000;
const MAX_STATE = 500;
/** What the app sends, in the order in which it is checked. */
const PARAMETERS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
] as const;

export function mountAuthorize(router: Router, context: XContext, sameOrigin: RequestHandler): void {
  router.get(PATH, (request, response) => authorize(context, parameters(request.query), response));
  router.post(PATH, sameOrigin, urlencoded({ extended: false, limit: '64kb' }), (request: Request, response) =>
    authorize(context, parameters(request.body), response),
  );
}

async function authorize(context: XContext, given: ReadonlyMap<string, string>, response: Response): Promise<void> {
  const problem = requestProblem(context, given);
  if (problem) return sendPage(response, 400, refusedPage(problem));

  const redirectUri = given.get('redirect_uri') ?? '';
  const back = (result: Record<string, string>): void => {
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries({ state: given.get('state') ?? '', ...result }))
      url.searchParams.set(name, value);
    response.redirect(303, url.href);
  };
  const decision = given.get('decision') ?? given.get('sandbox_decision') ?? (given.has('sandbox_user') ? 'allow' : '');
  if (decision === 'cancel') return back({ error: 'access_denied' });
  const scopes = scopesOf(given);
  const form = {
    passedOn: Object.fromEntries(PARAMETERS.map((name) => [name, given.get(name) ?? ''])),
    scopes,
    users: [...context.state.users.values()],
    redirectOrigin: new URL(redirectUri).origin,
    user: given.get('user'),
    name: given.get('name'),
    username: given.get('username'),
  };
  if (decision !== 'allow') return sendPage(response, 200, authorizePage(form));
  const chosen = chooseUser(context, given);
  if ('problem' in chosen) return sendPage(response, 400, authorizePage({ ...form, problem: chosen.problem }));

  const code = randomBytes(66).toString('base64url');
  if (chosen.isNew) context.write({ platform: 'x', kind: 'user.created', ...chosen.user });
  context.write({
    platform: 'x',
    kind: 'code.issued',
    codeHash: digest(code),
    clientId: given.get('client_id'),
    redirectUri,
    userId: chosen.user.id,
    scopes: [...new Set(scopes)],
    challenge: given.get('code_challenge'),
    expiresAt: new Date(context.clock.now().getTime() + CODE_LIFE_MS),
  });
  await context.durable();
  back({ code });
}

function parameters(source: unknown): ReadonlyMap<string, string> {
  const entries = typeof source === 'object' && source !== null ? Object.entries(source) : [];
  return new Map(entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])));
}

function requestProblem(context: XContext, given: ReadonlyMap<string, string>): string | null {
  const missing = PARAMETERS.find((name) => (given.get(name) ?? '') === '');
  if (missing) return `The parameter ${missing} is missing.`;
  if (given.get('response_type') !== 'code') return 'response_type must be code.';
  if (given.get('client_id') !== context.options.clientId) return 'No app has this client_id.';
  const redirectUri = given.get('redirect_uri') ?? '';
  if (!isRegistered(context, redirectUri)) return `The app has not registered the redirect_uri ${redirectUri}.`;
  const unknown = scopesOf(given).find((scope) => !context.options.scopes.includes(scope));
  if (unknown !== undefined) return `The app may not ask for the scope ${unknown}.`;
  if ((given.get('state') ?? '').length > MAX_STATE) return `state may have up to ${MAX_STATE} characters.`;
  // X also takes `plain`, which protects nobody; here it would hide that the product forgot S256.
  if (given.get('code_challenge_method') !== 'S256') return 'code_challenge_method must be S256.';
  if (!/^[\w-]{43}$/.test(given.get('code_challenge') ?? ''))
    return 'code_challenge must be the SHA-256 of the verifier in base64url without padding: 43 characters.';
  return null;
}

function scopesOf(given: ReadonlyMap<string, string>): string[] {
  return (given.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
}

/** Exactly one of the registered ones when there are any; else absolute, without a fragment, and HTTPS except on this machine. */
function isRegistered(context: XContext, redirectUri: string): boolean {
  const url = URL.parse(redirectUri);
  const registered = context.options.redirectUris;
  if (!url || redirectUri.includes('#')) return false;
  if (registered) return registered.includes(redirectUri);
  const ownHosts = ['localhost', '127.0.0.1', '[::1]', new URL(context.publicUrl()).hostname];
  return url.protocol === 'https:' || (url.protocol === 'http:' && ownHosts.includes(url.hostname));
}

type Choice = { user: User; isNew: boolean } | { problem: string };

function chooseUser(context: XContext, given: ReadonlyMap<string, string>): Choice {
  const wanted = given.get('user') ?? given.get('sandbox_user') ?? '';
  if (wanted !== 'new') {
    const user = context.state.users.get(wanted) ?? context.state.userByName(wanted);
    return user ? { user, isNew: false } : { problem: 'Choose who you are.' };
  }
  const name = (given.get('name') ?? '').trim().replace(/\s+/g, ' ');
  const username = (given.get('username') ?? '').trim().replace(/^@/, '');
  if (name === '') return { problem: 'Give the new user a name.' };
  if (name.length > 50) return { problem: 'That name is too long: 50 characters at most.' };
  if (!/^\w{1,15}$/.test(username))
    return { problem: 'Give the new user a user name of up to 15 letters, digits and underscores, such as sam_b.' };
  if (context.state.userByName(username))
    return { problem: `Somebody is called @${username} already: choose that user, or another name.` };
  return {
    user: {
      id: context.state.nextId(context.clock.now()),
      name,
      username,
      email: `${username.toLowerCase()}@example.com`,
      verifiedType: 'none',
      subscriptionType: 'None',
    },
    isNew: true,
  };
}
