/** What the visitor sees when an app asks for access to a LinkedIn account. */
import { avatarSvg } from '../pages/avatar.ts';
import { type Html, html } from '../pages/html.ts';
import type { Page } from '../pages/page.ts';
import type { LinkedinContext } from './linkedin-context.ts';
import { fullName, type Member } from './sample-members.ts';

const SCOPE_MEANINGS: Readonly<Record<string, string>> = {
  openid: 'Know that it is you',
  profile: 'See your name and photo',
  email: 'See your e-mail address',
  w_member_social: 'Create and delete posts in your name',
  w_organization_social: 'Create and delete posts for the pages you administer',
  r_organization_social: 'Read the posts of the pages you administer',
  rw_organization_admin: 'See the pages you administer and their figures',
};

export interface AuthorizeForm {
  readonly client_id?: string;
  readonly redirect_uri?: string;
  readonly state?: string;
  readonly scope?: string;
  readonly response_type?: string;
  readonly member?: string;
  readonly name?: string;
  readonly email?: string;
  readonly scopes: readonly string[];
  readonly members: readonly Member[];
  readonly redirectOrigin: string;
  readonly problem?: string;
}

export function authorizePage(context: LinkedinContext, form: AuthorizeForm): Page {
  const { client_id, redirect_uri, state, scope, response_type } = form;
  const passedOn = Object.entries({ client_id, redirect_uri, state, scope, response_type }).flatMap(([name, value]) =>
    value === undefined ? [] : [html`<input type="hidden" name="${name}" value="${value}">`],
  );
  const chosen = form.member ?? form.members[0]?.sub;
  return {
    title: 'Allow access – LinkedIn sandbox',
    formTargets: [form.redirectOrigin],
    body: html`
<main class="consent card">
<h1>Connect your LinkedIn account</h1>
<p class="soft">The app <strong>${form.client_id ?? ''}</strong> at ${form.redirectOrigin} asks for access. This is a stand-in for LinkedIn’s own page.</p>
${form.problem !== undefined && html`<p class="problem" role="alert">${form.problem}</p>`}
<form method="post" action="/linkedin/oauth/v2/authorization">
${passedOn}
<fieldset><legend>Who are you?</legend>
${form.members.map((member) => memberChoice(context, member, chosen === member.sub))}
<label class="choice"><input type="radio" name="member" value="new"${chosen === 'new' && html` checked`}>${avatarSvg('+', 40)}<span><strong>Somebody new</strong><span class="soft small">Fill in below</span></span></label>
<div class="new-member">
<label class="small" for="name">Name<input type="text" id="name" name="name" maxlength="100" autocomplete="off" value="${form.name ?? ''}"></label>
<label class="small" for="email">E-mail<input type="email" id="email" name="email" autocomplete="off" value="${form.email ?? ''}"></label>
</div>
</fieldset>
<fieldset><legend>The app wants to</legend>
<ul class="scopes">${form.scopes.map((name) => html`<li>${SCOPE_MEANINGS[name] ?? name} <span class="soft small">(${name})</span></li>`)}</ul>
</fieldset>
<div class="buttons">
<button class="button primary" name="decision" value="allow">Allow</button>
<button class="button" name="decision" value="cancel" formnovalidate>Cancel</button>
</div>
</form>
</main>`,
  };
}

function memberChoice(context: LinkedinContext, member: Member, checked: boolean): Html {
  const pages = [...context.state.organizations.values()]
    .filter((organization) => organization.administrators.includes(member.sub))
    .map((organization) => organization.name);
  return html`<label class="choice"><input type="radio" name="member" value="${member.sub}"${checked && html` checked`}>${avatarSvg(fullName(member), 40)}<span><strong>${fullName(member)}</strong><span class="soft small">${member.email}${pages.length > 0 && html` · administers ${pages.join(', ')}`}</span></span></label>`;
}

/** The app itself is wrong: LinkedIn shows this to the visitor and never redirects. */
export function refusedPage(problem: string, app: { clientId: string; redirectUri: string }): Page {
  return {
    title: 'Access refused – LinkedIn sandbox',
    body: html`
<main class="consent card">
<h1>Bummer, something went wrong.</h1>
<p class="problem" role="alert">${problem}</p>
<p class="soft small">The app sent client_id “${app.clientId}” and redirect_uri “${app.redirectUri}”. The client must be the one registered here, and the redirect URI absolute, without a fragment, and HTTPS unless it stays on this machine.</p>
</main>`,
  };
}
