/** Where the sandbox of a data directory answers, and how another process finds it. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** Told apart from whatever else may listen on a port. */
export const SERVICE = 'social-share-scheduler-sandbox';

/** Both without a trailing slash: for the product, and for browsers. */
export interface SandboxAddress {
  readonly url: string;
  readonly publicUrl: string;
}

const PROBE_TIMEOUT_MS = 2_000;
const addressSchema = z.object({ url: z.url(), publicUrl: z.url() });
const healthSchema = z.object({ service: z.literal(SERVICE), instance: z.string() });

/** Written aside and renamed, so that a joining process never reads half of it. */
export async function saveAddress(directory: string, address: SandboxAddress): Promise<void> {
  const file = join(directory, 'address.json');
  await writeFile(`${file}.new`, JSON.stringify(address), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/**
 * Waits until the sandbox of this directory answers: it may be just starting.
 * @returns null when it does not answer in time
 */
export async function findRunningSandbox(
  directory: string,
  instance: string,
  timeoutMs: number,
): Promise<SandboxAddress | null> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += 100) {
    const address = await readAddress(directory);
    if (address && (await probeSandbox(address.url)) === instance) return address;
    await delay(100);
  }
  return null;
}

/** @returns the instance of the sandbox that answers there; null when nothing does, or something else */
export async function probeSandbox(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/sandbox/healthz`, {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      redirect: 'error',
    });
    return healthSchema.parse(await response.json()).instance;
  } catch {
    return null; // Nothing there, or no sandbox: both mean "not ours" to the caller.
  }
}

async function readAddress(directory: string): Promise<SandboxAddress | null> {
  try {
    return addressSchema.parse(JSON.parse(await readFile(join(directory, 'address.json'), 'utf8')));
  } catch {
    return null; // Not written yet: the caller asks again.
  }
}

/** The host to connect to when listening on `host`, as it stands in a URL. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** The origins under which browsers may show the sandbox's own pages. */
export function ownOrigins({ url, publicUrl }: SandboxAddress): string[] {
  const { port } = new URL(url);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].map((name) => `http://${name}:${port}`);
  return [...loopback, new URL(url).origin, new URL(publicUrl).origin];
}
