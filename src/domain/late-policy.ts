/** What a team wants done with a publication that could not leave in time. */
export interface LateSettings {
  latePolicy: 'send' | 'hold' | 'drop';
  /** Up to this many minutes late it is simply sent. */
  lateLimitMinutes: number;
}

/**
 * Within the limit (in full minutes: what leaves within the minute it is due is not late) a late publication is sent. Beyond it the policy decides: `send` it all the same, `hold` it for a
 * person, or `drop` it, which marks it as missed and tells a person.
 */
export function lateDecision(dueAt: Date, now: Date, settings: LateSettings): 'send' | 'hold' | 'drop' {
  const lateMinutes = Math.floor((now.getTime() - dueAt.getTime()) / 60_000);
  return lateMinutes <= settings.lateLimitMinutes ? 'send' : settings.latePolicy;
}

/** The times of a publication that say when it should leave. */
export interface Promised {
  dueAt: Date | null;
  /** When the platform put its next try off to, or when it would have left had it not waited for its place behind others. */
  putOffUntil: Date | null;
}

/** When a publication that goes on after a stop leaves: at the time it was promised for, or was put off to since. */
export function goesOnAt({ dueAt, putOffUntil }: Promised): Date | null {
  return putOffUntil !== null && (dueAt === null || putOffUntil > dueAt) ? putOffUntil : dueAt;
}

/** A platform that puts a post off again and again, or a line without end, is something that people have to be told. */
export const LONGEST_PUT_OFF_HOURS = 24;

/**
 * The instant by which a publication is late or not. Where the post has a rule of its own, somebody ordered how late it may
 * leave, and whoever put it off does not change that. By the team's rule it is late from when it was put off to, by a day
 * at most.
 */
export function lateFrom(
  publication: Promised & { latePolicy: LateSettings['latePolicy'] | null; lateLimitMinutes: number | null },
): Date | null {
  const { dueAt, latePolicy, lateLimitMinutes } = publication;
  const later = goesOnAt(publication);
  if (dueAt === null || later === null) return later;
  if (latePolicy !== null || lateLimitMinutes !== null) return dueAt;
  return new Date(Math.min(later.getTime(), dueAt.getTime() + LONGEST_PUT_OFF_HOURS * 3_600_000));
}
