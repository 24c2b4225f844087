/** A platform for the conformance suite: its side of the wire played by the sandbox, on a port and directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { PlatformSettings } from '../config.ts';
import type { Platform } from '../domain/platform-name.ts';
import type { HttpClient } from '../platforms/http-client.ts';
import type { AccountCandidate, PlatformAdapter } from '../platforms/platform.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import type { OpenPlatform, PlatformTools } from './platform-under-test.ts';

export interface OnSandbox {
  platform: Platform;
  create(settings: PlatformSettings, options: { sandboxed: true; clock: Clock; http: HttpClient }): PlatformAdapter;
  /** The addresses and the app; what is left out is as for the sandbox's own app. */
  settings(sandbox: Sandbox): Pick<PlatformSettings, 'authorizeUrl' | 'apiUrl'> & Partial<PlatformSettings>;
  /** What the consent page has to be told to agree at once, and as whom. */
  consent: Readonly<Record<string, string>>;
  /** The account as the fault switches name it. */
  switchOf(account: AccountCandidate): string;
  sandbox?: Partial<SandboxOptions>;
}

export function onSandbox(options: OnSandbox): (tools: PlatformTools) => Promise<OpenPlatform> {
  const { platform } = options;
  return async ({ clock, http }) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'conformance-'));
    const log = pino({ level: 'silent' });
    const sandbox = await startSandbox({ port: 0, dataDir, log, clock, ...options.sandbox });
    const app = { clientId: 'sandbox-client', clientSecret: 'sandbox-secret', version: null };
    const list = async <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
      schema.parse(await (await fetch(`${sandbox.url}/sandbox/${path}?platform=${platform}`)).json());
    const order = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json', origin: sandbox.url };
      const answer = await fetch(`${sandbox.url}/sandbox/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`the sandbox refused ${path}: ${answer.status} ${await answer.text()}`);
    };
    return {
      adapter: options.create({ ...app, ...options.settings(sandbox) }, { sandboxed: true, clock, http }),
      secret: app.clientSecret,
      async consent(authorizeUrl) {
        const url = new URL(authorizeUrl);
        for (const [name, value] of Object.entries(options.consent)) url.searchParams.set(name, value);
        const answer = await fetch(url, { redirect: 'manual' });
        const location = answer.headers.get('location');
        if (location === null) throw new Error(`nobody is sent back: ${answer.status} ${await answer.text()}`);
        return new URL(location);
      },
      createRequests: async () => (await list('requests', requests)).requests.length,
      posts: async () => (await list('ledger', ledger)).entries,
      fault: (account, fault) =>
        order('faults', { platform, account: options.switchOf(account), fault, times: 1, delayMs: SLOW_MS }),
      forgetPosts: () => order('reset', { keepConnections: true }),
      stop: () => sandbox.close(),
      async close() {
        await sandbox.close();
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  };
}

/** Longer than any of the suite's tests waits for an answer. */
const SLOW_MS = 20_000;

const requests = z.object({ requests: z.array(z.unknown()) });
const ledger = z.object({
  entries: z.array(
    z.object({ id: z.string(), text: z.string(), images: z.array(z.object({ altText: z.string().nullable() })) }),
  ),
});
