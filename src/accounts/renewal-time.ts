/**
 * Pure: when a token is renewed without being asked for, somewhere between half and three quarters of its life. Early, so
 * that the old one still works if the new one is lost; not at the same point, so that accounts connected together do not
 * all come at once.
 * @returns null when it has no known end
 */
export function renewalTime(expiresAt: Date | null, now: Date): Date | null {
  if (expiresAt === null) return null;
  const share = 0.5 + Math.random() / 4;
  return new Date(now.getTime() + Math.max(0, expiresAt.getTime() - now.getTime()) * share);
}
