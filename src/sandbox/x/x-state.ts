/** Everything the sandbox's X remembers, rebuilt by applying journalled events in order. Never changed otherwise. */
import { z } from 'zod';
import type { JournalRecord } from '../journal.ts';
import { APPLICATION, type RateLimits } from './rate-limits.ts';
import { SAMPLE_USERS, type User } from './sample-users.ts';

const instant = z.iso.datetime().transform((text) => new Date(text));

/** What a medium is uploaded for. */
export const CATEGORY_NAMES = [
  'tweet_image',
  'tweet_gif',
  'tweet_video',
  'dm_image',
  'dm_gif',
  'dm_video',
  'subtitles',
] as const;
export type CategoryName = (typeof CATEGORY_NAMES)[number];

const eventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('user.created'),
    id: z.string(),
    name: z.string(),
    username: z.string(),
    email: z.string(),
    verifiedType: z.enum(['none', 'blue', 'business', 'government']),
    subscriptionType: z.enum(['None', 'Basic', 'Premium', 'PremiumPlus']),
  }),
  z.object({
    kind: z.literal('code.issued'),
    codeHash: z.string(),
    clientId: z.string(),
    redirectUri: z.string(),
    userId: z.string(),
    scopes: z.array(z.string()),
    /** The S256 challenge. */
    challenge: z.string(),
    expiresAt: instant,
  }),
  z.object({
    kind: z.literal('token.issued'),
    tokenHash: z.string(),
    /** The code that was spent for it; absent on a refresh. */
    codeHash: z.string().optional(),
    /** The refresh token that was spent for it; absent for a code. */
    spentRefreshHash: z.string().optional(),
    /** Everything that came from one consent. */
    family: z.string(),
    clientId: z.string(),
    userId: z.string(),
    scopes: z.array(z.string()),
    issuedAt: instant,
    expiresAt: instant,
    refreshHash: z.string().optional(),
  }),
  z.object({ kind: z.literal('token.revoked'), tokenHash: z.string() }),
  z.object({ kind: z.literal('family.revoked'), family: z.string() }),
  z.object({
    kind: z.literal('media.initialized'),
    id: z.string(),
    userId: z.string(),
    category: z.enum(CATEGORY_NAMES),
    mediaType: z.string(),
    totalBytes: z.number(),
    expiresAt: instant,
  }),
  z.object({ kind: z.literal('media.appended'), id: z.string(), segment: z.number(), size: z.number() }),
  z.object({
    kind: z.literal('media.completed'),
    id: z.string(),
    /** null when processing fails: not what the category takes. */
    content: z
      .object({
        kind: z.enum(['image', 'gif', 'video']),
        mimeType: z.string(),
        width: z.number().nullable(),
        height: z.number().nullable(),
      })
      .nullable(),
    size: z.number(),
    /** Processed at once, so that there is nothing to ask about, or later. */
    asynchronous: z.boolean(),
    availableAt: instant,
  }),
  z.object({ kind: z.literal('media.described'), id: z.string(), altText: z.string() }),
  z.object({
    kind: z.literal('post.created'),
    id: z.string(),
    userId: z.string(),
    receivedAt: instant,
    endpoint: z.string(),
    /** As typed, composed (NFC). */
    text: z.string(),
    /** As the API returns it. */
    returned: z.object({
      text: z.string(),
      urls: z.array(
        z.object({
          start: z.number(),
          end: z.number(),
          url: z.string(),
          expanded_url: z.string(),
          display_url: z.string(),
          media_key: z.string().optional(),
        }),
      ),
    }),
    link: z.string().nullable(),
    media: z.array(z.object({ id: z.string(), key: z.string(), altText: z.string(), isPicture: z.boolean() })),
    inReplyTo: z.string().nullable(),
    replySettings: z.string(),
    body: z.string(),
  }),
  z.object({ kind: z.literal('post.deleted'), id: z.string(), deletedAt: instant }),
  z.object({ kind: z.literal('create.counted'), userId: z.string(), countedAt: instant }),
]);

type XEvent = z.infer<typeof eventSchema>;
type EventOf<Kind extends XEvent['kind']> = Omit<Extract<XEvent, { kind: Kind }>, 'kind'>;

