/**
 * The post in an address of linkedin.com. Where the forms are from:
 *   /feed/update/urn:li:activity:1            Microsoft's "Shares Overview", Permalinks; with urn:li:share and urn:li:ugcPost the
 *                                             same page opens: observed, it is the form we store ourselves
 *   /embed/feed/update/urn:li:share:1         what "Embed this post" gives: observed
 *   /posts/name_words-activity-1-AbCd         what "Copy link to post" gives, also with share and ugcPost: observed;
 *   /posts/name_activity-1-AbCd               of a post without words, or with hashtags alone: observed in public repositories
 * LinkedIn names no account in the first two, and in the third a name that an app is not told.
 */
import type { LinkReading } from './link-reading.ts';

const KINDS: Readonly<Record<string, string>> = { share: 'share', ugcpost: 'ugcPost', activity: 'activity' };
const UPDATE = /^(?:\/embed)?\/feed\/update\/urn:li:(share|ugcPost|activity):([1-9]\d*)(?:[,)/]|$)/i;
/** The words before it are the post's own, so they may read like an id: the last one counts, and it is a long one. */
const POST = /^\/posts\/.*[-_](share|ugcPost|activity)-([1-9]\d{14,})(?:-[\w-]*)?\/?$/i;
const URN = /^urn:li:(share|ugcPost|activity):([1-9]\d*)$/i;

export const LINKEDIN_HOSTS = /^(?:[a-z]{2,3}\.)?linkedin\.com$/;

/** Pure. @param path decoded */
export function readLinkedInLink(path: string): LinkReading {
  const post = UPDATE.exec(path) ?? POST.exec(path);
  return post === null ? null : reading(post);
}

/** Pure. @param id as the sandbox's feed marks a post */
export function readLinkedInId(id: string): LinkReading {
  const post = URN.exec(id);
  return post === null ? null : reading(post);
}

function reading([, kind = '', number = '']: RegExpExecArray): LinkReading {
  return { externalId: `urn:li:${KINDS[kind.toLowerCase()] ?? kind}:${number}`, ofAnother: null };
}
