import { expect, test } from 'vitest';
import { retryAfter } from './retry-after.ts';

const now = new Date('2026-11-21T12:00:00Z');

test.each([
  ['120', '2026-11-21T12:02:00.000Z'],
  [' 0 ', '2026-11-21T12:00:00.000Z'],
  ['Sat, 21 Nov 2026 12:30:00 GMT', '2026-11-21T12:30:00.000Z'],
  ['Saturday, 21-Nov-26 12:30:00 GMT', '2026-11-21T12:30:00.000Z'],
  ['86400', '2026-11-22T12:00:00.000Z'],
])('%j means %s', (header, instant) => {
  expect(retryAfter(header, now)?.toISOString()).toBe(instant);
});

test.each([
  [undefined],
  [''],
  ['soon'],
  ['-5'],
  ['1.5'],
  ['March'],
  ['Sat, 21 Nov 2026 11:59:59 GMT'],
  ['0x10'],
  ['99999999999'],
  // More than the longest quota there is: not believed.
  ['9999999999'],
  ['100000'],
  ['Sat, 21 Nov 2099 12:30:00 GMT'],
])('%j says nothing', (header) => {
  expect(retryAfter(header, now)).toBeNull();
});
