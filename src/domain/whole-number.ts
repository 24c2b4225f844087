/**
 * A whole number as people write one: digits, with blanks around them at most. What JavaScript would also take for a number
 * (nothing, `1e3`, `0x10`) was meant as something else. Pure.
 * @param least inclusive; 0 or more
 * @param most inclusive
 * @returns null when it is not one, or out of range
 */
export function wholeNumber(typed: string, least: number, most: number): number | null {
  const text = typed.trim();
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}
