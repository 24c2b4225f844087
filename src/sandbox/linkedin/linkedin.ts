/** The sandbox's LinkedIn: its routes below `/linkedin`, in LinkedIn's own paths, over state that is rebuilt from the journal. */
import { rm } from 'node:fs/promises';
import { type ErrorRequestHandler, type RequestHandler, Router, text } from 'express';
import type { LedgerEntry, SandboxContext, SandboxPlatform } from '../sandbox-platform.ts';
import { mountAccessToken } from './access-token.ts';
import { mountAuthorize } from './authorize.ts';
import { ROLE_LOST } from './bearer-session.ts';
import { mountIdentity } from './identity.ts';
import { imagesDir, mediaId, mountImages, mountUpload } from './images.ts';
import type { LinkedinContext } from './linkedin-context.ts';
import { DEFAULT_OPTIONS, type LinkedinOptions } from './linkedin-options.ts';
import { LinkedinState, type Post } from './linkedin-state.ts';
import { mountPosts } from './posts.ts';
import { fullName, organizationUrn, personUrn } from './sample-members.ts';
import { mountUgcPosts } from './ugc-posts.ts';

const CREATE_PATHS = ['/rest/posts', '/v2/ugcPosts'];

export function createLinkedin(
  base: SandboxContext,
  sameOrigin: RequestHandler,
  options: LinkedinOptions = {},
): SandboxPlatform {
  const state = new LinkedinState();
  const context: LinkedinContext = { ...base, state, options: { ...DEFAULT_OPTIONS, ...options } };
  return {
    name: 'linkedin',
    title: 'LinkedIn',
    router: routes(context, sameOrigin),
    ownFaults: ROLE_LOST,
    accounts: () => [
      ...[...state.members.values()].map((member) => ({
        id: personUrn(member),
        name: fullName(member),
        kind: 'member',
      })),
      ...[...state.organizations.values()].map((page) => ({
        id: organizationUrn(page),
        name: page.name,
        kind: 'organization',
      })),
    ],
    posts: () => [...state.posts.values()].map((post) => ledgerEntry(state, post)),
    apply: (record) => state.apply(record),
    clear: (what) => {
      state.clear(what);
    },
  };
}

/** Uploaded bytes, which no longer belong to anything after a reset. */
export async function removeLinkedinFiles(filesDir: string): Promise<void> {
  await rm(imagesDir({ filesDir }), { recursive: true, force: true });
}

function routes(context: LinkedinContext, sameOrigin: RequestHandler): Router {
  const router = Router();
  mountAuthorize(router, context, sameOrigin);
  mountAccessToken(router, context);
  mountUpload(router, context);
  // As text: the ledger keeps the body as it came, and what is wrong with it is for each endpoint to say.
  router.use(text({ type: () => true, limit: '1mb', defaultCharset: 'utf-8' }));
  mountIdentity(router, context);
  mountImages(router, context);
  mountPosts(router, context);
  mountUgcPosts(router, context);
  router.use((request, response) => {
    const known = CREATE_PATHS.includes(request.path);
    const status = known ? 405 : 404;
    response.status(status).json({
      status,
      code: 'RESOURCE_NOT_FOUND',
      message: `No virtual resource found for ${request.method} ${request.path}`,
    });
  });
  router.use(bodyRefusals(context));
  return router;
}

/** Bodies the parser refused (too large, unknown encoding): a request to a create endpoint is logged all the same. */
function bodyRefusals(context: LinkedinContext): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined;
    if (typeof status !== 'number' || status < 400 || status > 499 || response.headersSent) return next(error);
    if (request.method === 'POST' && CREATE_PATHS.includes(request.path)) {
      const receivedAt = context.clock.now().toISOString();
      const endpoint = `POST ${request.path}`;
      context.write({
        platform: 'linkedin',
        kind: 'request',
        receivedAt,
        endpoint,
        account: null,
        status,
        code: 'BODY',
        fault: null,
        id: null,
      });
    }
    response
      .status(status)
      .json({ status, message: status === 413 ? 'Request Entity Too Large' : 'The request body cannot be read' });
  };
}

function ledgerEntry(state: LinkedinState, post: Post): LedgerEntry {
  return {
    platform: 'linkedin',
    id: post.urn,
    permalink: `https://www.linkedin.com/feed/update/${post.urn}/`,
    account: post.author,
    accountName: state.nameOf(post.author) ?? post.author,
    receivedAt: post.receivedAt.toISOString(),
    endpoint: post.endpoint,
    text: post.text,
    cutAt: post.cutAt,
    link: post.link,
    images: post.images.map(({ urn, altText }) => ({ url: `/linkedin/media/${mediaId(urn)}`, altText })),
    visibility: post.visibility,
    body: post.body,
    deletedAt: post.deletedAt?.toISOString() ?? null,
  };
}
