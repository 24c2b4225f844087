/** What is in the composer: read from a record, and put into the form in which the server takes it. */
import { type Delivery, deliveryOf, deliveryValues } from './delivery-field.tsx';
import { dateOf } from './moments.tsx';
import type { PanelRecord } from './panel-client.ts';
import { type ShownImage, shownImages } from './post-images.tsx';
import { type Schedule, wallClockAt } from './schedule-field.tsx';

export interface Draft {
  text: string;
  linkUrl: string;
  accounts: string[];
  /** By account; an entry that is there is a choice, even while it is empty. */
  texts: Readonly<Record<string, string>>;
  images: readonly ShownImage[];
  schedule: Schedule;
  delivery: Delivery;
  team: string;
}

/** @param zone the person's own, for a post without one */
export function draftOf(record: PanelRecord | null, zone: string): Draft {
  const params = record?.params ?? {};
  const timeZone = String(params.timeZone ?? zone);
  const instant = dateOf(params.scheduledAt);
  const wallClock = instant === null ? '' : String(params.wallClock ?? wallClockAt(instant, timeZone));
  return {
    text: String(params.text ?? ''),
    linkUrl: String(params.linkUrl ?? ''),
    accounts: under(params, 'accounts').map(([, id]) => id),
    texts: Object.fromEntries(under(params, 'texts')),
    images: shownImages(params),
    schedule: { wallClock, timeZone },
    delivery: deliveryOf(params),
    team: String(params.team ?? ''),
  };
}

export function valuesOf(draft: Draft): Record<string, unknown> {
  return {
    text: draft.text,
    linkUrl: draft.linkUrl,
    accounts: draft.accounts,
    texts: Object.fromEntries(Object.entries(draft.texts).filter(([id]) => draft.accounts.includes(id))),
    media: draft.images.map(({ id, altText }) => ({ id, altText })),
    scheduledAt: draft.schedule.wallClock,
    timeZone: draft.schedule.timeZone,
    // Kept with the accounts: without one there is nothing to keep them with.
    ...(draft.accounts.length === 0 ? {} : deliveryValues(draft.delivery)),
  };
}

/** What the server cannot know: that a text of its own was wanted for an account. By field. */
export function missingFor(
  { accounts, texts, schedule }: Draft,
  then: 'stay-draft' | 'schedule',
): Record<string, string> {
  const missing: Record<string, string> = {};
  for (const id of accounts)
    if (texts[id]?.trim() === '')
      missing[`texts.${id}`] = 'Write the text for this account, or untick the box to use the text of the post.';
  if (then === 'stay-draft') return missing;
  if (accounts.length === 0) missing.accounts = 'Choose at least one account to publish to.';
  if (schedule.wallClock === '') missing.scheduledAt = 'Choose a date and time.';
  return missing;
}

/** AdminJS writes lists and objects as flat keys: `accounts.0`, `texts.ID`. */
function under(params: Readonly<Record<string, unknown>>, name: string): [string, string][] {
  return Object.entries(params).flatMap(([key, value]): [string, string][] =>
    key.startsWith(`${name}.`) && value !== null ? [[key.slice(name.length + 1), String(value)]] : [],
  );
}
