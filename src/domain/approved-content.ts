/** What an approval stands for, as a value that can be hashed, kept and compared. Pure. */
export interface ApprovedContent {
  text: string;
  linkUrl: string | null;
  /** In their order. */
  media: readonly { sha256: string; altText: string | null }[];
  /** ISO 8601, UTC. */
  scheduledAt: string | null;
  /** The zone in which the time was chosen and is shown. */
  timeZone: string | null;
  /** By account id; `text` where it differs for that account. */
  accounts: readonly { accountId: string; text: string | null }[];
  /**
   * What was chosen for the case that it cannot leave in time; null: as the team does. It can move a post to another time.
   * Absent in what was approved before this was part of an approval.
   */
  latePolicy?: string | null;
  /** Minutes; null: as the team does. Absent as above. */
  lateLimitMinutes?: number | null;
}

/** One difference. `accountId` says for which account, where it is about one; null: not there. */
export interface ContentChange {
  field:
    | 'text'
    | 'linkUrl'
    | 'media'
    | 'scheduledAt'
    | 'timeZone'
    | 'account'
    | 'accountText'
    | 'latePolicy'
    | 'lateLimitMinutes';
  accountId: string | null;
  before: string | null;
  after: string | null;
}

/** What an approver has to look at again, in the order in which a post is read. */
export function contentChanges(before: ApprovedContent, after: ApprovedContent): ContentChange[] {
  const changes: ContentChange[] = [];
  const compare = (field: ContentChange['field'], one: string | null, other: string | null, accountId?: string) => {
    if (one !== other) changes.push({ field, accountId: accountId ?? null, before: one, after: other });
  };
  compare('text', before.text, after.text);
  compare('linkUrl', before.linkUrl, after.linkUrl);
  compare('media', describeMedia(before), describeMedia(after));
  compare('scheduledAt', before.scheduledAt, after.scheduledAt);
  compare('timeZone', before.timeZone, after.timeZone);
  const earlier = new Map(before.accounts.map(({ accountId, text }) => [accountId, text]));
  const later = new Map(after.accounts.map(({ accountId, text }) => [accountId, text]));
  for (const accountId of new Set([...earlier.keys(), ...later.keys()])) {
    const [was, is] = [earlier.get(accountId), later.get(accountId)];
    if (was === undefined) compare('account', null, accountId, accountId);
    else if (is === undefined) compare('account', accountId, null, accountId);
    else compare('accountText', was, is, accountId);
  }
  if (before.latePolicy !== undefined) compare('latePolicy', before.latePolicy, after.latePolicy ?? null);
  if (before.lateLimitMinutes !== undefined)
    compare('lateLimitMinutes', minutes(before.lateLimitMinutes), minutes(after.lateLimitMinutes ?? null));
  return changes;
}

function minutes(value: number | null): string | null {
  return value === null ? null : String(value);
}

function describeMedia({ media }: ApprovedContent): string | null {
  if (media.length === 0) return null;
  return media.map(({ sha256, altText }) => `${sha256.slice(0, 12)} ${altText ?? '(no description)'}`).join('\n');
}
