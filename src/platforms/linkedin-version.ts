/** Months for which LinkedIn released no version (its migrations page); the month before stands in. */
const NEVER_RELEASED: readonly string[] = ['202512'];

/**
 * The LinkedIn-Version to ask for: the previous month's. Versions come monthly and live at least a year, so this one is
 * out already and far from its sunset. An operator can set LINKEDIN_VERSION instead.
 * @returns `YYYYMM`, by UTC
 */
export function linkedinVersion(now: Date): string {
  let version = monthBefore(now.getUTCFullYear(), now.getUTCMonth() + 1);
  while (NEVER_RELEASED.includes(version)) version = monthBefore(Number(version.slice(0, 4)), Number(version.slice(4)));
  return version;
}

/** @param month 1 to 12 */
function monthBefore(year: number, month: number): string {
  return month === 1 ? `${year - 1}12` : `${year}${String(month - 1).padStart(2, '0')}`;
}
