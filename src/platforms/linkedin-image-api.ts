/**
 * LinkedIn's two ways to upload an image, as requests and readings of answers; nothing here touches the network. The Images
 * API belongs to the Posts API, the older Assets API to UGC posts. Both first register the upload in the author's name
 * (owner and author of the post have to be the same), then take the bytes by PUT at an address that they give.
 * Sources: LinkedIn's Images API; its Vector Assets API and "Share on LinkedIn".
 */
import { z } from 'zod';
import type { HttpRequest } from './http-client.ts';
import { authorUrn, protocolHeaders, restHeaders } from './linkedin-create-request.ts';
import type { PublishingAccount } from './platform.ts';
import { readJson } from './read-json.ts';

/** A registered upload: the image's id, and where its bytes go. */
export interface Registration {
  imageId: string;
  uploadUrl: string;
  /** What the PUT has to carry besides the token. */
  headers: Readonly<Record<string, string>>;
}

export type Processing = 'ready' | 'processing' | 'failed' | 'unknown';

export interface ImageApi {
  /** Whether an id is of this API: one that was remembered before the setting was changed is of no use here. */
  owns(imageId: string): boolean;
  register(account: PublishingAccount): HttpRequest;
  /** @returns null for what cannot be read */
  readRegistration(body: string): Registration | null;
  /** Asks how far an image is. Null where one cannot ask. */
  status(imageId: string, account: PublishingAccount): HttpRequest | null;
}

/** `POST /rest/images?action=initializeUpload` */
export function imagesApi(apiUrl: string, version: string): ImageApi {
  return {
    owns: (imageId) => imageId.startsWith('urn:li:image:'),
    register: (account) => ({
      method: 'POST',
      url: `${apiUrl}/rest/images?action=initializeUpload`,
      headers: { ...restHeaders(version, account.accessToken), 'content-type': 'application/json' },
      body: JSON.stringify({ initializeUploadRequest: { owner: authorUrn(account) } }),
    }),
    readRegistration(body) {
      const parsed = initialized.safeParse(readJson(body));
      if (!parsed.success || !isUploadAddress(parsed.data.value.uploadUrl, apiUrl)) return null;
      const { image, uploadUrl } = parsed.data.value;
      return { imageId: image, uploadUrl, headers: {} };
    },
    // Refused with only w_member_social, so that for members it would be a request wasted.
    status: (imageId, account) =>
      account.kind === 'member'
        ? null
        : {
            method: 'GET',
            url: `${apiUrl}/rest/images/${encodeURIComponent(imageId)}`,
            headers: restHeaders(version, account.accessToken),
          },
  };
}

const RECIPE = 'urn:li:digitalmediaRecipe:feedshare-image';
const UPLOAD_MECHANISM = 'com.linkedin.digitalmedia.uploading.MediaUploadHttpRequest';

/** `POST /v2/assets?action=registerUpload`, which knows no version. */
export function assetsApi(apiUrl: string): ImageApi {
  return {
    owns: (imageId) => imageId.startsWith('urn:li:digitalmediaAsset:'),
    register: (account) => ({
      method: 'POST',
      url: `${apiUrl}/v2/assets?action=registerUpload`,
      headers: { ...protocolHeaders(account.accessToken), 'content-type': 'application/json' },
      body: JSON.stringify({
        registerUploadRequest: {
          owner: authorUrn(account),
          recipes: [RECIPE],
          serviceRelationships: [{ relationshipType: 'OWNER', identifier: 'urn:li:userGeneratedContent' }],
        },
      }),
    }),
    readRegistration(body) {
      const parsed = registered.safeParse(readJson(body));
      if (!parsed.success) return null;
      const { asset, uploadMechanism } = parsed.data.value;
      const { uploadUrl, headers } = uploadMechanism[UPLOAD_MECHANISM];
      return isUploadAddress(uploadUrl, apiUrl) ? { imageId: asset, uploadUrl, headers } : null;
    },
    status: () => null,
  };
}

/** Pure: the bytes of an image, to where LinkedIn wants them. */
export function uploadRequest(
  { uploadUrl, headers }: Registration,
  bytes: Uint8Array,
  account: PublishingAccount,
): HttpRequest {
  return {
    method: 'PUT',
    url: uploadUrl,
    headers: {
      'content-type': 'application/octet-stream',
      ...headers,
      authorization: `Bearer ${account.accessToken}`,
    },
    body: bytes,
  };
}

/** Pure: `GET /rest/images/{urn}`. */
export function readProcessing(body: string): Processing {
  const parsed = image.safeParse(readJson(body));
  switch (parsed.success ? parsed.data.status : null) {
    case 'AVAILABLE':
      return 'ready';
    case 'WAITING_UPLOAD':
    case 'PROCESSING':
      return 'processing';
    case 'PROCESSING_FAILED':
      return 'failed';
    default:
      return 'unknown';
  }
}

const initialized = z.object({ value: z.object({ image: z.string().min(1), uploadUrl: z.string() }) });
const registered = z.object({
  value: z.object({
    asset: z.string().min(1),
    uploadMechanism: z.object({
      [UPLOAD_MECHANISM]: z.object({
        uploadUrl: z.string(),
        headers: z.record(z.string(), z.string()).catch({}).default({}),
      }),
    }),
  }),
});
const image = z.object({ status: z.string() });

/** The token goes along: where the API is reached in secret, it does not go out in the open. */
function isUploadAddress(uploadUrl: string, apiUrl: string): boolean {
  if (!URL.canParse(uploadUrl)) return false;
  const { protocol } = new URL(uploadUrl);
  return protocol === 'https:' || (protocol === 'http:' && apiUrl.startsWith('http:'));
}
