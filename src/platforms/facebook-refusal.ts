/**
 * What it means when the Graph API does not say yes: the one place that knows its codes and subcodes. Code and subcode
 * decide, not the HTTP status, which is 400 for nearly everything. Sources: Meta's "Handle errors" and Page feed pages;
 * for subcodes of seven digits, which Meta does not document, what public clients map.
 *
 * The asymmetry that decides every doubtful row: a refusal that we take for an unknown costs a person a look, an accepted
 * post that we take for a refusal is published twice. Codes 1 and 2 ask to "retry later", and posts were live each time
 * (arsduo/koala #699); hence they are unknown, whatever else they come with.
 */
import type { Outcome } from '../domain/outcome.ts';
import { errorCodeOf, type FacebookError, readFacebookError, said } from './facebook-error.ts';
import { minutesLater, readUsage } from './facebook-usage.ts';
import type { HttpAnswer } from './http-client.ts';
import { retryAfter } from './retry-after.ts';

export type Refusal = Exclude<Outcome, { kind: 'accepted' | 'unavailable' }>;

interface Meaning {
  kind: Refusal['kind'];
  /** What to do about it, where Facebook's own words do not say. */
  advice?: string;
  /** Minutes, where the answer does not tell when a limit ends; without it the product's blind wait applies. */
  waitMinutes?: number;
}

/** @param pageId whose usage figures count */
export interface RefusalContext {
  pageId: string;
  /** What was refused, in a sentence: "the post", "an image of the post". */
  subject: string;
  /**
   * True for the call that creates the post: then only the Graph API's own error is a certain "no". A gateway in between may
   * refuse the answer to what Facebook has taken. A 401 and a 429 need none; no other status is documented to come without.
   */
  creates: boolean;
}

/**
 * Pure: one outcome for every answer that is no success.
 * @param now the instant the answer was read; decides retry times
 */
export function readRefusal(answer: HttpAnswer, now: Date, { pageId, subject, creates }: RefusalContext): Refusal {
  const { status: httpStatus } = answer;
  const error = readFacebookError(answer);
  const errorCode = errorCodeOf(error, httpStatus);
  const { kind, advice, waitMinutes } = meaningOf(error, httpStatus, creates);
  const sentence = (start: string) => [`${start}: ${said(error, httpStatus)}.`, advice].filter(Boolean).join(' ');
  switch (kind) {
    case 'unknown':
      return {
        kind,
        httpStatus,
        errorCode,
        errorMessage: sentence(`Facebook did not say whether it took ${subject}`),
      };
    case 'rate-limited':
      return {
        kind,
        httpStatus,
        errorCode,
        errorMessage: sentence('Facebook asks us to slow down, so the post is sent later'),
        retryAt: limitEnds(answer, pageId, waitMinutes ?? null, now),
      };
    case 'reauthorization-required':
      return { kind, httpStatus, errorCode, errorMessage: sentence('Facebook does not let us publish on this Page') };
    case 'duplicate':
      return {
        kind,
        httpStatus,
        errorCode,
        errorMessage: sentence('Facebook refused the post because the Page has it already'),
        externalId: null,
        permalink: null,
      };
    case 'rejected':
      return { kind, httpStatus, errorCode, errorMessage: sentence(`Facebook refused ${subject}`) };
    default:
      return unreachable(kind);
  }
}

/** The usage headers' estimate, or Retry-After should Meta ever send one; else a guess; else null: nobody knows. */
function limitEnds(answer: HttpAnswer, pageId: string, guessMinutes: number | null, now: Date): Date | null {
  const told = retryAfter(answer.headers, now);
  if (told !== null) return told;
  const minutes = readUsage(answer, pageId).regainMinutes ?? guessMinutes;
  return minutes === null ? null : minutesLater(now, minutes);
}

const ALREADY_POSTED = /already posted|posting the same content|duplicate (status|post)/i;

function meaningOf(error: FacebookError, status: number, creates: boolean): Meaning {
  const { code, subcode } = error;
  if (code === 1 || code === 2) return { kind: 'unknown', advice: LOOK_FIRST };
  // A subcode of seven digits tells more than the general code it comes with; some clients saw these numbers as codes.
  const precise = SUBCODES.get(subcode ?? 0) ?? SUBCODES.get(code ?? 0);
  if (precise !== undefined) return precise;
  if (code === 368 && ALREADY_POSTED.test(error.text)) return DUPLICATE;
  if (code === 190 || code === 102) return { kind: 'reauthorization-required', advice: tokenAdvice(subcode) };
  if (code === 100 && subcode === 33) return PAGE_GONE;
  // Not a fault of the post: the secret this server has is another app's.
  if (code === 100 && /appsecret_proof/.test(error.text)) return WRONG_SECRET;
  const general = code === null ? undefined : (CODES.get(code) ?? rangeOf(code));
  return general ?? unlisted(error, status, creates);
}

