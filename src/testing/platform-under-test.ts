/** What the conformance suite needs to know about a platform, and to be able to do with the server that plays it. */
import type { Clock } from '../clock.ts';
import type { HttpClient } from '../platforms/http-client.ts';
import type { AccountCandidate, PlatformAdapter, Reach } from '../platforms/platform.ts';

/** What the adapter is to be built with, so that the suite sees what it does. */
export interface PlatformTools {
  clock: Clock;
  http: HttpClient;
}

export interface OpenPlatform {
  adapter: PlatformAdapter;
  /** The app's, which must not show anywhere. */
  secret: string;
  /** A person agrees at the consent page. @returns where his browser is sent back to */
  consent(authorizeUrl: string): Promise<URL>;
  /** How many requests have reached the create endpoint, whatever became of them. */
  createRequests(): Promise<number>;
  /** What the platform has accepted, oldest first. */
  posts(): Promise<{ id: string; text: string; images: readonly { altText: string | null }[] }[]>;
  /** The next request that would create a post of this account meets this fault. */
  fault(account: AccountCandidate, fault: Fault): Promise<void>;
  /** Forgets posts, requests and faults; connections stay. */
  forgetPosts(): Promise<void>;
  /** The server goes away. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface PlatformUnderTest {
  name: string;
  open(tools: PlatformTools): Promise<OpenPlatform>;
  /** What is asked for at the consent page. */
  reach?: Reach;
  /** Which of the accounts is published to; the first when absent. */
  account?(candidate: AccountCandidate): boolean;
  /** What a 2xx is whose body breaks off: `accepted` where the new id is in a header. */
  truncated?: 'accepted' | 'unknown';
  /** Whether a post can be looked for on this account. */
  looksUp: boolean;
  /** Whether the refusal of a duplicate names the live post. */
  namesDuplicates: boolean;
  /** Whether this app is given refresh tokens. */
  renews: boolean;
  /** False where the server that plays the platform takes no images. */
  images?: false;
}

export type Fault =
  | 'slow'
  | '429'
  | '500 before'
  | '500 after'
  | 'reset before'
  | 'reset after'
  | 'truncated'
  | 'malformed'
  | 'expired token'
  | 'revoked';
