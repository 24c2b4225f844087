/**
 * Looking for a post whose outcome is unknown: the Page's published posts, newest first. Not `/feed`, which mixes in what
 * visitors write, and without `since`, which would hide the older posts that show the list to be good.
 */
import { z } from 'zod';
import type { PlatformSettings } from '../config.ts';
import type { Content } from '../domain/content-rules.ts';
import type { LookUp } from '../domain/outcome.ts';
import { POST_ID } from './facebook-create-answer.ts';
import { messageOf, pageIdOf } from './facebook-create-request.ts';
import { readFacebookError, said } from './facebook-error.ts';
import { graphRead } from './facebook-graph.ts';
import { afterCursor, paging } from './facebook-paging.ts';
import type { HttpRequest, HttpResult } from './http-client.ts';
import type { PublishingAccount } from './platform.ts';
import { byTheirClock, platformTime } from './platform-time.ts';
import { readJson } from './read-json.ts';

/** What Facebook's clock may be off without our noticing, and how late a post that we sent may still appear. */
const SKEW_MS = 2 * 60_000;
const LATEST_MS = 15 * 60_000;
/** A Page that posts more than this within the time looked at is for a person. */
const MOST_READS = 4;

/**
 * Reads the list back to before the attempt, and looks.
 * @param ask sends a read
 * @param now by the clock that `sentAt` is of
 */
export async function lookUpPost(
  settings: PlatformSettings,
  content: Content,
  account: PublishingAccount,
  sentAt: Date,
  ask: (request: HttpRequest) => Promise<HttpResult>,
  permalink: (id: string) => string,
  now?: () => Date,
): Promise<LookUp> {
  const posts: ListedPost[] = [];
  let after: string | null = null;
  let theirs: Date | null = null;
  let sent = sentAt;
  for (let reads = 0; reads < MOST_READS; reads++) {
    const result = await ask(lookUpRequest(settings, account, after));
    const list = readPostsAnswer(result);
    if ('found' in list) return list;
    theirs = platformTime(result);
    sent = byTheirClock(sentAt, theirs, now?.());
    posts.push(...list.posts);
    after = list.after;
    if (after === null || posts.some((post) => isBefore(post, sent))) break;
  }
  return findPost(posts, content, sent, permalink, theirs);
}

export function lookUpRequest(
  settings: PlatformSettings,
  account: PublishingAccount,
  after: string | null,
): HttpRequest {
  const query = {
    fields: 'id,message,created_time,permalink_url,attachments',
    limit: '25',
    ...(after !== null && { after }),
  };
  return graphRead(settings, `/${pageIdOf(account)}/published_posts`, query, account.accessToken);
}

export interface ListedPost {
  id: string;
  text: string;
  /** Milliseconds since 1970; Facebook gives whole seconds. NaN: cannot be told. */
  at: number;
  /** null: cannot be told. */
  photos: number | null;
}

// More than one photo is an `album` with one part each. A link's card is a `share`.
const attachment = z.object({
  type: z.string().optional(),
  media_type: z.string().optional(),
  subattachments: z.object({ data: z.array(z.unknown()) }).optional(),
});
const list = z.object({
  data: z.array(
    z.object({
      id: z.string().min(1),
      message: z.string().catch(''),
      created_time: z.string().optional(),
      // What cannot be read counts as an attachment that cannot be told.
      attachments: z
        .object({ data: z.array(attachment) })
        .optional()
        .catch({ data: [{}] }),
    }),
  ),
  paging,
});

/** Pure. */
export function readPostsAnswer(result: HttpResult): { posts: ListedPost[]; after: string | null } | LookUp {
  if (result.kind !== 'answer')
    return { found: 'no-answer', reason: `Facebook could not be asked (${result.reason}).` };
  if (result.status !== 200) {
    const error = readFacebookError(result);
    const reason = `Facebook did not show the posts: ${said(error, result.status)}.`;
    return { found: 'no-answer', reason, ...((error.code === 190 || error.code === 102) && { tokenRefused: 'named' }) };
  }
  const parsed = list.safeParse(readJson(result.body));
  if (!parsed.success) return { found: 'no-answer', reason: 'Facebook’s list of posts could not be read.' };
  const posts = parsed.data.data.map(({ id, message, created_time: createdTime, attachments }) => ({
    id,
    text: normalised(message),
    at: instant(createdTime ?? ''),
    photos: photosIn(attachments?.data ?? []),
  }));
  return { posts, after: afterCursor(parsed.data.paging) };
}

/**
 * Pure. Present only when exactly one post has this text and these photos and was created around `sentAt`; absent only
 * when the list reaches back beyond `sentAt` (one that does not has proved nothing) and shows nothing like it since.
 * @param sentAt by Facebook's clock, as far as that is known
 * @param theirs what Facebook's clock shows; null when it does not say
 */
export function findPost(
  posts: readonly ListedPost[],
  content: Content,
  sentAt: Date,
  permalink: (id: string) => string,
  theirs: Date | null,
): LookUp {
  const text = normalised(messageOf(content));
  const alike = posts.filter((post) => post.text === text);
  const since = alike.filter((post) => !isBefore(post, sentAt));
  const matches = since.filter(
    ({ at, photos }) => at <= sentAt.getTime() + LATEST_MS && (photos === null || photos === content.images.length),
  );
  const [match, second] = matches;
  if (second !== undefined)
    return { found: 'no-answer', reason: 'Several posts with this text were created at that time.' };
  if (match !== undefined && !POST_ID.test(match.id))
    return { found: 'no-answer', reason: 'A post with this text is there, but its id cannot be read.' };
  if (match !== undefined)
    return { found: 'present', externalId: match.id, permalink: permalink(match.id), acceptedAt: new Date(match.at) };
  if (since.length > 0)
    return { found: 'no-answer', reason: 'A post with this text is there, but with other photos or of another time.' };
  if (!posts.some((post) => isBefore(post, sentAt)))
    return { found: 'no-answer', reason: 'The list shows no post from before the attempt, so it proves nothing.' };
  return { found: 'absent', alike: alike.map(({ id }) => id), platformTime: theirs };
}

function isBefore({ at }: ListedPost, sentAt: Date): boolean {
  return at < sentAt.getTime() - SKEW_MS;
}

function photosIn(attachments: readonly z.infer<typeof attachment>[]): number | null {
  let photos = 0;
  for (const { type, media_type: mediaType, subattachments } of attachments) {
    const kind = `${type ?? ''} ${mediaType ?? ''}`;
    if (subattachments !== undefined) photos += subattachments.data.length;
    else if (/photo/.test(kind)) photos += 1;
    else if (!/share|link|event|note|video/.test(kind)) return null;
  }
  return photos;
}

/** `2026-11-21T12:00:03+0000`: ISO 8601 but for the colon in the offset. NaN for anything else. */
function instant(createdTime: string): number {
  return Date.parse(createdTime.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
}

function normalised(text: string): string {
  return text.normalize('NFC').replace(/\s+/gu, ' ').trim();
}
