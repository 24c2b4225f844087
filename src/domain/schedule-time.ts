/**
 * When a post is to leave: from what a person typed to an instant, with the zone and wall-clock text kept beside it.
 *
 * Two forms are understood: an ISO 8601 instant (`2026-03-08T09:00:00-05:00`, `…Z`), and a wall-clock time without an
 * offset (`2026-03-08T09:00`), which needs the zone. A wall-clock time that does not exist (clocks jump over it) is
 * refused; one that exists twice means the earlier instant. An instant whose text shows a non-existent wall-clock time of
 * the given zone is refused as well: it was computed from a time nobody can read off a clock.
 */
import { Temporal } from 'temporal-polyfill';

export interface ScheduleTime {
  instant: Date;
  timeZone: string;
  /** `YYYY-MM-DDTHH:mm` as a clock on the wall in that zone shows it. */
  wallClock: string;
  /** True when that wall-clock time happens twice and the earlier one was taken. */
  ambiguous: boolean;
}

export type ParsedScheduleTime =
  | { ok: true; time: ScheduleTime }
  | { ok: false; field: 'scheduledAt' | 'timeZone'; message: string };

/** How far ahead a post may be scheduled. A year that was mistyped is caught here. */
const FARTHEST_DAYS = 730;

/**
 * @param text what was typed or sent as `scheduledAt`
 * @param timeZone an IANA name, such as `Europe/Warsaw`
 */
export function parseScheduleTime(text: string, timeZone: string): ParsedScheduleTime {
  if (!isTimeZone(timeZone)) {
    return {
      ok: false,
      field: 'timeZone',
      message: `"${timeZone}" is not a time zone. Choose one such as Europe/Warsaw or America/New_York.`,
    };
  }
  const typed = text.trim();
  const wall = wallClockOf(typed);
  if (wall === null) {
    return {
      ok: false,
      field: 'scheduledAt',
      message: 'This is not a date and time. Use the form 2026-03-08T09:00, or add an offset such as +01:00 or Z.',
    };
  }
  const earlier = wall.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const later = wall.toZonedDateTime(timeZone, { disambiguation: 'later' });
  // In a gap both readings show another wall clock than the one typed.
  const inGap = !earlier.toPlainDateTime().equals(wall);
  const ambiguous = !inGap && !earlier.equals(later);

  const offset = offsetOf(typed);
  if (offset === null || (offset !== 'Z' && sameOffset(offset, earlier, later))) {
    if (inGap) return { ok: false, field: 'scheduledAt', message: gapMessage(wall, timeZone, later) };
  }
  if (offset === null) return { ok: true, time: describe(earlier, timeZone, ambiguous) };

  const instant = Temporal.Instant.from(typed).toZonedDateTimeISO(timeZone);
  return { ok: true, time: describe(instant, timeZone, ambiguous && offset !== 'Z') };
}

/**
 * Whether a post may be scheduled for this instant.
 * @returns a sentence for the person, or null when it is fine
 */
export function scheduleTimeProblem(instant: Date, now: Date): string | null {
  if (instant.getTime() <= now.getTime()) return 'This time has passed. Choose a time in the future, or publish now.';
  if (instant.getTime() > now.getTime() + FARTHEST_DAYS * 86_400_000)
    return 'This is more than two years ahead. Check the year.';
  return null;
}

export function isTimeZone(name: string): boolean {
  // Offsets such as +02:00 are accepted by Intl but carry no daylight-saving rules; only names will do.
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function wallClockOf(typed: string): Temporal.PlainDateTime | null {
  if (!/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:[0-5]\d(\.\d{1,9})?)?(Z|[+-](0\d|1[0-4]):?[0-5]\d)?$/i.test(typed))
    return null;
  try {
    return Temporal.PlainDateTime.from(typed.replace(/(Z|[+-]\d{2}:?\d{2})$/i, ''), { overflow: 'reject' });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function offsetOf(typed: string): string | null {
  const match = /(Z|[+-]\d{2}:?\d{2})$/i.exec(typed.slice(10));
  return match?.[1]?.toUpperCase() ?? null;
}

/** Whether a written offset is one that the zone uses around that time: then the text was meant as its wall clock. */
function sameOffset(offset: string, earlier: Temporal.ZonedDateTime, later: Temporal.ZonedDateTime): boolean {
  const written = offset.includes(':') ? offset : `${offset.slice(0, 3)}:${offset.slice(3)}`;
  return written === earlier.offset || written === later.offset;
}

function gapMessage(wall: Temporal.PlainDateTime, timeZone: string, after: Temporal.ZonedDateTime): string {
  const minute = (time: Temporal.PlainDateTime) => time.toPlainTime().toString({ smallestUnit: 'minute' });
  return `${minute(wall)} does not exist on ${wall.toPlainDate().toString()} in ${timeZone}: the clocks are put forward. Choose ${minute(after.toPlainDateTime())} or another time.`;
}

function describe(zoned: Temporal.ZonedDateTime, timeZone: string, ambiguous: boolean): ScheduleTime {
  return {
    instant: new Date(zoned.epochMilliseconds),
    timeZone,
    wallClock: zoned.toPlainDateTime().toString({ smallestUnit: 'minute' }),
    ambiguous,
  };
}
