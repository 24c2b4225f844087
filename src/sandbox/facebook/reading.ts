/** What can be read back and taken down: a Page and its lists, a post, a photo. */
import type { Router } from 'express';
import type { Answer } from '../transmit.ts';
import { endpoint, type FacebookContext } from './facebook-context.ts';
import type { Post } from './facebook-state.ts';
import { invalidParameter, noSuchObject, unknownField } from './graph-error.ts';
import { selectFields } from './graph-fields.ts';
import { type GraphCall, textOf } from './graph-request.ts';
import { requireFeedTask, requirePage, requirePublisher, requireReader, requireSession } from './graph-session.ts';
import { pageType, personType } from './page-fields.ts';
import { listPage } from './paging.ts';
import { createdAt, isVisible, photoType, postType } from './post-fields.ts';
import type { Page } from './sample-people.ts';

const POST_LISTS = ['feed', 'posts', 'published_posts'];

export function mountReading(router: Router, context: FacebookContext): void {
  router.get(
    '/:id',
    endpoint(context, (call) => readNode(context, call)),
  );
  router.get(
    '/:id/:edge',
    endpoint(context, (call) => readList(context, call)),
  );
  router.delete(
    '/:id',
    endpoint(context, (call) => remove(context, call)),
  );
}

function readNode(context: FacebookContext, call: GraphCall): Answer {
  const session = requireSession(context, call);
  const { state } = context;
  const id = String(call.request.params.id);
  const fields = textOf(call, 'fields');
  const page = state.pages.get(id);
  if (page) return { status: 200, body: selectFields(pageType(context, session), page, fields) };
  if (id === session.person.id) return { status: 200, body: selectFields(personType(context), session.person, fields) };
  const post = state.posts.get(id);
  const photo = state.photos.get(id);
  const owner = state.pages.get((post ?? photo)?.pageId ?? '');
  if (!owner || post?.deletedAt) throw noSuchObject(id, 'get');
  requireReader(context, session, owner);
  if (post) return { status: 200, body: selectFields(postType(context), post, fields) };
  if (photo) return { status: 200, body: selectFields(photoType(context), photo, fields) };
  throw noSuchObject(id, 'get');
}

function readList(context: FacebookContext, call: GraphCall): Answer {
  const session = requireSession(context, call);
  const edge = String(call.request.params.edge);
  const page = requirePage(context, session, String(call.request.params.id), 'get');
  if (edge !== 'photos' && !POST_LISTS.includes(edge)) throw unknownField(edge, 'Page');
  requireReader(context, session, page);
  if (edge !== 'photos') requireFeedTask(context, session, page);
  return { status: 200, body: edge === 'photos' ? photoList(context, call, page) : postList(context, call, page) };
}

/** Newest first. What is unpublished, still to come, deleted or too new to be listed is not there. */
function postList(context: FacebookContext, call: GraphCall, page: Page): object {
  const fields = textOf(call, 'fields');
  const type = postType(context);
  const posts = listedPosts(context, page).filter(withinTimes(call));
  return listPage(
    context,
    call,
    posts,
    ({ id }) => id,
    (post) => selectFields(type, post, fields),
  );
}

/** Only `type=uploaded` holds anything; unpublished photos are in no list. */
function photoList(context: FacebookContext, call: GraphCall, page: Page): object {
  const fields = textOf(call, 'fields');
  const type = photoType(context);
  const kind = textOf(call, 'type') ?? 'profile';
  if (!['profile', 'tagged', 'uploaded'].includes(kind))
    throw invalidParameter('Param type must be one of {PROFILE, TAGGED, UPLOADED}');
  const posts = kind === 'uploaded' ? listedPosts(context, page).filter(withinTimes(call)) : [];
  const photos = posts.flatMap(({ photoIds }) => photoIds.flatMap((id) => context.state.photos.get(id) ?? []));
  return listPage(
    context,
    call,
    photos,
    ({ id }) => id,
    (photo) => selectFields(type, photo, fields),
  );
}

function listedPosts(context: FacebookContext, page: Page): Post[] {
  const until = new Date(context.clock.now().getTime() - context.options.listingDelayMs);
  return [...context.state.posts.values()]
    .filter((post) => post.pageId === page.id && isVisible(post, until))
    .sort(
      (a, b) => createdAt(b).getTime() - createdAt(a).getTime() || (BigInt(numberOf(b)) > BigInt(numberOf(a)) ? 1 : -1),
    );
}

function numberOf({ id }: Post): string {
  return id.split('_').at(-1) ?? '';
}

/** Both filter by the time of creation and include that second. */
function withinTimes(call: GraphCall): (post: Post) => boolean {
  const since = timeOf(call, 'since') ?? Number.NEGATIVE_INFINITY;
  const until = timeOf(call, 'until') ?? Number.POSITIVE_INFINITY;
  return (post) => {
    const seconds = Math.floor(createdAt(post).getTime() / 1000);
    return seconds >= since && seconds <= until;
  };
}

/** Unix seconds, or a date as text. */
function timeOf(call: GraphCall, name: string): number | null {
  const text = textOf(call, name) ?? '';
  if (text === '') return null;
  const seconds = /^\d+$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (Number.isNaN(seconds)) throw invalidParameter(`Param ${name} must be a unix timestamp or a date`);
  return seconds;
}

function remove(context: FacebookContext, call: GraphCall): Answer {
  const session = requireSession(context, call);
  const id = String(call.request.params.id);
  const post = context.state.posts.get(id);
  const page = context.state.pages.get(post?.pageId ?? '');
  if (!post || !page || post.deletedAt) throw noSuchObject(id, 'delete');
  requirePublisher(context, session, page);
  context.write({ platform: 'facebook', kind: 'post.deleted', id, deletedAt: context.clock.now() });
  return { status: 200, body: { success: true } };
}
