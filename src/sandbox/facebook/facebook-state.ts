/** Everything the sandbox's Facebook remembers, rebuilt by applying journalled events in order. Never changed otherwise. */
import { z } from 'zod';
import type { JournalRecord } from '../journal.ts';
import { ALL_TASKS, type Page, type Person, SAMPLE_PAGES, SAMPLE_PEOPLE } from './sample-people.ts';

const instant = z.iso.datetime().transform((text) => new Date(text));

const eventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('person.created'),
    id: z.string(),
    name: z.string(),
    email: z.string(),
    page: z.object({ id: z.string(), name: z.string(), username: z.string() }).nullable(),
  }),
  z.object({
    kind: z.literal('code.issued'),
    codeHash: z.string(),
    redirectUri: z.string(),
    personId: z.string(),
    /** What the person decided about each permission that was asked for. */
    granted: z.array(z.string()),
    declined: z.array(z.string()),
    issuedAt: instant,
    expiresAt: instant,
  }),
  z.object({
    kind: z.literal('token.issued'),
    tokenHash: z.string(),
    /** The code that was spent for it; absent on an exchange and for a Page's token. */
    codeHash: z.string().optional(),
    personId: z.string(),
    /** Set for the token of a Page, which acts as the Page. */
    pageId: z.string().nullable(),
    longLived: z.boolean(),
    /** When the person last agreed in the dialog: what token was made of that token keeps it. */
    authorizedAt: instant,
    issuedAt: instant,
    /** null: it does not expire. */
    expiresAt: instant.nullable(),
  }),
  z.object({
    kind: z.literal('photo.uploaded'),
    id: z.string(),
    pageId: z.string(),
    /** Its bytes, in the sandbox's folder for photos. */
    file: z.string(),
    mimeType: z.string(),
    width: z.number(),
    height: z.number(),
    caption: z.string(),
    altText: z.string(),
    temporary: z.boolean(),
    createdAt: instant,
  }),
  z.object({
    kind: z.literal('post.created'),
    /** `{page}_{post}`. */
    id: z.string(),
    pageId: z.string(),
    receivedAt: instant,
    endpoint: z.string(),
    text: z.string(),
    link: z.string().nullable(),
    photoIds: z.array(z.string()),
    visibility: z.enum(['public', 'scheduled', 'unpublished']),
    /** When readers see it; null: never. */
    publishAt: instant.nullable(),
    body: z.string(),
  }),
  z.object({ kind: z.literal('post.deleted'), id: z.string(), deletedAt: instant }),
  z.object({ kind: z.literal('call.counted'), bucket: z.string() }),
]);

type FacebookEvent = z.infer<typeof eventSchema>;
type EventOf<Kind extends FacebookEvent['kind']> = Omit<Extract<FacebookEvent, { kind: Kind }>, 'kind'>;

export type Code = EventOf<'code.issued'> & { used: boolean };
export type Token = EventOf<'token.issued'>;
/** `postId`: the post that shows it. A photo without one is invisible. */
export type Photo = EventOf<'photo.uploaded'> & { postId: string | null };
export type Post = EventOf<'post.created'> & { deletedAt: Date | null };
export type Decision = 'granted' | 'declined';

export class FacebookState {
  readonly people = new Map<string, Person>();
  readonly pages = new Map<string, Page>();
  readonly codes = new Map<string, Code>();
  readonly tokens = new Map<string, Token>();
  readonly photos = new Map<string, Photo>();
  readonly posts = new Map<string, Post>();
  /** The newest public post of each Page. */
  readonly lastPublic = new Map<string, Post>();
  /** What each person decided about each permission; it holds for all of his tokens, old and new. */
  readonly #permissions = new Map<string, Map<string, Decision>>();
  readonly #calls = new Map<string, number>();
  #lastId = 0n;

  constructor() {
    this.#addSamples();
  }

  apply(record: JournalRecord): void {
    const event = eventSchema.parse(record);
    switch (event.kind) {
      case 'person.created':
        this.#addPerson(event);
        return;
      case 'code.issued':
        this.codes.set(event.codeHash, { ...event, used: false });
        this.#decide(event);
        return;
      case 'token.issued': {
        const code = event.codeHash === undefined ? undefined : this.codes.get(event.codeHash);
        if (code) code.used = true;
        this.tokens.set(event.tokenHash, event);
        return;
      }
      case 'photo.uploaded':
        this.photos.set(event.id, { ...event, postId: null });
        this.#useId(event.id);
        return;
      case 'post.created':
        this.#addPost({ ...event, deletedAt: null });
        return;
      case 'post.deleted': {
        const post = this.posts.get(event.id);
        if (post) post.deletedAt = event.deletedAt;
        return;
      }
      case 'call.counted':
        this.#calls.set(event.bucket, this.callsIn(event.bucket) + 1);
        return;
    }
  }

  /** Asked for so far and decided; `public_profile` comes with every consent. */
  permissionsOf(personId: string): ReadonlyMap<string, Decision> {
    return this.#permissions.get(personId) ?? new Map();
  }

  hasPermission(personId: string, permission: string): boolean {
    return this.permissionsOf(personId).get(permission) === 'granted';
  }

  /** The Pages on which a person has a role, in the order of the samples. */
  pagesOf(personId: string): Page[] {
    return [...this.pages.values()].filter((page) => page.tasks[personId] !== undefined);
  }

  /** @param bucket who and when, see usage.ts */
  callsIn(bucket: string): number {
    return this.#calls.get(bucket) ?? 0;
  }

  /** 18 digits that grow with time, as those of photos and posts do. */
  nextId(now: Date): string {
    const fromTime = 122_000_000_000_000_000n + BigInt(now.getTime()) * 100n;
    return String(fromTime > this.#lastId ? fromTime : this.#lastId + 1n);
  }

  clear(options: { keepConnections: boolean }): void {
    this.photos.clear();
    this.posts.clear();
    this.lastPublic.clear();
    this.#calls.clear();
    if (options.keepConnections) return;
    this.codes.clear();
    this.tokens.clear();
    this.#permissions.clear();
    this.people.clear();
    this.pages.clear();
    this.#addSamples();
  }

  #addSamples(): void {
    for (const person of SAMPLE_PEOPLE) this.people.set(person.id, person);
    for (const page of SAMPLE_PAGES) this.pages.set(page.id, page);
  }

  #addPerson({ id, name, email, page }: EventOf<'person.created'>): void {
    this.people.set(id, { id, name, email });
    this.#useId(id);
    if (!page) return;
    this.pages.set(page.id, { ...page, category: 'Community', tasks: { [id]: ALL_TASKS }, ownedByBusiness: false });
    this.#useId(page.id);
  }

  #decide({ personId, granted, declined }: EventOf<'code.issued'>): void {
    const decisions = this.#permissions.get(personId) ?? new Map<string, Decision>();
    for (const permission of granted) decisions.set(permission, 'granted');
    for (const permission of declined) decisions.set(permission, 'declined');
    this.#permissions.set(personId, decisions);
  }

  #addPost(post: Post): void {
    this.posts.set(post.id, post);
    if (post.visibility === 'public') this.lastPublic.set(post.pageId, post);
    for (const id of post.photoIds) {
      const photo = this.photos.get(id);
      if (photo) photo.postId = post.id;
    }
    this.#useId(post.id.split('_').at(-1) ?? '');
  }

  #useId(id: string): void {
    if (BigInt(id) > this.#lastId) this.#lastId = BigInt(id);
  }
}
