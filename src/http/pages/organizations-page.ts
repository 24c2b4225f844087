import { html } from './html.ts';
import { layout } from './layout.ts';

export interface OrganizationsPage {
  platformLabel: string;
  teamName: string;
  /** Pages that are connected already and need the permission again. */
  waiting: readonly string[];
  /** Where the journey begins. */
  start: string;
}

/** Before the wider consent is asked for: what it is, and what it means for signing in from then on. */
export function organizationsPage({ platformLabel, teamName, waiting, start }: OrganizationsPage): string {
  return layout({
    title: `${platformLabel} Pages`,
    body: html`<h1>Connect ${platformLabel} Pages</h1>
${waiting.length > 0 && html`<p><strong>${waiting.join(', ')}</strong> ${waiting.length === 1 ? 'needs' : 'need'} your permission again. Posts wait until then.</p>`}
<p>${platformLabel} asks you once more, this time for the Pages of organisations that you administer. Afterwards you choose which of them ${teamName} may publish to. Your own account stays connected.</p>
<p class="soft">Good to know: ${platformLabel} keeps one permission per person. When you <em>sign in</em> here with ${platformLabel}, it ends the permission for your Pages, and you are asked to come back to this page. Sign in with your e-mail address and password and this does not happen; a superuser can give you a password.</p>
<a class="button" href="${start}">Continue to ${platformLabel}</a>
<p class="or">or</p>
<a class="button quiet" href="/admin">Not now</a>`,
  });
}
