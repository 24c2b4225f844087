/** What is written to people about something that waits for them. Pure; plain text, and never anything secret. */
import { excerpt } from './excerpt.ts';
import { PLATFORM_LABEL, type Platform } from './platform-name.ts';
import { momentInWords } from './time-in-words.ts';

export interface NoticeText {
  subject: string;
  text: string;
}

interface About {
  teamName: string;
  accountName: string;
  platform: Platform;
  /** The page on which it can be repaired. */
  address: string;
}

export interface DeadAccount extends About {
  /** A sentence. */
  reason: string | null;
  waiting: Waiting;
}

interface Waiting {
  total: number;
  first: readonly { text: string; dueAt: Date | null }[];
}

export function deadAccountNotice(account: DeadAccount, now: Date, timeZone: string): NoticeText {
  const { accountName, platform, reason, waiting, address } = account;
  const name = `${accountName} (${PLATFORM_LABEL[platform]})`;
  return {
    subject: `${excerpt(name)} has to be connected again`,
    text: paragraphs(
      reason ?? `${PLATFORM_LABEL[platform]} no longer accepts the connection to ${accountName}.`,
      waiting.total === 0
        ? 'Nothing waits for it at the moment.'
        : [
            `${waiting.total === 1 ? 'One post waits' : `${waiting.total.toLocaleString('en')} posts wait`} for it. What is still in time when it is connected goes out by itself.`,
            ...listed(waiting, now, timeZone),
          ].join('\n'),
      `Connect it again: ${address}`,
      footer(account),
    ),
  };
}

export interface HeldPosts extends Pick<About, 'teamName' | 'address'> {
  /** A sentence. */
  reason: string | null;
  waiting: Waiting;
}

/** Several posts that wait for one and the same reason: told once. */
export function heldPostsNotice(held: HeldPosts, now: Date, timeZone: string): NoticeText {
  const { reason, waiting, address } = held;
  const posts = waiting.total === 1 ? 'One post waits' : `${waiting.total.toLocaleString('en')} posts wait`;
  return {
    subject: `${posts} until somebody looks`,
    text: paragraphs(
      reason ?? '',
      [`${posts}:`, ...listed(waiting, now, timeZone)].join('\n'),
      `Nothing of it is sent by itself. Look here: ${address}`,
      footer(held),
    ),
  };
}

/** A hold on everything that the product ordered itself. */
export function everythingHeldNotice({ reason, address }: { reason: string; address: string }): NoticeText {
  return {
    subject: 'Everything is on hold until a superuser releases it',
    text: paragraphs(
      reason,
      `Nothing is published until then. Release it here: ${address}`,
      '-- \nSocial Share Scheduler. It is sent to the superusers.',
    ),
  };
}

export interface StuckPublication extends About {
  status: 'failed' | 'unconfirmed' | 'missed' | 'held' | 'awaiting_approval';
  text: string;
  dueAt: Date | null;
  /** A sentence. */
  errorMessage: string | null;
}

const SUBJECT: Readonly<Record<StuckPublication['status'], string>> = {
  failed: 'Not published',
  unconfirmed: 'Published or not? Please look',
  missed: 'Missed its time',
  held: 'Held, because it is late',
  awaiting_approval: 'Not published, because it needs approval again',
};

const ADVICE: Readonly<Record<StuckPublication['status'], string>> = {
  failed: 'It is not tried again by itself. Repair what is wrong and send it again, or give it up',
  unconfirmed:
    'It is not sent again by itself, so that it cannot appear twice. Look at the account, then say what you found',
  missed: 'Send it now, choose a new time, or cancel it',
  held: 'Send it now, choose a new time, or cancel it',
  awaiting_approval: 'Approve it, or send it back',
};

