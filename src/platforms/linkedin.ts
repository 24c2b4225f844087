/**
 * LinkedIn: members and organisations, through the Posts API (`rest/posts`), or through the older `v2/ugcPosts` for apps
 * that have only that. Source: LinkedIn's Posts API and "Share on LinkedIn" pages. What LinkedIn lacks: an idempotency
 * key, refresh tokens for self-serve apps, and a way to list a member's posts; hence a member's unknown outcome is for a
 * person to resolve.
 */
import type { Clock } from '../clock.ts';
import type { PlatformSettings } from '../config.ts';
import type { Content } from '../domain/content-rules.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { createLinkedInConnector, ORGANIZATION_SCOPES, REQUIRED_SCOPES } from './linkedin-connector.ts';
import { readCreateAnswer } from './linkedin-create-answer.ts';
import { authorUrn, buildCreateRequest, restHeaders } from './linkedin-create-request.ts';
import { assetsApi, type ImageApi, imagesApi } from './linkedin-image-api.ts';
import { uploadImages } from './linkedin-images.ts';
import { lookUpRequest, readLookUpAnswer } from './linkedin-look-up.ts';
import { createSpoiledImages } from './linkedin-spoiled-images.ts';
import { buildUgcRequest } from './linkedin-ugc-request.ts';
import { linkedinVersion } from './linkedin-version.ts';
import type { CreateRequest, PlatformAdapter, PublishingAccount } from './platform.ts';
import { byTheirClock, platformTime } from './platform-time.ts';

export interface LinkedInOptions {
  /** True when `settings` point at the sandbox: links then lead there and not to linkedin.com. */
  sandboxed: boolean;
  clock: Clock;
  http?: HttpClient;
}

export function createLinkedIn(settings: PlatformSettings, options: LinkedInOptions): PlatformAdapter {
  const { clock, sandboxed, http = createHttpClient() } = options;
  const version = (now: Date) => settings.version ?? linkedinVersion(now);
  const permalink = permalinks(settings, sandboxed);
  const spoiled = createSpoiledImages();
  return {
    platform: 'linkedin',
    sandboxed,
    connector: createLinkedInConnector(settings, { http }),
    requiredScopes: REQUIRED_SCOPES,
    organizationScopes: ORGANIZATION_SCOPES,
    publisher: {
      async prepare(content, account, uploads, now, signal) {
        const { images, createRequest } = postingApi(settings, version(now));
        const tools = { http, api: images, account, uploads, spoiled, now, signal };
        const uploaded = await uploadImages(content.images, tools);
        if ('outcome' in uploaded) return { ready: false, outcome: uploaded.outcome };
        return { ready: true, request: createRequest(content, account, uploaded.ids) };
      },

      async send(request, signal, onProgress) {
        const result = await http.send(request, signal, onProgress);
        const now = clock.now();
        return spoiled.notice(readCreateAnswer(result, now, permalink, request.tokenIssuedAt), request, now);
      },

      async lookUp(content, account, sentAt, signal, now) {
        if (account.kind !== 'organization')
          return { found: 'no-answer', reason: 'LinkedIn does not let apps list a member’s posts.' };
        const request = lookUpRequest(
          settings.apiUrl,
          restHeaders(version(clock.now()), account.accessToken),
          authorUrn(account),
        );
        const result = await http.send(request, signal);
        return readLookUpAnswer(result, content, byTheirClock(sentAt, platformTime(result), now?.()), permalink);
      },
    },
  };
}

interface PostingApi {
  images: ImageApi;
  /** Pure. */
  createRequest(content: Content, account: PublishingAccount, imageIds: readonly string[]): CreateRequest;
}

function postingApi({ apiUrl, postsApi }: PlatformSettings, version: string): PostingApi {
  return postsApi === 'ugcPosts'
    ? { images: assetsApi(apiUrl), createRequest: (...post) => buildUgcRequest(apiUrl, ...post) }
    : { images: imagesApi(apiUrl, version), createRequest: (...post) => buildCreateRequest(apiUrl, version, ...post) };
}

/** Where people see a post: on linkedin.com, or on the sandbox's feed, which is where its consent page is. */
function permalinks(settings: PlatformSettings, sandboxed: boolean): (urn: string) => string {
  const feed = settings.authorizeUrl.replace(/\/oauth\/v2$/, '');
  const readable = (urn: string) => encodeURIComponent(urn).replaceAll('%3A', ':');
  return (urn) => (sandboxed ? `${feed}#${readable(urn)}` : `https://www.linkedin.com/feed/update/${readable(urn)}/`);
}
