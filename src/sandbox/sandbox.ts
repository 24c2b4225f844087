/**
 * Starts the sandbox: the platforms' side of the wire, on this machine.
 *
 * One data directory has one sandbox, whoever started it; another process that asks for it joins the running one.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Control } from './control-routes.ts';
import { claimDirectory } from './directory-claim.ts';
import { createFacebook, removeFacebookFiles } from './facebook/facebook.ts';
import type { FacebookOptions } from './facebook/facebook-options.ts';
import { FaultSwitches } from './fault-switches.ts';
import { Journal, type JournalRecord } from './journal.ts';
import { createLinkedin, removeLinkedinFiles } from './linkedin/linkedin.ts';
import type { LinkedinOptions } from './linkedin/linkedin-options.ts';
import { RequestLog } from './request-log.ts';
import { requireSameOrigin } from './same-origin.ts';
import {
  findRunningSandbox,
  ownOrigins,
  probeSandbox,
  reachableHost,
  type SandboxAddress,
  saveAddress,
} from './sandbox-address.ts';
import { sandboxApp } from './sandbox-app.ts';
import { applyEvent } from './sandbox-events.ts';
import type { SandboxClock, SandboxContext, SandboxPlatform } from './sandbox-platform.ts';
import { removeMediaFiles } from './x/media-files.ts';
import { createX } from './x/x.ts';
import type { XOptions } from './x/x-options.ts';

export interface SandboxOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The sandbox keeps everything in `<dataDir>/sandbox`. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock?: SandboxClock;
  /** How browsers reach it, when that is not the address it listens on. */
  readonly publicUrl?: string;
  readonly linkedin?: LinkedinOptions;
  readonly facebook?: FacebookOptions;
  readonly x?: XOptions;
}

export interface Sandbox {
  /** How the product reaches it, without a trailing slash. */
  readonly url: string;
  /** True when another process runs it: then `close` does nothing. */
  readonly joined: boolean;
  /** The page where one sees what was published. */
  readonly feedUrl: string;
  readonly linkedin: {
    /** For LINKEDIN_OAUTH_URL; a browser's address. */
    readonly oauthUrl: string;
    /** For LINKEDIN_API_URL. */
    readonly apiUrl: string;
  };
  readonly facebook: {
    /** For FACEBOOK_DIALOG_URL; a browser's address. */
    readonly dialogUrl: string;
    /** For FACEBOOK_GRAPH_URL. */
    readonly graphUrl: string;
  };
  readonly x: {
    /** For X_AUTHORIZE_URL; a browser's address. */
    readonly authorizeUrl: string;
    /** For X_API_URL. */
    readonly apiUrl: string;
  };
  close(): Promise<void>;
}

/** The sandbox cannot start; the message says what to do. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}

const JOIN_TIMEOUT_MS = 10_000;
const DRAIN_MS = 2_000;

/** @throws SandboxError when the port is taken by something else; JournalError when the journal is damaged */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const directory = join(options.dataDir, 'sandbox');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const instance = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex')
    .slice(0, 16);
  const claim = claimDirectory(directory);
  if (!claim) return joinRunning(directory, instance, options);
  try {
    return await runOwn(directory, instance, claim.release, options);
  } catch (error) {
    claim.release();
    throw error;
  }
}

async function joinRunning(directory: string, instance: string, { log }: SandboxOptions): Promise<Sandbox> {
  const address = await findRunningSandbox(directory, instance, JOIN_TIMEOUT_MS);
  if (!address) {
    throw new SandboxError(
      `Another process holds the sandbox's data in ${directory} but does not answer. Stop that process, or set SANDBOX=off.`,
    );
  }
  log.info({ url: address.publicUrl }, 'Joined the sandbox that another process runs on the same data directory');
  return handle(address, true, () => Promise.resolve());
}

