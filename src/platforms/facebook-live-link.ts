/**
 * The post in an address of facebook.com. Where the forms are from:
 *   /page/posts/1 · /page/photos/a.2/1 · /photo.php?fbid=1 · /permalink.php?story_fbid=1&id=page
 *                                      Meta's documentation of embedded posts (the addresses it takes)
 *   /page_1                            the id of the Graph API: it leads on to the post; the form we store ourselves
 *   /page/posts/words/1 · pfbid… instead of a number · /story.php · /photo?fbid=1 · /reel/1 · /page/videos/1 · /watch?v=1
 *                                      observed on public posts
 * A `page` is a number or a name that people chose. Addresses that hide the id (/share/p/…, fb.me, fb.watch) are not read:
 * opened in a browser they lead to one that shows it.
 */
import type { LinkReading } from './link-reading.ts';

const NUMBER = /^[1-9]\d*$/;
/** One post can have several of these, and none tells the number: Facebook makes them up. */
const HIDDEN = /^pfbid[A-Za-z0-9]{10,}$/;
const COMPOSITE = /^([1-9]\d*)_([1-9]\d*)$/;
/**
 * Pages of the newer kind have a profile besides, with a number of its own, which the Graph API does not tell: 14 digits
 * that begin with 61, or 15 that begin with 1000. Observed; it shows neither our Page nor another.
 */
const PROFILE = /^(?:61\d{12}|1000\d{11})$/;
/** First words of addresses that are no Page. */
const NO_PAGE = new Set([
  'groups',
  'events',
  'share',
  'sharer',
  'hashtag',
  'marketplace',
  'stories',
  'l.php',
  'plugins',
]);

export const FACEBOOK_HOSTS = /^(?:(?:www|m|web|mbasic|touch|business|[a-z]{2}-[a-z]{2})\.)?(?:facebook|fb)\.com$/;

/**
 * Pure.
 * @param path decoded
 * @param pageId the account's, as the Graph API calls it
 */
export function readFacebookLink(path: string, query: URLSearchParams, pageId: string): LinkReading {
  const parts = path.split('/').filter((part) => part !== '');
  const [first = '', second = '', ...rest] = parts;
  const last = parts.at(-1) ?? '';
  if (NO_PAGE.has(first.toLowerCase())) return null;
  if (parts.length === 1 && COMPOSITE.test(first)) return readFacebookId(first, pageId);
  if (/^(?:permalink|story)\.php$/i.test(first)) {
    const page = query.get('id');
    return page === null ? null : post(page, query.get('story_fbid') ?? '', pageId);
  }
  if (/^photo(?:\.php)?$/i.test(first)) return part(query.get('id'), query.get('fbid') ?? '', pageId);
  if (/^watch$/i.test(first)) return part(null, query.get('v') ?? '', pageId);
  if (/^reel$/i.test(first)) return part(null, second, pageId);
  if (/^posts$/i.test(second) && rest.length > 0) return post(first, last, pageId);
  if (/^(?:photos|videos)$/i.test(second) && rest.length > 0) return part(first, last, pageId);
  return null;
}

/** Pure. @param id as the Graph API, and the sandbox's feed, name a post */
export function readFacebookId(id: string, pageId: string): LinkReading {
  const [, page, number] = COMPOSITE.exec(id) ?? [];
  return page === undefined || number === undefined ? null : post(page, number, pageId);
}

/** A post by its number is what the Graph API calls page_post, whichever name of the Page the address has. */
function post(page: string, id: string, pageId: string): LinkReading {
  const composite = COMPOSITE.exec(id);
  if (composite !== null) return readFacebookId(id, pageId);
  if (NUMBER.test(id)) return { externalId: `${pageId}_${id}`, ofAnother: another(page, pageId) };
  return HIDDEN.test(id) ? { externalId: id, ofAnother: another(page, pageId) } : null;
}

/** The picture or the film of a post: its number is one of its own, so it is kept as it is. */
function part(page: string | null, id: string, pageId: string): LinkReading {
  if (!NUMBER.test(id) && !HIDDEN.test(id)) return null;
  return { externalId: id, ofAnother: page === null ? null : another(page, pageId) };
}

/** Only a number tells whose it is: the name that people chose for a Page is not told to an app. */
function another(page: string, pageId: string): { theirs: string; ours: string } | null {
  const number = NUMBER.test(page) ? page : null;
  if (number === null || number === pageId || PROFILE.test(number)) return null;
  return { theirs: `the Page ${number}`, ours: `the Page ${pageId}` };
}
