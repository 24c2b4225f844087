import { formField, formProblem } from './form-field.ts';
import { type Html, html } from './html.ts';
import { layout } from './layout.ts';

export interface SignInPage {
  linkedIn: 'real' | 'sandbox' | 'absent';
  email?: string;
  problem?: string;
  fields?: Readonly<Record<string, string>>;
}

export function signInPage({ linkedIn, email = '', problem, fields = {} }: SignInPage): string {
  return layout({
    title: 'Sign in',
    body: html`<h1>Sign in</h1>
${formProblem(problem) ?? html`<p class="soft">Write posts, choose the time, and they leave on their own.</p>`}
<form method="post" action="/login">
${formField({ name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username', value: email, problem: fields.email, autofocus: email === '' })}
${formField({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', problem: fields.password, autofocus: email !== '' })}
<button type="submit">Sign in</button>
</form>
${linkedIn !== 'absent' && html`<p class="or">or</p>${linkedInButton(linkedIn)}`}`,
  });
}

/** A link, because it only starts a journey: nothing changes until LinkedIn sends the person back. */
export function linkedInButton(linkedIn: 'real' | 'sandbox', verb = 'Sign in', href = '/auth/linkedin'): Html {
  return html`<a class="button quiet" href="${href}">${verb} with LinkedIn${linkedIn === 'sandbox' && ' (sandbox)'}</a>`;
}

export function signOutPage(name: string): string {
  return layout({
    title: 'Sign out',
    body: html`<h1>Sign out?</h1>
<p class="soft">You are signed in as ${name}. What is scheduled leaves on time whether you are signed in or not.</p>
<form method="post" action="/logout"><button type="submit">Sign out</button></form>
<p class="or">or</p>
<a class="button quiet" href="/admin">Back to the panel</a>`,
  });
}
