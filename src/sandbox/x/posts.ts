/** `/2/tweets`: create (see create-post.ts), look up one or several, delete. */
import type { Request, Router } from 'express';
import type { Answer } from '../transmit.ts';
import type { Session } from './bearer-session.ts';
import { createHandler, WRITE_SCOPES } from './create-post.ts';
import { includes, postObject, readView, viewParameters } from './post-object.ts';
import { bareProblem, notFound, notFoundDetails } from './problem.ts';
import { apiEndpoint } from './rate-limited.ts';
import { invalidQuery, query, requireQuery } from './request-rules.ts';
import type { XContext } from './x-context.ts';
import type { Post } from './x-state.ts';

export const READ_SCOPES = ['tweet.read', 'users.read'];
const MAX_IDS = 100;

export function mountPosts(router: Router, context: XContext): void {
  router.post('/2/tweets', createHandler(context));
  router.get(
    '/2/tweets',
    apiEndpoint(context, 'GET /2/tweets', READ_SCOPES, (request) => readSeveral(context, request)),
  );
  router.get(
    '/2/tweets/:id',
    apiEndpoint(context, 'GET /2/tweets/:id', READ_SCOPES, (request) => readOne(context, request)),
  );
  router.delete(
    '/2/tweets/:id',
    apiEndpoint(context, 'DELETE /2/tweets/:id', WRITE_SCOPES, (request, session) => remove(context, request, session)),
  );
}

/** What is not there is told in a 200: a partial error beside data, or without any. */
function readOne(context: XContext, request: Request): Answer {
  requireQuery(context, request, viewParameters(context));
  const view = readView(context, request);
  const id = requireId(context, request.params.id);
  const post = publicPost(context, id);
  if (!post) return { status: 200, body: { errors: [notFoundDetails(context.options.fieldNames, 'tweet', 'id', id)] } };
  return { status: 200, body: { data: postObject(context, post, view), ...includes(context, [post], view) } };
}

function readSeveral(context: XContext, request: Request): Answer {
  requireQuery(context, request, ['ids', ...viewParameters(context)]);
  const view = readView(context, request);
  const given = query(context, request, 'ids') ?? '';
  const ids = given.split(',').map((id) => requireId(context, id, 'ids'));
  if (ids.length > MAX_IDS) {
    const message = `The number of values in the \`ids\` query parameter list [${ids.length}] is not between 1 and ${MAX_IDS}`;
    throw invalidQuery(context, 'ids', given, message);
  }
  const posts = ids.flatMap((id) => publicPost(context, id) ?? []);
  const errors = ids
    .filter((id) => !publicPost(context, id))
    .map((id) => notFoundDetails(context.options.fieldNames, 'tweet', 'ids', id));
  return {
    status: 200,
    body: {
      ...(posts.length > 0 ? { data: posts.map((post) => postObject(context, post, view)) } : {}),
      ...includes(context, posts, view),
      ...(errors.length > 0 ? { errors } : {}),
    },
  };
}

/** Deleting twice is fine; deleting what never was, or somebody else's, is not. */
function remove(context: XContext, request: Request, session: Session): Answer {
  requireQuery(context, request, []);
  const id = requireId(context, request.params.id);
  const post = context.state.posts.get(id);
  if (!post) throw notFound(context.options.fieldNames, 'tweet', 'id', id);
  if (post.userId !== session.user.id) {
    throw bareProblem(403, 'Forbidden', 'You are not authorized to delete this Tweet.');
  }
  if (!post.deletedAt) context.write({ platform: 'x', kind: 'post.deleted', id, deletedAt: context.clock.now() });
  return { status: 200, body: { data: { deleted: true } } };
}

function publicPost(context: XContext, id: string): Post | null {
  const post = context.state.posts.get(id);
  return post && !post.deletedAt ? post : null;
}

/** @throws ApiError 400 for what cannot be an id */
export function requireId(context: XContext, value: unknown, name = 'id'): string {
  if (typeof value === 'string' && /^[0-9]{1,19}$/.test(value)) return value;
  const message = `The \`${name}\` query parameter value [${String(value)}] is not valid`;
  throw invalidQuery(context, name, String(value), message);
}
