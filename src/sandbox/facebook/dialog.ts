/**
 * `dialog/oauth`: the consent screen.
 *
 * GET shows the page; the page posts the visitor's decision back to the same address. Programs may skip the page: add
 * `sandbox_member=<id or e-mail>` to the address and the code comes at once, as from real Facebook when the person is signed
 * in and has agreed before; `sandbox_declined=<permissions>` unticks some, `sandbox_decision=cancel` refuses. Or POST the
 * form: the same parameters and `decision=allow|cancel`, `member=<id>`, or `member=new` with `name` and `page`, and
 * `granted=<permission>` once for each one ticked.
 */
import { randomBytes } from 'node:crypto';
import { type Request, type RequestHandler, type Response, type Router, urlencoded } from 'express';
import { digest } from '../digest.ts';
import { sendPage } from '../pages/page.ts';
import { dialogPage, refusedPage } from './dialog-page.ts';
import type { FacebookContext } from './facebook-context.ts';
import type { Person } from './sample-people.ts';

/** Facebook only says that codes expire soon; ten minutes is what OAuth recommends at most. */
const CODE_LIFE_MS = 10 * 60_000;
/** Comes with every consent and cannot be unticked. */
const ALWAYS_GRANTED = 'public_profile';

export function mountDialog(router: Router, context: FacebookContext, sameOrigin: RequestHandler): void {
  router.get('/dialog/oauth', (request, response) => dialog(context, parameters(request.query), response));
  router.post(
    '/dialog/oauth',
    sameOrigin,
    urlencoded({ extended: false, limit: '64kb' }),
    (request: Request, response) => dialog(context, parameters(request.body), response),
  );
}

type Parameters = ReadonlyMap<string, readonly string[]>;

async function dialog(context: FacebookContext, given: Parameters, response: Response): Promise<void> {
  const clientId = first(given, 'client_id') ?? '';
  const redirectUri = first(given, 'redirect_uri') ?? '';
  const scopes = requestedPermissions(given);
  const problem = appProblem(context, { clientId, redirectUri, scopes, responseType: first(given, 'response_type') });
  if (problem) return sendPage(response, 400, refusedPage(problem, { clientId, redirectUri }));

  const back = (result: Record<string, string>): void => {
    const url = new URL(redirectUri);
    const state = first(given, 'state');
    for (const [name, value] of Object.entries({ ...result, ...(state === null ? {} : { state }) }))
      url.searchParams.set(name, value);
    response.redirect(303, url.href);
  };
  const decision =
    first(given, 'decision') ?? first(given, 'sandbox_decision') ?? (given.has('sandbox_member') ? 'allow' : '');
  if (decision === 'cancel') {
    return back({
      error: 'access_denied',
      error_code: '200',
      error_reason: 'user_denied',
      error_description: 'Permissions error',
    });
  }
  const form = {
    given: new Map([...given].flatMap(([name, [value]]) => (value === undefined ? [] : [[name, value] as const]))),
    scopes,
    redirectOrigin: new URL(redirectUri).origin,
  };
  if (decision !== 'allow') return sendPage(response, 200, dialogPage(context, form));
  const chosen = choosePerson(context, given);
  if ('problem' in chosen) return sendPage(response, 400, dialogPage(context, { ...form, problem: chosen.problem }));

  if (chosen.isNew)
    context.write({ platform: 'facebook', kind: 'person.created', ...chosen.person, page: chosen.page });
  const code = `AQ${randomBytes(120).toString('base64url')}`;
  const now = context.clock.now();
  context.write({
    platform: 'facebook',
    kind: 'code.issued',
    codeHash: digest(code),
    redirectUri,
    personId: chosen.person.id,
    ...decide(context, given, chosen.person.id, scopes),
    issuedAt: now,
    expiresAt: new Date(now.getTime() + CODE_LIFE_MS),
  });
  await context.durable();
  back({ code });
}

