/**
 * A platform inside the test's own process, for the model-based test: what it accepted is in a ledger that only it writes,
 * and each entry knows for which publication it was sent. It never refuses a second identical post by itself: a platform
 * that protects us would hide the double post that the test looks for.
 */
import type { Content } from '../domain/content-rules.ts';
import type { LookUp, Outcome } from '../domain/outcome.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { Connector, CreateRequest, PlatformAdapter, Publisher, PublishingAccount } from '../platforms/platform.ts';
import type { PlatformRegistry } from '../platforms/registry.ts';

export const FAULTS = [
  'ok',
  'slow',
  '429',
  '429 with reset',
  '500 before',
  '500 after',
  'reset before',
  'reset after',
  'truncated',
  'malformed',
  'rejected',
  'duplicate',
  'duplicate without id',
  '401',
  'unavailable',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What the platform shows when it is read: the truth, an old copy without the newest posts, or nothing. */
export type Reading = 'true' | 'stale' | 'fails';

export interface LedgerLine {
  externalId: string;
  permalink: string;
  account: string;
  text: string;
  /** Which publication the request was sent for: known to the test only. */
  publicationId: string;
  /** Milliseconds of the virtual clock. */
  at: number;
}

export interface LedgerPlatform {
  readonly lines: readonly LedgerLine[];
  /** Posts that are live for this publication: more than one is a double post. */
  live(publicationId: string): LedgerLine[];
  /**
   * The platforms as one pipeline sees them.
   * @param answered awaited after the platform has decided and before the answer arrives: a place to be paused
   */
  sender(publicationId: string, fault: Fault, answered: () => Promise<void>): PlatformRegistry;
  /** The platforms as a look-up sees them: pages can be read, members (LinkedIn) cannot. */
  reader(reading: Reading): PlatformRegistry;
}

/** Ids are unique across ledgers: the engine asks whether an id belongs to another attempt. */
let posts = 0;

/** @param elapsed milliseconds by which the virtual clock is ahead of the machine's */
export function createLedgerPlatform(elapsed: () => number): LedgerPlatform {
  const lines: LedgerLine[] = [];
  const live = (publicationId: string) => lines.filter((line) => line.publicationId === publicationId);

  function accept(request: CreateRequest, publicationId: string): LedgerLine {
    const { account, text } = JSON.parse(request.body) as { account: string; text: string };
    const { externalId, permalink } = nameOf(account, ++posts);
    const line = { externalId, permalink, account, text, publicationId, at: Date.now() + elapsed() };
    lines.push(line);
    return line;
  }

  function answer(fault: Fault, request: CreateRequest, publicationId: string): Outcome {
    switch (fault) {
      case 'ok':
      case 'slow':
        return accepted(accept(request, publicationId), 201);
      case '429':
        return { kind: 'rate-limited', ...said(429, 'rate-limited'), retryAt: null };
      case '429 with reset':
        return { kind: 'rate-limited', ...said(429, 'rate-limited'), retryAt: nextReset() };
      case '500 before':
        return { kind: 'unknown', ...said(500, 'server-error') };
      case 'reset before':
        return { kind: 'unknown', ...said(null, 'connection-reset') };
      case '500 after':
        accept(request, publicationId);
        return { kind: 'unknown', ...said(500, 'server-error') };
      case 'reset after':
        accept(request, publicationId);
        return { kind: 'unknown', ...said(null, 'connection-reset') };
      // The id came in a header, so a cut-off body hides nothing.
      case 'truncated':
        return accepted(accept(request, publicationId), 201);
      // Created, but nobody can read as what.
      case 'malformed':
        accept(request, publicationId);
        return { kind: 'unknown', ...said(201, 'unreadable-answer') };
      case 'rejected':
        return { kind: 'rejected', ...said(422, 'refused') };
      case 'duplicate': {
        const { account, text } = JSON.parse(request.body) as { account: string; text: string };
        const twins = lines.filter((line) => line.account === account && line.text === text);
        const twin = twins.find((line) => line.publicationId === publicationId) ?? twins[0];
        const named = { externalId: twin?.externalId ?? null, permalink: twin?.permalink ?? null };
        return { kind: 'duplicate', ...said(422, 'duplicate'), httpStatus: 422, ...named };
      }
      case 'duplicate without id':
        return {
          kind: 'duplicate',
          ...said(403, 'duplicate'),
          httpStatus: 403,
          externalId: null,
          permalink: null,
        };
      case '401':
        return { kind: 'reauthorization-required', ...said(401, 'unauthorized') };
      case 'unavailable':
        return { kind: 'unavailable', ...said(null, 'connection-refused'), retryAt: null };
      default:
        return fault satisfies never;
    }
  }

  function read(reading: Reading, content: Content, account: PublishingAccount, sentAt: Date): LookUp {
    if (reading === 'fails') return { found: 'no-answer', reason: 'the list could not be read' };
    // The rows were moved back by what the virtual clock is ahead: this is the instant at which it was sent.
    const sent = sentAt.getTime() + elapsed();
    const text = shownAs(content.text);
    const alike = lines.filter((line) => line.account === account.externalId && shownAs(line.text) === text);
    const shown = reading === 'stale' ? [] : alike;
    const [line, second] = shown.filter(({ at }) => at >= sent - 60_000);
    if (second !== undefined) return { found: 'no-answer', reason: 'several posts have this text' };
    return line === undefined
      ? { found: 'absent', alike: shown.map(({ externalId }) => externalId), platformTime: new Date() }
      : { found: 'present', externalId: line.externalId, permalink: line.permalink, acceptedAt: new Date(line.at) };
  }

  return {
    lines,
    live,
    sender(publicationId, fault, answered) {
      const ways: Ways = {
        async send(request) {
          const outcome = answer(fault, request, publicationId);
          if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, 5));
          await answered();
          return outcome;
        },
      };
      return { linkedin: adapter('linkedin', ways), facebook: adapter('facebook', ways) };
    },
    reader: (reading) => ({
      linkedin: adapter('linkedin', { send: neverSends }),
      facebook: adapter('facebook', {
        send: neverSends,
        lookUp: (content, account, sentAt) => Promise.resolve(read(reading, content, account, sentAt)),
      }),
    }),
  };
}

