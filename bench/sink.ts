/**
 * The platform's side of the benchmark, in a process of its own: the LinkedIn sandbox without a daily limit. Its ledger
 * stamps every receipt, so lateness is measured where it counts. Prints one JSON line with its addresses.
 */
import { pino } from 'pino';
import { startSandbox } from '../src/sandbox/sandbox.ts';

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error('usage: node bench/sink.ts DIRECTORY');
const unlimited = 1_000_000;
const sandbox = await startSandbox({
  port: 0,
  dataDir,
  log: pino({ level: 'silent' }),
  linkedin: { memberDailyLimit: unlimited, applicationDailyLimit: unlimited },
});
console.log(JSON.stringify({ url: sandbox.url, ...sandbox.linkedin }));
process.once('SIGTERM', () => void sandbox.close());
