/**
 * LinkedIn: members and organisations, through the Posts API (`rest/posts`).
 * Source: LinkedIn's Posts API and "Share on LinkedIn" pages. What LinkedIn lacks: an idempotency key, refresh tokens for
 * self-serve apps, and a way to list a member's posts; hence a member's unknown outcome is for a person to resolve.
 */
import type { Clock } from '../clock.ts';
import type { PlatformSettings } from '../config.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { createLinkedInConnector, REQUIRED_SCOPES } from './linkedin-connector.ts';
import { readCreateAnswer } from './linkedin-create-answer.ts';
import { authorUrn, buildCreateRequest, restHeaders } from './linkedin-create-request.ts';
import { lookUpRequest, readLookUpAnswer } from './linkedin-look-up.ts';
import { linkedinVersion } from './linkedin-version.ts';
import type { PlatformAdapter } from './platform.ts';

export interface LinkedInOptions {
  /** True when `settings` point at the sandbox: links then lead there and not to linkedin.com. */
  sandboxed: boolean;
  clock: Clock;
  http?: HttpClient;
}

export function createLinkedIn(settings: PlatformSettings, options: LinkedInOptions): PlatformAdapter {
  const http = options.http ?? createHttpClient();
  const version = (now: Date) => settings.version ?? linkedinVersion(now);
  const permalink = permalinks(settings, options.sandboxed);
  return {
    platform: 'linkedin',
    sandboxed: options.sandboxed,
    connector: createLinkedInConnector(settings, { http }),
    requiredScopes: REQUIRED_SCOPES,
    publisher: {
      prepare: (content, account, _uploads, now) =>
        Promise.resolve({
          ready: true,
          request: buildCreateRequest(settings.apiUrl, version(now), content, account),
        }),

      async send(request, signal, onProgress) {
        return readCreateAnswer(await http.send(request, signal, onProgress), options.clock.now(), permalink);
      },

      async lookUp(content, account, sentAt, signal) {
        if (account.kind !== 'organization')
          return { found: 'no-answer', reason: 'LinkedIn does not let apps list a member’s posts.' };
        const request = lookUpRequest(
          settings.apiUrl,
          restHeaders(version(options.clock.now()), account.accessToken),
          authorUrn(account),
        );
        return readLookUpAnswer(await http.send(request, signal), content, sentAt, permalink);
      },
    },
  };
}

/** Where people see a post: on linkedin.com, or on the sandbox's feed, which is where its consent page is. */
function permalinks(settings: PlatformSettings, sandboxed: boolean): (urn: string) => string {
  const feed = settings.authorizeUrl.replace(/\/oauth\/v2$/, '');
  const readable = (urn: string) => encodeURIComponent(urn).replaceAll('%3A', ':');
  return (urn) => (sandboxed ? `${feed}#${readable(urn)}` : `https://www.linkedin.com/feed/update/${readable(urn)}/`);
}
