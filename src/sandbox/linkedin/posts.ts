/** `/rest/posts`: create, find by author, read, delete. */
import type { Request, Router } from 'express';
import type { Answer } from '../transmit.ts';
import { accessDenied, inputError, refusal } from './api-error.ts';
import { requireActor, requireSession, type Session } from './bearer-session.ts';
import { createHandler, type Draft } from './create-post.ts';
import { readImages } from './images.ts';
import { endpoint, type LinkedinContext } from './linkedin-context.ts';
import type { Post } from './linkedin-state.ts';
import { readLittleText } from './little-text.ts';
import { type PostBody, postSchema } from './post-schema.ts';
import { bodyText, readJson, requireQuery, requireRestHeaders } from './request-rules.ts';

/** Documented for UGC text. Counted without escapes, in UTF-16 units: the strictest reading of an undocumented unit. */
export const MAX_TEXT = 3_000;

export const WRITE_SCOPES = { person: ['w_member_social'], organization: ['w_organization_social'] };
/** `r_member_social` is closed to everybody, so a member's posts can never be read. */
const READ_SCOPES = { person: ['r_member_social'], organization: ['r_organization_social'] };

export function mountPosts(router: Router, context: LinkedinContext): void {
  router.post(
    '/rest/posts',
    createHandler(context, 'POST /rest/posts', (request, session) => readPost(context, request, session)),
  );
  router.get(
    '/rest/posts',
    endpoint(context, (request) => findByAuthor(context, request)),
  );
  router.get(
    '/rest/posts/:urn',
    endpoint(context, (request) => readOne(context, request)),
  );
  router.delete(
    '/rest/posts/:urn',
    endpoint(context, (request) => remove(context, request)),
  );
}

function readPost(context: LinkedinContext, request: Request, session: Session): Draft {
  const version = requireRestHeaders(request, context.clock.now());
  requireQuery(request, []);
  const body = readJson(request, postSchema);
  requireActor(
    context,
    session,
    { urn: body.author, fieldPath: 'author' },
    WRITE_SCOPES,
    `partnerApiPostsExternal.CREATE.${version}`,
  );
  if (body.lifecycleState !== 'PUBLISHED') {
    throw inputError('INVALID_VALUE_FOR_FIELD', 'lifecycleState', 'A post can only be created as PUBLISHED');
  }
  if (body.visibility === 'CONTAINER') {
    throw inputError(
      'INVALID_VALUE_FOR_FIELD',
      'visibility',
      'CONTAINER needs a container, which this app has none of',
    );
  }
  const text = readLittleText(body.commentary);
  if (text.length > MAX_TEXT) {
    throw inputError(
      'FIELD_LENGTH_TOO_LONG',
      'commentary',
      `commentary is ${text.length} characters long, at most ${MAX_TEXT} are allowed`,
    );
  }
  const { link, images } = readContent(context, body);
  if (body.commentary.trim() === '' && !link && images.length === 0) {
    throw inputError('INVALID_VALUE_BLANK_FIELD', 'commentary', 'commentary is blank and there is no content');
  }
  return {
    author: body.author,
    text: text.shown,
    commentary: body.commentary,
    cutAt: text.cutAt,
    link,
    images,
    visibility: body.visibility,
    // LinkedIn makes a share of text, an article or one image, and a ugcPost of several images.
    urnType: images.length > 1 ? 'ugcPost' : 'share',
    body: bodyText(request),
    // Empty body; the id is in this header and nowhere else.
    accepted: (urn) => ({ status: 201, headers: { 'x-restli-id': urn } }),
    acceptedWithoutId: { status: 201 },
  };
}

function readContent(context: LinkedinContext, body: PostBody): Pick<Draft, 'link' | 'images'> {
  const { content } = body;
  if (!content) return { link: null, images: [] };
  const { media, multiImage, article } = content;
  if (Object.keys(content).length !== 1) {
    throw inputError(
      'INVALID_VALUE_FOR_FIELD',
      'content',
      'content takes exactly one of media, multiImage and article',
    );
  }
  if (media) return { link: null, images: readImages(context, body.author, [media], 'content/media') };
  if (multiImage) {
    const { images } = multiImage;
    if (images.length < 2 || images.length > 20) {
      throw inputError(
        'INVALID_VALUE_FOR_FIELD',
        'content/multiImage/images',
        `multiImage takes 2 to 20 images, not ${images.length}`,
      );
    }
    return { link: null, images: readImages(context, body.author, images, 'content/multiImage/images') };
  }
  if (!article) return { link: null, images: [] };
  requireUrl(article.source, 'content/article/source');
  if (article.title.trim() === '')
    throw inputError('INVALID_VALUE_BLANK_FIELD', 'content/article/title', 'title is blank');
  if (article.thumbnail !== undefined) {
    const thumbnail = { id: article.thumbnail, altText: article.thumbnailAltText };
    readImages(context, body.author, [thumbnail], 'content/article/thumbnail');
  }
  return { link: { url: article.source, title: article.title, description: article.description ?? '' }, images: [] };
}

