import { formProblem } from './form-field.ts';
import { html } from './html.ts';
import { layout } from './layout.ts';

export interface ChoicePage {
  action: string;
  /** Names the pending connection, so that an old tab cannot answer for a newer one. */
  pending: string;
  platformLabel: string;
  teamName: string;
  candidates: readonly { externalId: string; displayName: string; kind: string; cannotPublish?: string }[];
  problem?: string;
}

export function choicePage({ action, pending, platformLabel, teamName, candidates, problem }: ChoicePage): string {
  return layout({
    title: 'Choose accounts',
    body: html`<h1>Which ones?</h1>
${formProblem(problem)}
<p class="soft">${platformLabel} lets you publish to several accounts. Tick those that ${teamName} may publish to.</p>
<form method="post" action="${action}">
<input type="hidden" name="pending" value="${pending}">
<fieldset><legend>Accounts</legend>
${candidates.map(
  ({ externalId, displayName, kind, cannotPublish }) =>
    html`<label class="choice"><input type="checkbox" name="account" value="${externalId}"${cannotPublish !== undefined && html` disabled`}><span>${displayName} <span class="soft">${kind === 'member' ? 'member' : 'Page'}</span>${cannotPublish !== undefined && html`<br><span class="soft">${cannotPublish}</span>`}</span></label>`,
)}
</fieldset>
<button type="submit">Connect</button>
</form>`,
  });
}

/** Asks a signed-in person before a LinkedIn identity is added to him: whoever holds it can sign in as him from then on. */
export function linkPage({
  pending,
  linkedInName,
  name,
}: {
  pending: string;
  linkedInName: string;
  name: string;
}): string {
  return layout({
    title: 'Link LinkedIn',
    body: html`<h1>Link LinkedIn?</h1>
<p class="soft">From now on the LinkedIn account <strong>${linkedInName}</strong> would sign in as ${name} here. Go on only if it is yours.</p>
<form method="post" action="/auth/linkedin/link"><input type="hidden" name="pending" value="${pending}"><button type="submit">Yes, it is mine</button></form>
<p class="or">or</p>
<a class="button quiet" href="/admin">No, go back</a>`,
  });
}
