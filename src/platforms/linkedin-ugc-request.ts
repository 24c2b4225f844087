import type { Content } from '../domain/content-rules.ts';
import { authorUrn, linkTitle, plainText, protocolHeaders } from './linkedin-create-request.ts';
import type { CreateRequest, PublishingAccount } from './platform.ts';

/**
 * Pure: the request of the older UGC Post API that creates this post, for apps that have only that. Source: LinkedIn's
 * "Share on LinkedIn". Its text is plain, not little text, and it has no field for alternative text: an image's stands in
 * its description, which is the nearest it has.
 * @param imageIds the uploaded images (asset URNs), in the order of `content.images`
 */
export function buildUgcRequest(
  apiUrl: string,
  content: Content,
  account: PublishingAccount,
  imageIds: readonly string[],
): CreateRequest {
  const media = attachments(content, imageIds);
  return {
    method: 'POST',
    url: `${apiUrl}/v2/ugcPosts`,
    headers: { ...protocolHeaders(account.accessToken), 'content-type': 'application/json' },
    body: JSON.stringify({
      author: authorUrn(account),
      lifecycleState: 'PUBLISHED',
      specificContent: {
        'com.linkedin.ugc.ShareContent': { shareCommentary: { text: plainText(content) }, ...media },
      },
      visibility: { 'com.linkedin.ugc.MemberNetworkVisibility': 'PUBLIC' },
    }),
    tokenIssuedAt: account.tokenIssuedAt ?? null,
  };
}

function attachments({ linkUrl, images }: Content, imageIds: readonly string[]) {
  if (imageIds.length > 0) {
    return {
      shareMediaCategory: 'IMAGE',
      media: imageIds.map((id, index) => {
        const altText = images[index]?.altText;
        return { status: 'READY', media: id, ...(altText ? { description: { text: altText } } : {}) };
      }),
    };
  }
  if (linkUrl === null) return { shareMediaCategory: 'NONE', media: [] };
  const article = { status: 'READY', originalUrl: linkUrl, title: { text: linkTitle(linkUrl) } };
  return { shareMediaCategory: 'ARTICLE', media: [article] };
}