const LOOK_FIRST = 'It may be live: look at the Page before it is sent again.';
const DUPLICATE: Meaning = {
  kind: 'duplicate',
  advice: 'Look at the Page; to publish the same once more, change the text.',
};
const PERMISSION: Meaning = {
  kind: 'reauthorization-required',
  advice:
    'The permission pages_manage_posts is missing, or the Page’s task “Content” (CREATE_CONTENT), which somebody with full control of the Page can give. Then connect the account again and leave every permission ticked.',
};
const PAGE_GONE: Meaning = {
  kind: 'reauthorization-required',
  advice: 'The Page is gone, or we may not see it any more. If it is still there, connect the account again.',
};
const WRONG_SECRET: Meaning = {
  kind: 'rejected',
  advice: 'The operator has to check FACEBOOK_APP_ID and FACEBOOK_APP_SECRET; then use “Send again”.',
};
const LATER: Meaning = { kind: 'rate-limited' };
const FIX: Meaning = { kind: 'rejected', advice: 'Change the post, then use “Send again”.' };
const FIX_LINK: Meaning = { kind: 'rejected', advice: 'Check the link, then use “Send again”.' };
const FIX_IMAGE: Meaning = {
  kind: 'rejected',
  advice: 'Use a JPEG or PNG of less than 4 MB that does not move, then use “Send again”.',
};
const AGAINST_RULES: Meaning = {
  kind: 'rejected',
  advice: 'Facebook takes it for abuse or against its Community Standards. Change the post before it is tried again.',
};
const SECURITY_CHECK: Meaning = {
  kind: 'reauthorization-required',
  advice:
    'Facebook wants the person who connected this Page to confirm the identity at facebook.com. After that, connect the account again.',
};

const CODES = new Map<number, Meaning>([
  [
    3,
    {
      kind: 'rejected',
      advice:
        'The app may not do this. The operator has to check the permissions of the app at developers.facebook.com.',
    },
  ],
  [4, LATER],
  [10, PERMISSION],
  [17, LATER],
  [32, LATER],
  [100, FIX],
  [120, FIX_IMAGE],
  [197, { kind: 'rejected', advice: 'Write a text, then use “Send again”.' }],
  [324, FIX_IMAGE],
  [341, LATER],
  [
    368,
    {
      kind: 'rejected',
      advice:
        'Facebook has blocked this for a while as abusive or against its rules. Look at the Page’s support inbox and wait before it is tried again.',
    },
  ],
  [506, DUPLICATE],
  [613, LATER],
  [1500, FIX_LINK],
  [5101, FIX_IMAGE],
]);

const SUBCODES = new Map<number, Meaning>([
  [1346003, AGAINST_RULES],
  [1363047, { kind: 'unknown', advice: LOOK_FIRST }],
  [1366046, FIX_IMAGE],
  // A photo belongs to one post only; ours belong to this one. So they say that it is there.
  [1366051, DUPLICATE],
  // "You are posting too fast": a soft limit without figures, so an hour is a guess.
  [1390008, { kind: 'rate-limited', waitMinutes: 60 }],
  [1404006, SECURITY_CHECK],
  [
    1404078,
    {
      kind: 'rejected',
      advice:
        'The Page needs Page Publishing Authorization: somebody who manages it has to complete that at facebook.com; then use “Send again”.',
    },
  ],
  [1404102, AGAINST_RULES],
  [
    1404112,
    {
      kind: 'rejected',
      advice:
        'Facebook has limited this account for a while. Look at facebook.com what it asks for; then use “Send again”.',
    },
  ],
  [
    1609005,
    {
      kind: 'rejected',
      advice: 'Facebook cannot read the page behind the link. Check the link, then use “Send again”.',
    },
  ],
  [
    1609008,
    {
      kind: 'rejected',
      advice: 'Facebook takes no links to facebook.com here. Remove the link, then use “Send again”.',
    },
  ],
  [1609010, { kind: 'unknown', advice: LOOK_FIRST }],
  [2061006, FIX_LINK],
  [2069019, FIX_IMAGE],
  [4854002, SECURITY_CHECK],
]);

/** Whole families. 80001 is the Pages' one of the business-use-case limits. */
function rangeOf(code: number): Meaning | undefined {
  if (code >= 200 && code <= 299) return PERMISSION;
  if (code >= 80_000 && code <= 80_014) return LATER;
  return undefined;
}

/** Why a token is dead, by the subcode of 190 (and 102). */
function tokenAdvice(subcode: number | null): string {
  switch (subcode) {
    case 458:
      return 'The person who connected this Page has removed the app at Facebook. Connect the account again.';
    case 459:
      return 'Facebook wants the person who connected this Page to log in at facebook.com and pass its security check. After that, connect the account again.';
    case 460:
      return 'The person who connected this Page has changed the password at Facebook. Connect the account again.';
    case 463:
      return 'The permission has expired. Connect the account again.';
    case 464:
      return 'The person who connected this Page has to confirm the profile at facebook.com. After that, connect the account again.';
    case 467:
      return 'The permission is no longer valid. Connect the account again.';
    case 492:
      return 'The person who connected this Page has no role on it any more. Somebody with full control of the Page can give it back, or connect the account instead.';
    default:
      return 'The permission has ended. Connect the account again.';
  }
}

/** A code that is in no table, or none at all: then the HTTP status has to do. */
function unlisted({ code, isTransient, isOwn }: FacebookError, status: number, creates: boolean): Meaning {
  if (status === 429) return LATER;
  // 400 may come with any code, so one whose code cannot be read may be a 1 or a 2.
  const undecided =
    status < 400 || status >= 500 || status === 408 || status === 409 || (status === 400 && code === null);
  const foreign = creates && !isOwn && status !== 401;
  if (isTransient || undecided || foreign) return { kind: 'unknown', advice: LOOK_FIRST };
  if (status === 401) return { kind: 'reauthorization-required', advice: tokenAdvice(null) };
  return { kind: 'rejected' };
}

function unreachable(value: never): never {
  throw new Error(`not a kind of refusal: ${JSON.stringify(value)}`);
}
