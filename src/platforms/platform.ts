/**
 * The two small parts a platform is made of. Building a request and reading an answer are pure functions inside a
 * platform's file; only `publish`, `lookUp` and the Connector's calls touch the network. What a platform cannot do is
 * absent from its object, not a method that throws.
 */
import type { Content } from '../domain/content-rules.ts';
import type { LookUp, Outcome } from '../domain/outcome.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { OnProgress } from './http-client.ts';

/** Whom we publish as, with a token that is good right now. */
export interface PublishingAccount {
  externalId: string;
  kind: 'member' | 'organization' | 'page';
  accessToken: string;
}

/** The one request that creates a post: plain data, so that it can be hashed before it is sent. */
export interface CreateRequest {
  method: 'POST';
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface Publisher {
  /** Pure: the request that would create this post now. `now` decides computed API versions. */
  buildRequest(content: Content, account: PublishingAccount, now: Date): CreateRequest;
  /**
   * Sends the request once, with a total deadline, and reads the answer. Never throws for anything a network or a
   * platform can do and never repeats the request.
   * @param signal aborts the request (process shutdown); an abort after bytes were written is `unknown`
   * @param onProgress told how far the request has come
   */
  send(request: CreateRequest, signal: AbortSignal, onProgress?: OnProgress): Promise<Outcome>;
  /** Looks for a post whose outcome is unknown. Absent where the platform gives no way to look. */
  lookUp?(content: Content, account: PublishingAccount, sentAt: Date, signal: AbortSignal): Promise<LookUp>;
}

/** What a token endpoint gave. Instants, not lifetimes; null where the platform did not say. */
export interface TokenGrant {
  accessToken: string;
  accessTokenExpiresAt: Date | null;
  refreshToken: string | null;
  refreshTokenExpiresAt: Date | null;
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
}

export interface Connector {
  /** Scopes without which publishing is impossible. */
  readonly requiredScopes: readonly string[];
  /** Pure: where the browser is sent to consent. */
  authorizeUrl(request: { redirectUri: string; state: string }): string;
  /** @throws ConnectError with a sentence for the person */
  exchangeCode(code: string, redirectUri: string, now: Date): Promise<TokenGrant>;
  /** The accounts this grant can publish to. @throws ConnectError */
  candidates(grant: TokenGrant): Promise<AccountCandidate[]>;
  /** Absent where the platform issues no refresh tokens. @throws ConnectError; its `dead` says the token is gone for good */
  refresh?(refreshToken: string, now: Date): Promise<TokenGrant>;
}

export interface PlatformAdapter {
  readonly platform: Platform;
  readonly publisher: Publisher;
  readonly connector: Connector;
  /** True while it is the sandbox that answers, not the real platform. */
  readonly sandboxed: boolean;
}

/** Connecting or refreshing failed. The message is a sentence for a person; `dead`: only consent can repair it. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code: string;
  readonly dead: boolean;

  constructor(code: string, message: string, options: { dead: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.dead = options.dead;
  }
}
