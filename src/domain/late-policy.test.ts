import { describe, expect, it } from 'vitest';
import { goesOnAt, lateDecision, lateFrom } from './late-policy.ts';

const due = new Date('2026-03-01T12:00:00Z');
const minutesLater = (minutes: number) => new Date(due.getTime() + minutes * 60_000);

describe('a publication that could not leave in time', () => {
  it('is sent while it is within the limit, whatever the policy', () => {
    for (const latePolicy of ['send', 'hold', 'drop'] as const)
      expect(lateDecision(due, minutesLater(120), { latePolicy, lateLimitMinutes: 120 })).toBe('send');
  });

  it('is not late within the minute in which it is due, even with a limit of 0', () => {
    const lateBy = (seconds: number) =>
      lateDecision(due, minutesLater(seconds / 60), { latePolicy: 'drop', lateLimitMinutes: 0 });
    expect([lateBy(0.05), lateBy(59), lateBy(60)]).toEqual(['send', 'send', 'drop']);
  });

  it('is treated as the policy says beyond the limit', () => {
    for (const latePolicy of ['send', 'hold', 'drop'] as const)
      expect(lateDecision(due, minutesLater(121), { latePolicy, lateLimitMinutes: 120 })).toBe(latePolicy);
  });
});

describe('a publication', () => {
  const [noon, later] = [new Date('2026-11-26T12:00:00Z'), new Date('2026-11-26T12:10:00Z')];

  const [nextNoon, nextWeek] = [new Date('2026-11-27T12:00:00Z'), new Date('2026-12-03T12:00:00Z')];

  it.each([
    ['that was never put off is late from the time it was promised for', noon, null, noon],
    ['that was put off is late from then', noon, later, later],
    ['is never late from before the time it was promised for', later, noon, later],
    ['that was put off by more than a day is late from a day after its time', noon, nextWeek, nextNoon],
    ['without a time that was put off is late from then', null, later, later],
    ['without any time is never late', null, null, null],
  ])('%s', (_, dueAt, putOffUntil, from) => {
    expect(lateFrom({ dueAt, putOffUntil, latePolicy: null, lateLimitMinutes: null })).toEqual(from);
  });

  it('with a rule of its own is late from the time it was promised for, whoever put it off', () => {
    const times = { dueAt: noon, putOffUntil: later };
    expect(lateFrom({ ...times, latePolicy: 'drop', lateLimitMinutes: null })).toEqual(noon);
    expect(lateFrom({ ...times, latePolicy: null, lateLimitMinutes: 0 })).toEqual(noon);
    expect(goesOnAt(times)).toEqual(later);
  });
});
