import type { PlatformSettings } from '../config.ts';
import type { Content } from '../domain/content-rules.ts';
import { appSecretProof, bearer, graphUrl } from './facebook-graph.ts';
import type { CreateRequest, PublishingAccount } from './platform.ts';

/**
 * Pure: the request that creates this post.
 * @param photoIds of the images that were uploaded unpublished for it, in the order in which they are shown
 */
export function buildCreateRequest(
  settings: PlatformSettings,
  content: Content,
  account: PublishingAccount,
  photoIds: readonly string[],
): CreateRequest {
  const fields = new URLSearchParams({ message: messageOf(content) });
  if (content.linkUrl !== null && photoIds.length === 0) fields.set('link', content.linkUrl);
  for (const [index, id] of photoIds.entries())
    fields.set(`attached_media[${index}]`, JSON.stringify({ media_fbid: id }));
  const { appsecret_proof: proof } = appSecretProof(settings, account.accessToken);
  if (proof !== undefined) fields.set('appsecret_proof', proof);
  return {
    method: 'POST',
    url: graphUrl(settings, `/${pageIdOf(account)}/feed`),
    headers: { ...bearer(account.accessToken), 'content-type': 'application/x-www-form-urlencoded' },
    body: fields.toString(),
  };
}

/**
 * The text as readers see it. A post shows photos or a link's card, not both: beside photos the link goes to the end of
 * the text, where Facebook makes it clickable, unless the author has written it there already.
 */
export function messageOf({ text, linkUrl, images }: Content): string {
  // A form submits CRLF; what was typed is one line break.
  const typed = text.replaceAll('\r\n', '\n');
  if (linkUrl === null || images.length === 0 || mentions(typed, linkUrl)) return typed;
  return `${typed.trimEnd()}\n\n${linkUrl}`;
}

/** Whether exactly this address is in the text, not only as the beginning of a longer one. */
function mentions(text: string, linkUrl: string): boolean {
  const [, ...behind] = text.split(linkUrl);
  return behind.some((rest) => /^[.,;:!?)\]>"'”’]*(\s|$)/.test(rest));
}

/** For an address. */
export function pageIdOf({ kind, externalId }: PublishingAccount): string {
  if (kind !== 'page') throw new Error(`on Facebook only Pages are published to, not a ${kind}`);
  return encodeURIComponent(externalId);
}
