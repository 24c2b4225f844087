import { formField, formProblem, timeZoneField } from './form-field.ts';
import { html } from './html.ts';
import { layout } from './layout.ts';
import { linkedInButton } from './sign-in-page.ts';

interface FilledForm {
  /** Where the form is sent: its own address. */
  action: string;
  typed?: Readonly<Record<string, string>>;
  problem?: string;
  fields?: Readonly<Record<string, string>>;
}

/** The first page of a fresh installation: its first superuser and the team he writes for. */
export function setupPage({ action, typed = {}, problem, fields = {} }: FilledForm): string {
  return layout({
    title: 'Set up',
    detectsTimeZone: true,
    body: html`<h1>Welcome</h1>
${formProblem(problem) ?? html`<p class="soft">You are the first one here. Make your account, which may do everything, and the team you write for. Both can be changed later.</p>`}
<form method="post" action="${action}">
${formField({ name: 'name', label: 'Your name', autocomplete: 'name', value: typed.name ?? '', problem: fields.name, autofocus: true })}
${formField({ name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username', value: typed.email ?? '', problem: fields.email })}
${formField({ name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', hint: 'At least 8 characters; a few words in a row are best.', problem: fields.password })}
${formField({ name: 'teamName', label: 'Name of your team', autocomplete: 'organization', value: typed.teamName ?? 'My team', problem: fields.teamName })}
${timeZoneField({ value: typed.timeZone ?? '', problem: fields.timeZone })}
<button type="submit">Create my account</button>
</form>`,
  });
}

export interface InvitationPage extends FilledForm {
  email: string;
  teamName: string | null;
  /** He can already sign in: the link only adds what it promises. */
  canSignIn: boolean;
  linkedIn: 'real' | 'sandbox' | 'absent';
  /** The address that accepts this invitation by a LinkedIn sign-in. */
  wayThroughLinkedIn: string;
}

export function invitationPage(page: InvitationPage): string {
  const { action, email, teamName, canSignIn, linkedIn, typed = {}, problem, fields = {} } = page;
  const invited = html`<p class="soft">${email} is invited ${teamName === null ? 'to write and schedule posts' : html`to the team <strong>${teamName}</strong>`}.</p>`;
  const byLinkedIn =
    linkedIn !== 'absent' && html`<p class="or">or</p>${linkedInButton(linkedIn, 'Continue', page.wayThroughLinkedIn)}`;
  if (canSignIn) {
    return layout({
      title: 'Invitation',
      body: html`<h1>You are invited</h1>${formProblem(problem)}${invited}
<p>There is already an account with this address. Sign in with it to accept.</p>
<a class="button" href="/login">Sign in</a>${byLinkedIn}`,
    });
  }
  return layout({
    title: 'Invitation',
    detectsTimeZone: true,
    body: html`<h1>You are invited</h1>${formProblem(problem)}${invited}
<form method="post" action="${action}">
${formField({ name: 'name', label: 'Your name', autocomplete: 'name', value: typed.name ?? '', problem: fields.name, autofocus: true })}
${formField({ name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username', value: email, readonly: true })}
${formField({ name: 'password', label: 'Choose a password', type: 'password', autocomplete: 'new-password', hint: 'At least 8 characters; a few words in a row are best.', problem: fields.password })}
${timeZoneField({ value: typed.timeZone ?? '', problem: fields.timeZone })}
<button type="submit">Accept the invitation</button>
</form>${byLinkedIn}`,
  });
}

/** A signed-in person opened an invitation that is meant for him. */
export function joinPage({
  action,
  teamName,
  name,
}: {
  action: string;
  teamName: string | null;
  name: string;
}): string {
  return layout({
    title: 'Invitation',
    body: html`<h1>You are invited</h1>
<p class="soft">${teamName === null ? 'Accept the invitation' : html`Join the team <strong>${teamName}</strong>`} as ${name}?</p>
<form method="post" action="${action}"><button type="submit">Accept</button></form>
<p class="or">or</p>
<a class="button quiet" href="/admin">Not now</a>`,
  });
}
