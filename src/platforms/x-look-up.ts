/**
 * Looking for a post whose outcome is unknown, in the account's own posts, newest first. What X gives back is not what was
 * sent: addresses have become t.co links, images a t.co link at the end, and `&`, `<`, `>` may be written for HTML.
 * Reading costs money per post shown, so it ends as soon as the list is older than the attempt.
 */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Content } from '../domain/content-rules.ts';
import type { LookUp } from '../domain/outcome.ts';
import { webAddresses } from '../domain/weighted-length.ts';
import { textOnX } from '../domain/x-text.ts';
import type { HttpRequest, HttpResult } from './http-client.ts';
import type { PublishingAccount } from './platform.ts';
import { readJson } from './read-json.ts';
import { bearer } from './x-create-request.ts';
import { readXError } from './x-error.ts';
import { said } from './x-refusal.ts';

/** X's clock against ours, and how late a post that we sent may still appear. */
const SKEW_MS = 2 * 60_000;
const LATEST_MS = 15 * 60_000;

export interface TimelinePost {
  id: string;
  /** As readers see it, addresses in full. */
  text: string;
  mediaCount: number;
  createdAt: Date;
}

export interface TimelinePage {
  posts: TimelinePost[];
  nextToken: string | null;
}

export function timelineRequest(
  apiUrl: string,
  account: PublishingAccount,
  paginationToken: string | null,
): HttpRequest {
  const query = new URLSearchParams({
    max_results: '100',
    exclude: 'retweets',
    'tweet.fields': 'created_at,text,entities,attachments',
    ...(paginationToken !== null && { pagination_token: paginationToken }),
  });
  return {
    method: 'GET',
    url: `${apiUrl}/2/users/${encodeURIComponent(account.externalId)}/tweets?${query}`,
    headers: bearer(account.accessToken),
  };
}

const link = z.object({
  url: z.string().min(1),
  expanded_url: z.string().optional().catch(undefined),
  media_key: z.string().optional().catch(undefined),
});
const timelinePost = z.object({
  id: z.string().regex(/^\d{1,19}$/),
  text: z.string(),
  created_at: z.iso.datetime(),
  attachments: z
    .object({ media_keys: z.array(z.string()).catch([]) })
    .optional()
    .catch(undefined),
  entities: z
    .object({ urls: z.array(link).catch([]) })
    .optional()
    .catch(undefined),
});
// An empty list has a count of 0 and no `data`.
const timeline = z
  .object({
    data: z.array(timelinePost).optional(),
    meta: z.object({ result_count: z.number().optional(), next_token: z.string().min(1).optional() }).optional(),
  })
  .refine(({ data, meta }) => data !== undefined || meta?.result_count === 0);

/** Pure. @returns a sentence when the posts were not shown */
export function readTimelineAnswer(result: HttpResult): TimelinePage | { reason: string; tokenRefused?: 'perhaps' } {
  if (result.kind !== 'answer') return { reason: `X could not be asked (${result.reason}).` };
  if (result.status !== 200) {
    const reason = `X did not show the posts: ${said(readXError(result), result.status)}.`;
    return { reason, ...(result.status === 401 && { tokenRefused: 'perhaps' }) };
  }
  const body = timeline.safeParse(readJson(result.body));
  if (!body.success) return { reason: 'X’s list of posts could not be read.' };
  const { data = [], meta } = body.data;
  return {
    posts: data.map((post) => ({
      id: post.id,
      text: inFull(post),
      mediaCount: post.attachments?.media_keys.length ?? 0,
      createdAt: new Date(post.created_at),
    })),
    nextToken: meta?.next_token ?? null,
  };
}

/** Whether this post is from before the attempt, so that nothing of it can follow in the list. */
export function isOlderThanAttempt(post: TimelinePost, sentAt: Date): boolean {
  return post.createdAt.getTime() < sentAt.getTime() - SKEW_MS;
}

/**
 * Pure. Present only when exactly one post has this text and as many images and was created around `sentAt`; absent only
 * when the list reaches back beyond `sentAt`, since one that does not has proved nothing.
 * @param sentAt by X's clock, as far as that is known
 * @param theirs what X's clock shows; null when it does not say
 */
export function findPost(
  posts: readonly TimelinePost[],
  content: Content,
  sentAt: Date,
  permalink: (id: string) => string,
  theirs: Date | null,
): LookUp {
  const text = comparable(textOnX(content));
  const alike = posts.filter(
    (post) => comparable(post.text) === text || comparable(withoutEntities(post.text)) === text,
  );
  const [match, second] = alike.filter(
    (post) =>
      !isOlderThanAttempt(post, sentAt) &&
      post.createdAt.getTime() <= sentAt.getTime() + LATEST_MS &&
      post.mediaCount === content.images.length,
  );
  if (second !== undefined)
    return { found: 'no-answer', reason: 'Several posts with this text were created at that time.' };
  if (match !== undefined)
    return { found: 'present', externalId: match.id, permalink: permalink(match.id), acceptedAt: match.createdAt };
  if (!posts.some((post) => isOlderThanAttempt(post, sentAt)))
    return { found: 'no-answer', reason: 'The list shows no post from before the attempt, so it proves nothing.' };
  return { found: 'absent', alike: alike.map(({ id }) => id), platformTime: theirs };
}

/** Puts what was typed in the place of t.co links, and nothing in the place of the one that stands for the images. */
function inFull({ id, text, entities, attachments }: z.output<typeof timelinePost>): string {
  const ownImage = new RegExp(`/status/${id}/(photo|video)/\\d+$`);
  // The longest first: one may begin like another.
  const links = [...(entities?.urls ?? [])].sort((one, other) => other.url.length - one.url.length);
  const full = links.reduce((line, { url, expanded_url: typed, media_key: media }) => {
    const isImage = media !== undefined || ownImage.test(typed ?? '');
    return line.replaceAll(url, () => (isImage ? '' : (typed ?? url)));
  }, text);
  return (attachments?.media_keys.length ?? 0) > 0 ? full.replace(/\s*https:\/\/t\.co\/\w+\s*$/, '') : full;
}

/** X writes these three for HTML. */
function withoutEntities(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** X trims, composes characters and completes addresses, we write some with percent signs; none of that makes it another text. */
function comparable(text: string): string {
  const words = text.normalize('NFC').trim().split(/\s+/u);
  return words.map(withShortAddresses).map(withoutPercentSigns).join(' ');
}

/** As x-link.ts writes what X would not read; a post that was sent before it did so is still found. */
function withoutPercentSigns(word: string): string {
  return word.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    const decoded = Buffer.from(escaped.replaceAll('%', ''), 'hex');
    return isUtf8(decoded) ? decoded.toString('utf8') : escaped;
  });
}

function withShortAddresses(word: string): string {
  return webAddresses(word).reduce((line, address) => line.replace(address, () => shortAddress(address)), word);
}

/** Without the scheme that X adds, the slash after a bare host, and the case that hosts do not have. */
function shortAddress(address: string): string {
  const [, host = '', rest = ''] = /^(?:https?:\/\/)?([^/?#]*)(.*)$/i.exec(address) ?? [];
  return host.toLowerCase() + (rest === '/' ? '' : rest);
}
