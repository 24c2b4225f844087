/**
 * Facebook Pages, through Meta's Graph API: text, link, photos. The token is the Page's own, and it is the author.
 * Source: Meta's Page feed and Page photos pages. What Facebook lacks: an idempotency key (`client_mutation_id` is not one)
 * and a way to refresh; what it has: a list of the Page's posts, so an unknown outcome can be looked up.
 */
import type { Clock } from '../clock.ts';
import type { PlatformSettings } from '../config.ts';
import { createFacebookConnector, REQUIRED_SCOPES } from './facebook-connector.ts';
import { readCreateAnswer } from './facebook-create-answer.ts';
import { buildCreateRequest } from './facebook-create-request.ts';
import { lookUpPost } from './facebook-look-up.ts';
import { uploadPhotos } from './facebook-photos.ts';
import { createUsageMeter, type Pause } from './facebook-usage.ts';
import { createHttpClient, type HttpClient, type HttpRequest, type OnProgress } from './http-client.ts';
import type { NotCreated, PlatformAdapter } from './platform.ts';

export interface FacebookOptions {
  /** True when `settings` point at the sandbox: links then lead there and not to facebook.com. */
  sandboxed: boolean;
  clock: Clock;
  http?: HttpClient;
}

export function createFacebook(settings: PlatformSettings, options: FacebookOptions): PlatformAdapter {
  const { clock, sandboxed, http = createHttpClient() } = options;
  const permalink = permalinks(settings, sandboxed);
  const usage = createUsageMeter();
  const ask = async (pageId: string, request: HttpRequest, signal: AbortSignal, onProgress?: OnProgress) => {
    const result = await http.send(request, signal, onProgress);
    usage.note(pageId, result, clock.now());
    return result;
  };
  return {
    platform: 'facebook',
    sandboxed,
    connector: createFacebookConnector(settings, { http }),
    requiredScopes: REQUIRED_SCOPES,
    publisher: {
      async prepare(content, account, uploads, now, signal) {
        const pageId = account.externalId;
        const pause = usage.pauseOf(pageId, now);
        if (pause !== null) return { ready: false, outcome: slowedDown(pause) };
        const photos = await uploadPhotos(settings, content, account, uploads, now, (request) =>
          ask(pageId, request, signal),
        );
        if (!photos.ready) return photos;
        return { ready: true, request: buildCreateRequest(settings, content, account, photos.ids) };
      },

      async send(request, signal, onProgress) {
        const pageId = pageOf(request.url);
        const result = await ask(pageId, request, signal, onProgress);
        return readCreateAnswer(result, clock.now(), pageId, permalink);
      },

      lookUp: (content, account, sentAt, signal, now) =>
        lookUpPost(
          settings,
          content,
          account,
          sentAt,
          (request) => ask(account.externalId, request, signal),
          permalink,
          now,
        ),
    },
  };
}

/** The Page in the address of a create request. */
function pageOf(url: string): string {
  return decodeURIComponent(/\/([^/]+)\/feed$/.exec(url)?.[1] ?? '');
}

function slowedDown({ percent, until, httpStatus }: Pause): NotCreated {
  return {
    kind: 'rate-limited',
    httpStatus,
    errorCode: 'usage-high',
    errorMessage: `Facebook says that ${Math.round(percent)} % of what it allows for this Page is used, so the post is sent a little later.`,
    retryAt: until,
  };
}

/** Where people see a post: on facebook.com, which leads on from the id alone, or on the sandbox's feed. */
function permalinks(settings: PlatformSettings, sandboxed: boolean): (id: string) => string {
  return (id) => (sandboxed ? `${settings.authorizeUrl}#${id}` : `https://www.facebook.com/${id}`);
}
