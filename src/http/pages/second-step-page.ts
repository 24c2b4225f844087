import { formField, formProblem } from './form-field.ts';
import { html } from './html.ts';
import { layout } from './layout.ts';

/** The second step of signing in. @param field what is wrong with the code; @param problem what is wrong with the whole attempt */
export function secondStepPage({ field, problem }: { field?: string; problem?: string } = {}): string {
  return layout({
    title: 'Second step',
    body: html`<h1>Second step</h1>
${formProblem(problem) ?? html`<p class="soft">Type the code that your authenticator app shows now.</p>`}
<form method="post" action="/login/second-factor">
${formField({ name: 'code', label: 'Code', autocomplete: 'one-time-code', problem: field, autofocus: true, hint: 'Without the phone: one of your recovery codes. Without those: ask a superuser.' })}
<button type="submit">Sign in</button>
</form>
<p class="or">or</p>
<a class="button quiet" href="/login">Start again</a>`,
  });
}