function parameters(source: unknown): Parameters {
  const entries = typeof source === 'object' && source !== null ? Object.entries(source) : [];
  return new Map(
    entries.map(([name, value]) => [
      name,
      (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string'),
    ]),
  );
}

function first(given: Parameters, name: string): string | null {
  return given.get(name)?.[0] ?? null;
}

function requestedPermissions(given: Parameters): string[] {
  return [...new Set([ALWAYS_GRANTED, ...words(first(given, 'scope'))])];
}

/** Facebook separates permissions by commas, and takes spaces too. */
function words(text: string | null): string[] {
  return (text ?? '').split(/[ ,]+/).filter((word) => word !== '');
}

/** What is wrong with the app rather than with the visitor: Facebook shows it and never redirects. */
function appProblem(
  context: FacebookContext,
  app: { clientId: string; redirectUri: string; scopes: readonly string[]; responseType: string | null },
): string | null {
  if (app.clientId !== context.options.clientId) return 'Invalid App ID';
  if (!isRegistered(context, app.redirectUri)) {
    return 'URL blocked: this redirect failed because the redirect URI is not allowed in the app’s client OAuth settings.';
  }
  if (app.responseType !== null && app.responseType !== 'code')
    return 'The parameter response_type must be code: the sandbox answers nothing else.';
  const invalid = app.scopes.filter((scope) => !context.options.permissions.includes(scope));
  return invalid.length === 0 || (invalid.length === 1 && invalid[0] === ALWAYS_GRANTED)
    ? null
    : `Invalid Scopes: ${invalid.join(', ')}. The app has no such permission.`;
}

/** Absolute, no fragment, HTTPS except on this machine; exactly one of the registered ones when there are any. */
function isRegistered(context: FacebookContext, redirectUri: string): boolean {
  const registered = context.options.redirectUris;
  const url = URL.parse(redirectUri);
  if (!url || redirectUri.includes('#')) return false;
  if (registered) return registered.includes(redirectUri);
  const ownHosts = ['localhost', '127.0.0.1', '[::1]', new URL(context.publicUrl()).hostname];
  return url.protocol === 'https:' || (url.protocol === 'http:' && ownHosts.includes(url.hostname));
}

/**
 * What becomes of each permission asked for. One that was declined before is not offered again unless the app says
 * `auth_type=rerequest` (Meta, "Re-asking for Declined Permissions").
 */
function decide(
  context: FacebookContext,
  given: Parameters,
  personId: string,
  scopes: readonly string[],
): { granted: string[]; declined: string[] } {
  const earlier = context.state.permissionsOf(personId);
  const rerequested = first(given, 'auth_type') === 'rerequest';
  const ticked = given.has('decision') ? given.get('granted') : null;
  const unticked = words(first(given, 'sandbox_declined'));
  const isGranted = (scope: string): boolean => {
    if (scope === ALWAYS_GRANTED) return true;
    if (!rerequested && earlier.get(scope) === 'declined') return false;
    return ticked === null ? !unticked.includes(scope) : (ticked ?? []).includes(scope);
  };
  return { granted: scopes.filter(isGranted), declined: scopes.filter((scope) => !isGranted(scope)) };
}

type Choice =
  | { person: Person; isNew: boolean; page: { id: string; name: string; username: string } | null }
  | { problem: string };

function choosePerson(context: FacebookContext, given: Parameters): Choice {
  const wanted = first(given, 'member') ?? first(given, 'sandbox_member') ?? '';
  if (wanted !== 'new') {
    const people = [...context.state.people.values()];
    const person = people.find(({ id, email }) => id === wanted || email === wanted.toLowerCase());
    return person ? { person, isNew: false, page: null } : { problem: 'Choose who you are.' };
  }
  const name = words(first(given, 'name')?.replaceAll(',', ' ') ?? null).join(' ');
  const pageName = (first(given, 'page') ?? '').trim();
  if (name === '') return { problem: 'Give the new person a name.' };
  if (name.length > 100 || pageName.length > 100) return { problem: 'That name is too long: 100 characters at most.' };
  const id = context.state.nextId(context.clock.now());
  const pageId = String(BigInt(id) + 1n);
  return {
    person: { id, name, email: `person-${id}@example.com` },
    isNew: true,
    page: pageName === '' ? null : { id: pageId, name: pageName, username: `page${pageId}` },
  };
}
