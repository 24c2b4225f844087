/** What the visitor sees when an app asks for access to a Facebook account and its Pages. */
import { avatarSvg } from '../pages/avatar.ts';
import { type Html, html } from '../pages/html.ts';
import type { Page } from '../pages/page.ts';
import type { FacebookContext } from './facebook-context.ts';
import { mayCreateContent, type Person } from './sample-people.ts';

const PERMISSION_MEANINGS: Readonly<Record<string, string>> = {
  public_profile: 'Know your name and picture',
  email: 'See your e-mail address',
  pages_show_list: 'See the Pages you manage',
  pages_read_engagement: 'Read what your Pages publish',
  pages_manage_posts: 'Create and delete posts of your Pages',
  pages_manage_metadata: 'Be told when your Pages change',
  pages_manage_engagement: 'Answer comments as your Pages',
  pages_read_user_content: 'Read what others write on your Pages',
  business_management: 'See the Pages that your businesses own',
  read_insights: 'Read the figures of your Pages',
};

export interface DialogForm {
  /** Everything the app, or the form before, sent. */
  readonly given: ReadonlyMap<string, string>;
  readonly scopes: readonly string[];
  readonly redirectOrigin: string;
  readonly problem?: string;
}

const PASSED_ON = ['client_id', 'redirect_uri', 'state', 'scope', 'response_type', 'auth_type'];

export function dialogPage(context: FacebookContext, form: DialogForm): Page {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = form.given.get(name);
    return value === undefined ? [] : [html`<input type="hidden" name="${name}" value="${value}">`];
  });
  const people = [...context.state.people.values()];
  const chosen = form.given.get('member') ?? people[0]?.id;
  const staysDeclined =
    form.given.get('auth_type') !== 'rerequest' &&
    people.some(({ id }) => form.scopes.some((scope) => context.state.permissionsOf(id).get(scope) === 'declined'));
  return {
    title: 'Allow access – Facebook sandbox',
    formTargets: [form.redirectOrigin],
    body: html`
<main class="consent card">
<h1>Connect your Facebook Pages</h1>
<p class="soft">The app <strong>${form.given.get('client_id') ?? ''}</strong> at ${form.redirectOrigin} asks for access. This is a stand-in for Facebook’s own page.</p>
${form.problem !== undefined && html`<p class="problem" role="alert">${form.problem}</p>`}
<form method="post" action="/facebook/dialog/oauth">
${passedOn}
<fieldset><legend>Who are you?</legend>
${people.map((person) => personChoice(context, person, chosen === person.id))}
<label class="choice"><input type="radio" name="member" value="new"${chosen === 'new' && html` checked`}>${avatarSvg('+', 40)}<span><strong>Somebody new</strong><span class="soft small">Fill in below</span></span></label>
<div class="new-member">
<label class="small" for="name">Name<input type="text" id="name" name="name" maxlength="100" autocomplete="off" value="${form.given.get('name') ?? ''}"></label>
<label class="small" for="page">Name of their Page<input type="text" id="page" name="page" maxlength="100" autocomplete="off" value="${form.given.get('page') ?? ''}"></label>
</div>
</fieldset>
<fieldset><legend>The app wants to</legend>
${form.scopes.map(permissionChoice)}
<p class="soft small">Untick what you do not want to allow.${staysDeclined && ' What somebody declined before stays declined, because the app does not ask for it again.'}</p>
</fieldset>
<div class="buttons">
<button class="button primary" name="decision" value="allow">Continue</button>
<button class="button" name="decision" value="cancel" formnovalidate>Cancel</button>
</div>
</form>
</main>`,
  };
}

function personChoice(context: FacebookContext, person: Person, checked: boolean): Html {
  const pages = context.state
    .pagesOf(person.id)
    .map((page) => (mayCreateContent(page, person.id) ? page.name : `${page.name} (may not post)`));
  return html`<label class="choice"><input type="radio" name="member" value="${person.id}"${checked && html` checked`}>${avatarSvg(person.name, 40)}<span><strong>${person.name}</strong><span class="soft small">${pages.length > 0 ? `manages ${pages.join(', ')}` : 'manages no Page'}</span></span></label>`;
}

function permissionChoice(permission: string): Html {
  const always = permission === 'public_profile';
  return html`<label class="permission"><input type="checkbox" name="granted" value="${permission}" checked${always && html` disabled`}><span>${PERMISSION_MEANINGS[permission] ?? permission} <span class="soft small">(${permission})</span></span></label>`;
}

/** The app itself is wrong: Facebook shows this to the visitor and never redirects. */
export function refusedPage(problem: string, app: { clientId: string; redirectUri: string }): Page {
  return {
    title: 'Access refused – Facebook sandbox',
    body: html`
<main class="consent card">
<h1>Sorry, something went wrong.</h1>
<p class="problem" role="alert">${problem}</p>
<p class="soft small">The app sent client_id “${app.clientId}” and redirect_uri “${app.redirectUri}”. The client must be the one registered here, and the redirect URI absolute, without a fragment, and HTTPS unless it stays on this machine.</p>
</main>`,
  };
}
