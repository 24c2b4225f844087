/** Who is calling: the token's person or Page, whether the token still lives, and what it may do. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { digest } from '../digest.ts';
import { type FacebookContext, tokenOf } from './facebook-context.ts';
import type { Token } from './facebook-state.ts';
import { GraphError, mayNotPost, noSuchObject, permissionMissing, tokenInvalid, unknownField } from './graph-error.ts';
import { type GraphCall, textOf } from './graph-request.ts';
import { mayCreateContent, mayReadFeed, type Page, type Person } from './sample-people.ts';
import { deadToken } from './token-death.ts';
import { spendCall } from './usage.ts';

/** The switch of a Page on which its people have no task any more. Their tokens live on. */
export const TASK_LOST = { 'task lost': { meaning: 'The person has no task on the Page any more' } } as const;

export interface Session {
  readonly token: Token;
  readonly accessToken: string;
  readonly person: Person;
  /** Set when the token is a Page's: it then acts as the Page. */
  readonly page: Page | null;
}

/** @throws GraphError without a token, with one that is unknown or dead, with a wrong proof, and beyond the allowance */
export function requireSession(context: FacebookContext, call: GraphCall): Session {
  const { accessToken } = call;
  if (accessToken === null || isAppToken(context, accessToken)) throw noToken(call, accessToken);
  const token = tokenOf(context, call);
  const person = token && context.state.people.get(token.personId);
  if (!token || !person) throw tokenInvalid('Invalid OAuth access token - Cannot parse access token');
  const dead = deadToken(context, token);
  if (dead) {
    if (dead.byFault && token.pageId !== null)
      context.write({ platform: 'facebook', kind: 'fault.used', account: token.pageId });
    throw dead.error;
  }
  requireProof(context, call, accessToken);
  spendCall(context, token);
  const page = token.pageId === null ? null : (context.state.pages.get(token.pageId) ?? null);
  return { token, accessToken, person, page };
}

/** For what only a person can do: the list of his Pages, his permissions. */
export function requirePerson(session: Session, field: string): Person {
  if (session.page) throw unknownField(field, 'Page');
  return session.person;
}

/** The Page of the path; `me` is the token's own. @throws GraphError 100/33 when there is none */
export function requirePage(context: FacebookContext, session: Session, id: string, verb: 'get' | 'post'): Page {
  const page = id === 'me' ? session.page : context.state.pages.get(id);
  if (!page) throw noSuchObject(id === 'me' ? session.person.id : id, verb);
  return page;
}

/** @throws GraphError 200 unless this is the Page's own token, with both permissions, of a person who may create content */
export function requirePublisher(context: FacebookContext, session: Session, page: Page): void {
  const permitted = ['pages_read_engagement', 'pages_manage_posts'].every((permission) =>
    context.state.hasPermission(session.person.id, permission),
  );
  if (session.page?.id !== page.id || !permitted || !mayCreateContent(page, session.person.id)) throw mayNotPost();
  if (hasLostTasks(context, page)) throw mayNotPost();
}

/** @throws GraphError 200 unless the person has one of the tasks that Meta asks for before it shows a Page's posts */
export function requireFeedTask(context: FacebookContext, session: Session, page: Page): void {
  if (!mayReadFeed(page, session.person.id) || hasLostTasks(context, page))
    throw permissionMissing(200, 'The user does not have the sufficient role on the Page to read its posts.');
}

function hasLostTasks({ faults }: FacebookContext, page: Page): boolean {
  return (faults.get('facebook', page.id)?.fault ?? '') in TASK_LOST;
}

/** @throws GraphError 210 unless this is the Page's own token, 10 without `pages_read_engagement` */
export function requireReader(context: FacebookContext, session: Session, page: Page): void {
  if (session.page?.id !== page.id)
    throw permissionMissing(210, 'A page access token is required to request this resource.');
  if (context.state.hasPermission(session.person.id, 'pages_read_engagement')) return;
  throw permissionMissing(
    10,
    "This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' feature. Refer to https://developers.facebook.com/docs/apps/review/login-permissions#manage-pages and https://developers.facebook.com/docs/apps/review/feature#reference-PAGES_ACCESS for details.",
  );
}

/** `{app id}|{app secret}`, or what `client_credentials` gave. */
export function isAppToken({ options }: FacebookContext, accessToken: string): boolean {
  return [`${options.clientId}|${options.clientSecret}`, issuedAppToken(options)].some((known) =>
    sameText(known, accessToken),
  );
}

export function issuedAppToken(app: { readonly clientId: string; readonly clientSecret: string }): string {
  return `${app.clientId}|${createHmac('sha256', app.clientSecret).update('app access token').digest('base64url')}`;
}

function requireProof({ options }: FacebookContext, call: GraphCall, accessToken: string): void {
  const proof = textOf(call, 'appsecret_proof');
  if (proof === null && !options.requireAppSecretProof) return;
  const right = createHmac('sha256', options.clientSecret).update(accessToken).digest('hex');
  if (proof !== null && sameText(right, proof)) return;
  const message =
    proof === null
      ? 'API calls from the server require an appsecret_proof argument'
      : 'Invalid appsecret_proof provided in the API argument';
  throw new GraphError(100, message, { type: 'GraphMethodException' });
}

function sameText(known: string, given: string): boolean {
  return timingSafeEqual(Buffer.from(digest(known)), Buffer.from(digest(given)));
}

/** `me` is nobody without a person's or a Page's token; other objects only ask for some token. */
function noToken({ request }: GraphCall, accessToken: string | null): GraphError {
  const aboutMe = /^\/me(\/|$)/.test(request.path);
  if (aboutMe || accessToken !== null)
    return new GraphError(2500, 'An active access token must be used to query information about the current user.');
  return new GraphError(104, 'An access token is required to request this resource.');
}
