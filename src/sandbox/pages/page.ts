/** The frame around every page of the sandbox, with its security headers. Pages work without scripts and load nothing from elsewhere. */
import type { Response } from 'express';
import { type Html, html } from './html.ts';

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Reload and live updates: the feed only. */
  readonly refreshes?: boolean;
  /** Where a form's answer may redirect to, besides the sandbox itself: browsers apply `form-action` to redirects too. */
  readonly formTargets?: readonly string[];
}

export function sendPage(response: Response, status: number, page: Page): void {
  response.status(status).set({
    'content-security-policy': [
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
      `form-action ${["'self'", ...(page.formTargets ?? [])].join(' ')}`,
    ].join('; '),
    'cache-control': 'no-store',
    // Not no-referrer: with that, browsers send `Origin: null` with forms, and the same-origin check would refuse them.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  });
  response.type('html').send(render(page).markup);
}

function render({ title, body, refreshes }: Page): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/sandbox/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/sandbox/assets/sandbox.css">
${refreshes ? html`<script src="/sandbox/assets/feed.js" defer></script><noscript><meta http-equiv="refresh" content="5"></noscript>` : null}
</head>
<body>
<p class="sandbox-strip"><strong>SANDBOX</strong> Nothing here reaches a real network. Everybody on these pages is made up.</p>
${body}
</body>
</html>`;
}
