/** `GET /2/users/:id/tweets`: what a user posted, newest first, page by page. */
import type { Request, Router } from 'express';
import type { Answer } from '../transmit.ts';
import { includes, postObject, readView, viewParameters } from './post-object.ts';
import { READ_SCOPES, requireId } from './posts.ts';
import { notFoundDetails } from './problem.ts';
import { apiEndpoint } from './rate-limited.ts';
import { invalidQuery, query, queryList, requireQuery } from './request-rules.ts';
import type { XContext } from './x-context.ts';
import type { Post } from './x-state.ts';

/** Older posts of a user cannot be reached. */
const NEWEST = 3_200;
const PARAMETERS = [
  'max_results',
  'start_time',
  'end_time',
  'since_id',
  'until_id',
  'pagination_token',
  'exclude',
] as const;

export function mountTimeline(router: Router, context: XContext): void {
  router.get(
    '/2/users/:id/tweets',
    apiEndpoint(context, 'GET /2/users/:id/tweets', READ_SCOPES, (request) => timeline(context, request)),
  );
}

function timeline(context: XContext, request: Request): Answer {
  requireQuery(context, request, [...PARAMETERS, ...viewParameters(context)]);
  const view = readView(context, request);
  const size = pageSize(context, request);
  const wanted = readFilter(context, request);
  const userId = requireId(context, request.params.id);
  if (!context.state.users.has(userId)) {
    return { status: 200, body: { errors: [notFoundDetails(context.options.fieldNames, 'user', 'id', userId)] } };
  }
  const before = pageStart(context, request);
  const posts = [...context.state.posts.values()]
    .filter((post) => post.userId === userId && !post.deletedAt)
    .slice(-NEWEST)
    .reverse()
    .filter((post) => wanted(post) && (before === null || BigInt(post.id) < before));
  const page = posts.slice(0, size);
  const [newest, oldest] = [page[0], page.at(-1)];
  if (!newest || !oldest) return { status: 200, body: { meta: { result_count: 0 } } };
  const meta = {
    result_count: page.length,
    newest_id: newest.id,
    oldest_id: oldest.id,
    ...(posts.length > size ? { next_token: tokenFor(oldest) } : {}),
  };
  return {
    status: 200,
    body: { data: page.map((post) => postObject(context, post, view)), ...includes(context, page, view), meta },
  };
}

function pageSize(context: XContext, request: Request): number {
  const given = query(context, request, 'max_results') ?? '10';
  const size = /^\d{1,3}$/.test(given) ? Number(given) : 0;
  if (size >= 5 && size <= 100) return size;
  const message = `The \`max_results\` query parameter value [${given}] is not between 5 and 100`;
  throw invalidQuery(context, 'max_results', given, message);
}

/** Times are compared with `created_at`, which has whole seconds: the start belongs to the range, the end does not. */
function readFilter(context: XContext, request: Request): (post: Post) => boolean {
  const startTime = instant(context, request, 'start_time');
  const endTime = instant(context, request, 'end_time');
  const sinceId = bound(context, request, 'since_id');
  const untilId = bound(context, request, 'until_id');
  const exclude = queryList(context, request, 'exclude', ['replies', 'retweets']);
  return (post) => {
    const createdAt = Math.floor(post.receivedAt.getTime() / 1000) * 1000;
    const id = BigInt(post.id);
    return (
      (startTime === null || createdAt >= startTime) &&
      (endTime === null || createdAt < endTime) &&
      (sinceId === null || id > sinceId) &&
      (untilId === null || id < untilId) &&
      !(exclude.includes('replies') && post.inReplyTo !== null)
    );
  };
}

function instant(context: XContext, request: Request, name: string): number | null {
  const given = query(context, request, name);
  if (given === undefined) return null;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(given) ? Date.parse(given) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  const message = `The \`${name}\` query parameter value [${given}] is not a valid RFC3339 date-time in UTC, such as 2026-11-20T10:00:00Z`;
  throw invalidQuery(context, name, given, message);
}

function bound(context: XContext, request: Request, name: string): bigint | null {
  const given = query(context, request, name);
  return given === undefined ? null : BigInt(requireId(context, given, name));
}

/** Names the last post of a page, so that posts which arrive meanwhile do not shift the next one. */
function tokenFor({ id }: Post): string {
  return Buffer.from(`before:${id}`).toString('base64url');
}

function pageStart(context: XContext, request: Request): bigint | null {
  const token = query(context, request, 'pagination_token');
  if (token === undefined) return null;
  const id = /^before:(\d{1,19})$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (id !== undefined) return BigInt(id);
  const message = `The \`pagination_token\` query parameter value [${token}] is not valid`;
  throw invalidQuery(context, 'pagination_token', token, message);
}
