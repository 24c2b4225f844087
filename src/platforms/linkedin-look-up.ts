/**
 * Looking for a post of an organisation whose outcome is unknown: the finder of the Posts API, newest first. (A member's
 * posts need a scope that LinkedIn no longer gives to anybody.)
 */
import { z } from 'zod';
import { type Content, textWithLink } from '../domain/content-rules.ts';
import type { LookUp } from '../domain/outcome.ts';
import type { HttpRequest, HttpResult } from './http-client.ts';
import { POST_URN } from './linkedin-create-answer.ts';
import { endsToken, readLinkedInError } from './linkedin-error.ts';
import { fromLittleText } from './little-text.ts';
import { platformTime } from './platform-time.ts';
import { readJson } from './read-json.ts';

/** What LinkedIn's clock may be off without our noticing, and how late a post that we sent may still appear. */
const SKEW_MS = 2 * 60_000;
const LATEST_MS = 15 * 60_000;

export function lookUpRequest(apiUrl: string, headers: Readonly<Record<string, string>>, author: string): HttpRequest {
  return {
    method: 'GET',
    url: `${apiUrl}/rest/posts?q=author&author=${encodeURIComponent(author)}&count=100&start=0&sortBy=CREATED`,
    headers: { ...headers, 'x-restli-method': 'FINDER' },
  };
}

const page = z.object({
  elements: z.array(
    z.object({
      id: z.string().min(1),
      commentary: z.string().catch(''),
      createdAt: z.number().optional(),
      publishedAt: z.number().optional(),
    }),
  ),
});

/**
 * Pure. Present only when exactly one post has this text and was created around `sentAt`; absent only when the list
 * reaches back beyond `sentAt`, since one that does not has proved nothing.
 * @param sentAt by LinkedIn's clock, as far as that is known
 */
export function readLookUpAnswer(
  result: HttpResult,
  content: Content,
  sentAt: Date,
  permalink: (urn: string) => string,
): LookUp {
  if (result.kind !== 'answer')
    return { found: 'no-answer', reason: `LinkedIn could not be asked (${result.reason}).` };
  if (result.status !== 200) {
    const error = readLinkedInError(result);
    return {
      found: 'no-answer',
      reason: `LinkedIn did not show the posts: ${error.message ?? 'no reason given'} (HTTP ${result.status}).`,
      ...(result.status === 401 && { tokenRefused: endsToken(error) ? 'named' : 'perhaps' }),
    };
  }
  const parsed = page.safeParse(readJson(result.body));
  if (!parsed.success) return { found: 'no-answer', reason: 'LinkedIn’s list of posts could not be read.' };

  const posts = parsed.data.elements.map(({ id, commentary, createdAt, publishedAt }) => ({
    id,
    text: normalised(fromLittleText(commentary)),
    at: createdAt ?? publishedAt ?? Number.NaN,
  }));
  const from = sentAt.getTime() - SKEW_MS;
  const text = normalised(textWithLink(content));
  const alike = posts.filter((post) => post.text === text);
  const matches = alike.filter(({ at }) => at >= from && at <= sentAt.getTime() + LATEST_MS);
  const [match, second] = matches;
  if (second !== undefined)
    return { found: 'no-answer', reason: 'Several posts with this text were created at that time.' };
  if (match !== undefined && !POST_URN.test(match.id))
    return { found: 'no-answer', reason: 'A post with this text is there, but its id cannot be read.' };
  if (match !== undefined)
    return { found: 'present', externalId: match.id, permalink: permalink(match.id), acceptedAt: new Date(match.at) };
  if (!posts.some((post) => post.at < from))
    return { found: 'no-answer', reason: 'The list shows no post from before the attempt, so it proves nothing.' };
  return { found: 'absent', alike: alike.map(({ id }) => id), platformTime: platformTime(result) };
}

function normalised(text: string): string {
  return text.normalize('NFC').replace(/\s+/gu, ' ').trim();
}
