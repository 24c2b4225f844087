import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LONGEST_BELIEVED_MS, retryAfter } from './retry-after.ts';

const now = new Date('2026-11-21T12:00:00Z');

test.each([
  ['120', '2026-11-21T12:02:00.000Z'],
  [' 0 ', '2026-11-21T12:00:00.000Z'],
  ['Sat, 21 Nov 2026 12:30:00 GMT', '2026-11-21T12:30:00.000Z'],
  ['Saturday, 21-Nov-26 12:30:00 GMT', '2026-11-21T12:30:00.000Z'],
  ['86400', '2026-11-22T12:00:00.000Z'],
])('%j means %s', (header, instant) => {
  expect(retryAfter({ 'retry-after': header }, now)?.toISOString()).toBe(instant);
});

test.each([
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
  expect(retryAfter({ 'retry-after': header }, now)).toBeNull();
});

test('no header says nothing', () => {
  expect(retryAfter({ date: now.toUTCString() }, now)).toBeNull();
});

describe('a clock that is not the platform’s', () => {
  const theirs = fc
    .integer({ min: Date.parse('2020-01-01T00:00:00Z') / 1000, max: Date.parse('2040-01-01T00:00:00Z') / 1000 })
    .map((seconds) => new Date(seconds * 1000));
  const ours = fc.date({
    min: new Date('2020-01-01T00:00:00Z'),
    max: new Date('2040-01-01T00:00:00Z'),
    noInvalidDate: true,
  });
  const wait = fc.integer({ min: 0, max: LONGEST_BELIEVED_MS / 1000 });
  const plus = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1000);

  test('five minutes behind waits no longer, and five minutes ahead no less', () => {
    const date = now.toUTCString();
    const headers = { date, 'retry-after': plus(now, 90).toUTCString() };
    for (const wrong of [-300, 300]) expect(retryAfter(headers, plus(now, wrong))).toEqual(plus(now, wrong + 90));
  });

  test('waits what lies between the two headers, whatever it shows itself', () => {
    fc.assert(
      fc.property(theirs, ours, wait, (date, own, seconds) => {
        const headers = { date: date.toUTCString(), 'retry-after': plus(date, seconds).toUTCString() };
        expect(retryAfter(headers, own)).toEqual(plus(own, seconds));
      }),
    );
  });

  test('waits a number of seconds, whatever the Date header says', () => {
    fc.assert(
      fc.property(theirs, ours, wait, (date, own, seconds) => {
        const headers = { date: date.toUTCString(), 'retry-after': String(seconds) };
        expect(retryAfter(headers, own)).toEqual(plus(own, seconds));
      }),
    );
  });

  test('is all there is when the Date header is missing or is none', () => {
    fc.assert(
      fc.property(
        theirs,
        wait,
        fc.constantFrom('', 'today', '1795262400', 'Sat, 99 Nov 2026 12:00:00 GMT'),
        (own, seconds, date) => {
          const header = { 'retry-after': plus(own, seconds).toUTCString() };
          expect(retryAfter(header, own)).toEqual(plus(own, seconds));
          expect(retryAfter({ ...header, date }, own)).toEqual(plus(own, seconds));
        },
      ),
    );
  });

  test('never waits for the past or for longer than is believed, whatever the headers are', () => {
    const words = fc.oneof(
      fc.string(),
      theirs.map((date) => date.toUTCString()),
      fc.integer().map(String),
    );
    fc.assert(
      fc.property(words, words, ours, (header, date, own) => {
        const until = retryAfter({ date, 'retry-after': header }, own);
        if (until === null) return;
        expect(until.getTime()).toBeGreaterThanOrEqual(own.getTime());
        expect(until.getTime()).toBeLessThanOrEqual(own.getTime() + LONGEST_BELIEVED_MS);
      }),
    );
  });
});
