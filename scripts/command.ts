import { join } from 'node:path';
import { type Config, loadDotEnv, readConfig } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import { type OpenContext, openContext } from '../src/open-context.ts';
import { explain } from '../src/startup-error.ts';

/** What the commands print is for a person; the log would only be in the way, except for real trouble. */
const LOG_LEVEL = 'error';

/** 128 + the signal's number, as shells have it. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Runs a command with the app's context, beside a running server or without one, and closes everything afterwards: also
 * after Ctrl-C, since the command may be the one that started the database.
 * @param run its number is the exit code
 * @param failed told what went wrong; the exit code is 1 then
 */
export async function runCommand(
  run: (opened: OpenContext) => Promise<number>,
  failed: (error: unknown) => void = (error) => console.error(`That did not work. ${explain(error)}`),
): Promise<void> {
  const stop = new AbortController();
  for (const [signal, code] of Object.entries(INTERRUPTED)) process.on(signal, () => stop.abort(code));
  try {
    loadDotEnv(join(import.meta.dirname, '..'));
    process.exitCode = await withContext(stop.signal, run);
  } catch (error) {
    process.exitCode = 1;
    if (!stop.signal.aborted) failed(error);
  }
  // What was interrupted may still wait for something.
  if (stop.signal.aborted) process.exit(Number(stop.signal.reason));
}

async function withContext(signal: AbortSignal, run: (opened: OpenContext) => Promise<number>): Promise<number> {
  await using closing = new AsyncDisposableStack();
  // A command leaves the queues' housekeeping to the servers.
  const config: Config = { ...readConfig(), role: 'web' };
  // And the sandbox: a server that joined ours would be left without it when the command ends.
  const opened = await openContext(config, createLog(LOG_LEVEL), closing, () => signal.throwIfAborted(), {
    sandbox: false,
  });
  return await Promise.race([run(opened), rejectedBy(signal)]);
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}
