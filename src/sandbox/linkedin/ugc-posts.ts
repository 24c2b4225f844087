/** `POST /v2/ugcPosts`, the older way to create a post: unversioned, plain text, the id also in the body. */
import type { Request, Router } from 'express';
import { inputError } from './api-error.ts';
import { requireActor, type Session } from './bearer-session.ts';
import { createHandler, type Draft } from './create-post.ts';
import type { LinkedinContext } from './linkedin-context.ts';
import { ugcPostSchema } from './post-schema.ts';
import { MAX_TEXT, requireUrl, WRITE_SCOPES } from './posts.ts';
import { bodyText, readJson, requireProtocol, requireQuery } from './request-rules.ts';

export function mountUgcPosts(router: Router, context: LinkedinContext): void {
  router.post(
    '/v2/ugcPosts',
    createHandler(context, 'POST /v2/ugcPosts', (request, session) => readUgcPost(context, request, session)),
  );
}

function readUgcPost(context: LinkedinContext, request: Request, session: Session): Draft {
  requireProtocol(request);
  requireQuery(request, []);
  const body = readJson(request, ugcPostSchema);
  requireActor(context, session, { urn: body.author, fieldPath: 'author' }, WRITE_SCOPES, 'ugcPosts.CREATE.NO_VERSION');
  if (body.lifecycleState !== 'PUBLISHED') {
    throw inputError('INVALID_VALUE_FOR_FIELD', 'lifecycleState', 'A post can only be created as PUBLISHED');
  }
  const share = body.specificContent['com.linkedin.ugc.ShareContent'];
  const { text } = share.shareCommentary;
  if (text.length > MAX_TEXT) {
    const path = 'specificContent/com.linkedin.ugc.ShareContent/shareCommentary/text';
    throw inputError(
      'FIELD_LENGTH_TOO_LONG',
      path,
      `text is ${text.length} characters long, at most ${MAX_TEXT} are allowed`,
    );
  }
  const link = readLink(share);
  if (text.trim() === '' && !link)
    throw inputError('INVALID_VALUE_BLANK_FIELD', 'shareCommentary/text', 'text is blank and there is no media');
  return {
    author: body.author,
    text,
    commentary: text,
    cutAt: null,
    link,
    images: [],
    visibility: body.visibility['com.linkedin.ugc.MemberNetworkVisibility'],
    urnType: 'share',
    body: bodyText(request),
    accepted: (urn) => ({ status: 201, headers: { 'X-RestLi-Id': urn }, body: { id: urn } }),
    acceptedWithoutId: { status: 201, body: '{"id":' },
  };
}

interface Share {
  readonly shareMediaCategory: string;
  readonly media?:
    | readonly {
        originalUrl?: string | undefined;
        title?: { text: string } | undefined;
        description?: { text: string } | undefined;
      }[]
    | undefined;
}

function readLink(share: Share): Draft['link'] {
  const media = share.media ?? [];
  const path = 'specificContent/com.linkedin.ugc.ShareContent/media';
  if (share.shareMediaCategory === 'NONE') {
    if (media.length > 0)
      throw inputError('INVALID_VALUE_FOR_FIELD', path, 'media is given although shareMediaCategory is NONE');
    return null;
  }
  if (share.shareMediaCategory !== 'ARTICLE') {
    // A limit of the sandbox, not of LinkedIn: images here would need the assets API. Use /rest/posts for images.
    throw inputError(
      'INVALID_VALUE_FOR_FIELD',
      'shareMediaCategory',
      `The sandbox takes no ${share.shareMediaCategory} on ugcPosts`,
    );
  }
  const [article] = media;
  if (!article || media.length !== 1)
    throw inputError('INVALID_VALUE_FOR_FIELD', path, 'ARTICLE takes exactly one medium');
  if (article.originalUrl === undefined)
    throw inputError('MISSING_FIELD', `${path}/0/originalUrl`, 'originalUrl is missing');
  requireUrl(article.originalUrl, `${path}/0/originalUrl`);
  return { url: article.originalUrl, title: article.title?.text ?? '', description: article.description?.text ?? '' };
}
