import { type Html, html } from './html.ts';

export const PRODUCT = 'Social Share Scheduler';

/** Where our own pages find their style and their one script; see page-assets.ts. */
export const STYLESHEET_PATH = '/assets/pages.css';
export const TIME_ZONE_SCRIPT_PATH = '/assets/time-zone.js';

export interface Page {
  title: string;
  body: Html;
  /** Shown small below the card, such as a request id. */
  footer?: string;
  /** Room for lists beside what is said about them. */
  wide?: boolean;
  /** Whether the page has a list of time zones to preselect. */
  detectsTimeZone?: boolean;
}

/** A whole document: one card in the middle, nothing from other hosts, no inline script. */
export function layout({ title, body, footer, wide = false, detectsTimeZone = false }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · ${PRODUCT}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${STYLESHEET_PATH}">
${detectsTimeZone && html`<script src="${TIME_ZONE_SCRIPT_PATH}" defer></script>`}
</head>
<body>
<p class="brand">${LOGO}<span>${PRODUCT}</span></p>
<main${wide && html` class="wide"`}>
${body}
</main>
${footer !== undefined && html`<footer>${footer}</footer>`}
</body>
</html>
`.toString();
}

const LOGO = html`<svg viewBox="0 0 28 28" aria-hidden="true"><rect width="28" height="28" rx="8" fill="#1f5fd6"/><circle cx="14" cy="14" r="7.5" fill="none" stroke="#fff" stroke-width="2"/><path d="M14 9.5V14l3.2 2.2" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
