/** A post as X's API shows it: the default fields, those asked for, and what `expansions` adds beside it. */
import type { Request } from 'express';
import { EXPANSIONS, MEDIA_FIELDS, POST_FIELDS, USER_FIELDS } from './object-fields.ts';
import { invalidQuery, query, queryList } from './request-rules.ts';
import { userObject } from './user-object.ts';
import type { XContext } from './x-context.ts';
import type { Post } from './x-state.ts';

export interface PostView {
  readonly fields: readonly string[];
  readonly expansions: readonly string[];
  readonly mediaFields: readonly string[];
  readonly userFields: readonly string[];
}

/** The query parameters that shape posts; since API description 2.167 the first has a second name. */
export function viewParameters(context: XContext): string[] {
  const names = ['tweet.fields', 'expansions', 'media.fields', 'user.fields'];
  return context.options.fieldNames === 'new' ? ['post.fields', ...names] : names;
}

/** @throws ApiError 400 for a value that X does not know */
export function readView(context: XContext, request: Request): PostView {
  const named = context.options.fieldNames === 'new' && query(context, request, 'post.fields') !== undefined;
  if (named && query(context, request, 'tweet.fields') !== undefined) {
    throw invalidQuery(context, 'post.fields', '', 'post.fields and tweet.fields are two names of one parameter');
  }
  return {
    fields: queryList(context, request, named ? 'post.fields' : 'tweet.fields', POST_FIELDS),
    expansions: queryList(context, request, 'expansions', EXPANSIONS),
    mediaFields: queryList(context, request, 'media.fields', MEDIA_FIELDS),
    userFields: queryList(context, request, 'user.fields', USER_FIELDS),
  };
}

/** The name of the list of a post's versions, which changed with API description 2.167. */
export function editHistory(context: XContext, id: string): Record<string, readonly string[]> {
  return { [context.options.fieldNames === 'new' ? 'edit_history_post_ids' : 'edit_history_tweet_ids']: [id] };
}

export function postObject(context: XContext, post: Post, { fields }: PostView): Record<string, unknown> {
  const original = post.inReplyTo === null ? undefined : context.state.posts.get(post.inReplyTo);
  const all: Readonly<Record<string, unknown>> = {
    attachments: post.media.length > 0 ? { media_keys: post.media.map(({ key }) => key) } : undefined,
    author_id: post.userId,
    conversation_id: conversationOf(context, post),
    // Whole seconds, as in every captured answer.
    created_at: new Date(Math.floor(post.receivedAt.getTime() / 1000) * 1000).toISOString(),
    entities: post.returned.urls.length > 0 ? { urls: post.returned.urls } : undefined,
    in_reply_to_user_id: original?.userId,
    lang: post.text === '' ? 'zxx' : 'und',
    possibly_sensitive: false,
    public_metrics: publicMetrics(context),
    referenced_tweets: post.inReplyTo === null ? undefined : [{ type: 'replied_to', id: post.inReplyTo }],
    reply_settings: post.replySettings,
  };
  const asked = fields.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]));
  return { ...editHistory(context, post.id), id: post.id, text: post.returned.text, ...Object.fromEntries(asked) };
}

/** What `expansions` puts beside the posts; empty when nothing was asked for or there is nothing. */
export function includes(
  context: XContext,
  posts: readonly Post[],
  view: PostView,
): { includes?: Record<string, unknown> } {
  const media = view.expansions.includes('attachments.media_keys')
    ? posts.flatMap((post) => post.media.map((medium) => mediaObject(context, medium, view.mediaFields)))
    : [];
  const authors = view.expansions.includes('author_id')
    ? [...new Set(posts.map(({ userId }) => userId))].flatMap((id) => {
        const user = context.state.users.get(id);
        return user ? [userObject(context, user, view.userFields)] : [];
      })
    : [];
  const parts = { ...(media.length > 0 ? { media } : {}), ...(authors.length > 0 ? { users: authors } : {}) };
  return Object.keys(parts).length > 0 ? { includes: parts } : {};
}

function mediaObject(context: XContext, medium: Post['media'][number], fields: readonly string[]) {
  const content = context.state.media.get(medium.id)?.completed?.content;
  const all: Readonly<Record<string, unknown>> = {
    alt_text: medium.altText === '' ? undefined : medium.altText,
    height: content?.height ?? undefined,
    url: medium.isPicture ? `${context.publicUrl()}/x/media/${medium.id}` : undefined,
    width: content?.width ?? undefined,
  };
  const type = content?.kind === 'gif' ? 'animated_gif' : content?.kind === 'video' ? 'video' : 'photo';
  const asked = fields.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]));
  return { media_key: medium.key, type, ...Object.fromEntries(asked) };
}

function conversationOf(context: XContext, post: Post): string {
  const original = post.inReplyTo === null ? undefined : context.state.posts.get(post.inReplyTo);
  return original ? conversationOf(context, original) : (post.inReplyTo ?? post.id);
}

/** Nobody reads here, so nobody likes. */
function publicMetrics(context: XContext): Record<string, number> {
  return {
    [context.options.fieldNames === 'new' ? 'repost_count' : 'retweet_count']: 0,
    reply_count: 0,
    like_count: 0,
    quote_count: 0,
    bookmark_count: 0,
    impression_count: 0,
  };
}
