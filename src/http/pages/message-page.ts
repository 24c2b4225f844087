import { html } from './html.ts';
import { layout } from './layout.ts';

export interface Message {
  title: string;
  /** Sentences: what happened, then what to do. */
  sentences: readonly string[];
  /** Where to go from here. */
  link?: { href: string; label: string };
  requestId?: string | undefined;
}

/** A page that says one thing: an error, a refusal, a dead end and the way out of it. */
export function messagePage({ title, sentences, link, requestId }: Message): string {
  return layout({
    title,
    body: html`<h1>${title}</h1>
${sentences.map((sentence) => html`<p>${sentence}</p>`)}
${link !== undefined && html`<a class="button quiet" href="${link.href}">${link.label}</a>`}`,
    ...(requestId === undefined ? {} : { footer: `Request ${requestId}` }),
  });
}
