/**
 * The link that a person pastes to say "the post is there": on the right platform, of the right account where the address
 * shows it, and which post it is, by one id however the address is spelled. The link itself is never opened.
 */
import { isPublicHttpUrl } from '../domain/content-rules.ts';
import { PLATFORM_LABEL, type Platform } from '../domain/platform-name.ts';
import { FACEBOOK_HOSTS, readFacebookId, readFacebookLink } from './facebook-live-link.ts';
import type { LinkReading } from './link-reading.ts';
import { LINKEDIN_HOSTS, readLinkedInId, readLinkedInLink } from './linkedin-live-link.ts';
import { readXId, readXLink, X_HOSTS } from './x-live-link.ts';

export interface LinkedAccount {
  platform: Platform;
  externalId: string;
  displayName: string;
  profileUrl: string | null;
}

export type LiveLink = { externalId: string } | { problem: string };

const HOSTS: Readonly<Record<Platform, RegExp>> = { linkedin: LINKEDIN_HOSTS, facebook: FACEBOOK_HOSTS, x: X_HOSTS };

const WHERE: Readonly<Record<Platform, string>> = {
  linkedin: 'On LinkedIn open the post’s “…” menu, choose “Copy link to post”, and paste that.',
  facebook:
    'On Facebook click the time that stands under the Page’s name above the post, and paste the address that the browser then shows. A short link (facebook.com/share/…, fb.me) has to be opened first.',
  x: 'On X open the share menu of the post, choose “Copy link”, and paste that: it has /status/ and a number in it.',
};

/**
 * Pure.
 * @param link as pasted, without blanks around it
 * @param sandbox any address of the sandbox that answers for this platform, whose feed marks each post by its id; null when
 *   it is the platform itself
 */
export function readLiveLink(link: string, account: LinkedAccount, sandbox: string | null): LiveLink {
  const { platform } = account;
  const url = URL.canParse(link) ? new URL(link) : null;
  const atPlatform = url !== null && url.port === '' && HOSTS[platform].test(url.hostname);
  if (url !== null && !atPlatform && sandbox !== null && url.origin === new URL(sandbox).origin)
    return judge(readId(account, decoded(url.hash.slice(1))), account);
  if (url === null || !isPublicHttpUrl(link))
    return { problem: `Paste the full link of the live post. ${WHERE[platform]}` };
  if (atPlatform) return judge(readPath(account, url), account);
  const label = PLATFORM_LABEL[platform];
  return { problem: `This is no address of ${label}, and the publication went to ${label}. ${WHERE[platform]}` };
}

function judge(reading: LinkReading, { platform, displayName }: LinkedAccount): LiveLink {
  if (reading === null) return { problem: `This address does not show which post it is. ${WHERE[platform]}` };
  if (reading.ofAnother === null) return { externalId: reading.externalId };
  const { theirs, ours } = reading.ofAnother;
  return {
    problem: `This is a post of ${theirs}, and the publication went to ${displayName}, which is ${ours}. Paste the link of this very post. If the account has another name by now, press Reconnect under Accounts first.`,
  };
}

function readPath(account: LinkedAccount, url: URL): LinkReading {
  const path = decoded(url.pathname);
  switch (account.platform) {
    case 'linkedin':
      return readLinkedInLink(path);
    case 'facebook':
      return readFacebookLink(path, url.searchParams, account.externalId);
    case 'x':
      return readXLink(path, account);
    default:
      return account.platform satisfies never;
  }
}

function readId(account: LinkedAccount, id: string): LinkReading {
  switch (account.platform) {
    case 'linkedin':
      return readLinkedInId(id);
    case 'facebook':
      return readFacebookId(id, account.externalId);
    case 'x':
      return readXId(id);
    default:
      return account.platform satisfies never;
  }
}

/** An address may write its colons with percent signs. What cannot be decoded names no post either. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
