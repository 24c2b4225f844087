/**
 * How the places of one process (publications in flight) are shared out, so that a platform that answers slowly, or one
 * account of it, makes no other late. Some places are kept for every platform, whoever else is busy; the rest goes to
 * whoever needs it. Of its platform's places an account takes no more than it leaves: one that does not answer has half.
 */
import { PLATFORMS, type Platform } from '../domain/platform-name.ts';

/** Part of all places that is kept for each of the other platforms. With 50: a platform that alone is busy has 34. */
const KEPT_FOR_EACH_OTHER = 0.16;

/** Whose place it is. */
export interface Occupant {
  platform: Platform;
  accountId: string;
}

/** What may still be claimed, in numbers that a statement can use. Of an account that is not named: half of its platform's. */
export interface Room {
  platforms: readonly { platform: Platform; room: number }[];
  accounts: readonly { accountId: string; room: number }[];
}

export interface Places {
  take(occupant: Occupant): void;
  leave(occupant: Occupant): void;
  /** Whether one more may be claimed; with those in mind that are about to. */
  hasRoomFor(occupant: Occupant, besides?: readonly Occupant[]): boolean;
  /** @param besides not in flight yet, but about to be */
  room(besides?: readonly Occupant[]): Room;
}

/** @param total places of this process */
export function createPlaces(total: number): Places {
  const kept = Math.floor(total * KEPT_FOR_EACH_OTHER);
  const occupants: Occupant[] = [];

  function ofPlatform(platform: Platform, all: readonly Occupant[]): number {
    const keptForOthers = PLATFORMS.filter((other) => other !== platform).reduce(
      (sum, other) => sum + Math.max(0, kept - all.filter((one) => one.platform === other).length),
      0,
    );
    return Math.max(0, total - all.length - keptForOthers);
  }

  function ofAccount({ platform, accountId }: Occupant, all: readonly Occupant[]): number {
    const own = all.filter((one) => one.accountId === accountId).length;
    // As many more as leave no less than it has then.
    return Math.max(0, Math.ceil((ofPlatform(platform, all) - own) / 2));
  }

  return {
    take(occupant) {
      occupants.push(occupant);
    },
    leave({ accountId }) {
      const index = occupants.findIndex((one) => one.accountId === accountId);
      if (index >= 0) occupants.splice(index, 1);
    },
    hasRoomFor: (occupant, besides = []) => ofAccount(occupant, [...occupants, ...besides]) > 0,
    room(besides = []) {
      const all = [...occupants, ...besides];
      const busy = new Map(all.map((one) => [one.accountId, one]));
      return {
        platforms: PLATFORMS.map((platform) => ({ platform, room: ofPlatform(platform, all) })),
        accounts: [...busy.values()].map((one) => ({ accountId: one.accountId, room: ofAccount(one, all) })),
      };
    },
  };
}

/** For whoever claims without a dispatcher: everything there is. */
export const UNLIMITED: Room = {
  platforms: PLATFORMS.map((platform) => ({ platform, room: Number.MAX_SAFE_INTEGER })),
  accounts: [],
};
