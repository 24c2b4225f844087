import { describe, expect, it } from 'vitest';
import { connectionEndSentence, isEndWorthTelling } from './connection-end.ts';
import { dayInWords, momentInWords } from './time-in-words.ts';

const now = new Date('2026-09-20T12:00:00Z');
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);

describe('the end of a connection', () => {
  it('is told from fourteen days before, or as soon as something is scheduled after it', () => {
    expect(isEndWorthTelling(inDays(14), 0, now)).toBe(true);
    expect(isEndWorthTelling(inDays(14.01), 0, now)).toBe(false);
    expect(isEndWorthTelling(inDays(50), 1, now)).toBe(true);
    expect(isEndWorthTelling(inDays(-1), 0, now)).toBe(true);
  });

  it('is told with the day, by the clock of the person, and what comes after it', () => {
    const sentence = (postsAfter: number, timeZone = 'UTC') =>
      connectionEndSentence('Ada', { endsAt: new Date('2026-10-03T22:30:00Z'), postsAfter }, now, timeZone);
    expect(sentence(7)).toBe('The connection to Ada ends on 3 October; 7 posts come after it.');
    expect(sentence(1)).toBe('The connection to Ada ends on 3 October; one post comes after it.');
    expect(sentence(0)).toBe('The connection to Ada ends on 3 October.');
    expect(sentence(0, 'Europe/Warsaw')).toBe('The connection to Ada ends on 4 October.');
  });

  it('that is over is told as over', () => {
    expect(connectionEndSentence('Ada', { endsAt: inDays(-2), postsAfter: 0 }, now, 'UTC')).toBe(
      'The connection to Ada ended on 18 September.',
    );
  });
});

it('a day of another year has its year, and a moment its clock and zone', () => {
  expect(dayInWords(new Date('2027-01-05T00:00:00Z'), now, 'UTC')).toBe('5 January 2027');
  expect(momentInWords(new Date('2026-10-03T07:05:00Z'), now, 'Europe/Warsaw')).toBe('3 October, 09:05 CEST');
});