export function stuckPublicationNotice(publication: StuckPublication, now: Date, timeZone: string): NoticeText {
  const { status, accountName, platform, text, dueAt, errorMessage, address } = publication;
  const due = dueAt === null ? '' : `, due ${momentInWords(dueAt, now, timeZone)}`;
  return {
    subject: `${SUBJECT[status]}: ${excerpt(text, 60)}`,
    text: paragraphs(
      `${accountName} on ${PLATFORM_LABEL[platform]}${due}:\n${excerpt(text, 300)}`,
      errorMessage ?? '',
      `${ADVICE[status]}: ${address}`,
      footer(publication),
    ),
  };
}

export interface LiveTwice extends About {
  text: string;
  /** The links of the post on record and of the other one. */
  known: string;
  second: string;
}

/** A post that a person had not found was there after all, and has been sent again meanwhile. */
export function liveTwiceNotice(twice: LiveTwice): NoticeText {
  const { accountName, platform, text, known, second, address } = twice;
  return {
    subject: `Live twice, please remove one: ${excerpt(text, 60)}`,
    text: paragraphs(
      `${accountName} on ${PLATFORM_LABEL[platform]}:\n${excerpt(text, 300)}`,
      `After it was sent again, the platform’s answer to the first sending arrived: both are there.\n- on record: ${known}\n- the other one: ${second}`,
      `Remove the other one on ${PLATFORM_LABEL[platform]}. The record stays as it is: ${address}`,
      footer(twice),
    ),
  };
}

export interface PerhapsLiveTwice extends Omit<LiveTwice, 'second'> {
  /** Null: of the other one nothing is known, not even whether it is there. */
  second: string | null;
}

/** Two addresses, which may be of one post, or one post and a sending of which nobody knows what became. */
export function perhapsLiveTwiceNotice(twice: PerhapsLiveTwice): NoticeText {
  const { accountName, platform, text, known, second, address } = twice;
  const label = PLATFORM_LABEL[platform];
  return {
    subject: `Look before you remove anything, perhaps live twice: ${excerpt(text, 60)}`,
    text: paragraphs(
      `${accountName} on ${label}:\n${excerpt(text, 300)}`,
      second === null
        ? `It was sent twice. The platform’s answer to one sending arrived late: that post is there. But nobody knows whether the other sending is there, too.\n- on record: ${known}`
        : `A person had said that it is there. Then the platform’s own answer arrived, and names another address: it may be one post with two addresses, or there are two posts.\n- on record: ${known}\n- the platform’s answer: ${second}`,
      `Look at the account on ${label}. Only if you see the post there twice, remove the one that is not on record. The record stays as it is: ${address}`,
      footer(twice),
    ),
  };
}

export interface OverdueApproval extends Pick<About, 'teamName' | 'address'> {
  text: string;
  scheduledAt: Date | null;
  /** Sentences: what happened, and what to do. */
  reason: string;
}

/** A post that nobody approved before its time. */
export function overdueApprovalNotice(post: OverdueApproval, now: Date, timeZone: string): NoticeText {
  const { text, scheduledAt, reason, address } = post;
  const due = scheduledAt === null ? '' : `Due ${momentInWords(scheduledAt, now, timeZone)}:\n`;
  return {
    subject: `Not approved in time: ${excerpt(text, 60)}`,
    text: paragraphs(`${due}${excerpt(text, 300)}`, reason, `Here it is: ${address}`, footer(post)),
  };
}

function listed({ total, first }: Waiting, now: Date, timeZone: string): string[] {
  const more = total - first.length;
  return [
    ...first.map(
      ({ text, dueAt }) => `- ${dueAt === null ? '' : `${momentInWords(dueAt, now, timeZone)}: `}${excerpt(text)}`,
    ),
    ...(more > 0 ? [`- and ${more.toLocaleString('en')} more`] : []),
  ];
}

function footer({ teamName }: Pick<About, 'teamName'>): string {
  return `-- \nSocial Share Scheduler, team ${teamName}. It is sent to those who can do something about it.`;
}

function paragraphs(...parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
