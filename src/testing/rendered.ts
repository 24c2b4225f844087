/** A component of the panel as a signed-in person would see it, without a browser: for what it says, not for how it behaves. */
import { createElement, type ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { Provider } from 'react-redux';
import { StaticRouter } from 'react-router-dom/server.js';

const person = { name: 'Ann', email: 'ann@example.com', timeZone: 'UTC', isSuperuser: false, memberships: [] };
const store = { getState: () => ({ session: person }), subscribe: () => () => undefined, dispatch: () => undefined };

/** @returns its HTML */
export function rendered(element: ReactNode): string {
  return renderToStaticMarkup(
    createElement(Provider, {
      store: store as never,
      children: createElement(StaticRouter, { location: '/admin' }, element),
    }),
  );
}

/** @returns what it says, without the HTML */
export function textOf(element: ReactNode): string {
  return rendered(element)
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
