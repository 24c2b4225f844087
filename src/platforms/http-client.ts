/**
 * One HTTP request to a platform, sent at most once, and the one question that matters afterwards: may it have arrived?
 *
 * The answer does not rest on reading error codes. undici calls `onRequestStart` on a connection that is ready (TCP and
 * TLS done), immediately before it writes the first byte. Whatever fails earlier is `not-sent`, certainly; whatever fails
 * later without a status line is `no-answer`, and may have arrived. Error codes only choose the words.
 *
 * What is switched off, because it could send a request a second time or onto a dying connection: redirects and retries
 * (plain `dispatch` has neither), HTTP/2 (undici re-queues streams after a GOAWAY), pipelining, and idle sockets older
 * than a second: no server closes a connection that young, so the race between its close and our write does not arise.
 * Bodies and headers are never logged here: they carry tokens.
 */
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, errors } from 'undici';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
}

export interface HttpAnswer {
  kind: 'answer';
  status: number;
  /** Lower-case names; repeated headers joined with a comma. */
  headers: Readonly<Record<string, string>>;
  /** UTF-8; what arrived of it when `bodyComplete` is false. */
  body: string;
  bodyComplete: boolean;
}

export type HttpResult =
  /** Not one byte of the request left this machine. */
  | { kind: 'not-sent'; reason: NotSentReason; cause: unknown }
  /** It may have arrived; no status line came back. */
  | { kind: 'no-answer'; reason: NoAnswerReason; cause: unknown }
  | HttpAnswer;

export type NotSentReason =
  | 'dns-failure'
  | 'connection-refused'
  | 'tls-failure'
  | 'connect-timeout'
  | 'aborted-before-sending'
  | 'connect-failure';
export type NoAnswerReason = 'answer-timeout' | 'connection-lost' | 'aborted-after-sending' | 'malformed-answer';

/**
 * How far a request has come: a connection is ready and the first byte is about to be written · all of it was handed to
 * the operating system · the status line and headers are here · the whole answer is here.
 */
export type Progress = 'connected' | 'flushed' | 'headers' | 'body';
/** Called in the middle of things: it must neither throw nor wait. */
export type OnProgress = (progress: Progress) => void;

export interface HttpClient {
  /** Sends the request once. Never throws and never rejects. */
  send(request: HttpRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<HttpResult>;
  /** Drops idle connections; for tests and shutdown. */
  close(): Promise<void>;
}

export interface HttpClientOptions {
  /** Milliseconds for everything together: connecting, sending and the whole answer. */
  deadlineMs?: number;
  /** Milliseconds for TCP and TLS. */
  connectTimeoutMs?: number;
  /** More body than this is cut off and reported as incomplete. */
  maxBodyBytes?: number;
  /** Name resolution, for tests. */
  lookup?: LookupFunction;
}

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const deadlineMs = options.deadlineMs ?? 30_000;
  const maxBodyBytes = options.maxBodyBytes ?? 1024 * 1024;
  const agent = new Agent({
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: 1000,
    keepAliveMaxTimeout: 1000,
    // A server that announces `Keep-Alive: timeout=N` is trusted for N minus two seconds.
    keepAliveTimeoutThreshold: 2000,
    // Our own deadline covers all phases.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: options.connectTimeoutMs ?? 10_000, ...(options.lookup && { lookup: options.lookup }) },
  });
  return {
    send: (request, signal, onProgress = () => undefined) =>
      sendOnce(agent, request, { deadlineMs, maxBodyBytes, signal, onProgress }),
    close: () => agent.destroy(),
  };
}

interface Limits {
  deadlineMs: number;
  maxBodyBytes: number;
  signal: AbortSignal | undefined;
  onProgress: OnProgress;
}

function sendOnce(agent: Agent, request: HttpRequest, limits: Limits): Promise<HttpResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let received = 0;
    let controller: Dispatcher.DispatchController | null = null;
    let head: { status: number; headers: Record<string, string> } | null = null;
    let settled = false;

    const settle = (result: HttpResult) => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      limits.signal?.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const answer = (bodyComplete: boolean): HttpAnswer | null =>
      head && { kind: 'answer', ...head, body: Buffer.concat(chunks).toString('utf8'), bodyComplete };
    /** Gives up from our side. Headers that arrived are an answer all the same: they may carry the new post's id. */
    const giveUp = (before: NotSentReason, after: NoAnswerReason, cause: Error) => {
      settle(
        answer(false) ??
          (controller === null
            ? { kind: 'not-sent', reason: before, cause }
            : { kind: 'no-answer', reason: after, cause }),
      );
      controller?.abort(cause);
    };
    const onAbort = () => giveUp('aborted-before-sending', 'aborted-after-sending', new Error('aborted'));
    const onDeadline = () =>
      giveUp('connect-timeout', 'answer-timeout', new Error(`no complete answer within ${limits.deadlineMs} ms`));
    // A process that was paused finds its timers over before it has read what has arrived meanwhile: that comes first. But
    // what is not sent yet must not be sent in that moment.
    const deadline = setTimeout(() => {
      if (controller === null) onDeadline();
      else setImmediate(() => setImmediate(onDeadline));
    }, limits.deadlineMs);

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        // Settled while it was still connecting, or offered a second time: nothing may be written any more.
        if (settled || controller !== null) started.abort(new Error('request is over'));
        else {
          controller = started;
          limits.onProgress('connected');
        }
      },
      onRequestSent() {
        limits.onProgress('flushed');
      },
      onResponseStart(_controller, status, headers) {
        if (status < 200) return;
        head = { status, headers: joined(headers) };
        limits.onProgress('headers');
      },
      onResponseData(_controller, chunk) {
        if (settled) return;
        chunks.push(chunk.subarray(0, limits.maxBodyBytes - received));
        received += chunk.length;
        if (received > limits.maxBodyBytes)
          giveUp('connect-failure', 'malformed-answer', new Error('the answer is too large'));
      },
      onResponseEnd() {
        limits.onProgress('body');
        settle(
          answer(true) ?? {
            kind: 'no-answer',
            reason: 'malformed-answer',
            cause: new Error('an answer without a head'),
          },
        );
      },
      onResponseError(_controller, error) {
        settle(
          answer(false) ??
            (controller === null
              ? { kind: 'not-sent', reason: notSentReason(error), cause: error }
              : {
                  kind: 'no-answer',
                  reason: error instanceof errors.HTTPParserError ? 'malformed-answer' : 'connection-lost',
                  cause: error,
                }),
        );
      },
    };

    if (limits.signal?.aborted) return onAbort();
    limits.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const { origin, pathname, search } = new URL(request.url);
      agent.dispatch(
        {
          origin,
          path: pathname + search,
          method: request.method,
          headers: { ...request.headers },
          body: request.body ?? null,
        },
        handler,
      );
    } catch (cause) {
      // A URL or header that undici refuses to put on the wire.
      settle({ kind: 'not-sent', reason: 'connect-failure', cause });
    }
  });
}

function joined(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function notSentReason(error: unknown): NotSentReason {
  const codes = codesOf(error);
  const has = (pattern: RegExp) => codes.some((code) => pattern.test(code));
  if (has(/^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/)) return 'dns-failure';
  if (has(/^ECONNREFUSED$/)) return 'connection-refused';
  if (has(/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/)) return 'connect-timeout';
  if (has(/^(EPROTO|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/)) return 'tls-failure';
  return 'connect-failure';
}

/** The codes of an error and, when several addresses were tried, of each try. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return error instanceof AggregateError ? [...own, ...error.errors.flatMap(codesOf)] : own;
}
