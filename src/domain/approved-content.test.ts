import { expect, it } from 'vitest';
import { type ApprovedContent, contentChanges } from './approved-content.ts';

const approved: ApprovedContent = {
  text: 'Hello',
  linkUrl: null,
  media: [],
  scheduledAt: '2030-01-01T09:00:00.000Z',
  timeZone: 'UTC',
  accounts: [
    { accountId: 'a', text: null },
    { accountId: 'b', text: 'Hello, b' },
  ],
};
const changed = (over: Partial<ApprovedContent>) =>
  contentChanges(approved, { ...approved, ...over }).map(({ field, before, after }) => [field, before, after]);

it('says nothing about a post that is what was approved', () => {
  expect(contentChanges(approved, structuredClone(approved))).toEqual([]);
});

it('names every part of a post that may change', () => {
  expect(changed({ text: 'Good bye' })).toEqual([['text', 'Hello', 'Good bye']]);
  expect(changed({ linkUrl: 'https://example.com' })).toEqual([['linkUrl', null, 'https://example.com']]);
  expect(changed({ scheduledAt: '2030-01-02T09:00:00.000Z' })).toEqual([
    ['scheduledAt', '2030-01-01T09:00:00.000Z', '2030-01-02T09:00:00.000Z'],
  ]);
  expect(changed({ timeZone: 'Europe/Warsaw' })).toEqual([['timeZone', 'UTC', 'Europe/Warsaw']]);
  expect(changed({ media: [{ sha256: 'f'.repeat(64), altText: 'A cat' }] })).toEqual([
    ['media', null, 'ffffffffffff A cat'],
  ]);
});

it('names how late it may be, unless that was not kept yet', () => {
  const late = { latePolicy: 'send', lateLimitMinutes: 10_080 };
  expect(contentChanges({ ...approved, latePolicy: null, lateLimitMinutes: 0 }, { ...approved, ...late })).toEqual([
    { field: 'latePolicy', accountId: null, before: null, after: 'send' },
    { field: 'lateLimitMinutes', accountId: null, before: '0', after: '10080' },
  ]);
  expect(changed(late)).toEqual([]);
});

it('names accounts that were added and taken away, and a text that changed for one of them', () => {
  const accounts = [
    { accountId: 'b', text: 'Hello, you' },
    { accountId: 'c', text: null },
  ];
  expect(changed({ accounts })).toEqual([
    ['account', 'a', null],
    ['accountText', 'Hello, b', 'Hello, you'],
    ['account', null, 'c'],
  ]);
});
