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

/** A platform that puts a post off again and again, or a line without end, is something that people have to be told. */
export const LONGEST_PUT_OFF_HOURS = 24;

/**
 * The instant by which a publication is late or not. Usually the one it was promised for; later when the platform put its
 * next try off, or when we let it wait for its place behind others, but by a day at most.
 */
export function lateFrom({ dueAt, putOffUntil }: { dueAt: Date | null; putOffUntil: Date | null }): Date | null {
  if (dueAt === null || putOffUntil === null) return putOffUntil ?? dueAt;
  const latest = dueAt.getTime() + LONGEST_PUT_OFF_HOURS * 3_600_000;
  return new Date(Math.min(Math.max(putOffUntil.getTime(), dueAt.getTime()), latest));
}