export type Code = EventOf<'code.issued'> & { used: boolean };
export type Token = EventOf<'token.issued'> & { revoked: boolean; refreshSpent: boolean };
export type Media = EventOf<'media.initialized'> & {
  readonly segments: Map<number, number>;
  completed: EventOf<'media.completed'> | null;
  altText: string;
};
export type Post = EventOf<'post.created'> & { deletedAt: Date | null };

/** Milliseconds at which X's ids begin to count. */
const EPOCH_MS = 1_288_834_974_657n;

export class XState {
  readonly users = new Map<string, User>();
  readonly codes = new Map<string, Code>();
  readonly tokens = new Map<string, Token>();
  readonly media = new Map<string, Media>();
  readonly posts = new Map<string, Post>();
  /** The newest post of each user and text. */
  readonly lastByText = new Map<string, Post>();
  readonly limits: RateLimits;
  #lastId = 0n;

  constructor(limits: RateLimits) {
    this.limits = limits;
    this.#addSamples();
  }

  apply(record: JournalRecord): void {
    const event = eventSchema.parse(record);
    switch (event.kind) {
      case 'user.created':
        this.users.set(event.id, event);
        return;
      case 'code.issued':
        this.codes.set(event.codeHash, { ...event, used: false });
        return;
      case 'token.issued':
        this.#issueToken(event);
        return;
      case 'token.revoked': {
        const token = this.tokens.get(event.tokenHash);
        if (token) token.revoked = true;
        return;
      }
      case 'family.revoked':
        for (const token of this.tokens.values()) {
          if (token.family === event.family) Object.assign(token, { revoked: true, refreshSpent: true });
        }
        return;
      case 'media.initialized':
        this.media.set(event.id, { ...event, segments: new Map(), completed: null, altText: '' });
        this.#lastId = BigInt(event.id);
        return;
      case 'media.appended':
        this.media.get(event.id)?.segments.set(event.segment, event.size);
        return;
      case 'media.completed': {
        const media = this.media.get(event.id);
        if (media) media.completed = event;
        return;
      }
      case 'media.described': {
        const media = this.media.get(event.id);
        if (media) media.altText = event.altText;
        return;
      }
      case 'post.created': {
        const post = { ...event, deletedAt: null };
        this.posts.set(event.id, post);
        if (event.text !== '') this.lastByText.set(textKey(event.userId, event.text), post);
        this.#lastId = BigInt(event.id);
        return;
      }
      case 'post.deleted': {
        const post = this.posts.get(event.id);
        if (post) post.deletedAt = event.deletedAt;
        return;
      }
      case 'create.counted':
        this.limits.spend('POST /2/tweets', event.userId, event.countedAt);
        this.limits.spend('posts of a user', event.userId, event.countedAt);
        this.limits.spend('posts of the app', APPLICATION, event.countedAt);
        return;
    }
  }

  /** Posts and media share one row of ids: the time in milliseconds above bit 22. */
  nextId(now: Date): string {
    const fromTime = (BigInt(now.getTime()) - EPOCH_MS) << 22n;
    return String(fromTime > this.#lastId ? fromTime : this.#lastId + 1n);
  }

  userByName(username: string): User | undefined {
    return [...this.users.values()].find((user) => user.username.toLowerCase() === username.toLowerCase());
  }

  clear(options: { keepConnections: boolean }): void {
    this.media.clear();
    this.posts.clear();
    this.lastByText.clear();
    this.limits.clear();
    if (options.keepConnections) return;
    this.codes.clear();
    this.tokens.clear();
    this.users.clear();
    this.#addSamples();
  }

  #addSamples(): void {
    for (const user of SAMPLE_USERS) this.users.set(user.id, user);
  }

  #issueToken(event: EventOf<'token.issued'>): void {
    const code = event.codeHash === undefined ? undefined : this.codes.get(event.codeHash);
    if (code) code.used = true;
    const { spentRefreshHash } = event;
    if (spentRefreshHash !== undefined) {
      const spent = [...this.tokens.values()].find(({ refreshHash }) => refreshHash === spentRefreshHash);
      if (spent) spent.refreshSpent = true;
    }
    this.tokens.set(event.tokenHash, { ...event, revoked: false, refreshSpent: false });
  }
}

/** What the duplicate guard compares. */
export function textKey(userId: string, text: string): string {
  return `${userId} ${text}`;
}
