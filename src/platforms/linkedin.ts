/**
 * LinkedIn: members and organisations, through the Posts API (`rest/posts`).
 * Source: LinkedIn's Posts API and "Share on LinkedIn" pages. What LinkedIn lacks: an idempotency key, refresh tokens for
 * self-serve apps, and a way to list a member's posts; hence a member's unknown outcome is for a person to resolve.
 */
import type { Clock } from '../clock.ts';
import type { PlatformSettings } from '../config.ts';
import type { Content } from '../domain/content-rules.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { createLinkedInConnector } from './linkedin-connector.ts';
import { readCreateAnswer } from './linkedin-create-answer.ts';
import { lookUpRequest, readLookUpAnswer } from './linkedin-look-up.ts';
import { linkedinVersion } from './linkedin-version.ts';
import { toLittleText } from './little-text.ts';
import type { CreateRequest, PlatformAdapter, PublishingAccount } from './platform.ts';

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
    publisher: {
      buildRequest: (content, account, now) => buildCreateRequest(settings.apiUrl, version(now), content, account),

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

/** Pure: the request that creates this post. */
function buildCreateRequest(
  apiUrl: string,
  version: string,
  content: Content,
  account: PublishingAccount,
): CreateRequest {
  return {
    method: 'POST',
    url: `${apiUrl}/rest/posts`,
    headers: { ...restHeaders(version, account.accessToken), 'content-type': 'application/json' },
    body: JSON.stringify({
      author: authorUrn(account),
      // A form submits CRLF; what was typed is one line break.
      commentary: toLittleText(content.text.replaceAll('\r\n', '\n')),
      visibility: 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      ...(content.linkUrl !== null && {
        content: { article: { source: content.linkUrl, title: linkTitle(content.linkUrl) } },
      }),
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: false,
    }),
  };
}

function restHeaders(version: string, accessToken: string): Record<string, string> {
  return { authorization: `Bearer ${accessToken}`, 'linkedin-version': version, 'x-restli-protocol-version': '2.0.0' };
}

/** LinkedIn's documents never spell it out, but a member's id in a URN is the `sub` of OpenID Connect. */
function authorUrn({ kind, externalId }: PublishingAccount): string {
  if (kind === 'page') throw new Error('a page is no LinkedIn account');
  return kind === 'member' ? `urn:li:person:${externalId}` : `urn:li:organization:${externalId}`;
}

/**
 * LinkedIn does not fetch the page behind a link and requires a title. We have not fetched it either, so the card says
 * where the link leads: the address without scheme, `www.`, query and fragment, at most 200 characters.
 */
function linkTitle(linkUrl: string): string {
  const { hostname, pathname } = new URL(linkUrl);
  const title = hostname.replace(/^www\./, '') + pathname.replace(/\/$/, '');
  return title.length > 200 ? `${title.slice(0, 199)}…` : title;
}
