/** The sandbox's Facebook: its routes below `/facebook`, in Graph's own paths, over state that is rebuilt from the journal. */
import { rm } from 'node:fs/promises';
import { type ErrorRequestHandler, type RequestHandler, Router, raw } from 'express';
import type { LedgerEntry, SandboxContext, SandboxPlatform } from '../sandbox-platform.ts';
import { whole } from '../transmit.ts';
import { mountAccessToken } from './access-token.ts';
import { mountDebugToken } from './debug-token.ts';
import { mountDialog } from './dialog.ts';
import { endpoint, type FacebookContext, respond } from './facebook-context.ts';
import { DEFAULT_OPTIONS, type FacebookOptions } from './facebook-options.ts';
import { FacebookState, type Post } from './facebook-state.ts';
import { mountFeed } from './feed.ts';
import { GraphError, noSuchObject, unknownPath } from './graph-error.ts';
import { OWN_FAULTS } from './graph-faults.ts';
import { servingVersion } from './graph-version.ts';
import { mountIdentity } from './identity.ts';
import { photosDir } from './photo-upload.ts';
import { mountPhotoFiles, mountPhotos } from './photos.ts';
import { linkTitle, permalink } from './post-fields.ts';
import { mountReading } from './reading.ts';

/** Above what Facebook takes, so that it is Graph's rules that refuse; it only keeps the sandbox's memory in bounds. */
const MAX_BODY = '32mb';

export function createFacebook(
  base: SandboxContext,
  sameOrigin: RequestHandler,
  options: FacebookOptions = {},
): SandboxPlatform {
  const state = new FacebookState();
  const context: FacebookContext = { ...base, state, options: { ...DEFAULT_OPTIONS, ...options } };
  return {
    name: 'facebook',
    title: 'Facebook',
    router: routes(context, sameOrigin),
    ownFaults: OWN_FAULTS,
    accounts: () => [...state.pages.values()].map(({ id, name }) => ({ id, name, kind: 'page' })),
    posts: () => [...state.posts.values()].map((post) => ledgerEntry(state, post)),
    apply: (record) => state.apply(record),
    clear: (what) => {
      state.clear(what);
    },
  };
}

/** Uploaded bytes, which no longer belong to anything after a reset. */
export async function removeFacebookFiles(filesDir: string): Promise<void> {
  await rm(photosDir({ filesDir }), { recursive: true, force: true });
}

function routes(context: FacebookContext, sameOrigin: RequestHandler): Router {
  const router = Router();
  router.use(version(context));
  mountDialog(router, context, sameOrigin);
  mountPhotoFiles(router, context);
  // As bytes: a call's parameters may come in a form, in JSON or in multipart, and the ledger keeps them as they came.
  const body = raw({ type: () => true, limit: MAX_BODY });
  mountAccessToken(router, context, body);
  router.use(body);
  mountDebugToken(router, context);
  mountIdentity(router, context);
  mountFeed(router, context);
  mountPhotos(router, context);
  mountReading(router, context);
  router.use(endpoint(context, ({ request }) => Promise.reject(nothingThere(request.method, request.path))));
  router.use(bodyRefusals(context));
  return router;
}

/** Takes the version off the path: every call may be made with one or without. */
function version(context: FacebookContext): RequestHandler {
  return async (request, response, next) => {
    const asked = /^\/(v\d{1,3}\.\d{1,3})(?=\/|\?|$)/.exec(request.url)?.[1] ?? null;
    if (asked !== null) request.url = request.url.slice(asked.length + 1).replace(/^(?=\?|$)/, '/');
    const serving = servingVersion(asked, context.clock.now());
    response.locals.version = serving ?? servingVersion(null, context.clock.now());
    if (serving !== null) return next();
    await respond(context, response, null, whole(unknownPath(request.path).answer));
  };
}

function nothingThere(method: string, path: string): GraphError {
  const [, id = '', edge] = path.split('/');
  if (edge === undefined && method === 'POST') return noSuchObject(id, 'post');
  return unknownPath(path);
}

/** Bodies the parser refused (too large, unknown encoding): a request to a create endpoint is logged all the same. */
function bodyRefusals(context: FacebookContext): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined;
    if (typeof status !== 'number' || status < 400 || status > 499 || response.headersSent) return next(error);
    const refusal =
      status === 413
        ? new GraphError(5101, '(#5101) Uploaded file is too large.', { status })
        : new GraphError(100, '(#100) The request cannot be read', { status });
    const create = /^\/([^/]+)\/(feed|photos)$/.exec(request.path);
    if (request.method === 'POST' && create) {
      context.write({
        platform: 'facebook',
        kind: 'request',
        receivedAt: context.clock.now().toISOString(),
        endpoint: `POST /{page-id}/${create[2]}`,
        account: context.state.pages.get(create[1] ?? '')?.id ?? null,
        status,
        code: refusal.label,
        fault: null,
        id: null,
      });
    }
    await respond(context, response, null, whole(refusal.answer));
  };
}

function ledgerEntry(state: FacebookState, post: Post): LedgerEntry {
  return {
    platform: 'facebook',
    id: post.id,
    permalink: permalink(post),
    account: post.pageId,
    accountName: state.pages.get(post.pageId)?.name ?? post.pageId,
    receivedAt: post.receivedAt.toISOString(),
    endpoint: post.endpoint,
    text: post.text,
    cutAt: null,
    link: post.link === null ? null : { url: post.link, title: linkTitle(post.link), description: '' },
    images: post.photoIds.map((id) => ({ url: `/facebook/media/${id}`, altText: state.photos.get(id)?.altText ?? '' })),
    visibility:
      post.publishAt && post.visibility === 'scheduled'
        ? `scheduled for ${post.publishAt.toISOString()}`
        : post.visibility,
    body: post.body,
    deletedAt: post.deletedAt?.toISOString() ?? null,
  };
}
