/**
 * What one platform looks like to the rest of the sandbox. A platform is one folder: it owns its routes (mounted below
 * `/<name>`), rebuilds its state from the journal, and shows who may publish and what was published.
 *
 * The sandbox shares no code with the product on purpose: a misreading of a platform's contract must not be on both sides
 * of the wire, or the tests would agree with it.
 */
import type { Router } from 'express';
import type { Logger } from 'pino';
import type { FaultSwitches } from './fault-switches.ts';
import type { JournalRecord } from './journal.ts';
import type { RequestLog } from './request-log.ts';

/** Where the sandbox takes the time from; the product's clock fits. */
export interface SandboxClock {
  now(): Date;
}

/** Somebody in whose name a post may be created: a member, a page, an organisation. `id` is the platform's own identifier. */
export interface SandboxAccount {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
}

/** One accepted create: a line of the ledger. */
export interface LedgerEntry {
  readonly platform: string;
  readonly id: string;
  readonly permalink: string;
  readonly account: string;
  readonly accountName: string;
  /** ISO 8601 with milliseconds: when the request arrived. */
  readonly receivedAt: string;
  readonly endpoint: string;
  /** The text as readers of the platform would see it. */
  readonly text: string;
  /** Set when the platform silently dropped the rest of the text: what stopped it and where in the text sent. */
  readonly cutAt: { readonly index: number; readonly character: string } | null;
  readonly link: { readonly url: string; readonly title: string; readonly description: string } | null;
  readonly images: readonly { readonly url: string; readonly altText: string }[];
  readonly visibility: string;
  /** The request body, byte for byte as text. */
  readonly body: string;
  readonly deletedAt: string | null;
}

export interface SandboxPlatform {
  /** Lower case, as in the product: `linkedin`. */
  readonly name: string;
  readonly title: string;
  readonly router: Router;
  /** Fault switches that only this platform has: the name, and what the page says of it. */
  readonly ownFaults?: Readonly<Record<string, string>>;
  accounts(): readonly SandboxAccount[];
  /** Oldest first. */
  posts(): readonly LedgerEntry[];
  /** Applies one journalled event, live or on replay. Throws when the record is not one of its own. */
  apply(record: JournalRecord): void;
  /** Forgets what was published, and unless `keepConnections` also members made up, codes and tokens. */
  clear(options: { keepConnections: boolean }): void;
}

/** What a platform is given to live in. */
export interface SandboxContext {
  readonly clock: SandboxClock;
  readonly log: Logger;
  /** A private folder for files too large for the journal (uploads). */
  readonly filesDir: string;
  readonly faults: FaultSwitches;
  readonly requests: RequestLog;
  /** How the product reaches the sandbox, without a trailing slash. Known once it listens. */
  baseUrl(): string;
  /** How browsers reach it. */
  publicUrl(): string;
  /** Applies a record and queues it for the journal. It is durable once `durable()` has resolved. */
  write(record: { platform: string; kind: string; [field: string]: unknown }): void;
  /** Resolves when everything written so far is on the disk. Nothing may be answered as accepted before. */
  durable(): Promise<void>;
  /** Aborted when the sandbox closes, so that a slow answer does not hold it open. */
  readonly closing: AbortSignal;
}
