/**
 * What this process has prepared before its instant: token, images, content and approval are seen to while there is time.
 * Nothing is claimed by it. Every process may hold the same publication ready; the one whose claim commits sends it
 * (claim-ready.ts), and a process that dies takes nothing with it. Whatever is not ready when it falls due, or has changed
 * meanwhile, goes the long way: claimed first, prepared then.
 */
import type { AppContext } from '../context.ts';
import { ACCOUNT_DOES_NOT_REST } from './account-rest.ts';
import type { Ready } from './claim-ready.ts';
import { createPlaces, type Places } from './places.ts';
import { FOR_PUBLISHING, prepare } from './prepare.ts';

/** How long before its instant a publication is prepared. A token that is used is good for at least a minute more. */
const PREPARE_AHEAD_MS = 30_000;
const MOST_READY = 1_000;
const AT_ONCE = 4;
/** What could not be prepared is tried again after this long; at its instant the long way finds out, and says why. */
const TRY_AGAIN_MS = 5_000;
/** Our timer and the database's clock are read a moment apart; claiming too early would only be refused. */
const MARGIN_MS = 1;

export interface ReadyBook {
  /** Prepares what falls due soon and is not prepared as it is now. One at a time; a call during another one is added to it. */
  refresh(signal: AbortSignal): Promise<void>;
  /** Takes out what is due by now and has a place, at most `limit`, longest due first. */
  takeDue(limit: number): Ready[];
  /** Those whose instant is so near that they are not to be claimed the long way. */
  imminent(): string[];
  /** Milliseconds until the next one that has a place is due, 0 or less when one is; null when none is ready. */
  untilNextMs(): number | null;
}

interface Entry {
  /** null: cannot be prepared; the long way explains it. */
  ready: Ready | null;
  version: string;
  /** By `performance.now()`. */
  dueAt: number;
  triedAt: number;
}

interface Upcoming {
  id: string;
  version: string;
  ms: number;
}

/** How near an instant is near: a claim the long way takes a few round trips. */
const IMMINENT_MS = 250;

/**
 * @param aheadMs what is due later than this is left for later
 * @param places of this process: what has none stays in the book, unclaimed
 */
export function createReadyBook(
  ctx: AppContext,
  aheadMs = PREPARE_AHEAD_MS,
  places: Places = createPlaces(MOST_READY),
): ReadyBook {
  const entries = new Map<string, Entry>();
  let refreshing: Promise<void> | null = null;
  let again = false;

  async function refreshOnce(signal: AbortSignal): Promise<void> {
    const asked = performance.now();
    const upcoming = await soonDue(ctx, aheadMs);
    const seen = new Set(upcoming.map(({ id }) => id));
    for (const id of entries.keys()) if (!seen.has(id)) entries.delete(id);
    const missing = upcoming.filter(({ id, version, ms }) => {
      const entry = entries.get(id);
      // Never later than the instant, and earlier by what the answer took on its way: of several the latest is the nearest.
      if (entry?.version === version) entry.dueAt = Math.max(entry.dueAt, asked + ms);
      if (entry?.version !== version) entries.delete(id);
      return ms > 0 && (entry?.version !== version || (entry.ready === null && asked - entry.triedAt > TRY_AGAIN_MS));
    });
    await inParallel(missing, AT_ONCE, async ({ id, version, ms }) => {
      if (signal.aborted) return;
      const ready = await prepareOne(ctx, id, signal);
      entries.set(id, { ready, version, dueAt: asked + ms, triedAt: asked });
      if (ready !== null) ctx.onStep('ready', id);
    });
  }

  return {
    async refresh(signal) {
      again = true;
      refreshing ??= (async () => {
        try {
          while (again && !signal.aborted) {
            again = false;
            await refreshOnce(signal);
          }
        } finally {
          refreshing = null;
        }
      })();
      await refreshing;
    },
    takeDue(limit) {
      const now = performance.now();
      const due = [...entries].flatMap(([id, { ready, dueAt }]) =>
        ready !== null && dueAt + MARGIN_MS <= now ? [{ id, ready, dueAt }] : [],
      );
      const taken: Ready[] = [];
      for (const { id, ready } of due.sort((one, other) => one.dueAt - other.dueAt)) {
        if (taken.length >= limit) break;
        if (!places.hasRoomFor(ready, taken)) continue;
        taken.push(ready);
        entries.delete(id);
      }
      return taken;
    },
    imminent() {
      const now = performance.now();
      return [...entries].flatMap(([id, { ready, dueAt }]) =>
        ready !== null && dueAt - now < IMMINENT_MS ? [id] : [],
      );
    },
    untilNextMs() {
      const instants = [...entries.values()].flatMap(({ ready, dueAt }) =>
        ready === null || !places.hasRoomFor(ready) ? [] : [dueAt],
      );
      return instants.length === 0 ? null : Math.min(...instants) + MARGIN_MS - performance.now();
    },
  };
}

/** Publications that fall due soon, by the database's clock, and what would change if somebody changed them. */
async function soonDue(ctx: AppContext, aheadMs: number): Promise<Upcoming[]> {
  return ctx.db.$queryRaw<Upcoming[]>`
    SELECT publications.id::text, concat_ws(' ', publications.updated_at, posts.updated_at) AS version,
      (extract(epoch FROM next_attempt_at - clock_timestamp()) * 1000)::float8 AS ms
    FROM publications JOIN posts ON posts.id = publications.post_id
    WHERE publications.status IN ('scheduled', 'retrying')
      AND next_attempt_at <= clock_timestamp() + ${aheadMs} * interval '1 millisecond' AND ${ACCOUNT_DOES_NOT_REST}
    ORDER BY next_attempt_at, publications.id LIMIT ${MOST_READY}`;
}

/** @returns null when it cannot be prepared now, for whatever reason */
async function prepareOne(ctx: AppContext, publicationId: string, signal: AbortSignal): Promise<Ready | null> {
  try {
    const publication = await ctx.db.publication.findUnique({
      where: { id: publicationId },
      include: FOR_PUBLISHING,
    });
    if (publication === null) return null;
    const instant = publication.nextAttemptAt ?? ctx.clock.now();
    const preparation = await prepare(ctx, publication, instant, signal);
    if (!preparation.ready) return null;
    const { account, post, team } = publication;
    const basis = {
      publicationUpdatedAt: publication.updatedAt,
      postUpdatedAt: post.updatedAt,
      teamUpdatedAt: team.updatedAt,
      accountOwnerId: account.ownerId,
    };
    return { publicationId, platform: account.platform, accountId: account.id, preparation, basis };
  } catch (error) {
    // At its instant it is prepared again, and what is wrong then is written down with the publication.
    ctx.log.warn({ err: error, publicationId }, 'a publication could not be prepared before its time');
    return null;
  }
}

async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
