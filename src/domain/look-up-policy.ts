/** When an unknown outcome is looked for, and when not finding it proves something. */

/** Seconds after sending; platforms may show a new post late. The last distance repeats. */
const LOOK_UP_SECONDS = [5, 15, 60, 150, 330, 600, 1_800, 3_600] as const;
/** After a day a look-up finds nothing that earlier ones did not: it stays with a person. */
const LOOK_UP_FOR_SECONDS = 24 * 60 * 60;

const READS_THAT_PROVE_ABSENCE = 3;
const SECONDS_THAT_PROVE_ABSENCE = 5 * 60;

/**
 * @param lookUpsSoFar how many were made
 * @returns null when looking is over
 */
export function nextLookUpAt(sentAt: Date, lookUpsSoFar: number, now: Date): Date | null {
  const last = LOOK_UP_SECONDS.length - 1;
  const distance = lookUpsSoFar <= last ? (LOOK_UP_SECONDS[lookUpsSoFar] ?? 0) : 3_600 * (lookUpsSoFar - last + 1);
  if (distance > LOOK_UP_FOR_SECONDS) return null;
  const planned = sentAt.getTime() + distance * 1000;
  return new Date(Math.max(planned, now.getTime() + 1_000));
}

/** LinkedIn lets no app list the posts of a member, only those of an organization. */
export function canBeLookedUp({ platform, kind }: { platform: string; kind: string }): boolean {
  return platform !== 'linkedin' || kind === 'organization';
}

/** A platform's answer is under way for seconds at most, and its clock is right; more than this is a clock that is wrong. */
const CLOCKS_AGREE_SECONDS = 30;

/**
 * Whether what a platform says was posted when can be compared with what we did when.
 * @param theirs null when the platform did not say what time it is
 */
export function clocksAgree(theirs: Date | null, ours: Date): boolean {
  return theirs !== null && Math.abs(theirs.getTime() - ours.getTime()) <= CLOCKS_AGREE_SECONDS * 1000;
}

/** At least three good reads over at least five minutes, none of which showed the post. */
export function absenceIsProven(absentReads: number, firstAbsentAt: Date, now: Date): boolean {
  return (
    absentReads >= READS_THAT_PROVE_ABSENCE &&
    now.getTime() - firstAbsentAt.getTime() >= SECONDS_THAT_PROVE_ABSENCE * 1000
  );
}
