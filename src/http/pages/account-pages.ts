import type { Actor } from '../../domain/access.ts';
import type { OpenSession } from '../../identity/sessions.ts';
import { browserName } from './browser-name.ts';
import { formField, formProblem } from './form-field.ts';
import { type Html, html } from './html.ts';
import { layout } from './layout.ts';
import { qrCode } from './qr-code.ts';

export interface AccountPage {
  actor: Actor;
  sessions: readonly OpenSession[];
  /** Null: there is no second factor. */
  recoveryCodesLeft: number | null;
  hasPassword: boolean;
  problem?: string;
}

/** One's own way in: where one is signed in, and the second factor. */
export function accountPage({ actor, sessions, recoveryCodesLeft, hasPassword, problem }: AccountPage): string {
  const others = sessions.filter(({ isCurrent }) => !isCurrent).length;
  return layout({
    title: 'Sign-in and security',
    wide: true,
    body: html`<h1>Sign-in and security</h1>
<p class="soft">${actor.name} · ${actor.email}</p>
${formProblem(problem)}
<section aria-labelledby="sessions">
<h2 id="sessions">Where you are signed in</h2>
<ul class="rows">
${sessions.map((session) => sessionRow(session, actor.timeZone))}
</ul>
${others > 0 && html`<form method="post" action="/account/sessions/end-others"><button type="submit" class="quiet">Sign out everywhere else</button></form>`}
</section>
<section aria-labelledby="second-factor">
<h2 id="second-factor">Two-step sign-in</h2>
${secondFactorStatus(recoveryCodesLeft)}
<a class="button quiet" href="/account/second-factor">${recoveryCodesLeft === null ? 'Set it up' : 'Change it'}</a>
</section>
${
  hasPassword &&
  html`<section aria-labelledby="password">
<h2 id="password">Password</h2>
<p class="soft">A new password signs you out everywhere else.</p>
<a class="button quiet" href="/admin/resources/User/records/${actor.id}/edit">Change your password</a>
</section>`
}
${BACK}`,
  });
}

function sessionRow(session: OpenSession, timeZone: string): Html {
  const { handle, address, userAgent, signedInAt, lastUsedAt, isCurrent } = session;
  return html`<li><div><strong>${browserName(userAgent)}</strong>${isCurrent && html` <span class="badge">this browser</span>`}
<span class="soft">${address === null || address === '' ? 'from an unknown address' : `from ${address}`} · signed in ${moment(signedInAt, timeZone)}${!isCurrent && ` · last used ${moment(lastUsedAt, timeZone)}`}</span></div>
${!isCurrent && html`<form method="post" action="/account/sessions/end"><input type="hidden" name="session" value="${handle}"><button type="submit" class="small quiet" aria-label="Sign out ${browserName(userAgent)}, signed in ${moment(signedInAt, timeZone)}">Sign out</button></form>`}</li>`;
}

function secondFactorStatus(codesLeft: number | null): Html {
  if (codesLeft === null)
    return html`<p class="soft">Off. With it, whoever learns your password still cannot sign in without your phone.</p>`;
  const few = codesLeft <= 2;
  return html`<p class="${few ? 'notice bad' : 'soft'}">On. ${codesLeft === 1 ? 'One recovery code is' : `${codesLeft} recovery codes are`} left${few && '. Make new ones now, so that a lost phone does not keep you out'}.</p>`;
}

/** Before the second factor is set up or changed, the person proves that it is he. */
export interface ProofForm {
  /** False: he signs in without a password, and having done so just now is the proof. */
  hasPassword: boolean;
  problem?: string | undefined;
}

export function startSecondFactorPage({ hasPassword, problem, required }: ProofForm & { required: boolean }): string {
  return layout({
    title: 'Two-step sign-in',
    body: html`<h1>Two-step sign-in</h1>
${required && html`<p class="notice">Superusers need two-step sign-in here. Set it up to go on.</p>`}
<p class="soft">You need an app on your phone that makes codes, such as Aegis, FreeOTP, 1Password, or Google or Microsoft Authenticator. From then on signing in asks for a code as well.</p>
<form method="post" action="/account/second-factor/start">
${proofFields({ hasPassword, problem })}
<button type="submit">Go on</button>
</form>
${required ? SIGN_OUT : BACK}`,
  });
}

/** The picture for the app, and the first code as a proof that it works. */
export function enrolPage({
  uri,
  secret,
  problem,
}: {
  uri: string;
  secret: string;
  problem?: string | undefined;
}): string {
  return layout({
    title: 'Two-step sign-in',
    body: html`<h1>Scan this with your app</h1>
${qrCode(uri, 'QR code for your authenticator app')}
<p class="soft">Or type this key into the app: <code class="key">${(secret.match(/.{1,4}/g) ?? []).join(' ')}</code></p>
<form method="post" action="/account/second-factor">
${formField({ name: 'code', label: 'The code your app shows', autocomplete: 'one-time-code', inputmode: 'numeric', problem, autofocus: true })}
<button type="submit">Switch on</button>
</form>
<p class="or">or</p>
<a class="button quiet" href="/account">Not now</a>`,
  });
}

/** Shown once: only their hashes are stored. */
export function recoveryCodesPage(codes: readonly string[]): string {
  return layout({
    title: 'Recovery codes',
    body: html`<h1>Keep these recovery codes</h1>
<p class="notice">Two-step sign-in is on. When your phone is lost, one of these codes takes the place of a code of the app. Each works once. They are not shown again.</p>
<ol class="codes">
${codes.map((code) => html`<li><code>${code}</code></li>`)}
</ol>
<p class="soft">Print them, or put them into a password manager, but not on the same phone.</p>
<a class="button" href="/account">I have kept them</a>`,
  });
}

export function manageSecondFactorPage({
  hasPassword,
  problem,
  codesLeft,
  required,
}: ProofForm & { codesLeft: number; required: boolean }): string {
  return layout({
    title: 'Two-step sign-in',
    body: html`<h1>Two-step sign-in is on</h1>
<p class="soft">${codesLeft === 1 ? 'One recovery code is' : `${codesLeft} recovery codes are`} left. To use another phone, switch it off and set it up again.</p>
<form method="post" action="/account/second-factor/change">
${proofFields({ hasPassword, problem })}
<button type="submit" name="change" value="codes">Make new recovery codes</button>
${required ? html`<p class="hint">Superusers need it here, so it cannot be switched off. Another superuser can, for one who lost the phone.</p>` : html`<button type="submit" name="change" value="off" class="quiet">Switch it off</button>`}
</form>
${BACK}`,
  });
}

function proofFields({ hasPassword, problem }: ProofForm): Html | null {
  if (!hasPassword) return formProblem(problem);
  return formField({
    name: 'password',
    label: 'Your password',
    type: 'password',
    autocomplete: 'current-password',
    problem,
    autofocus: true,
  });
}

const BACK = html`<p class="or">or</p>
<a class="button quiet" href="/admin">Back to the panel</a>`;
const SIGN_OUT = html`<p class="or">or</p>
<a class="button quiet" href="/logout">Sign out</a>`;

function moment(at: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'medium', timeStyle: 'short' }).format(at);
}
