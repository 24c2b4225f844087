/**
 * Which version of the Graph API answers. A version that has ended is served by the oldest one still usable; one that was
 * never released is an unknown path (seen on the real API for v99.0).
 */

/** The day on which each version ends, in UTC (Meta's changelog, late 2026); null while that is not announced. */
const ENDS: readonly (readonly [version: string, end: string | null])[] = [
  ['v20.0', '2026-09-24'],
  ['v21.0', '2027-01-21'],
  ['v22.0', '2027-05-20'],
  ['v23.0', '2027-10-08'],
  ['v24.0', '2028-02-18'],
  ['v25.0', '2028-07-29'],
  ['v26.0', null],
];

/** The last minor version of the majors that had any. */
const LAST_MINOR: Readonly<Record<number, number>> = { 2: 12, 3: 3 };

/**
 * @param asked as in the path, e.g. `v26.0`; null for a call without a version
 * @returns the version that serves the call; null when there is no such version
 */
export function servingVersion(asked: string | null, now: Date): string | null {
  const usable = ENDS.filter(([, end]) => end === null || now < new Date(end)).map(([version]) => version);
  const oldest = usable[0] ?? null;
  if (asked === null) return oldest;
  if (usable.includes(asked)) return asked;
  return wasReleased(asked) ? oldest : null;
}

function wasReleased(version: string): boolean {
  if (ENDS.some(([known]) => known === version)) return true;
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  return major >= 1 && major < 20 && minor <= (LAST_MINOR[major] ?? 0);
}
