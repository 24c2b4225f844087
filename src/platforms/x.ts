/**
 * X: people's accounts, through API v2. Source: X's developer documentation and its OpenAPI document (2.166, 2.167).
 * What X lacks: an idempotency key, a field for a link (an address in the text becomes the card), and a duplicate error
 * that names the post. What it has: the account's own posts can be read, so an unknown outcome can be looked up.
 */
import type { Clock } from '../clock.ts';
import type { PlatformSettings } from '../config.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import type { PlatformAdapter } from './platform.ts';
import { byTheirClock, platformTime } from './platform-time.ts';
import { createXConnector, REQUIRED_SCOPES } from './x-connector.ts';
import { MEDIA_GONE, readCreateAnswer } from './x-create-answer.ts';
import { buildCreateRequest, mediaIdsOf } from './x-create-request.ts';
import { findPost, isOlderThanAttempt, readTimelineAnswer, type TimelinePost, timelineRequest } from './x-look-up.ts';
import { createXMedia } from './x-media.ts';

export interface XOptions {
  /** True when `settings` point at the sandbox: links then lead there and not to x.com. */
  sandboxed: boolean;
  clock: Clock;
  http?: HttpClient;
}

/** Pages of a hundred posts that a look-up reads at most: who posts more than that in a day is not looked for further. */
const MOST_PAGES = 5;

export function createX(settings: PlatformSettings, options: XOptions): PlatformAdapter {
  const http = options.http ?? createHttpClient();
  const media = createXMedia(settings.apiUrl, { http });
  const permalink = permalinks(settings, options.sandboxed);
  return {
    platform: 'x',
    sandboxed: options.sandboxed,
    connector: createXConnector(settings, { http }),
    requiredScopes: REQUIRED_SCOPES,
    publisher: {
      async prepare(content, account, uploads, now, signal) {
        const uploaded = await media.upload(content.images, account, uploads, now, signal);
        if ('outcome' in uploaded) return { ready: false, outcome: uploaded.outcome };
        return { ready: true, request: buildCreateRequest(settings.apiUrl, content, account, uploaded.ids) };
      },

      async send(request, signal, onProgress) {
        const result = await http.send(request, signal, onProgress);
        const now = options.clock.now();
        const outcome = readCreateAnswer(request, result, now, permalink);
        if (outcome.kind !== 'rejected' || outcome.errorCode !== MEDIA_GONE || !media.forget(mediaIdsOf(request)))
          return outcome;
        const errorMessage = `${outcome.errorMessage} It is uploaded again, and the post sent once more.`;
        return { ...outcome, kind: 'unavailable', errorMessage, retryAt: now, uncounted: true };
      },

      async lookUp(content, account, sentAt, signal, now) {
        const posts: TimelinePost[] = [];
        let nextToken: string | null = null;
        let theirs: Date | null = null;
        let sent = sentAt;
        for (let page = 0; page < MOST_PAGES; page++) {
          const request = timelineRequest(settings.apiUrl, account, nextToken);
          const result = await http.send(request, signal);
          const read = readTimelineAnswer(result);
          if ('reason' in read) return { found: 'no-answer', ...read };
          theirs = platformTime(result);
          sent = byTheirClock(sentAt, theirs, now?.());
          posts.push(...read.posts);
          nextToken = read.nextToken;
          if (nextToken === null || read.posts.some((post) => isOlderThanAttempt(post, sent))) break;
        }
        return findPost(posts, content, sent, permalink, theirs);
      },
    },
  };
}

/**
 * Where people see a post: on x.com, in the form that needs no user name, or on the sandbox's feed, which is where its
 * consent page is.
 */
function permalinks(settings: PlatformSettings, sandboxed: boolean): (id: string) => string {
  const feed = settings.authorizeUrl.replace(/\/i\/oauth2\/authorize$/, '');
  return (id) => (sandboxed ? `${feed}#${id}` : `https://x.com/i/web/status/${id}`);
}
