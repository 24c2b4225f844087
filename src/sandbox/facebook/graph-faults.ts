/** The faults that only Graph has, each named by its code, and what Graph refuses a create with because of a switch. */

import { contentRefused, GraphError, mayNotPost, permissionMissing, serverError } from './graph-error.ts';
import { TASK_LOST } from './graph-session.ts';
import { TOKEN_FAULTS } from './token-death.ts';
import { appLimit, pageCallsLimit } from './usage.ts';

interface Refusal {
  /** What the page says of the switch. */
  readonly meaning: string;
  readonly error: () => GraphError;
}

const ABUSIVE = 'The action attempted has been deemed abusive or is otherwise disallowed';

/** Before anything is published. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  '4': { meaning: 'The app’s calls are used up, nothing published', error: appLimit },
  '17': {
    meaning: 'The person’s calls are used up, nothing published',
    error: () => limited(17, 'User request limit reached', { subcode: 2446079, transient: true }),
  },
  '341': {
    meaning: 'The app is limited for a while, nothing published',
    error: () => limited(341, 'Feed action request limit reached'),
  },
  '613': {
    meaning: 'Too many calls of this kind, nothing published',
    error: () => limited(613, 'Calls to this api have exceeded the rate limit.', { subcode: 1996 }),
  },
  '80001': { meaning: 'The Page’s calls are used up for a minute, nothing published', error: pageCallsLimit },
  '1390008': {
    meaning: 'Posting too fast, nothing published',
    error: () => blocked(1390008, 'You are posting too fast', 'You are posting too fast, please slow down'),
  },
  '368': {
    meaning: 'Blocked as abusive, nothing published',
    error: () => new GraphError(368, ABUSIVE, { transient: false }),
  },
  '1346003': {
    meaning: 'Content taken for abusive, nothing published',
    error: () => blocked(1346003, 'Content blocked', 'Content flagged as abusive by Facebook'),
  },
  '1404006': {
    meaning: 'Security check, nothing published',
    error: () => blocked(1404006, 'Security check', 'Security check required by Facebook'),
  },
  '1404078': {
    meaning: 'The Page needs a publishing authorization, nothing published',
    error: () => contentRefused(1404078, 'Authorization needed', 'Page publishing authorization required'),
  },
  '3': {
    meaning: 'The app lacks the capability, nothing published',
    error: () => permissionMissing(3, 'Application does not have the capability to make this API call.'),
  },
  '10': {
    meaning: 'The app lost the permission (10), nothing published',
    error: () => permissionMissing(10, 'Application does not have permission for this action'),
  },
  '200': { meaning: 'The app lost the permission (200), nothing published', error: mayNotPost },
};

/** Although it was published. */
const FAILURES: Readonly<Record<string, Refusal>> = {
  '1 after': { meaning: 'Published, yet answers an unknown error (1)', error: () => serverError(1) },
  '1363047 after': {
    meaning: 'Published, yet answers that the service is unavailable',
    error: () => contentRefused(1363047, 'Service unavailable', 'Facebook service temporarily unavailable'),
  },
};

/** The name of each, and what the page says of it. */
export const OWN_FAULTS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ ...TOKEN_FAULTS, ...TASK_LOST, ...REFUSALS, ...FAILURES }).map(([name, { meaning }]) => [
    name,
    meaning,
  ]),
);

/** What a switch makes Graph refuse a create with, before anything is published; null for other switches. */
export function refusalOf(fault: string): GraphError | null {
  // What 429 is elsewhere: Graph has a code for it, and another status.
  if (fault === '429') return limited(32, 'Page request limit reached');
  return REFUSALS[fault]?.error() ?? null;
}

/** What a switch makes Graph answer although the post is there; null for other switches. */
export function failureOf(fault: string): GraphError | null {
  return fault === '500 after' ? serverError(2) : (FAILURES[fault]?.error() ?? null);
}

function limited(code: number, message: string, details: { subcode?: number; transient?: boolean } = {}): GraphError {
  return new GraphError(code, `(#${code}) ${message}`, { status: 403, ...details });
}

function blocked(subcode: number, title: string, userMessage: string): GraphError {
  return new GraphError(368, ABUSIVE, { subcode, title, userMessage, transient: false });
}
