/** What the visitor sees when an app asks for access to an X account. */
import { avatarSvg } from '../pages/avatar.ts';
import { type Html, html } from '../pages/html.ts';
import type { Page } from '../pages/page.ts';
import type { User } from './sample-users.ts';

const SCOPE_MEANINGS: Readonly<Record<string, string>> = {
  'tweet.read': 'See the posts you can see',
  'tweet.write': 'Post and delete posts for you',
  'users.read': 'See your account and whom you can see',
  'users.email': 'See your e-mail address',
  'media.write': 'Upload images and videos for you',
  'offline.access': 'Stay connected until you take its access back',
};

export interface AuthorizeForm {
  /** The app's parameters, which come back with the decision. */
  readonly passedOn: Readonly<Record<string, string>>;
  readonly scopes: readonly string[];
  readonly users: readonly User[];
  readonly redirectOrigin: string;
  /** What the visitor has filled in so far. */
  readonly user?: string | undefined;
  readonly name?: string | undefined;
  readonly username?: string | undefined;
  readonly problem?: string;
}

export function authorizePage(form: AuthorizeForm): Page {
  const chosen = form.user ?? form.users[0]?.id;
  return {
    title: 'Authorize access – X sandbox',
    formTargets: [form.redirectOrigin],
    body: html`
<main class="consent card">
<h1>Connect your X account</h1>
<p class="soft">The app <strong>${form.passedOn.client_id ?? ''}</strong> at ${form.redirectOrigin} asks for access. This is a stand-in for X’s own page.</p>
${form.problem !== undefined && html`<p class="problem" role="alert">${form.problem}</p>`}
<form method="post" action="/x/i/oauth2/authorize">
${Object.entries(form.passedOn).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<fieldset><legend>Who are you?</legend>
${form.users.map((user) => userChoice(user, chosen === user.id))}
<label class="choice"><input type="radio" name="user" value="new"${chosen === 'new' && html` checked`}>${avatarSvg('+', 40)}<span><strong>Somebody new</strong><span class="soft small">Fill in below</span></span></label>
<div class="new-member">
<label class="small" for="name">Name<input type="text" id="name" name="name" maxlength="50" autocomplete="off" value="${form.name ?? ''}"></label>
<label class="small" for="username">User name<input type="text" id="username" name="username" maxlength="16" autocomplete="off" value="${form.username ?? ''}"></label>
</div>
</fieldset>
<fieldset><legend>The app will be able to</legend>
<ul class="scopes">${form.scopes.map((name) => html`<li>${SCOPE_MEANINGS[name] ?? name} <span class="soft small">(${name})</span></li>`)}</ul>
</fieldset>
<div class="buttons">
<button class="button primary" name="decision" value="allow">Authorize app</button>
<button class="button" name="decision" value="cancel" formnovalidate>Deny</button>
</div>
</form>
</main>`,
  };
}

function userChoice(user: User, checked: boolean): Html {
  return html`<label class="choice"><input type="radio" name="user" value="${user.id}"${checked && html` checked`}>${avatarSvg(user.name, 40)}<span><strong>${user.name}</strong><span class="soft small">@${user.username}</span></span></label>`;
}

/** The app's request is wrong: the visitor is told here, and never sent on to an address that may not be the app's. */
export function refusedPage(problem: string): Page {
  return {
    title: 'Something went wrong – X sandbox',
    body: html`
<main class="consent card">
<h1>Something went wrong</h1>
<p>You weren’t able to give access to the app. Go back and try signing in again.</p>
<p class="problem" role="alert">${problem}</p>
<p class="soft small">Whoever looks after the app has to change what it asks for.</p>
</main>`,
  };
}
