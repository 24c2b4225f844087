/**
 * Starts the product: reads the configuration, starts the app, stops it on a signal. Nothing else.
 *
 * The first SIGTERM, SIGINT or SIGHUP (a closed terminal), at any moment, also half way through a start, ends it in
 * order with exit code 0; more of them change nothing. An error that nobody caught ends it in the same order, so that
 * publications in flight are settled and not left for a person to sort out, but with exit code 1: whoever supervises the
 * process starts a new one, since this one may be in a state that nobody thought of.
 */
import { once } from 'node:events';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { App } from './app.ts';
import { type Config, loadDotEnv, readConfig } from './config.ts';
import { createLog } from './log.ts';

/** A stop that takes longer than requests (30 s) and closing may take is hanging: the database's truth is safe, so leave. */
const STOP_DEADLINE_MS = 45_000;

const ROOT = dirname(import.meta.dirname);
const stop = new AbortController();
let exitCode = 0;
let log: Logger | null = null;

// A reader that goes away (`| head`, a closed terminal) must not end the process.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => requestStop(`${signal}: finishing what is in flight, then stopping.`));
}
// Rejections that nobody handles arrive here too.
process.on('uncaughtException', (error) => {
  if (log === null) console.error(error);
  else log.fatal({ err: error }, 'an error that nobody caught; stopping, so that a supervisor can start anew');
  exitCode = 1;
  requestStop('An unexpected error: finishing what is in flight, then stopping.');
});

try {
  loadDotEnv(ROOT);
  await run(readConfig());
  print('Stopped.');
} catch (error) {
  if (stop.signal.aborted && error === stop.signal.reason) print('Stopped before the start was complete.');
  else await reportFailure(error);
}
process.exit(exitCode);

async function run(config: Config): Promise<void> {
  log = createLog(config.logLevel, { forTerminal: process.stdout.isTTY === true });
  // Babel, with which the panel's components are bundled, looks for its parts from the working directory.
  process.chdir(ROOT);
  // Loaded only now, so that a wrong configuration is already reported and a signal already heard.
  const { startApp } = await import('./app.ts');
  const app = await startApp(config, log, (line) => print(`… ${line}`), {}, stop.signal);
  if (!stop.signal.aborted) {
    print(welcome(app, config));
    await once(stop.signal, 'abort');
  }
  await app.stop();
}

function requestStop(why: string): void {
  if (stop.signal.aborted) return;
  print(why);
  setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
  stop.abort();
}

async function reportFailure(error: unknown): Promise<void> {
  exitCode = 1;
  const { explain } = await import('./startup-error.ts');
  const problem = stop.signal.aborted ? 'The stop was not clean' : 'Cannot start';
  console.error(`${problem}. ${explain(error)}`);
}

function welcome(app: App, config: Config): string {
  // performance.now() counts from the start of the process.
  const lines = [
    `Ready in ${(performance.now() / 1000).toFixed(1)} s (${config.role === 'all' ? 'panel and worker' : config.role}).`,
    '',
  ];
  if (config.role === 'worker') {
    lines.push(`  Health    ${app.address}/readyz`);
  } else {
    lines.push(`  Open      ${app.url}`);
    if (app.setupUrl !== null)
      lines.push(`  Set up    ${app.setupUrl}`, '            (once, within 24 hours: makes you the first superuser)');
    else lines.push('  Sign in   with your e-mail and password, or with LinkedIn');
  }
  if (app.sandboxUrl !== null)
    lines.push(
      `  Sandbox   ${app.sandboxUrl}`,
      '            (nothing leaves this machine: what you publish appears there)',
    );
  return lines.join('\n');
}

function print(line: string): void {
  console.log(line);
}
