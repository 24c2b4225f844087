/** The page where one sees what was published, and the switches that break things. */
import { DEFAULT_DELAY_MS, FAULTS, type Fault, type FaultSetting } from '../fault-switches.ts';
import type { LedgerEntry, SandboxAccount, SandboxPlatform } from '../sandbox-platform.ts';
import { avatarSvg } from './avatar.ts';
import { type Html, html } from './html.ts';
import type { Page } from './page.ts';

/** Enough for looking; the ledger's JSON has all. */
const SHOWN_POSTS = 100;

const MEANINGS: Readonly<Record<Fault, string>> = {
  ok: 'Works',
  slow: `Published, answered ${DEFAULT_DELAY_MS / 1000} s late`,
  '429': 'Rate limited, nothing published',
  '500 before': 'Server error, nothing published',
  '500 after': 'Published, yet answers a server error',
  'reset before': 'Connection reset, nothing published',
  'reset after': 'Published, then connection reset',
  truncated: 'Published, answer cut off in its body',
  malformed: 'Published, answer without the post’s id',
  'expired token': 'The token has expired: connect again',
  revoked: 'The app was revoked: connect again',
};

export interface FeedView {
  /** The platforms shown: all, or one. */
  readonly platforms: readonly SandboxPlatform[];
  readonly all: readonly SandboxPlatform[];
  /** The path of this page, which forms come back to. */
  readonly path: string;
  faultOf(platform: string, account: string): FaultSetting | null;
}

export function feedPage(view: FeedView): Page {
  const query = view.platforms.length === 1 ? `?platform=${view.platforms[0]?.name ?? ''}` : '';
  const links = [
    { path: '/', title: 'Everything' },
    ...view.all.map(({ name, title }) => ({ path: `/${name}`, title })),
  ];
  return {
    title: 'Sandbox feed',
    refreshes: true,
    body: html`
<header class="feed-head">
<h1>What was published</h1>
<nav aria-label="Platforms"><ul>${links.map(
      ({ path, title }) =>
        html`<li>${path === view.path ? html`<a href="${path}" aria-current="page">${title}</a>` : html`<a href="${path}">${title}</a>`}</li>`,
    )}</ul></nav>
<p id="status" class="soft small" role="status">${summary(view)}</p>
</header>
<div class="columns">
<main data-refresh="/sandbox/parts/posts${query}">${postsPart(view)}</main>
<aside class="card" id="switches" aria-label="Fault switches">
<h2>Make it go wrong</h2>
<p class="soft small">What happens when the scheduler next publishes to an account. “Times” is how many requests it lasts; empty means until you switch it back.</p>
<div data-refresh="/sandbox/parts/switches${query}">${switchesPart(view)}</div>
</aside>
</div>`,
  };
}

export function postsPart(view: Pick<FeedView, 'platforms'>): Html {
  const posts = newestFirst(view);
  const titles = new Map(view.platforms.map(({ name, title }) => [name, title]));
  const count = html`<span hidden data-count="${summary(view)}"></span>`;
  if (posts.length === 0) {
    return html`${count}<div class="card empty"><h2>Nothing yet</h2><p class="soft">Schedule a post to one of these accounts: it shows up here the moment it arrives.</p></div>`;
  }
  return html`${count}${posts.slice(0, SHOWN_POSTS).map((post) => postCard(post, titles.get(post.platform) ?? post.platform))}${
    posts.length > SHOWN_POSTS &&
    html`<p class="soft small">The newest ${SHOWN_POSTS} of ${posts.length} are shown. All of them: <a href="/sandbox/ledger">the ledger</a>.</p>`
  }`;
}

function newestFirst({ platforms }: Pick<FeedView, 'platforms'>): LedgerEntry[] {
  const posts = platforms.flatMap((platform) => [...platform.posts()]).reverse();
  return platforms.length === 1 ? posts : posts.sort((a, b) => b.receivedAt.localeCompare(a.receivedAt));
}

function summary({ platforms }: Pick<FeedView, 'platforms'>): string {
  const count = platforms.reduce((sum, platform) => sum + platform.posts().length, 0);
  return count === 1 ? '1 post' : `${count} posts`;
}

function postCard(post: LedgerEntry, platformTitle: string): Html {
  const received = post.receivedAt.replace('T', ' ').replace('Z', ' UTC');
  return html`
<article class="card post${post.deletedAt ? ' deleted' : ''}" id="${post.id}" aria-label="Post by ${post.accountName} on ${platformTitle}">
<div class="byline">${avatarSvg(post.accountName, 44)}<div><strong>${post.accountName}</strong><span class="soft small">${platformTitle} · <time datetime="${post.receivedAt}">${received}</time></span></div></div>
<p class="text">${post.text}</p>
${post.deletedAt && html`<p class="note">Deleted at ${post.deletedAt}.</p>`}
${post.cutAt && html`<p class="note">The platform cut the text here without telling the sender: the character “${post.cutAt.character}” at position ${post.cutAt.index} was not escaped.</p>`}
${post.link && html`<a class="link-card" href="${post.link.url}" rel="noreferrer"><strong>${post.link.title}</strong>${post.link.description !== '' && html`<span class="small">${post.link.description}</span>`}<span class="soft small">${post.link.url}</span></a>`}
${post.images.length > 0 && html`<div class="pictures">${post.images.map((image) => html`<img src="${image.url}" alt="${image.altText}" loading="lazy">`)}</div>`}
<p class="ids"><a href="#${post.id}">${post.id}</a><br>${post.permalink}<br>${post.endpoint} · ${post.visibility}</p>
</article>`;
}

export function switchesPart(view: Pick<FeedView, 'platforms' | 'faultOf'> & { path?: string }): Html {
  return html`${view.platforms.flatMap((platform) =>
    platform.accounts().map((account) => switchForm(platform, account, view.faultOf(platform.name, account.id))),
  )}`;
}

function switchForm(platform: SandboxPlatform, account: SandboxAccount, setting: FaultSetting | null): Html {
  const id = `${platform.name}-${account.id}`;
  const meanings: Readonly<Record<string, string>> = { ...MEANINGS, ...platform.ownFaults };
  const state = setting
    ? html`<span class="state broken">${meanings[setting.fault] ?? setting.fault}${setting.remaining === null ? '' : ` (${setting.remaining} more)`}</span>`
    : html`<span class="state">${MEANINGS.ok}</span>`;
  return html`
<form class="switch" method="post" action="/sandbox/faults">
<input type="hidden" name="platform" value="${platform.name}">
<input type="hidden" name="account" value="${account.id}">
<div class="byline">${avatarSvg(account.name, 36)}<div><strong>${account.name}</strong><span class="soft small">${platform.title} ${account.kind}</span>${state}</div></div>
<div class="fields">
<label for="fault-${id}">Fault<select id="fault-${id}" name="fault">${[
    ...FAULTS,
    ...Object.keys(platform.ownFaults ?? {}),
  ].map(
    (fault) =>
      html`<option value="${fault}"${(setting?.fault ?? 'ok') === fault && html` selected`}>${fault}: ${meanings[fault] ?? ''}</option>`,
  )}</select></label>
<label for="times-${id}">Times<input id="times-${id}" type="number" name="times" min="1" max="1000" inputmode="numeric"></label>
<button class="button" type="submit">Set</button>
</div>
</form>`;
}
