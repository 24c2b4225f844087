/** When people are told that a connection which only they can renew comes to its end, and in which words. Pure. */
import { dayInWords } from './time-in-words.ts';

/** From this long before its end. Earlier when something is scheduled after it. */
export const FOREWARNING_DAYS = 14;

const DAY_MS = 86_400_000;

/** @param postsAfter how many scheduled posts come after the end */
export function isEndWorthTelling(endsAt: Date, postsAfter: number, now: Date): boolean {
  return postsAfter > 0 || endsAt.getTime() - now.getTime() <= FOREWARNING_DAYS * DAY_MS;
}

/** Such as `The connection to Ada ends on 3 October; 7 posts come after it.` */
export function connectionEndSentence(
  name: string,
  end: { endsAt: Date; postsAfter: number },
  now: Date,
  timeZone: string,
): string {
  const { endsAt, postsAfter } = end;
  const verb = endsAt.getTime() <= now.getTime() ? 'ended' : 'ends';
  const after =
    postsAfter === 0
      ? ''
      : `; ${postsAfter === 1 ? 'one post comes' : `${postsAfter.toLocaleString('en')} posts come`} after it`;
  return `The connection to ${name} ${verb} on ${dayInWords(endsAt, now, timeZone)}${after}.`;
}
