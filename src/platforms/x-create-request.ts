import type { Content } from '../domain/content-rules.ts';
import { textOnX } from '../domain/x-text.ts';
import type { CreateRequest, PublishingAccount } from './platform.ts';

/**
 * Pure: the request that creates this post. X refuses keys that it does not know, so there is not one more than needed.
 * @param mediaIds of the images, in their order
 */
export function buildCreateRequest(
  apiUrl: string,
  content: Content,
  account: PublishingAccount,
  mediaIds: readonly string[],
): CreateRequest {
  return {
    method: 'POST',
    url: `${apiUrl}/2/tweets`,
    headers: { ...bearer(account.accessToken), 'content-type': 'application/json' },
    body: JSON.stringify({
      text: textOnX(content),
      ...(mediaIds.length > 0 && { media: { media_ids: mediaIds } }),
    }),
  };
}

export function bearer(accessToken: string): Record<string, string> {
  return { authorization: `Bearer ${accessToken}`, accept: 'application/json' };
}

/** Pure: the images of a request that was built above. */
export function mediaIdsOf(request: CreateRequest): readonly string[] {
  const body = JSON.parse(request.body) as { media?: { media_ids: string[] } };
  return body.media?.media_ids ?? [];
}
