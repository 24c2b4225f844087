/** Everything the sandbox's LinkedIn remembers, rebuilt by applying journalled events in order. Never changed otherwise. */
import { z } from 'zod';
import type { JournalRecord } from '../journal.ts';
import {
  type Member,
  type Organization,
  organizationUrn,
  personUrn,
  SAMPLE_MEMBERS,
  SAMPLE_ORGANIZATIONS,
} from './sample-members.ts';

const instant = z.iso.datetime().transform((text) => new Date(text));

const eventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('member.created'),
    sub: z.string(),
    givenName: z.string(),
    familyName: z.string(),
    email: z.string(),
  }),
  z.object({
    kind: z.literal('code.issued'),
    codeHash: z.string(),
    clientId: z.string(),
    redirectUri: z.string(),
    sub: z.string(),
    scopes: z.array(z.string()),
    expiresAt: instant,
  }),
  z.object({
    kind: z.literal('token.issued'),
    tokenHash: z.string(),
    /** The code that was spent for it; absent on a refresh. */
    codeHash: z.string().optional(),
    sub: z.string(),
    scopes: z.array(z.string()),
    authorizedAt: instant,
    issuedAt: instant,
    expiresAt: instant,
    refreshHash: z.string().optional(),
    refreshExpiresAt: instant.optional(),
  }),
  z.object({
    kind: z.literal('image.initialized'),
    urn: z.string(),
    owner: z.string(),
    uploadKey: z.string(),
    uploadExpiresAt: instant,
  }),
  z.object({
    kind: z.literal('image.uploaded'),
    urn: z.string(),
    /** null when processing failed: not an image LinkedIn takes. */
    mimeType: z.string().nullable(),
    availableAt: instant,
  }),
  z.object({
    kind: z.literal('post.created'),
    urn: z.string(),
    author: z.string(),
    receivedAt: instant,
    endpoint: z.string(),
    text: z.string(),
    commentary: z.string(),
    cutAt: z.object({ index: z.number(), character: z.string() }).nullable(),
    link: z.object({ url: z.string(), title: z.string(), description: z.string() }).nullable(),
    images: z.array(z.object({ urn: z.string(), altText: z.string() })),
    visibility: z.string(),
    fingerprint: z.string(),
    body: z.string(),
  }),
  z.object({ kind: z.literal('post.deleted'), urn: z.string(), deletedAt: instant }),
  z.object({ kind: z.literal('quota.used'), sub: z.string(), day: z.string() }),
]);

type LinkedinEvent = z.infer<typeof eventSchema>;
type EventOf<Kind extends LinkedinEvent['kind']> = Omit<Extract<LinkedinEvent, { kind: Kind }>, 'kind'>;

export type Code = EventOf<'code.issued'> & { used: boolean };
export type Token = EventOf<'token.issued'> & { revoked: boolean };
export type Image = EventOf<'image.initialized'> & { upload: EventOf<'image.uploaded'> | null };
export type Post = EventOf<'post.created'> & { deletedAt: Date | null };

export class LinkedinState {
  readonly members = new Map<string, Member>();
  readonly organizations = new Map<string, Organization>();
  readonly codes = new Map<string, Code>();
  readonly tokens = new Map<string, Token>();
  readonly images = new Map<string, Image>();
  readonly posts = new Map<string, Post>();
  /** The newest post of each fingerprint. */
  readonly lastByFingerprint = new Map<string, Post>();
  readonly #quota = new Map<string, number>();
  #lastId = 0n;

  constructor() {
    this.#addSamples();
  }

  apply(record: JournalRecord): void {
    const event = eventSchema.parse(record);
    switch (event.kind) {
      case 'member.created':
        this.members.set(event.sub, event);
        return;
      case 'code.issued':
        this.codes.set(event.codeHash, { ...event, used: false });
        return;
      case 'token.issued':
        this.#issueToken(event);
        return;
      case 'image.initialized':
        this.images.set(event.urn, { ...event, upload: null });
        return;
      case 'image.uploaded': {
        const image = this.images.get(event.urn);
        if (image) image.upload = event;
        return;
      }
      case 'post.created': {
        const post = { ...event, deletedAt: null };
        this.posts.set(event.urn, post);
        this.lastByFingerprint.set(event.fingerprint, post);
        this.#lastId = BigInt(event.urn.split(':').at(-1) ?? 0);
        return;
      }
      case 'post.deleted': {
        const post = this.posts.get(event.urn);
        if (post) post.deletedAt = event.deletedAt;
        return;
      }
      case 'quota.used':
        for (const who of [event.sub, 'application'])
          this.#quota.set(`${event.day} ${who}`, this.quotaUsed(who, event.day) + 1);
        return;
    }
  }

  /** @param who a member's `sub`, or `application` for all of them */
  quotaUsed(who: string, day: string): number {
    return this.#quota.get(`${day} ${who}`) ?? 0;
  }

  /** LinkedIn's ids are 64 bits wide with the creation time in milliseconds above bit 22. */
  nextPostId(now: Date): string {
    const fromTime = BigInt(now.getTime()) << 22n;
    return String(fromTime > this.#lastId ? fromTime : this.#lastId + 1n);
  }

  /** The display name of a person's or organisation's URN; null when nobody has it. */
  nameOf(urn: string): string | null {
    for (const member of this.members.values()) {
      if (personUrn(member) === urn) return `${member.givenName} ${member.familyName}`.trim();
    }
    for (const organization of this.organizations.values()) {
      if (organizationUrn(organization) === urn) return organization.name;
    }
    return null;
  }

  clear(options: { keepConnections: boolean }): void {
    this.images.clear();
    this.posts.clear();
    this.lastByFingerprint.clear();
    this.#quota.clear();
    if (options.keepConnections) return;
    this.codes.clear();
    this.tokens.clear();
    this.members.clear();
    this.organizations.clear();
    this.#addSamples();
  }

  #addSamples(): void {
    for (const member of SAMPLE_MEMBERS) this.members.set(member.sub, member);
    for (const organization of SAMPLE_ORGANIZATIONS) this.organizations.set(organization.id, organization);
  }

  #issueToken(event: EventOf<'token.issued'>): void {
    const code = event.codeHash === undefined ? undefined : this.codes.get(event.codeHash);
    if (code) code.used = true;
    // Asking for another set of scopes invalidates every earlier token of this member and app.
    const scopes = [...event.scopes].sort().join(' ');
    for (const token of this.tokens.values()) {
      if (token.sub === event.sub && [...token.scopes].sort().join(' ') !== scopes) token.revoked = true;
    }
    this.tokens.set(event.tokenHash, { ...event, revoked: false });
  }
}
