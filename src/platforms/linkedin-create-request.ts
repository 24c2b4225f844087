import { isUtf8 } from 'node:buffer';
import { domainToUnicode } from 'node:url';
import { type Content, textWithLink } from '../domain/content-rules.ts';
import { cutOff } from '../domain/cut-off.ts';
import { hiddenInAddress } from '../domain/invisible-characters.ts';
import { toLittleText } from './little-text.ts';
import type { CreateRequest, PublishingAccount } from './platform.ts';

/**
 * Pure: the request of the Posts API that creates this post.
 * @param imageIds the uploaded images, in the order of `content.images`
 */
export function buildCreateRequest(
  apiUrl: string,
  version: string,
  content: Content,
  account: PublishingAccount,
  imageIds: readonly string[],
): CreateRequest {
  return {
    method: 'POST',
    url: `${apiUrl}/rest/posts`,
    headers: { ...restHeaders(version, account.accessToken), 'content-type': 'application/json' },
    body: JSON.stringify({
      author: authorUrn(account),
      commentary: toLittleText(plainText(content)),
      visibility: 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      ...attachment(content, imageIds),
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: false,
    }),
    tokenIssuedAt: account.tokenIssuedAt ?? null,
  };
}

/** An article and images exclude each other; with images the link is in the text, see `textWithLink`. */
function attachment({ linkUrl, images }: Content, imageIds: readonly string[]): object {
  const items = imageIds.map((id, index) => ({ id, ...withAltText(images[index]?.altText) }));
  const [first, second] = items;
  if (first !== undefined && second !== undefined) return { content: { multiImage: { images: items } } };
  if (first !== undefined) return { content: { media: first } };
  return linkUrl === null ? {} : { content: { article: { source: linkUrl, title: linkTitle(linkUrl) } } };
}

function withAltText(altText: string | null | undefined): { altText?: string } {
  return altText ? { altText } : {};
}

/** The text as readers are to see it. A form submits CRLF; what was typed is one line break. */
export function plainText(content: Content): string {
  return textWithLink(content).replaceAll('\r\n', '\n');
}

export function restHeaders(version: string, accessToken: string): Record<string, string> {
  return { ...protocolHeaders(accessToken), 'linkedin-version': version };
}

/** What calls below /v2 take, which know no version. */
export function protocolHeaders(accessToken: string): Record<string, string> {
  return { authorization: `Bearer ${accessToken}`, 'x-restli-protocol-version': '2.0.0' };
}

/** LinkedIn's documents never spell it out, but a member's id in a URN is the `sub` of OpenID Connect. */
export function authorUrn({ kind, externalId }: PublishingAccount): string {
  if (kind === 'page') throw new Error('a page is no LinkedIn account');
  return kind === 'member' ? `urn:li:person:${externalId}` : `urn:li:organization:${externalId}`;
}

/**
 * LinkedIn does not fetch the page behind a link and requires a title. We have not fetched it either, so the card says
 * where the link leads: the address without scheme, `www.`, query and fragment, as people read it (no punycode, no percent
 * signs), at most 200 characters. Only this title; the link itself stays as it is.
 */
export function linkTitle(linkUrl: string): string {
  const { hostname, pathname } = new URL(linkUrl);
  const title = domainToUnicode(hostname).replace(/^www\./, '') + readable(pathname.replace(/\/$/, ''));
  return cutOff(title, 200);
}

/** What stands for letters is decoded; what stands for nothing that is seen, or would end the path there, stays. */
function readable(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    const bytes = Buffer.from(escaped.replaceAll('%', ''), 'hex');
    if (!isUtf8(bytes)) return escaped;
    const text = bytes.toString('utf8');
    return /[\p{C}\p{Zl}\p{Zp}/?#%\\]/u.test(text) || hiddenInAddress(text) !== null ? escaped : text;
  });
}