export function requireUrl(text: string, fieldPath: string): void {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw inputError('INVALID_VALUE_FOR_FIELD', fieldPath, `${text} is not a valid URL`);
}

function findByAuthor(context: LinkedinContext, request: Request): Answer {
  const session = requireSession(context, request);
  const version = requireRestHeaders(request, context.clock.now());
  requireQuery(request, ['q', 'author', 'count', 'start', 'sortBy']);
  if (request.get('x-restli-method')?.toUpperCase() !== 'FINDER') {
    throw refusal(400, 'ILLEGAL_ARGUMENT', 'A finder needs the header X-RestLi-Method: FINDER');
  }
  const { q, author, sortBy = 'LAST_MODIFIED' } = request.query;
  if (q !== 'author' || typeof author !== 'string')
    throw refusal(400, 'ILLEGAL_ARGUMENT', 'Only the finder author is offered');
  if (sortBy !== 'LAST_MODIFIED' && sortBy !== 'CREATED')
    throw inputError('INVALID_VALUE_FOR_FIELD', 'sortBy', `${sortBy} is not a sort order`);
  const count = wholeNumber(request.query.count, 10, 'count');
  const start = wholeNumber(request.query.start, 0, 'start');
  if (count > 100) throw inputError('INVALID_VALUE_FOR_FIELD', 'count', 'count is at most 100');
  requireActor(
    context,
    session,
    { urn: author, fieldPath: 'author' },
    READ_SCOPES,
    `partnerApiPostsExternal.FINDER-author.${version}`,
  );

  const posts = [...context.state.posts.values()].filter((post) => post.author === author && !post.deletedAt).reverse();
  return {
    status: 200,
    body: {
      paging: { start, count, links: [], total: posts.length },
      elements: posts.slice(start, start + count).map(describe),
    },
  };
}

function readOne(context: LinkedinContext, request: Request): Answer {
  const session = requireSession(context, request);
  const version = requireRestHeaders(request, context.clock.now());
  const post = context.state.posts.get(String(request.params.urn));
  const author = post?.author ?? `urn:li:person:${session.member.sub}`;
  requireActor(
    context,
    session,
    { urn: author, fieldPath: 'author' },
    READ_SCOPES,
    `partnerApiPostsExternal.GET.${version}`,
  );
  if (!post || post.deletedAt) throw refusal(404, 'NOT_FOUND', `Could not find entity ${String(request.params.urn)}`);
  return { status: 200, body: describe(post) };
}

/** Deleting twice is fine; deleting what never was, or somebody else's, is not. */
function remove(context: LinkedinContext, request: Request): Answer {
  const session = requireSession(context, request);
  const version = requireRestHeaders(request, context.clock.now());
  const post = context.state.posts.get(String(request.params.urn));
  const resource = `partnerApiPostsExternal.DELETE.${version}`;
  if (!post) throw refusal(404, 'NOT_FOUND', `Could not find entity ${String(request.params.urn)}`);
  requireActor(context, session, { urn: post.author, fieldPath: 'author' }, WRITE_SCOPES, resource);
  if (!post.deletedAt) {
    context.write({ platform: 'linkedin', kind: 'post.deleted', urn: post.urn, deletedAt: context.clock.now() });
  }
  return { status: 204 };
}

function describe(post: Post): object {
  const time = post.receivedAt.getTime();
  return {
    id: post.urn,
    author: post.author,
    commentary: post.commentary,
    visibility: post.visibility,
    lifecycleState: 'PUBLISHED',
    createdAt: time,
    publishedAt: time,
    lastModifiedAt: time,
    ...(post.link
      ? { content: { article: { source: post.link.url, title: post.link.title, description: post.link.description } } }
      : {}),
    ...(post.images[0] && post.images.length === 1
      ? { content: { media: { id: post.images[0].urn, altText: post.images[0].altText } } }
      : {}),
    ...(post.images.length > 1
      ? { content: { multiImage: { images: post.images.map(({ urn, altText }) => ({ id: urn, altText })) } } }
      : {}),
  };
}

function wholeNumber(value: unknown, fallback: number, name: string): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value))
    throw inputError('INVALID_VALUE_FOR_FIELD', name, `${name} is not a whole number`);
  return Number(value);
}

/** Legacy profile reads are closed to apps with today's products. */
export function refuseLegacyProfile(context: LinkedinContext, request: Request): Answer {
  requireSession(context, request);
  throw accessDenied('Not enough permissions to access: me.GET.NO_VERSION');
}
