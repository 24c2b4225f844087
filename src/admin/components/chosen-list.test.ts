import { createElement } from 'react';
import { expect, it } from 'vitest';
import { rendered, textOf } from '../../testing/rendered.ts';
import { ChosenList } from './chosen-list.tsx';
import type { PanelRecord } from './panel-client.ts';

const nothing = { title: '', errors: {}, recordActions: [] };
const account: PanelRecord = {
  ...nothing,
  id: 'a',
  params: { platform: 'x', displayName: 'Roasters', address: 'https://x.com/roasters' },
  populated: {},
};
const post: PanelRecord = { ...nothing, id: 'p', params: { text: 'Written for all' }, populated: {} };
const publication = (params: Record<string, unknown>, populated: PanelRecord['populated']): PanelRecord => ({
  ...nothing,
  id: 'one',
  params,
  populated,
});

it('what is answered for many is shown: the words, the account, when it was sent, and where to look', () => {
  const sentAt = '2026-03-03T08:00:00.000Z';
  const chosen = [
    publication({ text: null, sentAt }, { account, post }),
    publication({ text: 'Written for one', sentAt: null }, { account, post }),
  ];
  const list = createElement(ChosenList, { chosen });
  expect(textOf(list)).toMatch(
    /^Written for all X Roasters · sent Tue 3 Mar.*, 08:00 UTC \(.+\) · Open the account Written for one X Roasters · not sent yet/,
  );
  expect(rendered(list)).toContain('href="https://x.com/roasters"');
});

it('what of it may not be seen is left out', () => {
  expect(textOf(createElement(ChosenList, { chosen: [publication({ text: 'Mine', sentAt: null }, {})] }))).toBe(
    'Mine not sent yet',
  );
});
