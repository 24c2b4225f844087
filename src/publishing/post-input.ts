/** What a person typed for a post, read and checked as a whole: all field problems are reported together. */
import type { ConnectedAccount } from '@prisma/client';
import { validate as isUuid } from 'uuid';
import type { Tx } from '../database/client.ts';
import { mayPublishTo } from '../domain/access.ts';
import { refuseFields } from '../domain/refusal.ts';
import { parseScheduleTime, type ScheduleTime, scheduleTimeProblem } from '../domain/schedule-time.ts';
import { type AccountTexts, readAccountTexts, type TextsInput } from './account-texts.ts';
import {
  checkDelivery,
  DEFAULT_DELIVERY,
  type DeliveryInput,
  type DeliverySettings,
  sameDelivery,
} from './delivery-settings.ts';
import { contentFields, type WrittenPost } from './post-content.ts';
import { findImages, type ImageInput, type PostImage } from './post-images.ts';

/** Text as typed. An absent key means: leave it as it is. */
export interface PostInput extends DeliveryInput {
  text?: string;
  linkUrl?: string | null;
  /** Connected-account ids. */
  accounts?: readonly string[];
  /** Other texts for some of the accounts: all there are to be. */
  texts?: TextsInput;
  /** All there are to be, in order. */
  media?: readonly ImageInput[];
  /** ISO 8601 with an offset or Z, or a wall-clock time in `timeZone`. Null or empty: not scheduled. */
  scheduledAt?: string | null;
  /** IANA name. */
  timeZone?: string | null;
  /** Team id; may be left out by someone with one membership. */
  team?: string | null;
}

/** The post as it stands before the change; a new one has empty values. */
export interface PostBefore {
  authorId: string;
  teamId: string;
  text: string;
  linkUrl: string | null;
  accountIds: readonly string[];
  texts: AccountTexts;
  media: readonly PostImage[];
  scheduledAt: Date | null;
  timeZone: string | null;
  wallClock: string | null;
  delivery: DeliverySettings;
}

export interface CheckedPost {
  content: WrittenPost;
  accounts: ConnectedAccount[];
  texts: AccountTexts;
  /** Null: no time chosen. `unchanged` is true when the time is the one the post already had. */
  schedule: (ScheduleTime & { unchanged: boolean }) | null;
  delivery: DeliverySettings;
}

/**
 * @param defaultTimeZone the person's own zone, for an input without one
 * @throws Refusal with a message per field
 */
export async function checkPostInput(
  tx: Tx,
  input: PostInput,
  before: PostBefore,
  defaultTimeZone: string,
  now: Date,
): Promise<CheckedPost> {
  const fields: Record<string, string> = {};
  const content: WrittenPost = {
    // Browsers send CRLF in forms; a platform would count and show both characters.
    text: (input.text ?? before.text).replace(/\r\n?/g, '\n'),
    linkUrl: input.linkUrl === undefined ? before.linkUrl : emptyToNull(input.linkUrl),
    media:
      input.media === undefined
        ? before.media
        : await findImages(tx, input.media, before.media, before.teamId, now, fields),
  };
  const accountIds = [...new Set(input.accounts ?? before.accountIds)];
  const accounts = await findAccounts(tx, accountIds, before, fields);
  const texts = readAccountTexts(input.texts, before.texts, accountIds, fields);
  const targets = accounts.map(({ id, platform }) => ({ accountId: id, text: texts[id] ?? null, platform }));
  for (const [field, message] of Object.entries(contentFields(content, targets))) fields[field] ??= message;
  const schedule = readSchedule(input, before, defaultTimeZone, now, fields);
  const delivery = checkDelivery(input, before.delivery, fields);
  refuseHomelessDelivery(input, delivery, accountIds, fields);
  const refusal = refuseFields(fields);
  if (refusal !== null) throw refusal;
  return { content, accounts, texts, schedule, delivery };
}

/** The settings are kept with each account's publication. Without an account they would be lost, so they are not taken. */
function refuseHomelessDelivery(
  input: PostInput,
  delivery: DeliverySettings,
  accountIds: readonly string[],
  fields: Record<string, string>,
): void {
  if (accountIds.length > 0 || sameDelivery(delivery, DEFAULT_DELIVERY)) return;
  const asked = (['latePolicy', 'lateLimitMinutes', 'retryBaseSeconds', 'maxAttempts'] as const).find(
    (name) => input[name] !== undefined && input[name] !== null && input[name] !== '',
  );
  if (asked !== undefined)
    fields[asked] ??= 'Choose an account first: how a post is delivered is kept with its accounts.';
}

async function findAccounts(
  tx: Tx,
  ids: readonly string[],
  before: PostBefore,
  fields: Record<string, string>,
): Promise<ConnectedAccount[]> {
  const found = await tx.connectedAccount.findMany({
    where: { id: { in: ids.filter((id) => isUuid(id)) }, teamId: before.teamId },
  });
  const usable = found.filter((account) => mayPublishTo(account, before));
  if (usable.length < ids.length) {
    // The same sentence for unknown and foreign accounts, so that ids cannot be probed.
    fields.accounts =
      'One of these accounts does not exist or is not yours to publish to. Choose from the list, or connect the account first.';
  }
  const gone = usable.find((account) => account.status === 'disconnected' && !before.accountIds.includes(account.id));
  if (gone !== undefined)
    fields.accounts = `${gone.displayName} is disconnected. Connect it again under Accounts, or choose another account.`;
  return usable;
}

function readSchedule(
  input: PostInput,
  before: PostBefore,
  defaultTimeZone: string,
  now: Date,
  fields: Record<string, string>,
): CheckedPost['schedule'] {
  const current =
    before.scheduledAt === null
      ? null
      : {
          instant: before.scheduledAt,
          timeZone: before.timeZone ?? defaultTimeZone,
          wallClock: before.wallClock ?? '',
          ambiguous: false,
        };
  const timeZone = emptyToNull(input.timeZone) ?? before.timeZone ?? defaultTimeZone;
  if (input.scheduledAt === undefined) {
    if (current === null || timeZone === current.timeZone)
      return current === null ? null : { ...current, unchanged: true };
    // Another zone without another time: the instant stays, it is only told differently.
    return withInput(current.instant.toISOString(), timeZone, current, now, fields);
  }
  const typed = emptyToNull(input.scheduledAt);
  return typed === null ? null : withInput(typed, timeZone, current, now, fields);
}

function withInput(
  typed: string,
  timeZone: string,
  current: ScheduleTime | null,
  now: Date,
  fields: Record<string, string>,
): CheckedPost['schedule'] {
  const parsed = parseScheduleTime(typed, timeZone);
  if (!parsed.ok) {
    fields[parsed.field] = parsed.message;
    return null;
  }
  // A form knows minutes only: sending the shown time back must not move a post by its seconds.
  const sameMinute = current !== null && typed === current.wallClock && timeZone === current.timeZone;
  if (sameMinute || current?.instant.getTime() === parsed.time.instant.getTime()) {
    return { ...parsed.time, instant: current.instant, unchanged: true };
  }
  const problem = scheduleTimeProblem(parsed.time.instant, now);
  if (problem !== null) fields.scheduledAt = problem;
  return { ...parsed.time, unchanged: false };
}

function emptyToNull(text: string | null | undefined): string | null {
  return text === undefined || text === null || text.trim() === '' ? null : text.trim();
}
