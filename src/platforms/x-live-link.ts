/**
 * The post in an address of x.com, or twitter.com as it was called. Where the forms are from:
 *   /name/status/1 · /i/web/status/1   X's documentation (the second needs no user name; it is the form we store ourselves)
 *   /i/status/1 · /name/status/1/photo/1 · /name/statuses/1   observed on public posts
 */
import type { LinkReading } from './link-reading.ts';

const STATUS = /^\/(?:i\/web|(\w{1,15}))\/status(?:es)?\/([1-9]\d*)(?:\/|$)/i;

export const X_HOSTS = /^(?:(?:www|mobile)\.)?(?:x|twitter)\.com$/;

/**
 * Pure.
 * @param path decoded
 * @param profileUrl the account's: its user name as it was when it was connected
 */
export function readXLink(path: string, { profileUrl }: { profileUrl: string | null }): LinkReading {
  const [, name = 'i', externalId] = STATUS.exec(path) ?? [];
  if (externalId === undefined) return null;
  const own = /^https:\/\/x\.com\/(\w+)$/.exec(profileUrl ?? '')?.[1];
  const another = own !== undefined && name !== 'i' && name.toLowerCase() !== own.toLowerCase();
  return { externalId, ofAnother: another ? { theirs: `@${name}`, ours: `@${own}` } : null };
}

/** Pure. @param id as the sandbox's feed marks a post */
export function readXId(id: string): LinkReading {
  return /^[1-9]\d*$/.test(id) ? { externalId: id, ofAnother: null } : null;
}
