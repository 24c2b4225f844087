import type { Content } from '../domain/content-rules.ts';
import { toLittleText } from './little-text.ts';
import type { CreateRequest, PublishingAccount } from './platform.ts';

/** Pure: the request that creates this post. */
export function buildCreateRequest(
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

export function restHeaders(version: string, accessToken: string): Record<string, string> {
  return { authorization: `Bearer ${accessToken}`, 'linkedin-version': version, 'x-restli-protocol-version': '2.0.0' };
}

/** LinkedIn's documents never spell it out, but a member's id in a URN is the `sub` of OpenID Connect. */
export function authorUrn({ kind, externalId }: PublishingAccount): string {
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
