/**
 * What would keep a publication from leaving at its time, as things are now: each a sentence that says what to do while
 * there is time to do it. Pure; the facts are gathered by publishing/preflight-facts.ts.
 */
import { PLATFORM_LABEL, type Platform } from './platform-name.ts';
import { limitInWords, type PostingLimit } from './posting-limits.ts';
import { dayInWords, momentInWords } from './time-in-words.ts';

export const PREFLIGHT_KINDS = [
  'account',
  'permission-end',
  'token',
  'right',
  'scopes',
  'hold',
  'approval',
  'content',
  'images',
  'quota',
  'api-version',
  'platform',
] as const;
export type PreflightKind = (typeof PREFLIGHT_KINDS)[number];

export interface Finding {
  kind: PreflightKind;
  message: string;
}

export interface PreflightFacts {
  platform: Platform;
  accountName: string;
  dueAt: Date;
  /** For what is said about times. */
  timeZone: string;
  /** Whether this server has an app of the platform. */
  isConfigured: boolean;
  account: 'active' | 'reconnect_required' | 'disconnected' | 'somebody-elses';
  /** When only a person can renew the connection; null when no such end is known. */
  endsAt: Date | null;
  /** A sentence when the token cannot be used or renewed at the moment. */
  tokenProblem: string | null;
  /** A sentence when the platform says that this connection may not publish there any more. */
  rightProblem: string | null;
  missingScopes: readonly string[];
  /** The reason of the hold that covers the account; null when none does. */
  hold: string | null;
  /** `outdated`: something was approved, but not what would be sent. */
  approval: 'none-needed' | 'given' | 'missing' | 'outdated';
  /** Sentences about text, link and images. */
  contentProblems: readonly string[];
  /** Images of the post whose stored bytes are not what they were. */
  damagedImages: number;
  /** The limit that is exceeded with this post, and as the how many-th post it would go out. */
  overLimit: { limit: PostingLimit; place: number } | null;
  /** The API version an operator has set, as `YYYYMM`; null when it is computed. */
  apiVersion: string | null;
}

export function preflightFindings(facts: PreflightFacts, now: Date): Finding[] {
  return [
    ...accountFindings(facts, now),
    ...say(
      'hold',
      facts.hold !== null &&
        `${facts.accountName} is on hold: ${facts.hold.trim().replace(/[.!]$/, '')}. Release the hold, or wait.`,
    ),
    ...approvalFindings(facts, now),
    ...say('content', facts.contentProblems.length > 0 && facts.contentProblems.join(' ')),
    ...say('images', facts.damagedImages > 0 && damaged(facts.damagedImages)),
    ...say('quota', facts.overLimit !== null && overLimit(facts, facts.overLimit)),
    ...versionFindings(facts),
  ];
}

function say(kind: PreflightKind, message: string | false): Finding[] {
  return message === false ? [] : [{ kind, message }];
}

/** Who has to connect the account again need not be told what else is wrong with the connection. */
function accountFindings(facts: PreflightFacts, now: Date): Finding[] {
  const { accountName: name, account, endsAt, dueAt, timeZone, missingScopes, tokenProblem, rightProblem } = facts;
  const label = PLATFORM_LABEL[facts.platform];
  if (!facts.isConfigured)
    return [
      {
        kind: 'platform',
        message: `${label} is not set up on this server any more. The operator has to configure it and start again.`,
      },
    ];
  if (account === 'somebody-elses')
    return [
      {
        kind: 'account',
        message: `${name} is now somebody else’s personal account. Choose another account, or ask for it to be shared with the team.`,
      },
    ];
  if (account !== 'active')
    return [{ kind: 'account', message: `${name} is not connected. Open Accounts and connect it again.` }];
  if (endsAt !== null && endsAt <= dueAt) {
    const when = endsAt <= now ? 'ended' : 'ends';
    return [
      {
        kind: 'permission-end',
        message: `The connection to ${name} ${when} on ${dayInWords(endsAt, now, timeZone)}, before this is due. Open Accounts and connect it again.`,
      },
    ];
  }
  return [
    ...say('token', tokenProblem ?? false),
    ...say('right', rightProblem ?? false),
    ...say(
      'scopes',
      missingScopes.length > 0 &&
        `${name} was connected without ${missingScopes.join(', ')}, which publishing needs. Connect it again and leave every permission ticked.`,
    ),
  ];
}

function approvalFindings({ approval, dueAt, timeZone }: PreflightFacts, now: Date): Finding[] {
  const by = momentInWords(dueAt, now, timeZone);
  return [
    ...say(
      'approval',
      approval === 'missing' && `Nobody has approved it yet. It goes out if that is done before ${by}.`,
    ),
    ...say(
      'approval',
      approval === 'outdated' &&
        `What was approved is not what would be sent. It has to be approved again before ${by}.`,
    ),
  ];
}

function damaged(count: number): string {
  return `${count === 1 ? 'An image' : `${count} images`} of it cannot be read from the database. Edit the post, remove the image and add it again.`;
}

function overLimit(
  { platform, accountName }: PreflightFacts,
  { limit, place }: { limit: PostingLimit; place: number },
) {
  return `${PLATFORM_LABEL[platform]} takes ${limitInWords(limit)}, and this is number ${place.toLocaleString('en')} for ${accountName}. Move it, or others, to another time.`;
}

/** LinkedIn keeps a version for about a year (its migrations page); a month before, it is time. */
const OLDEST_VERSION_MONTHS = 11;

function versionFindings({ platform, apiVersion, dueAt }: PreflightFacts): Finding[] {
  if (platform !== 'linkedin' || apiVersion === null) return [];
  const [year, month] = [Number(apiVersion.slice(0, 4)), Number(apiVersion.slice(4))];
  const age = (dueAt.getUTCFullYear() - year) * 12 + dueAt.getUTCMonth() + 1 - month;
  return say(
    'api-version',
    age >= OLDEST_VERSION_MONTHS &&
      `This server is set to LinkedIn’s API version ${apiVersion}, and LinkedIn drops a version after about a year. The operator has to raise LINKEDIN_VERSION, or remove it.`,
  );
}
