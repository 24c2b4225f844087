/**
 * How much of Meta's limits is used, which every answer says in its headers, as JSON: `X-App-Usage` and `X-Page-Usage` in
 * percent, `X-Business-Use-Case-Usage` per Page, in percent and with the minutes until calls are allowed again. Source:
 * Meta's "Rate limits" page. There is no Retry-After.
 */
import { z } from 'zod';
import type { HttpAnswer, HttpResult } from './http-client.ts';
import { readJson } from './read-json.ts';
import { LONGEST_BELIEVED_MS } from './retry-after.ts';

export interface Usage {
  /** The highest of the figures given, 100 is the limit; null where none was given. */
  percent: number | null;
  /** Minutes until calls are allowed again; null where it was not said, or is not believed. */
  regainMinutes: number | null;
}

const figure = z.number().nonnegative().catch(0);
const percentages = z.object({ call_count: figure, total_time: figure, total_cputime: figure });
const useCases = z.record(z.string(), z.array(percentages.extend({ estimated_time_to_regain_access: figure })));

/**
 * Pure.
 * @param pageId whose figures count where there are several; null: everybody's
 */
export function readUsage({ headers }: HttpAnswer, pageId: string | null): Usage {
  const shared = ['x-app-usage', 'x-page-usage'].flatMap((name) => {
    const parsed = percentages.safeParse(readJson(headers[name] ?? ''));
    return parsed.success ? [parsed.data] : [];
  });
  const parsed = useCases.safeParse(readJson(headers['x-business-use-case-usage'] ?? ''));
  const all = parsed.success ? parsed.data : {};
  const own = (pageId === null ? undefined : all[pageId]) ?? Object.values(all).flat();
  const percents = [...shared, ...own].flatMap((each) => [each.call_count, each.total_time, each.total_cputime]);
  const minutes = Math.max(
    0,
    ...own.map((each) => each.estimated_time_to_regain_access).filter((each) => each <= LONGEST_BELIEVED_MS / 60_000),
  );
  return {
    percent: percents.length === 0 ? null : Math.max(...percents),
    regainMinutes: minutes === 0 ? null : minutes,
  };
}

/** From here on a Page is slowed down by us, before Meta stops the whole app. */
const HIGH_PERCENT = 90;
/** The distance then kept between posts of a Page, while Meta does not say how long to wait. */
const PAUSE_MINUTES = 5;

export interface Pause {
  until: Date;
  percent: number;
  /** Of the answer that showed it. */
  httpStatus: number;
}

/** The instant `minutes` from `now`. */
export function minutesLater(now: Date, minutes: number): Date {
  return new Date(now.getTime() + minutes * 60_000);
}

export interface UsageMeter {
  /** Remembers what an answer said about a Page. */
  note(pageId: string, result: HttpResult, now: Date): void;
  /** Why this Page should not publish right now; null: it may. */
  pauseOf(pageId: string, now: Date): Pause | null;
}

/**
 * Remembers which Pages are near their limit, in this process only: it is a courtesy that keeps the app from being
 * blocked, not a rule that anything relies on. Only answers that went well count; a refusal says itself what to wait for.
 */
export function createUsageMeter(): UsageMeter {
  const pauses = new Map<string, Pause>();
  return {
    note(pageId, result, now) {
      if (result.kind !== 'answer' || result.status < 200 || result.status > 299) return;
      const { percent, regainMinutes } = readUsage(result, pageId);
      if (percent === null) return;
      if (percent < HIGH_PERCENT && regainMinutes === null) {
        pauses.delete(pageId);
        return;
      }
      pauses.set(pageId, {
        until: minutesLater(now, regainMinutes ?? PAUSE_MINUTES),
        percent,
        httpStatus: result.status,
      });
    },

    pauseOf(pageId, now) {
      const pause = pauses.get(pageId);
      return pause !== undefined && pause.until > now ? pause : null;
    },
  };
}
