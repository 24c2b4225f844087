/** Pure: the requests of an upload to X. */
import type { ContentImage, ImageType } from '../domain/content-rules.ts';
import type { HttpRequest } from './http-client.ts';
import type { PublishingAccount } from './platform.ts';
import { bearer } from './x-create-request.ts';

const FILE_NAME: Record<ImageType, string> = {
  'image/png': 'image.png',
  'image/jpeg': 'image.jpg',
  'image/gif': 'image.gif',
  'image/webp': 'image.webp',
};

/** One image as multipart/form-data, whole: X's simple form takes 5 MB, and 15 MB of a GIF. */
export async function uploadRequest(
  apiUrl: string,
  account: PublishingAccount,
  image: ContentImage,
  bytes: Uint8Array,
): Promise<HttpRequest> {
  const form = new FormData();
  form.set('media_category', isAnimatedGif(image) ? 'tweet_gif' : 'tweet_image');
  form.set('media', new Blob([Uint8Array.from(bytes)], { type: image.contentType }), FILE_NAME[image.contentType]);
  // The platform's own encoder; only it knows the boundary that it chose.
  const encoded = new Response(form);
  return {
    method: 'POST',
    url: `${apiUrl}/2/media/upload`,
    headers: { ...bearer(account.accessToken), 'content-type': encoded.headers.get('content-type') ?? '' },
    body: new Uint8Array(await encoded.arrayBuffer()),
  };
}

export function statusRequest(apiUrl: string, account: PublishingAccount, mediaId: string): HttpRequest {
  return {
    method: 'GET',
    url: `${apiUrl}/2/media/upload?command=STATUS&media_id=${encodeURIComponent(mediaId)}`,
    headers: bearer(account.accessToken),
  };
}

export function metadataRequest(
  apiUrl: string,
  account: PublishingAccount,
  mediaId: string,
  altText: string,
): HttpRequest {
  return {
    method: 'POST',
    url: `${apiUrl}/2/media/metadata`,
    headers: { ...bearer(account.accessToken), 'content-type': 'application/json' },
    body: JSON.stringify({ id: mediaId, metadata: { alt_text: { text: altText } } }),
  };
}

/** Other moving images (WebP) X takes as pictures. */
function isAnimatedGif(image: ContentImage): boolean {
  return image.contentType === 'image/gif' && image.animated;
}
