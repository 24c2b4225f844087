/**
 * The two small parts a platform is made of. Inside a platform's file building a request and reading an answer are pure
 * functions of their own; only the methods below touch the network. What a platform cannot do is absent from its object,
 * not a method that throws.
 */
import type { Content, ContentImage } from '../domain/content-rules.ts';
import type { LookUp, Outcome } from '../domain/outcome.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { OnProgress } from './http-client.ts';

/** Whom we publish as, with a token that is good right now. */
export interface PublishingAccount {
  externalId: string;
  kind: 'member' | 'organization' | 'page';
  accessToken: string;
  /**
   * When the platform gave it, by consent or by renewal, and by the clock that `prepare` is told the time of: LinkedIn may
   * refuse a token in its first minutes. Null or absent: not known, or it has been accepted since.
   */
  tokenIssuedAt?: Date | null;
}

/** The one request that creates a post: plain data, so that it can be hashed before it is sent. */
export interface CreateRequest {
  method: 'POST';
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /**
   * Of the token in the headers, where reading the answer depends on it; `send` is given it by this process's clock. Not sent.
   */
  tokenIssuedAt?: Date | null;
}

/** Where a platform's file gets an image's bytes, and where it leaves the platform's id for them: nobody uploads twice. */
export interface ImageUploads {
  /** The platform's id of an image that was uploaded for this account before and is good for a while yet; else null. */
  recall(image: ContentImage): string | null;
  /** The bytes, read when they are needed. @throws when they are gone */
  read(image: ContentImage): Promise<Uint8Array>;
  /** @param usableUntil null where the platform does not say */
  remember(image: ContentImage, uploadId: string, usableUntil: Date | null): Promise<void>;
}

/** What a preparation that may be repeated can end in: nothing was created. */
export type NotCreated = Extract<
  Outcome,
  { kind: 'rejected' | 'unavailable' | 'rate-limited' | 'reauthorization-required' }
>;

export type Prepared = { ready: true; request: CreateRequest } | { ready: false; outcome: NotCreated };

export interface Publisher {
  /**
   * Everything before the create call, all of it safe to repeat: uploads the images that were not uploaded yet, then builds
   * the request. Without images it touches no network.
   * @param now decides computed API versions and whether an upload is still good
   * @throws only for surprises; what a network or a platform can do is in the result
   */
  prepare(
    content: Content,
    account: PublishingAccount,
    uploads: ImageUploads,
    now: Date,
    signal: AbortSignal,
  ): Promise<Prepared>;
  /**
   * Sends the request once, with a total deadline, and reads the answer. Never throws for anything a network or a
   * platform can do and never repeats the request.
   * @param signal aborts the request (process shutdown); an abort after bytes were written is `unknown`
   * @param onProgress told how far the request has come
   */
  send(request: CreateRequest, signal: AbortSignal, onProgress?: OnProgress): Promise<Outcome>;
  /**
   * Looks for a post whose outcome is unknown. Absent where the platform gives no way to look.
   * @param now tells the time by the clock that `sentAt` is of: a platform whose own differs is understood by it
   */
  lookUp?(
    content: Content,
    account: PublishingAccount,
    sentAt: Date,
    signal: AbortSignal,
    now?: () => Date,
  ): Promise<LookUp>;
}

/** What a token endpoint gave. Instants, not lifetimes; null where the platform did not say. */
export interface TokenGrant {
  accessToken: string;
  accessTokenExpiresAt: Date | null;
  refreshToken: string | null;
  refreshTokenExpiresAt: Date | null;
  /**
   * When only a person can renew it, where that is not the end of the refresh token (or, without one, of the access token):
   * null for never. Absent: it is.
   */
  permissionEndsAt?: Date | null;
  scopes: readonly string[];
}

/** An account that a grant can publish to. */
export interface AccountCandidate {
  externalId: string;
  kind: 'member' | 'organization' | 'page';
  displayName: string;
  profileUrl: string | null;
  /** Who it is at the provider when it is a person (OpenID Connect); e-mail only where the provider says it is verified. */
  email: string | null;
  /** The account's own token where it has one (a Facebook Page); null: the grant's. */
  grant: TokenGrant | null;
  /**
   * The person whose consent the token is, by his id at the platform, where a later consent of his replaces the token
   * (LinkedIn). Absent or null elsewhere.
   */
  grantedBy?: string | null;
  /**
   * Why this one cannot be published to with this grant, as sentences that say what to do: it is shown, and cannot be chosen.
   * Absent: it can.
   */
  cannotPublish?: string;
}

/** What is asked for: the person's own accounts, or the Pages of organisations as well (LinkedIn asks for those apart). */
export type Reach = 'own' | 'organizations';

/** An account that was connected before. */
export type KnownAccount = Pick<AccountCandidate, 'externalId' | 'kind'>;

export interface Connector {
  /**
   * Pure: where the browser is sent to consent.
   * @param request.codeChallenge PKCE, S256; left out of the address where the platform takes none
   * @param request.reach `organizations` only where the adapter has `organizationScopes`; absent means `own`
   */
  authorizeUrl(request: { redirectUri: string; state: string; codeChallenge: string; reach?: Reach }): string;
  /** @throws ConnectError with a sentence for the person */
  exchangeCode(answer: { code: string; redirectUri: string; codeVerifier: string }, now: Date): Promise<TokenGrant>;
  /**
   * The accounts this grant can publish to; with `organizations`, theirs and the person's own. With an account that was
   * connected before, by its own token: that one alone, or none if it can no longer be published to. That is one cheap
   * read, or for an organisation two, and is not repeated.
   * @throws ConnectError; `token-refused` when the token was, and then its `dead` says that the platform itself calls the
   *   token ended. A bare 401 does not: gateways give it, and it has been seen for healthy tokens.
   */
  candidates(grant: TokenGrant, now: Date, asked?: Reach | KnownAccount): Promise<AccountCandidate[]>;
  /** Absent where the platform issues no refresh tokens. @throws ConnectError; its `dead` says the token is gone for good */
  refresh?(refreshToken: string, now: Date): Promise<TokenGrant>;
}

export interface PlatformAdapter {
  readonly platform: Platform;
  readonly publisher: Publisher;
  readonly connector: Connector;
  /** Scopes without which publishing is impossible: a grant that lacks one is refused when connecting. */
  readonly requiredScopes: readonly string[];
  /** What publishing to organisations needs on top. Absent where a platform does not ask for that apart. */
  readonly organizationScopes?: readonly string[];
  /** True while it is the sandbox that answers, not the real platform. */
  readonly sandboxed: boolean;
}

/** Connecting or refreshing failed. The message is a sentence for a person; `dead`: only consent can repair it. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code: string;
  readonly dead: boolean;
  /**
   * The platform may have done what it was asked, and what it answered is lost. Where a refresh token is good once, it may
   * be used up.
   */
  readonly answerLost: boolean;
  /** With the code `rate-limited`: when it may be asked again; null when the platform does not say. */
  readonly retryAt: Date | null;

  constructor(
    code: string,
    message: string,
    options: { dead: boolean; answerLost?: boolean; retryAt?: Date | null; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.dead = options.dead;
    this.answerLost = options.answerLost ?? false;
    this.retryAt = options.retryAt ?? null;
  }
}
