/**
 * The real product in a process of its own, for the crash tests: it dies where CRASH_ORDERS (a directory, see
 * crash-orders.ts) says. It loads everything, starts when told so by a line on standard input, and says `ready`.
 * LEASE_MS: how long its claims hold, when a test wants to end leases itself.
 */
import { once } from 'node:events';
import { startApp } from '../app.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { obeyCrashOrders } from './crash-orders.ts';
import { QUICK } from './quick-timings.ts';

const { CRASH_ORDERS = '', LEASE_MS = String(QUICK.leaseMs), LOG_LEVEL = 'silent' } = process.env;

await once(process.stdin, 'data');
// Else the pipe would keep this process alive after its orderly end.
process.stdin.destroy();
const app = await startApp(readConfig(), createLog(LOG_LEVEL), () => undefined, {
  timings: { ...QUICK, leaseMs: Number(LEASE_MS) },
  onStep: obeyCrashOrders(CRASH_ORDERS),
});
process.once('SIGTERM', () => void app.stop());
process.stdout.write('ready\n');
