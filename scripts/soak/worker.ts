/** One worker process of the soak: the real product with ROLE=worker, only its timings shorter (see timings.ts). */
import { startApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { SOAK_TIMINGS } from './timings.ts';

const config = readConfig();
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
try {
  const app = await startApp(
    config,
    createLog(config.logLevel),
    () => undefined,
    { timings: SOAK_TIMINGS },
    stop.signal,
  );
  if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  await app.stop();
} catch (error) {
  // A start or a stop during an outage; whoever supervises starts the next one.
  console.error(JSON.stringify({ level: 60, msg: 'the worker ended', err: String(error) }));
  process.exit(1);
}
process.exit(0);