async function runOwn(
  directory: string,
  instance: string,
  release: () => void,
  options: SandboxOptions,
): Promise<Sandbox> {
  const { host = '127.0.0.1', log, clock = { now: () => new Date() } } = options;
  const address = { url: '', publicUrl: options.publicUrl?.replace(/\/+$/, '') ?? '' };
  const memory = { platforms: [] as SandboxPlatform[], faults: new FaultSwitches(), requests: new RequestLog() };
  const closing = new AbortController();
  const journal = await Journal.prepare(join(directory, 'journal.jsonl'), log);
  const context: SandboxContext = {
    clock,
    log,
    filesDir: directory,
    faults: memory.faults,
    requests: memory.requests,
    baseUrl: () => address.url,
    publicUrl: () => address.publicUrl,
    write: (fields) => {
      // Applied as it will be read back, so that live and replay cannot differ.
      const record: JournalRecord = JSON.parse(JSON.stringify({ at: clock.now().toISOString(), ...fields }));
      applyEvent(record, memory);
      journal.append(record);
    },
    durable: () => journal.durable(),
    closing: closing.signal,
  };
  const sameOrigin = requireSameOrigin(() => ownOrigins(address));
  memory.platforms.push(createLinkedin(context, sameOrigin, options.linkedin));
  memory.platforms.push(createFacebook(context, sameOrigin, options.facebook));
  memory.platforms.push(createX(context, sameOrigin, options.x));

  const server = createServer(
    sandboxApp({ context, platforms: memory.platforms, instance, reset: resetter(context) }, sameOrigin),
  );
  // Longer than clients keep an idle connection, so that it is not this side that cuts one just as it is used.
  server.keepAliveTimeout = 75_000;
  try {
    await journal.replay((record) => applyEvent(record, memory));
    const port = await listen(server, options.port, host);
    address.url = `http://${reachableHost(host)}:${port}`;
    address.publicUrl ||= address.url;
    await saveAddress(directory, address);
  } catch (error) {
    server.close();
    await journal.close();
    throw error;
  }
  log.info({ url: address.publicUrl }, 'The sandbox plays the platforms; what is published shows on its feed page');

  let closed: Promise<void> | null = null;
  return handle(address, false, () => {
    closed ??= closeAll(server, closing, journal, release);
    return closed;
  });
}

function resetter(context: SandboxContext): Control['reset'] {
  return async ({ keepConnections }) => {
    context.write({ platform: 'sandbox', kind: 'reset', keepConnections });
    await context.durable();
    await removeLinkedinFiles(context.filesDir);
    await removeFacebookFiles(context.filesDir);
    await removeMediaFiles(context.filesDir);
  };
}

/** @returns the port it listens on */
async function listen(server: Server, port: number, host: string): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw await portProblem(error, port, host);
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

async function portProblem(error: unknown, port: number, host: string): Promise<SandboxError> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code !== 'EADDRINUSE') {
    const message = `The sandbox cannot listen on ${host}:${port} (${code}). Set SANDBOX_PORT to a free port.`;
    return new SandboxError(message, { cause: error });
  }
  const other = await probeSandbox(`http://${reachableHost(host)}:${port}`);
  const who = other ? 'a sandbox that keeps its data in another directory' : 'another program';
  return new SandboxError(`Port ${port} is used by ${who}. Stop it, or set SANDBOX_PORT to a free port.`, {
    cause: error,
  });
}

function handle({ url, publicUrl }: SandboxAddress, joined: boolean, close: () => Promise<void>): Sandbox {
  return {
    url,
    joined,
    feedUrl: `${publicUrl}/`,
    linkedin: { oauthUrl: `${publicUrl}/linkedin/oauth/v2`, apiUrl: `${url}/linkedin` },
    facebook: { dialogUrl: `${publicUrl}/facebook`, graphUrl: `${url}/facebook` },
    x: { authorizeUrl: `${publicUrl}/x/i/oauth2/authorize`, apiUrl: `${url}/x` },
    close,
  };
}

async function closeAll(
  server: Server,
  closing: AbortController,
  journal: Journal,
  release: () => void,
): Promise<void> {
  closing.abort();
  const stopped = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // What is in flight gets a moment; then its connection is cut.
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await stopped;
  clearTimeout(cut);
  await journal.close();
  release();
}