type Ways = Pick<Publisher, 'send' | 'lookUp'>;

function adapter(platform: Platform, ways: Ways): PlatformAdapter {
  return {
    platform,
    sandboxed: true,
    connector,
    requiredScopes: [],
    publisher: {
      prepare: (content, account) =>
        Promise.resolve({
          ready: true,
          request: {
            method: 'POST',
            url: 'https://platform.example.com/posts',
            headers: {},
            body: JSON.stringify({ account: account.externalId, text: content.text }),
          },
        }),
      ...ways,
    },
  };
}

/** Named as the platform of this account names its posts: a Page's id is a number. */
function nameOf(account: string, serial: number): { externalId: string; permalink: string } {
  if (/^\d+$/.test(account)) {
    const externalId = `${account}_${serial}`;
    return { externalId, permalink: `https://www.facebook.com/${externalId}` };
  }
  const externalId = `urn:li:share:${serial}`;
  return { externalId, permalink: `https://www.linkedin.com/feed/update/${externalId}/` };
}

/** As platforms do it: one blank is as good as two. */
function shownAs(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

const neverSends = () => Promise.reject(new Error('a look-up must not send anything'));

/** Tokens of this platform never end by themselves: nothing is refreshed. */
const connector: Connector = {
  authorizeUrl: () => 'https://platform.example.com/consent',
  exchangeCode: () => Promise.reject(new Error('the model connects without a browser')),
  candidates: () => Promise.resolve([]),
};

function accepted(line: LedgerLine, httpStatus: number): Outcome {
  return { kind: 'accepted', httpStatus, externalId: line.externalId, permalink: line.permalink };
}

function said<Status extends number | null>(httpStatus: Status, errorCode: string) {
  return { httpStatus, errorCode, errorMessage: `the platform said ${errorCode}` };
}

/** Platforms count in windows: what they refuse at about the same time they take again at the same instant. */
function nextReset(): Date {
  return new Date(Math.ceil((Date.now() + 90_000) / 10_000) * 10_000);
}
