import type { Clock } from '../clock.ts';
import type { PlatformSettings } from '../config.ts';
import { PLATFORMS, type Platform } from '../domain/platform-name.ts';
import { createFacebook } from './facebook.ts';
import type { HttpClient } from './http-client.ts';
import { createLinkedIn } from './linkedin.ts';
import type { PlatformAdapter } from './platform.ts';
import { createX } from './x.ts';

/** The platforms this process can publish to. A platform that is missing here is shown as not available. */
export type PlatformRegistry = Readonly<Partial<Record<Platform, PlatformAdapter>>>;

type CreateAdapter = (
  settings: PlatformSettings,
  options: { sandboxed: boolean; clock: Clock; http?: HttpClient },
) => PlatformAdapter;

/** Adding a platform: its line here. */
const ADAPTERS: Partial<Record<Platform, CreateAdapter>> = {
  linkedin: createLinkedIn,
  facebook: createFacebook,
  x: createX,
};

/** The platforms that this version can publish to at all. */
export const AVAILABLE_PLATFORMS: readonly Platform[] = PLATFORMS.filter(
  (platform) => ADAPTERS[platform] !== undefined,
);

/**
 * Builds the adapters of the platforms that have an app of ours.
 * @param options.http with the deadline of a create request, which has to end before a claim does
 * @param settings for a sandboxed platform, the sandbox's addresses and credentials
 */
export function createPlatforms(
  settings: Readonly<Record<Platform, PlatformSettings>>,
  options: { sandboxed: readonly Platform[]; clock: Clock; http?: HttpClient },
): PlatformRegistry {
  const available = PLATFORMS.flatMap((platform) => {
    const adapter =
      settings[platform].clientId === null
        ? undefined
        : ADAPTERS[platform]?.(settings[platform], {
            sandboxed: options.sandboxed.includes(platform),
            clock: options.clock,
            ...(options.http && { http: options.http }),
          });
    return adapter === undefined ? [] : [[platform, adapter] as const];
  });
  return Object.fromEntries(available);
}
