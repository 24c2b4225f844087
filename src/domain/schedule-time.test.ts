import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScheduleTime, scheduleTimeProblem } from './schedule-time.ts';

const instant = (text: string, zone: string) => {
  const parsed = parseScheduleTime(text, zone);
  return parsed.ok ? parsed.time.instant.toISOString() : parsed.message;
};

describe('a schedule time', () => {
  it('is an instant when it has an offset, whatever the zone', () => {
    expect(instant('2026-06-01T09:00:00Z', 'Europe/Warsaw')).toBe('2026-06-01T09:00:00.000Z');
    expect(instant('2026-06-01T09:00:00.250+02:00', 'America/New_York')).toBe('2026-06-01T07:00:00.250Z');
    expect(instant('2026-06-01T09:00+0200', 'UTC')).toBe('2026-06-01T07:00:00.000Z');
  });

  it('is read on the clock of its zone when it has none', () => {
    expect(instant('2026-01-15T09:00', 'Europe/Warsaw')).toBe('2026-01-15T08:00:00.000Z');
    expect(instant('2026-07-15T09:00', 'Europe/Warsaw')).toBe('2026-07-15T07:00:00.000Z');
  });

  const gaps: [string, string, string][] = [
    ['2026-03-08T02:30', 'America/New_York', '03:30'],
    ['2026-03-29T02:30', 'Europe/Warsaw', '03:30'],
    ['2026-10-04T02:15', 'Australia/Lord_Howe', '02:45'],
  ];
  for (const [wall, zone, next] of gaps) {
    it(`is refused in the hour that clocks in ${zone} skip, and the next valid time is named`, () => {
      const parsed = parseScheduleTime(wall, zone);
      expect(parsed).toMatchObject({ ok: false, field: 'scheduledAt' });
      expect(parsed.ok ? '' : parsed.message).toContain(next);
    });
  }

  it('is refused when its offset shows that it was meant as a wall clock inside the gap', () => {
    expect(parseScheduleTime('2026-03-08T02:30:00-05:00', 'America/New_York').ok).toBe(false);
    expect(parseScheduleTime('2026-03-08T02:30:00-04:00', 'America/New_York').ok).toBe(false);
    expect(instant('2026-03-08T02:30:00Z', 'America/New_York')).toBe('2026-03-08T02:30:00.000Z');
  });

  const overlaps: [string, string, string][] = [
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['2026-10-25T02:30', 'Europe/Warsaw', '2026-10-25T00:30:00.000Z'],
    ['2026-04-05T01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00.000Z'],
  ];
  for (const [wall, zone, earlier] of overlaps) {
    it(`means the earlier of two instants when clocks in ${zone} are put back, and says so`, () => {
      expect(parseScheduleTime(wall, zone)).toMatchObject({
        ok: true,
        time: { ambiguous: true, instant: new Date(earlier) },
      });
    });
  }

  it('keeps the wall clock and the zone that the person chose', () => {
    expect(parseScheduleTime('2026-01-15T09:00', 'Europe/Warsaw')).toMatchObject({
      time: { wallClock: '2026-01-15T09:00', timeZone: 'Europe/Warsaw' },
    });
    expect(parseScheduleTime('2026-01-15T08:00:00Z', 'Europe/Warsaw')).toMatchObject({
      time: { wallClock: '2026-01-15T09:00' },
    });
  });

  it('comes back to the same instant from its own wall clock, unless that happens twice', () => {
    const zones = ['America/New_York', 'Europe/Warsaw', 'Australia/Lord_Howe', 'Pacific/Apia', 'UTC'];
    fc.assert(
      fc.property(
        fc.integer({ min: 1_767_225_600, max: 1_830_297_600 }),
        fc.constantFrom(...zones),
        (minuteish, zone) => {
          const at = new Date(Math.floor(minuteish / 60) * 60_000);
          const there = parseScheduleTime(at.toISOString(), zone);
          const back = parseScheduleTime(there.ok ? there.time.wallClock : '', zone);
          expect(back.ok).toBe(true);
          if (back.ok && !back.time.ambiguous) expect(back.time.instant).toEqual(at);
        },
      ),
    );
  });

  for (const nonsense of [
    '',
    'tomorrow',
    '2026-02-30T09:00',
    '2026-13-01T09:00',
    '2026-01-01',
    '2026-01-01T25:00',
    '01/02/2026 09:00',
  ]) {
    it(`is refused with a sentence when it is "${nonsense}"`, () => {
      expect(parseScheduleTime(nonsense, 'UTC')).toMatchObject({ ok: false, field: 'scheduledAt' });
    });
  }

  for (const zone of ['Mars/Olympus', '', '+02:00', 'Europe/', 'Europe/Warsaw; drop table']) {
    it(`is refused at the zone when the zone is "${zone}"`, () => {
      expect(parseScheduleTime('2026-01-01T09:00', zone)).toMatchObject({ ok: false, field: 'timeZone' });
    });
  }
});

describe('the choice of a time', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  it('must lie in the future, and not in a mistyped year', () => {
    expect(scheduleTimeProblem(now, now)).toContain('has passed');
    expect(scheduleTimeProblem(new Date('2026-03-01T12:00:01Z'), now)).toBeNull();
    expect(scheduleTimeProblem(new Date('2062-03-01T12:00:00Z'), now)).toContain('Check the year');
  });
});
