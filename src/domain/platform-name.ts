/** The platforms we publish to. */
export const PLATFORMS = ['linkedin', 'facebook', 'x'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** What people call them. */
export const PLATFORM_LABEL: Record<Platform, string> = { linkedin: 'LinkedIn', facebook: 'Facebook', x: 'X' };

export function isPlatform(text: string): text is Platform {
  return (PLATFORMS as readonly string[]).includes(text);
}
