/** The sandbox's X: its routes below `/x`, in X's own paths, over state that is rebuilt from the journal. */
import { type ErrorRequestHandler, type RequestHandler, Router, text } from 'express';
import type { LedgerEntry, SandboxContext, SandboxPlatform } from '../sandbox-platform.ts';
import { whole } from '../transmit.ts';
import { mountAuthorize } from './authorize.ts';
import { mountAppend, mountChunkedUpload } from './chunked-upload.ts';
import { CREATE_ENDPOINT, X_FAULTS } from './create-post.ts';
import { mountMedia, mountUpload } from './media.ts';
import { mountOauthToken } from './oauth-token.ts';
import { mountPosts } from './posts.ts';
import { bareProblem } from './problem.ts';
import { createHeaders } from './rate-limited.ts';
import { NOBODY, RateLimits } from './rate-limits.ts';
import { mountTimeline } from './timeline.ts';
import { mountUsers } from './users.ts';
import { respond, type XContext } from './x-context.ts';
import { DEFAULT_OPTIONS, type XOptions } from './x-options.ts';
import { type Post, XState } from './x-state.ts';

export function createX(base: SandboxContext, sameOrigin: RequestHandler, given: XOptions = {}): SandboxPlatform {
  const options = { ...DEFAULT_OPTIONS, ...given };
  const limits = new RateLimits({
    'POST /2/tweets': options.postsPerWindow,
    'posts of a user': options.userDailyLimit,
    'posts of the app': options.applicationDailyLimit,
  });
  const state = new XState(limits);
  return {
    name: 'x',
    title: 'X',
    router: routes({ ...base, state, options }, sameOrigin),
    ownFaults: X_FAULTS,
    accounts: () => [...state.users.values()].map(({ id, name }) => ({ id, name, kind: 'user' })),
    posts: () => [...state.posts.values()].map((post) => ledgerEntry(state, post)),
    apply: (record) => state.apply(record),
    clear: (what) => state.clear(what),
  };
}

function routes(context: XContext, sameOrigin: RequestHandler): Router {
  const router = Router();
  mountAuthorize(router, context, sameOrigin);
  mountOauthToken(router, context);
  mountUpload(router, context);
  mountAppend(router, context);
  // As text: the ledger keeps the body as it came, and what is wrong with it is for each endpoint to say.
  router.use(text({ type: () => true, limit: '1mb', defaultCharset: 'utf-8' }));
  mountUsers(router, context);
  mountTimeline(router, context);
  mountPosts(router, context);
  mountMedia(router, context);
  mountChunkedUpload(router, context);
  router.use((_request, response) => respond(context, response, whole(bareProblem(404, 'Not Found').answer)));
  router.use(bodyRefusals(context));
  return router;
}

/** Bodies the parser refused (too large, unknown encoding): a create request is logged all the same. */
function bodyRefusals(context: XContext): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined;
    if (typeof status !== 'number' || status < 400 || status > 499 || response.headersSent) return next(error);
    const isCreate = `${request.method} ${request.path}` === CREATE_ENDPOINT;
    if (isCreate) {
      const receivedAt = context.clock.now().toISOString();
      context.write({
        platform: 'x',
        kind: 'request',
        ...{ receivedAt, endpoint: CREATE_ENDPOINT, account: null, status, code: 'BODY', fault: null, id: null },
      });
    }
    const title = status === 413 ? 'Request Entity Too Large' : 'The request body cannot be read';
    await respond(
      context,
      response,
      whole(bareProblem(status, title).answer),
      isCreate ? createHeaders(context, NOBODY) : {},
    );
  };
}

function ledgerEntry(state: XState, post: Post): LedgerEntry {
  const user = state.users.get(post.userId);
  const pictures = post.media.filter(({ isPicture }) => isPicture);
  return {
    platform: 'x',
    id: post.id,
    permalink: `https://x.com/${user?.username ?? 'i'}/status/${post.id}`,
    account: post.userId,
    accountName: user?.name ?? post.userId,
    receivedAt: post.receivedAt.toISOString(),
    endpoint: post.endpoint,
    text: post.text,
    cutAt: null,
    link: post.link === null ? null : { url: post.link, title: new URL(post.link).host, description: '' },
    images: pictures.map(({ id, altText }) => ({ url: `/x/media/${id}`, altText })),
    visibility: post.replySettings,
    body: post.body,
    deletedAt: post.deletedAt?.toISOString() ?? null,
  };
}
