/**
 * How many posts a platform takes from one account in a stretch of time. Pure. Known limits only; one that is hit all the
 * same makes the platform answer 429, and the post waits for its reset.
 * Source: LinkedIn's "Share on LinkedIn" (150 requests per member and day, by UTC); X's rate limits (POST /2/tweets: 100
 * per 15 minutes and user) and "Understanding X limits" (2,400 a day). None is known for a Facebook Page.
 */
import type { Platform } from './platform-name.ts';

export interface PostingLimit {
  posts: number;
  /** Of a day by UTC, or of any stretch of this many minutes. */
  per: 'utc-day' | { minutes: number };
}

export const POSTING_LIMITS: Readonly<Record<Platform, readonly PostingLimit[]>> = {
  linkedin: [{ posts: 150, per: 'utc-day' }],
  facebook: [],
  x: [
    { posts: 100, per: { minutes: 15 } },
    { posts: 2_400, per: 'utc-day' },
  ],
};

/** Where the stretch begins that ends with a post due at this instant; the end itself belongs to it. */
export function limitStart(limit: PostingLimit, dueAt: Date): Date {
  if (limit.per === 'utc-day')
    return new Date(Date.UTC(dueAt.getUTCFullYear(), dueAt.getUTCMonth(), dueAt.getUTCDate()));
  return new Date(dueAt.getTime() - limit.per.minutes * 60_000 + 1);
}

/** Such as `150 posts a day (by UTC)`. */
export function limitInWords({ posts, per }: PostingLimit): string {
  return `${posts.toLocaleString('en')} posts ${per === 'utc-day' ? 'a day (by UTC)' : `in ${per.minutes} minutes`}`;
}
