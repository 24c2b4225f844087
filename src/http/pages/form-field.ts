import { type Html, html } from './html.ts';

export interface FormField {
  name: string;
  label: string;
  type?: 'text' | 'email' | 'password';
  autocomplete: string;
  value?: string;
  /** Which keyboard a phone shows. */
  inputmode?: 'numeric';
  hint?: string;
  problem?: string | undefined;
  autofocus?: boolean;
  readonly?: boolean;
}

/** One labelled input; its hint and its problem are read out with it. */
export function formField(field: FormField): Html {
  const {
    name,
    label,
    type = 'text',
    autocomplete,
    value = '',
    inputmode,
    hint,
    problem,
    autofocus = false,
    readonly = false,
  } = field;
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" value="${value}"${inputmode !== undefined && html` inputmode="${inputmode}"`} required${describedBy(name, hint, problem)}${autofocus && html` autofocus`}${readonly && html` readonly`}>
${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
${problem !== undefined && html`<p class="problem" id="${name}-problem">${problem}</p>`}
</div>`;
}

/** The list of all time zones this runtime knows. Nothing chosen yet: the page's script preselects the computer's own. */
export function timeZoneField({ value, problem }: { value: string; problem?: string | undefined }): Html {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
  return html`<div class="field">
<label for="timeZone">Time zone</label>
<select id="timeZone" name="timeZone" data-detect="${String(value === '')}"${describedBy('timeZone', undefined, problem)}>
${zones.map((zone) => html`<option value="${zone}"${zone === (value || 'UTC') && html` selected`}>${zone}</option>`)}
</select>
${problem !== undefined && html`<p class="problem" id="timeZone-problem">${problem}</p>`}
</div>`;
}

/** What went wrong with the whole form, announced to screen readers. */
export function formProblem(message: string | undefined): Html | null {
  return message === undefined ? null : html`<p class="notice bad" role="alert">${message}</p>`;
}

function describedBy(name: string, hint: string | undefined, problem: string | undefined): Html {
  const ids = [hint !== undefined && `${name}-hint`, problem !== undefined && `${name}-problem`]
    .filter(Boolean)
    .join(' ');
  return html`${ids !== '' && html` aria-describedby="${ids}"`}${problem !== undefined && html` aria-invalid="true"`}`;
}
